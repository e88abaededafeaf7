"""Phone numbers: E.164 from what people type."""

from __future__ import annotations

import phonenumbers


class InvalidNumber(ValueError):
    """What was given is no phone number; the message says what to give instead."""


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


def _advice(text: str) -> str:
    return f"{text!r} is not a phone number. Write it with its country code, like +1 555 010 0001."
