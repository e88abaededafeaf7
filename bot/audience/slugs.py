"""Slugs: the short name that people text after JOIN."""

from __future__ import annotations

import re

from bot.i18n import fold

#: Words that mean something of their own after JOIN or on their own, now or soon; no client may be called so.
RESERVED = frozenset(
    """
    stop stopall unsubscribe cancel end quit revoke optout start unstop yes help info
    join leave unsub lang language commands signup confirm discard status subscribers link plan schedule
    pause resume pay buy cart order reorder refund return track receipt menu address
    """.split()
)


class InvalidSlug(ValueError):
    """The slug can't be texted or means something else; the message says what to choose instead."""


def slugify(said: str) -> str:
    """What a person probably means by ``Pizza  Palace!``: ``pizza-palace``."""
    return re.sub(r"[^0-9a-z]+", "-", fold(said)).strip("-")


def check(slug: str) -> str:
    """Give the slug back if people can text it.

    :raises InvalidSlug: when they can't.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or not 2 <= len(slug) <= 40:
        raise InvalidSlug(
            f"{slug!r} can't be texted: use 2 to 40 of a-z, 0-9 and single hyphens, like pizza-palace."
        )
    if slug in RESERVED:
        raise InvalidSlug(f"{slug!r} is a word that people text for something else: choose another slug.")
    return slug
