"""One inbound text, one transaction, one recorded reply.

dedupe ▶ person ▶ lock conversation ▶ carrier words ▶ plain words ▶ open prompts ▶ route ▶ one step of a flow
▶ record reply
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from bot import cards, db, metrics
from bot.audience import service as audience
from bot.dialogue import carrier, conversations, late
from bot.dialogue.carrier import CarrierWord
from bot.dialogue.conversations import Standing
from bot.dialogue.flow import IDLE, Flow
from bot.dialogue.models import Conversation
from bot.dialogue.models import Inbound as InboundRow
from bot.dialogue.optouts import answer_carrier_word, answer_stopped
from bot.dialogue.patterns import Heard
from bot.dialogue.routing import Router, Step
from bot.dialogue.turn import Turn
from bot.dialogue.wishes import stays, take_plain_words
from bot.i18n import _
from bot.ids import uuid7
from bot.media import service as media
from bot.messaging import service as messaging
from bot.messaging import texts
from bot.messaging.texts import Reply
from bot.plainwords.judging import Wish, judge

# Made once, and for the table: putting a statement together costs as much as having it executed.
_INBOUND = cast(Table, InboundRow.__table__)
_ANSWERED = (
    update(_INBOUND)
    .where(_INBOUND.c.id == bindparam("answered"))
    .values(outcome=bindparam("outcome"), client_id=bindparam("for_client_id"))
)


@dataclass(frozen=True)
class Inbound:
    """A text as Twilio's webhook gives it, its signature verified."""

    provider_id: str  # MessageSid
    from_number: str  # E.164
    to_number: str
    body: str
    messaging_service_sid: str | None = None
    media: tuple[tuple[str, str], ...] = ()  # (URL, content type)
    opt_out_type: str | None = None
    sent_at: datetime | None = None  # of a text that the webhook missed and Twilio's list showed


