"""From the code to the catalogs: what is said and what may be texted is found, and merged into every .po.

The files are a function of the code and their own translations: no dates, no line numbers, no guesses.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract as extract_calls
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po, write_po

from bot.i18n import CATALOGS, ENGLISH, LOCALES, language_name

ROOT = CATALOGS.parent
SOURCES = ("bot", "flows")

#: Per domain, the calls that mark a string, and which of their arguments it is.
MARKS: Mapping[str, Mapping[str, tuple[int, ...] | None]] = {
    "messages": {"_": None, "n_": (1, 2)},
    "words": {"word": None},
}
CONTENT = {"messages": "What people read", "words": "What people text"}

HEADER = r"""# {content} in {language}; `python -m bot.catalogs update` keeps it in step with the code.
msgid ""
msgstr ""
"Language: {locale}\n"
"Plural-Forms: {plural_forms}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


def po_path(locale: str, domain: str) -> Path:
    """Where a catalog lies."""
    return CATALOGS / locale / f"{domain}.po"


@cache
def extract(domain: str) -> Catalog:
    """Everything that the code marks in a domain, in the order of files and lines. It is read once."""
    found = Catalog(domain=domain)
    for package in SOURCES:
        for path in sorted((ROOT / package).rglob("*.py")):
            with path.open("rb") as source:
                for line, marked, _comments, _context in extract_calls("python", source, MARKS[domain]):
                    found.add(marked, locations=[(path.relative_to(ROOT).as_posix(), line)])
    return found


def read(locale: str, domain: str) -> Catalog:
    """A catalog as it lies in ``locales/``; an empty one where there is none yet."""
    path = po_path(locale, domain)
    if not path.exists():
        return Catalog(locale=locale, domain=domain)
    with path.open("rb") as source:
        return read_po(source, locale=locale, domain=domain, ignore_obsolete=True)


def merged(locale: str, domain: str) -> Catalog:
    """What the code marks now, with the translations that the locale has. What is new stays empty."""
    known = read(locale, domain)
    result = Catalog(locale=locale, domain=domain)
    for message in extract(domain):
        if message.id:
            previous = known.get(_key(message))
            same = previous is not None and previous.id == message.id
            result.add(
                message.id,
                previous.string if previous is not None and same else _untranslated(message, locale),
                locations=message.locations,
                flags=message.flags,
                user_comments=previous.user_comments if previous is not None and same else (),
            )
    return result


def po_text(catalog: Catalog, locale: str, domain: str) -> str:
    """A catalog as the text of its .po file."""
    body = io.BytesIO()
    write_po(body, catalog, width=0, omit_header=True, include_lineno=False, ignore_obsolete=True)
    header = HEADER.format(
        content=CONTENT[domain],
        language=language_name(locale, ENGLISH),
        locale=locale,
        plural_forms=get_plural(locale).plural_forms,
    )
    return header + body.getvalue().decode().rstrip() + "\n"


def update() -> None:
    """Bring every catalog in step with the code."""
    for locale in LOCALES:
        for domain in MARKS:
            path = po_path(locale, domain)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(po_text(merged(locale, domain), locale, domain), encoding="utf-8")


def gaps(locale: str, domain: str) -> Iterator[str]:
    """What keeps a catalog from being complete and in step with the code, a sentence each."""
    path = po_path(locale, domain)
    name = f"locales/{locale}/{domain}.po"
    known = read(locale, domain)
    for message in extract(domain):
        if message.id:
            here = known.get(_key(message))
            if here is None or here.id != message.id:
                yield f"{name} lacks {_key(message)!r}."
            elif here.fuzzy:
                yield f"{name} only guesses {_key(message)!r}: remove its fuzzy mark when it is right."
            elif not all(forms(here)) or len(forms(here)) != len(_untranslated_forms(message, locale)):
                yield f"{name} leaves {_key(message)!r} untranslated, or a plural form of it."
    if not path.exists() or path.read_text(encoding="utf-8") != po_text(
        merged(locale, domain), locale, domain
    ):
        yield f"{name} is out of step with the code: run `python -m bot.catalogs update`."


def forms(message: Message) -> tuple[str, ...]:
    """A message's translations: one, or one for every plural form of the locale."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _untranslated_forms(message: Message, locale: str) -> tuple[str, ...]:
    return ("",) if isinstance(message.id, str) else ("",) * get_plural(locale).num_plurals


def _untranslated(message: Message, locale: str) -> str | tuple[str, ...]:
    """Nothing yet; English is its own translation."""
    if locale == ENGLISH:
        return message.id if isinstance(message.id, str) else tuple(message.id)
    return "" if isinstance(message.id, str) else _untranslated_forms(message, locale)
