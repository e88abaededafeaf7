"""The conversation with one phone: its flow as a drawing, where it stands, and what it listens for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.dialogue.flow import IDLE, Flow, Line
from bot.dialogue.models import Conversation, Inbound, Prompt
from flows import dialogue

#: What Nudges does before any conversation is asked.
_CARRIER = "carrier."


def conversation(session: Session, contact_point_id: uuid.UUID | None, *, now: datetime) -> dict[str, Any]:
    """Where the talk with a contact point stands: what is going on, else what its last text was taken by.

    ``flow`` is None when there is nothing to draw: it never texted, or its last word was the carrier's.
    """
    row = session.scalar(
        select(Conversation)
        .where(Conversation.contact_point_id == contact_point_id)
        .order_by(Conversation.updated_at.desc())
        .limit(1)
    )
    last = session.execute(
        select(Inbound.outcome, Inbound.received_at)
        .where(Inbound.contact_point_id == contact_point_id)
        .order_by(Inbound.id.desc())
        .limit(1)
    ).first()
    outcome = last.outcome if last else None
    going_on = row is not None and row.flow is not None
    name, _, done = (outcome or "").partition(".")
    found = {
        "carrier": outcome.removeprefix(_CARRIER) if outcome and outcome.startswith(_CARRIER) else None,
        "going_on": going_on,
        "expires_at": row.expires_at if row is not None and going_on else None,
        "questions": _questions(session, contact_point_id, now=now),
        "flow": None,
    }
    flow = dialogue.flows.get((row.flow if row is not None and going_on else name) or "")
    if flow is not None:
        state = row.state if row is not None and row.state and going_on else IDLE
        asked = {each["question"] for each in found["questions"] if each["flow"] == flow.__name__}
        found |= _drawing(flow, state, done if flow.__name__ == name else "", asked)
    return found


def _drawing(flow: type[Flow], state: str, done: str, asked: set[str]) -> dict[str, Any]:
    """A flow's states, arrows and questions, the state it is in, and the arrow that led there.

    :param asked: the questions that stand open beside it.
    """
    questions = dict.fromkeys(_words(answer.question) for answer in flow.answers)
    lines = [line for line in flow.script if isinstance(line, Line)]
    arrows: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        said = arrows.setdefault((line.while_in, line.goes_to), [])
        if line.says.name not in said:
            said.append(line.says.name)
    taken = next((line for line in lines if line.does == done and line.goes_to == state), None)
    return {
        "flow": flow.__name__,
        "about": (flow.__doc__ or "").strip().partition("\n")[0],
        "states": list(flow.machine.states),
        "state": state,
        "arrows": [{"from": source, "to": dest, "says": said} for (source, dest), said in arrows.items()],
        "asks": [{"question": question, "open": question in asked} for question in questions],
        "taken": taken and {"from": taken.while_in, "to": taken.goes_to, "does": _words(done)},
        "hears": _hears(lines, state),
    }


def _hears(lines: Sequence[Line], state: str) -> list[dict[str, str]]:
    """What may be said in a state, once each, and what is done as a rule: what needs no condition."""
    return [
        {"says": line.says.name, "does": _words(line.does), "to": line.goes_to}
        for line in lines
        if line.while_in == state and line.provided is None
    ]


def _questions(
    session: Session, contact_point_id: uuid.UUID | None, *, now: datetime
) -> list[dict[str, Any]]:
    open_ones = session.execute(
        select(Prompt.flow, Prompt.question, Prompt.expires_at)
        .where(
            Prompt.contact_point_id == contact_point_id, Prompt.closed_at.is_(None), Prompt.expires_at > now
        )
        .order_by(Prompt.id.desc())
    )
    return [
        {"flow": flow, "question": _words(question), "expires_at": expires_at}
        for flow, question, expires_at in open_ones
    ]


def _words(name: str) -> str:
    return name.replace("_", " ")
