"""Cells of a table that a spreadsheet opens: what begins like a formula must not be run as one.

OWASP, "CSV Injection": a cell that begins with one of these is put behind an apostrophe. Reading takes the
apostrophe away again, so that a number such as +15550100001 survives the way out and back.
"""

from __future__ import annotations

import re

_LIKE_A_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _LIKE_A_FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What :func:`guarded` was given."""
    return cell[1:] if cell[:1] == "'" and _LIKE_A_FORMULA.match(cell) else cell
