"""Keywords and their answers: "HOURS" → "We open 9 to 6". None of these verbs commits."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot import i18n
from bot.audience import slugs
from bot.audience.models import Client
from bot.automation.models import Keyword, KeywordAnswer, KeywordUse
from bot.i18n import _
from bot.ids import uuid7
from bot.messaging.segments import LONGEST_TEXT, measure
from bot.messaging.service import rows
from bot.plainwords.judging import Wish, judge

MOST_KEYWORDS = 20
LONGEST_KEYWORD = 20
#: Answers are paid for each time that somebody asks.
LONGEST_ANSWER = 640


class NoKeyword(ValueError):
    """People can't text this as one word; the message says what can be."""


class ReservedKeyword(ValueError):
    """The word means something of its own to carriers or to us; the message names it."""


class TooManyKeywords(ValueError):
    """The client has as many keywords as fit; the message says how many those are."""


class AnswerTooLong(ValueError):
    """The answer would cost too much; the message says how much to cut."""


class UnknownKeyword(LookupError):
    """The client answers no such word; the message names it."""


@dataclass(frozen=True)
class Wording:
    """A text as a subscriber reads it, and the segments it is billed as."""

    text: str
    segments: int

    @classmethod
    def of(cls, text: str) -> Wording:
        """Measure a text."""
        return cls(text, measure(text).segments)


@dataclass(frozen=True)
class Answered:
    """A keyword with its answers per locale, and how often it was asked."""

    shown: str
    wordings: dict[str, Wording]
    uses: int


def set_answer(
    session: Session, client: Client, said: str, text: str, *, locale: str | None = None, now: datetime
) -> Wording:
    """Answer a word from now on, in one more language or in other words.

    :param locale: the language of ``text``; by default the client's own.
    :returns: the answer in this language, as a subscriber reads it.
    :raises NoKeyword: the word is not one word of 2 to 20 letters and digits.
    :raises ReservedKeyword: it means something else already.
    :raises TooManyKeywords: the client has 20 others.
    :raises AnswerTooLong: the answer has more than 640 characters.
    """
    word = check(said)
    excess = too_long_by(client, text)
    if excess > 0:
        raise AnswerTooLong(f"The answer is too long: cut at least {excess} characters.")
    keyword_id = _find(session, client, word)
    if keyword_id is None:
        count = session.scalar(select(func.count()).where(Keyword.client_id == client.id)) or 0
        if count >= MOST_KEYWORDS:
            raise TooManyKeywords(f"{client.name} answers {count} words already; end one of those first.")
        session.execute(
            upsert(Keyword)
            .values(id=uuid7(), client_id=client.id, word=word, shown=said.strip().upper(), created_at=now)
            .on_conflict_do_nothing(index_elements=["client_id", "word"])
        )
        keyword_id = _find(session, client, word)
    new = upsert(KeywordAnswer).values(keyword_id=keyword_id, locale=locale or client.locale, text=text)
    session.execute(
        new.on_conflict_do_update(index_elements=["keyword_id", "locale"], set_={"text": new.excluded.text})
    )
    return Wording.of(compose(client, text, locale or client.locale))


def end_answer(session: Session, client: Client, said: str) -> None:
    """Answer a word no more.

    :raises UnknownKeyword: it was not answered.
    """
    ended = session.execute(delete(Keyword).where(*_is(client, i18n.fold(said))))
    if rows(ended) == 0:
        raise UnknownKeyword(f"{client.name} does not answer {said!r}.")


def check(said: str) -> str:
    """The word as it is compared, if it may be a keyword.

    :raises NoKeyword: it is not one word of 2 to 20 letters and digits.
    :raises ReservedKeyword: it is a carrier's word, or one of ours in any language, or a number, or people
        say it to end.
    """
    word = i18n.fold(said)
    if not re.fullmatch(rf"\w{{2,{LONGEST_KEYWORD}}}", word) or "_" in word:
        raise NoKeyword(f"A keyword is one word of 2 to {LONGEST_KEYWORD} letters and digits, like HOURS.")
    ours = word in slugs.RESERVED or word in i18n.every_word() or word.isdecimal() or i18n.locale_named(word)
    if ours or judge(word, i18n.ENGLISH).wish is not Wish.ORDINARY:
        raise ReservedKeyword(f"{said!r} means something of its own here: choose another word.")
    return word


def too_long_by(client: Client, text: str) -> int:
    """By how many characters an answer passes what is sensible; 0 when it fits."""
    longest = max(measure(compose(client, text, locale)).length for locale in i18n.LOCALES)
    return max(0, len(text) - LONGEST_ANSWER, longest - LONGEST_TEXT)


def answers_to(session: Session, clients: Sequence[Client], body: str) -> dict[Client, uuid.UUID]:
    """Which of these clients answer exactly this text, each with its keyword's id."""
    word = i18n.fold(body)
    if not 2 <= len(word) <= LONGEST_KEYWORD or " " in word:
        return {}
    active = [client for client in clients if client.status == "active"]
    found = session.execute(
        select(Keyword.client_id, Keyword.id).where(
            Keyword.word == word, Keyword.client_id.in_([client.id for client in active])
        )
    )
    ids = {client_id: keyword_id for client_id, keyword_id in found}  # noqa: C416  # a Row is no tuple
    return {client: ids[client.id] for client in active if client.id in ids}


def note_use(session: Session, keyword_id: uuid.UUID, *, now: datetime) -> None:
    """Count that somebody asked."""
    session.execute(insert(KeywordUse).values(id=uuid7(), keyword_id=keyword_id, at=now))


def read(session: Session, client: Client, keyword_id: uuid.UUID, locale: str) -> str:
    """The answer in a reader's language, or else in the client's."""
    texts = _texts(session, client, keyword_id)
    return texts.get(locale) or texts.get(client.locale) or next(iter(texts.values()))


def listed(session: Session, client: Client) -> list[Answered]:
    """Every keyword of a client, in the order in which they were set."""
    uses = (
        select(KeywordUse.keyword_id, func.count().label("count")).group_by(KeywordUse.keyword_id).subquery()
    )
    found = session.execute(
        select(Keyword.id, Keyword.shown, func.coalesce(uses.c.count, 0))
        .outerjoin(uses, uses.c.keyword_id == Keyword.id)
        .where(Keyword.client_id == client.id)
        .order_by(Keyword.id)
    ).all()
    return [
        Answered(
            shown,
            {locale: Wording.of(text) for locale, text in _texts(session, client, each).items()},
            count,
        )
        for each, shown, count in found
    ]


def find(session: Session, client: Client, said: str) -> Answered | None:
    """One keyword of a client, if it answers that."""
    word = i18n.fold(said)
    return next((each for each in listed(session, client) if i18n.fold(each.shown) == word), None)


def compose(client: Client, text: str, locale: str) -> str:
    """What a subscriber reads: who answers, and what."""
    return i18n.render(_("{client}: {text}"), locale, client=client.name, text=text)


def _texts(session: Session, client: Client, keyword_id: uuid.UUID) -> dict[str, str]:
    found = session.execute(
        select(KeywordAnswer.locale, KeywordAnswer.text)
        .where(KeywordAnswer.keyword_id == keyword_id)
        .order_by(KeywordAnswer.locale)
    )
    return {locale: compose(client, text, locale) for locale, text in found}


def _find(session: Session, client: Client, word: str) -> uuid.UUID | None:
    return session.scalar(select(Keyword.id).where(*_is(client, word)))


def _is(client: Client, word: str) -> tuple[ColumnElement[bool], ...]:
    return (Keyword.client_id == client.id, Keyword.word == word)
