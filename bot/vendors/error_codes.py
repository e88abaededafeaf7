"""Twilio's error codes in words, for whoever is on call (twilio.com/docs/api/errors)."""

from __future__ import annotations

_MEANINGS: dict[int, str] = {
    14107: "Twilio's limit for messages was passed",
    20003: "Twilio does not accept TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
    20404: "Twilio does not know what was asked for",
    20429: "too many requests at once",
    21211: "not a phone number",
    21408: "the account may not text this country (Messaging › Geo permissions)",
    21606: "the sending number is not this account's, or can't text",
    21608: "a trial account texts verified numbers only",
    21610: "the person texted STOP",
    21611: "the sender's queue at Twilio is full",
    21612: "no route from this sender to this number",
    21614: "not a mobile number",
    21617: "longer than 1,600 characters",
    21701: "there is no such Messaging Service",
    21703: "the Messaging Service has no number",
    30001: "Twilio's queue overflowed",
    30002: "the account is suspended",
    30003: "the phone is off or out of reach",
    30004: "the phone or its carrier blocks this message",
    30005: "the number does not exist, or no longer",
    30006: "a landline, or a carrier that can't be reached",
    30007: "filtered as spam by Twilio or the carrier",
    30008: "the carrier gave no reason",
    30010: "dearer than the account's price limit",
    30017: "the carrier is congested",
    30022: "faster than the campaign's carriers allow",
    30023: "the brand's daily limit at T-Mobile is used up",
    30027: "the campaign's daily limit at T-Mobile is used up",
    30032: "the toll-free number is not verified",
    30034: "the number is in no registered A2P 10DLC campaign",
    30035: "the number's A2P 10DLC registration is not complete",
    30036: "the validity period ended before it could be sent",
    30410: "the carrier did not answer in time",
    30450: "blocked as pumping of traffic",
    30610: "blocked for quiet hours",
    30640: "a known litigator",
}


def in_words(code: int) -> str:
    """What an error code means: ``30003 the phone is off or out of reach``."""
    return f"{code} {_MEANINGS.get(code, f'see twilio.com/docs/api/errors/{code}')}"
