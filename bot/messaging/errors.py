"""Errors: what each of Twilio's codes means for its message, its number and its sender.

A code may come as the answer to a call or later in a receipt; the table holds for both. A code that is not in
it fails its message and nothing else, like those of ``FAIL``. Source: twilio.com/docs/api/errors/CODE.
"""

from __future__ import annotations

from enum import Enum, auto


class Policy(Enum):
    """What is done about an error."""

    OPTED_OUT = auto()  # the person said STOP: recorded as their opt-out
    SUPPRESS = auto()  # the number can't or won't receive texts: it is never called again
    CONFIGURATION = auto()  # the sender is paused until an operator has put something right; nobody fails
    FAIL = auto()  # this message fails; when it strikes many of a chunk, the sender is paused
    CONTENT = auto()  # this message fails, and however many do, the sender is not to blame
    LATER = auto()  # again with growing waits, as long as the text is of use
    ONCE = auto()  # again once, after a while


PROBLEMS: dict[int, tuple[Policy, str]] = {
    21610: (Policy.OPTED_OUT, "the person has texted STOP"),
    21211: (Policy.SUPPRESS, "no valid number"),
    21614: (Policy.SUPPRESS, "no mobile number"),
    30004: (Policy.SUPPRESS, "the number blocks our texts"),
    30005: (Policy.SUPPRESS, "no such number any more"),
    30006: (Policy.SUPPRESS, "a landline, or a carrier that can't be reached"),
    30640: (Policy.SUPPRESS, "the number belongs to a known litigator"),
    20003: (Policy.CONFIGURATION, "Twilio does not accept TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
    20005: (Policy.CONFIGURATION, "the Twilio account is not active"),
    20404: (Policy.CONFIGURATION, "Twilio does not know the account or the service"),
    21212: (Policy.CONFIGURATION, "the sender's number is not valid"),
    21603: (Policy.CONFIGURATION, "no sender was named"),
    21606: (Policy.CONFIGURATION, "the sender's number is not ours or can't send texts"),
    21608: (Policy.CONFIGURATION, "a trial account texts only numbers that were verified"),
    21701: (Policy.CONFIGURATION, "the Messaging Service does not exist"),
    21703: (Policy.CONFIGURATION, "the Messaging Service has no number"),
    21704: (Policy.CONFIGURATION, "the Messaging Service has no number for these texts"),
    30002: (Policy.CONFIGURATION, "the Twilio account is suspended"),
    30032: (Policy.CONFIGURATION, "the toll-free number is not verified"),
    30034: (Policy.CONFIGURATION, "the number is not registered for A2P 10DLC"),
    30035: (Policy.CONFIGURATION, "the number's A2P 10DLC campaign is not ready"),
    # About the recipient's country or carrier: one person abroad must not stop a broadcast.
    21408: (Policy.FAIL, "texts to this country are not enabled in Twilio's geographic permissions"),
    21612: (Policy.FAIL, "this sender can't reach this number"),
    30007: (Policy.FAIL, "filtered by the carrier as unwanted"),
    21602: (Policy.CONTENT, "the text is empty"),
    21617: (Policy.CONTENT, "the text is longer than 1,600 characters"),
    21620: (Policy.CONTENT, "Twilio can't use the picture's address"),
    21623: (Policy.CONTENT, "too many pictures"),
    30036: (Policy.CONTENT, "its useful life was over before Twilio could send it"),
    # The carrier may have it: Twilio does not send it again either.
    30410: (Policy.CONTENT, "the carrier did not answer in time"),
    14107: (Policy.LATER, "more than thirty texts to one number in half a minute"),
    21611: (Policy.LATER, "the sender's queue at Twilio is full"),
    30001: (Policy.LATER, "the text waited too long in Twilio's queue"),
    30017: (Policy.LATER, "the carrier's network is congested"),
    30022: (Policy.LATER, "the carrier's rate for this sender is used up"),
    30023: (Policy.LATER, "the carrier's cap for this day is used up"),
    30027: (Policy.LATER, "T-Mobile's cap for this day is used up"),
    30610: (Policy.LATER, "it is quiet hours where the recipient is"),
    63038: (Policy.LATER, "the account's cap for 24 hours is used up"),
    30003: (Policy.ONCE, "the phone is off or out of reach"),
    30008: (Policy.ONCE, "the carrier does not say why"),
}

#: A sender is paused when an error of ``FAIL`` has struck this many of a chunk, and this share of what was
#: tried of it. Being filtered costs a sender its good name, so less of that is enough.
MANY = 20
MANY_SHARE = {30007: 0.1}
USUAL_SHARE = 0.5


def policy(code: int) -> Policy:
    """What is done about one of Twilio's codes."""
    return PROBLEMS[code][0] if code in PROBLEMS else Policy.FAIL


def meaning(code: int) -> str:
    """What a code says, for whoever has to put it right."""
    known = PROBLEMS[code][1] if code in PROBLEMS else "an error that Nudges has no rule for"
    return f"{code}: {known}; see https://www.twilio.com/docs/api/errors/{code}"


def are_many(code: int, *, struck: int, tried: int) -> bool:
    """Whether an error strikes so many of those tried that it is the sender's, not the recipients'."""
    return struck >= MANY and struck >= tried * MANY_SHARE.get(code, USUAL_SHARE)
