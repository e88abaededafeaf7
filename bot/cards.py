"""Payment card numbers: masked before a text is stored (PCI DSS 3.4 shows the last four)."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
# Issuer ranges: Visa 4; Mastercard 51-55 and 2221-2720; American Express 34, 37; Discover 6011, 644-649, 65;
# Diners 36, 38, 300-305; JCB 3528-3589; UnionPay 62.
_ISSUERS = re.compile(
    r"4|5[1-5]|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|3[47]|6011|64[4-9]|65|36|38|30[0-5]|35(?:2[89]|[3-8]\d)|62"
)


def mask(text: str) -> str:
    """Replace every card number by its last four digits: ``4242 4242 4242 4242`` → ``************4242``."""
    return _DIGITS.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    if not _ISSUERS.match(digits) or not _luhn(digits):
        return found[0]
    return "*" * (len(digits) - 4) + digits[-4:]


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
