"""Welcome series: what a client's new subscribers receive, and when. None of these verbs commits."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot import i18n
from bot.announcements.wording import compose
from bot.audience.models import Client
from bot.automation.answers import Wording
from bot.automation.models import WelcomeStep, WelcomeWording
from bot.automation.personal import NAME, fill_in
from bot.ids import uuid7
from bot.messaging.segments import LONGEST_TEXT, measure

MOST_STEPS = 5
LATEST = timedelta(days=60)
#: Stands in for a name where a text is measured.
LONG_NAME = "Maximilian"


class NoSuchStep(LookupError):
    """The series has no such step; ``next`` is the position that the next new one has."""

    def __init__(self, position: int, following: int) -> None:
        super().__init__(f"There is no step {position}; the next is {following}.")
        self.next = following


class TooManySteps(ValueError):
    """The series has as many steps as fit; the message says how many."""


class TooLate(ValueError):
    """The step would come so late that nobody remembers; the message says how late it may."""


class WelcomeTooLong(ValueError):
    """The text is longer than Twilio takes; the message says how much to cut."""


@dataclass(frozen=True)
class Step:
    """One step of a series: when it comes after joining, and how it reads per locale."""

    position: int
    delay: timedelta
    wordings: dict[str, Wording]


def set_step(
    session: Session,
    client: Client,
    text: str,
    *,
    position: int = 1,
    delay: timedelta | None = None,
    locale: str | None = None,
    now: datetime,
) -> Step:
    """Let new subscribers receive a text; a step that is there already gets new words or another time.

    Whoever has had the step does not get it again, and what was due before ``now`` is not sent.

    :param delay: after joining; by default as it was. A new first step comes at once, another one a day after
        the one before it.
    :param locale: the language of ``text``; by default the client's own.
    :returns: the step, in this language only.
    :raises NoSuchStep: there is no such step, and it is not the next.
    :raises TooManySteps: the series has five.
    :raises TooLate: it would come more than sixty days after joining.
    :raises WelcomeTooLong: Twilio would not take it.
    """
    locale = locale or client.locale
    excess = too_long_by(client, text)
    if excess > 0:
        raise WelcomeTooLong(f"The text is too long: cut at least {excess} characters.")
    steps = {step.position: step for step in in_force(session, client.id)}
    if position not in steps and position != len(steps) + 1:
        raise NoSuchStep(position, len(steps) + 1)
    if position > MOST_STEPS:
        raise TooManySteps(f"A series has {MOST_STEPS} steps at most.")
    step = steps.get(position) or _new(client, steps, position, now)
    if not timedelta(0) <= (step.delay if delay is None else delay) <= LATEST:
        raise TooLate(f"A step comes {LATEST.days} days after joining at most.")
    if delay is not None and delay != step.delay:
        step.delay, step.since = delay, now
    session.add(step)
    session.flush()
    new = upsert(WelcomeWording).values(step_id=step.id, locale=locale, text=text)
    session.execute(
        new.on_conflict_do_update(index_elements=["step_id", "locale"], set_={"text": new.excluded.text})
    )
    return Step(position, step.delay, {locale: _read(client, text, locale)})


def end_step(session: Session, client: Client, position: int, *, now: datetime) -> None:
    """Take one step out; those after it move up.

    :raises NoSuchStep: there is none.
    """
    steps = {step.position: step for step in in_force(session, client.id)}
    if position not in steps:
        raise NoSuchStep(position, len(steps) + 1)
    steps[position].ended_at = now
    session.flush()
    for later in range(position + 1, len(steps) + 1):
        steps[later].position = later - 1
        session.flush()  # one after another: no two may have the same place for a moment


def end_series(session: Session, client: Client, *, now: datetime) -> None:
    """Let new subscribers receive nothing more, and those who are in the middle neither."""
    session.execute(
        update(WelcomeStep)
        .where(WelcomeStep.client_id == client.id, WelcomeStep.ended_at.is_(None))
        .values(ended_at=now)
    )


def listed(session: Session, client: Client) -> list[Step]:
    """The series as it is read, in its order."""
    return [
        Step(
            step.position,
            step.delay,
            {
                locale: _read(client, text, locale)
                for locale, text in sorted(wordings(session, step.id).items())
            },
        )
        for step in in_force(session, client.id)
    ]


def too_long_by(client: Client, text: str) -> int:
    """By how many characters a text passes what Twilio takes; 0 when it fits."""
    filled = fill_in(text, name=LONG_NAME, client=client.name)
    longest = max(measure(compose(client.name, filled, locale)).length for locale in i18n.LOCALES)
    return max(0, longest - LONGEST_TEXT)


def in_force(session: Session, client_id: uuid.UUID) -> list[WelcomeStep]:
    """A client's steps, in their order."""
    return list(
        session.scalars(
            select(WelcomeStep)
            .where(WelcomeStep.client_id == client_id, WelcomeStep.ended_at.is_(None))
            .order_by(WelcomeStep.position)
        )
    )


def wordings(session: Session, step_id: uuid.UUID) -> dict[str, str]:
    """What a step says, per locale, with its placeholders."""
    found: list[Row[str, str]] = list(
        session.execute(
            select(WelcomeWording.locale, WelcomeWording.text).where(WelcomeWording.step_id == step_id)
        )
    )
    return {row.locale: row.text for row in found}


def _new(client: Client, steps: dict[int, WelcomeStep], position: int, now: datetime) -> WelcomeStep:
    before = steps.get(position - 1)
    delay = before.delay + timedelta(days=1) if before else timedelta(0)
    return WelcomeStep(id=uuid7(), client_id=client.id, position=position, delay=delay, since=now)


def _read(client: Client, text: str, locale: str) -> Wording:
    """As a subscriber reads it, with ``{name}`` in the place of a name; measured with a long one."""
    shown = compose(client.name, fill_in(text, name=NAME, client=client.name), locale)
    long = compose(client.name, fill_in(text, name=LONG_NAME, client=client.name), locale)
    return Wording(shown, measure(long).segments)