class Dialogue:
    """Everything that can be talked about.

    :param flows: in the order in which they are asked whether a word is theirs, within a role.
    """

    def __init__(self, flows: Sequence[type[Flow]]) -> None:
        self.flows = {flow.__name__: flow for flow in flows}
        self.router = Router(flows)

    def receive(self, session: Session, inbound: Inbound, *, now: datetime) -> list[Reply]:
        """Take one text and give the replies, which are on record when this returns.

        The same MessageSid again, even at the same moment, gives the same replies and changes nothing.
        """
        body = cards.mask(inbound.body.replace("\x00", ""))
        sender, known = messaging.parties(
            session,
            service_sid=inbound.messaging_service_sid,
            to_number=inbound.to_number,
            from_number=inbound.from_number,
            now=now,
        )
        contact_point = (
            known
            if known is not None and known.address is not None
            else audience.person_at(session, inbound.from_number, now=now)
        )
        inbound_id = uuid7()
        conversation = conversations.keep_and_lock(
            session,
            {
                "id": inbound_id,
                "provider_id": inbound.provider_id,
                "contact_point_id": contact_point.id,
                "sender_id": sender.id,
                "body": body,
                "media_count": len(inbound.media),
                "opt_out_type": inbound.opt_out_type,
                "outcome": "received",
                "received_at": inbound.sent_at or now,
            },
        )
        if conversation is None:
            db.after_commit(session, metrics.INBOUND.labels("repeated").inc)
            return _given_before(session, inbound.provider_id)
        standing = conversations.standing(session, contact_point, sender.id, now=now)
        turn = Turn(
            session=session,
            now=inbound.sent_at or now,
            provider_id=inbound.provider_id,
            body=body,
            number_texted=inbound.to_number,
            contact_point=contact_point,
            sender=sender,
            chosen_locale=standing.locale,
            opt_out=standing.opt_out,
            has_respite=standing.has_respite,
            files=media.receive(
                session, source_type="inbound", source_id=inbound_id, files=inbound.media, now=now
            ),
        )
        if inbound.sent_at is None:
            outcome = self._take(turn, conversation, standing, inbound.opt_out_type)
        else:
            outcome = self._take_late(turn, conversation, standing, age=now - inbound.sent_at)
        blocked = turn.opt_out is not None and turn.opt_out.blocked_by_carrier
        db.after_commit(session, metrics.INBOUND.labels(outcome).inc)
        client_id = turn.client.id if turn.client else None
        return texts.record_reply(
            session,
            inbound_id=inbound_id,
            contact_point_id=contact_point.id,
            sender_id=sender.id,
            client_id=client_id,
            locale=turn.locale,
            texts=turn.replies,
            blocked=blocked,
            as_messages=inbound.sent_at is not None,
            beside=(
                _ANSWERED,
                {"answered": inbound_id, "outcome": outcome, "for_client_id": client_id},
            ),
            now=now,
        )

    def _take_late(
        self, turn: Turn, conversation: Conversation, standing: Standing, *, age: timedelta
    ) -> str:
        """Take a text that we hear of afterwards, unless what was said or done since makes it old news.

        The turn's moment is when it was sent, so that whoever joined and then left did so in that order.
        """
        sent_at = turn.now
        word = carrier.meant(turn.body, None)
        wish = judge(turn.body, turn.locale).wish
        if word is CarrierWord.STOP or (wish is Wish.CLEAR and not turn.clients):
            old = late.opted_in_since(turn, sent_at)
        elif word is CarrierWord.START:
            old = late.opted_out_since(turn, sent_at)
        elif age > late.STILL_FRESH and not self._may_come_late(turn):
            old = True
        else:
            old = late.is_overtaken(turn, sent_at)
        return "late.kept" if old else self._take(turn, conversation, standing, None)

    def _may_come_late(self, turn: Turn) -> bool:
        heard = Heard(turn.body, turn.word_locales)
        return self.router.route(turn, heard, None, None).flow.may_come_late

    def _take(
        self, turn: Turn, conversation: Conversation, standing: Standing, opt_out_type: str | None
    ) -> str:
        word = carrier.meant(turn.body, opt_out_type)
        if word is not None and answer_carrier_word(turn, conversation, word, opt_out_type):
            stays(turn)
            return f"carrier.{word.value.lower()}"
        heard = Heard(turn.body, turn.word_locales)
        is_command = partial(self._is_command, turn, conversation, heard)
        wish = take_plain_words(turn, conversation, heard, is_command)
        if wish is not None:
            return wish
        step = self._answer_to_prompt(turn, conversation, heard) if standing.has_questions else None
        if step is None:
            kept_waiting = self._end_if_over(turn, conversation, heard)
            if kept_waiting:
                return kept_waiting
            step = self.router.route(turn, heard, conversation.flow, conversation.state)
        if turn.opt_out is not None and not step.flow.speaks_to_stopped:
            answer_stopped(turn)
            return "carrier.stopped"
        return self._play(turn, conversation, step)

    def _is_command(self, turn: Turn, conversation: Conversation, heard: Heard) -> bool:
        """Whether a flow knows a text by its words, and not only as "anything else"."""
        return self.router.route(turn, heard, conversation.flow, conversation.state).line.says.specific

    def _answer_to_prompt(self, turn: Turn, conversation: Conversation, heard: Heard) -> Step | None:
        current = self.flows.get(conversation.flow or "")
        expected = current and current.hear(heard, conversation.state or IDLE, specific=True)
        for prompt in conversations.open_prompts(turn.session, conversation, now=turn.now):
            if expected and prompt.asked_at < conversation.updated_at:
                return None  # the conversation asked last, so it is what "2" answers
            flow = self.flows.get(prompt.flow)
            for answer in flow.answers if flow else ():
                match = answer.says.match(heard) if answer.question == prompt.question else None
                if flow and match is not None:
                    prompt.closed_at = turn.now
                    return Step(flow, answer, match, prompt.memory or {})
        return None

    def _end_if_over(self, turn: Turn, conversation: Conversation, heard: Heard) -> str | None:
        """End a conversation that waited too long, or whose state this code no longer has, with a kind word.

        What was texted is then taken as new; but a word that only made sense in what is over was answered by
        the kind word, and the flow's name is returned.
        """
        if conversation.flow is None or conversation.state is None:
            return None
        flow = self.flows.get(conversation.flow)
        if flow is None or not flow.knows(conversation.state):
            turn.reply(_("Sorry, we lost our place after an update on our side. Please start again."))
            conversations.end(conversation, now=turn.now)
            return None
        if conversation.expires_at is None or conversation.expires_at > turn.now:
            return None
        assert flow.expired is not None
        turn.reply(flow.expired)
        belonged_to_it = flow.hear(heard, conversation.state, specific=True)
        conversations.end(conversation, now=turn.now)
        return f"{flow.__name__}.expired" if belonged_to_it else None

    def _play(self, turn: Turn, conversation: Conversation, step: Step) -> str:
        turn.spoken_locale = step.match.sole_locale
        name = step.flow.__name__
        flow = step.flow(step.state)
        if step.memory is not None:
            turn.memory = step.memory
        elif name == conversation.flow and step.state != IDLE:
            turn.memory = dict(conversation.memory or {})  # a copy: SQLAlchemy compares to see a change
        done = step.take(flow, turn)
        for question in turn.questions:
            conversations.open_prompt(turn.session, conversation, name, question, now=turn.now)
        if flow.state != IDLE:
            assert flow.expires_after is not None
            conversation.flow, conversation.state, conversation.memory = name, flow.state, dict(turn.memory)
            conversation.expires_at = turn.now + flow.expires_after
            conversation.updated_at = turn.now
        elif name == conversation.flow and step.state != IDLE:
            conversations.end(conversation, now=turn.now)
        return f"{name}.{done}"


def _given_before(session: Session, provider_id: str) -> list[Reply]:
    inbound_id = session.scalars(select(InboundRow.id).where(InboundRow.provider_id == provider_id)).one()
    return texts.replies_to(session, inbound_id)
