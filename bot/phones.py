"""Phone numbers: E.164 from what people type."""

from __future__ import annotations

import re

import phonenumbers


class InvalidNumber(ValueError):
    """What was given is no phone number; the message says what to give instead."""


class UnknownRegion(ValueError):
    """No region is called so; the message says how one is written."""


def parse(text: str, region: str | None = None) -> str:
    """Read a phone number as E.164 (``+15550100001``).

    :param text: international (``+1 555 …``), or national when ``region`` (ISO 3166, ``US``) is given.
    :raises InvalidNumber: when it can't be one.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidNumber(_advice(text)) from error
    # "Possible", not "valid": numbering plans change faster than tables of them, and Twilio knows for sure.
    if not phonenumbers.is_possible_number(number):
        raise InvalidNumber(_advice(text))
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def display(number: str) -> str:
    """A number as people write it: ``+15550100001`` → ``+1 555-010-0001``."""
    parsed = phonenumbers.parse(number)
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def region_of(number: str) -> str:
    """The region (ISO 3166, ``US``) of an E.164 number: where national numbers like it are dialled."""
    parsed = phonenumbers.parse(number)
    region = phonenumbers.region_code_for_number(parsed)
    return str(region or phonenumbers.region_code_for_country_code(parsed.country_code or 0))


def known_region(text: str) -> str:
    """A region as people write it: ``us`` is ``US``.

    :raises UnknownRegion: no region with phone numbers of its own is called so.
    """
    region = text.strip().upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise UnknownRegion(f"{text!r} is not a region: write it in two letters, like US, MX or FR.")
    return region


def _advice(text: str) -> str:
    return f"{text!r} is not a phone number. Write it with its country code, like +1 555 010 0001."


def is_phone(sender: str) -> bool:
    """Whether a text's sender is a phone: a short code, a name or another channel's address is none."""
    return re.fullmatch(r"\+[1-9]\d{6,14}", sender) is not None
