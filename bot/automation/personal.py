"""Words for one person: {name} and {client}, and how a text reads when we know no name."""

from __future__ import annotations

import re

NAME = "{name}"
CLIENT = "{client}"

_COMMA = "[,،，、]"
#: At the beginning of a line, and after what Spanish begins an exclamation with.
_AT_THE_BEGINNING = re.compile(
    rf"(^[ \t]*[¡¿«\"“]*){re.escape(NAME)}[ \u00a0]*{_COMMA}?[ \u00a0]*(\w?)", re.MULTILINE
)
_ELSEWHERE = re.compile(rf"[ \u00a0]*{_COMMA}?[ \u00a0]*{re.escape(NAME)}")


def is_personal(text: str) -> bool:
    """Whether it reads differently for each person."""
    return NAME in text


def fill_in(text: str, *, name: str | None, client: str) -> str:
    """Put the names in. Without a person's name, {name} goes, and so do the comma and the space beside it."""
    if not name:
        text = _AT_THE_BEGINNING.sub(lambda found: found[1] + found[2].upper(), text)
        text = _ELSEWHERE.sub("", text)
    # The client first: what somebody is called must not be taken for a placeholder.
    return text.replace(CLIENT, client).replace(NAME, name or "")
