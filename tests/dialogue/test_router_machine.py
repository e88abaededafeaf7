"""Several people text any words in any order, and the worker sends whenever it likes."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from datetime import datetime, timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

import flows
from bot import db, tables
from bot.announcements import queries
from bot.announcements.models import Announcement
from bot.audience import service
from bot.audience.models import Consent, Membership
from bot.audience.queries import clients_of
from bot.audience.service import Evidence
from bot.dialogue.flow import IDLE
from bot.dialogue.models import Conversation, Prompt
from bot.dialogue.service import Inbound
from bot.jobs import LANES
from bot.messaging import service as messaging
from bot.messaging.models import ContactPoint, Message
from bot.messaging.statuses import PENDING, RANK
from simulator.servers import Servers
from tests.conftest import NOW
from tests.dialogue.deliveries import Deliveries

NUMBER = "+15550100000"
OWNER, OWNER_OF_TWO, FAN, FAN_OF_TWO, STRANGER = (f"+1555010000{place}" for place in range(1, 6))
MEMBERS = (OWNER, OWNER_OF_TWO)
PHONES = (OWNER, OWNER_OF_TWO, FAN, FAN_OF_TWO, STRANGER)

STOP_FAMILY = "stop stopall unsubscribe cancel end quit revoke optout".split()
STOP = [*STOP_FAMILY, "STOP", "Cancel"]
START = "start unstop yes".split()
CLEAR = (
    "please stop texting me",
    "Quítame de la lista",
    "wrong number!",
    "2. take me off this list",
    "stopp",
)
PERHAPS = ("Enough!", "no más", "I'm done", "够了")
WORDS = (
    *"CONFIRM DISCARD CONFIRMAR JOIN LEAVE LANG STATUS SUBSCRIBERS LINK COMMANDS HELP INFO YES MENU".split(),
    *("JOIN pizza", "JOIN books", "JOIN pizzza", "UNIRME books"),
    *("LEAVE 1", "LEAVE 2", "LEAVE books", "SALIR 1"),
    *("LANG es", "LANG xx", "ES: Hola a todos", "DE: Hallo", "ES:", "confrim", "stop by at 6", "ORDER 12"),
    *("1", "2", "9", "", "Half-price pizza", "Books! " * 240, "½ 🍕", "اليوم", "今天半价"),
)
AROUND = st.sampled_from(["{}", " {}! ", "¡{}!", "{}.", "\n{}\n"])
BEGUN = ("", "Half-price pizza", "LEAVE", "Stop the press")
SAID = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))


class RouterMachine(RuleBasedStateMachine):
    """Two clients on one sender, and five phones."""

    def __init__(self, opt_outs_by: str) -> None:
        super().__init__()
        self.now = NOW
        self.opt_outs_by = opt_outs_by
        self.deliveries = Deliveries()
        self.texts: list[tuple[Inbound, list[str]]] = []
        self.stopped: set[str] = set()  # numbers, by what they said
        self.blocked: set[str] = set()  # those of them whom Twilio blocks: it heard the bare word
        self.left_alone: dict[str, datetime] = {}  # numbers that were asked, until when
        self.asked: dict[str, datetime] = {}  # numbers, when they were asked last
        self.calls: Counter[uuid.UUID] = Counter()
        _empty()
        with db.transaction() as session:
            self.sender_id = self._set_up(session)

    def _set_up(self, session: Session) -> uuid.UUID:
        sender = messaging.sender_of(session, service_sid="MG" + "1" * 32, number=NUMBER, now=self.now)
        sender.opt_outs_by = self.opt_outs_by
        clients = [
            service.add_client(
                session, name=slug.title(), slug=slug, owner_number=OWNER_OF_TWO, locale=locale,
                time_zone="America/New_York", support_contact=None, sender_id=sender.id, now=self.now,
            )
            for slug, locale in (("books", "es"), ("pizza", "en"))
        ]  # fmt: skip
        owner = service.person_at(session, OWNER, now=self.now)
        session.add(
            Membership(person_id=owner.person_id, client_id=clients[1].id, role="owner", created_at=self.now)
        )
        evidence = Evidence("operator", self.now)
        for number, followed in ((FAN, clients[1:]), (FAN_OF_TWO, clients), (OWNER, clients[:1])):
            person = service.person_at(session, number, now=self.now)
            for client in followed:
                service.follow(session, person, client, evidence, tell_client=False)
        return sender.id

    # What happens

    @rule(phone=st.sampled_from(PHONES), said=SAID)
    def texts_something(self, phone: str, said: str) -> None:
        self._text(phone, said)

    @rule(phone=st.sampled_from(MEMBERS), choice=st.sampled_from(["1", "2"]))
    def announces(self, phone: str, choice: str) -> None:
        for said in ("Half-price everything", choice, "CONFIRM"):
            self._text(phone, said)

    @rule(
        phone=st.sampled_from(PHONES),
        word=st.sampled_from(STOP),
        around=AROUND,
        before=st.sampled_from(BEGUN),
    )
    def texts_stop(self, phone: str, word: str, around: str, before: str) -> None:
        """In the middle of a draft, of a choice, or of nothing."""
        if before:
            self._text(phone, before)
        self._text(phone, around.format(word))

    @rule(phone=st.sampled_from(PHONES), word=st.sampled_from(START), around=AROUND)
    def texts_start(self, phone: str, word: str, around: str) -> None:
        self._text(phone, around.format(word))

    @rule(phone=st.sampled_from(PHONES), said=st.sampled_from(CLEAR), before=st.sampled_from(BEGUN))
    def texts_plainly_to_end(self, phone: str, said: str, before: str) -> None:
        """In the middle of a draft, of a choice, or of nothing; a member is asked what they mean."""
        if before:
            self._text(phone, before)
        was_stopped = phone in self.stopped
        ended = self._text(phone, said)
        assert not (was_stopped and ended), "confirmed twice"
        if phone not in MEMBERS and not was_stopped:
            assert [len(ended), phone in self.stopped] == [1, True]

    @rule(phone=st.sampled_from(PHONES), said=st.sampled_from(PERHAPS))
    def texts_something_doubtful(self, phone: str, said: str) -> None:
        self._text(phone, said)

    @rule(
        wait=st.sampled_from(
            [timedelta(days=31), timedelta(minutes=2), timedelta(hours=2), timedelta(hours=25)]
        )
    )
    def time_passes(self, wait: timedelta) -> None:
        self.now += wait

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def a_text_comes_again(self, data: st.DataObject) -> None:
        """The same MessageSid gives the same replies and changes nothing."""
        inbound, replies = data.draw(st.sampled_from(self.texts[-5:]))
        before = _row_counts()
        assert self._receive(inbound) == replies
        assert _row_counts() == before

    @rule()
    def the_worker_prepares(self) -> None:
        self.deliveries.settle(self.now)

    @rule(lane=st.sampled_from(sorted(LANES)), at_once=st.sampled_from([1, 2, 100]))
    def the_worker_sends(self, lane: str, at_once: int) -> None:
        self.deliveries.settle(self.now)
        for call in self.deliveries.send(lane, self.now, at_once=at_once):
            assert call.to not in self.stopped, "called after a recorded STOP"
            assert self.left_alone.get(call.to, self.now) <= self.now, "called before they answered"
            self.calls[call.message_id] += 1
            assert self.calls[call.message_id] == 1, "called twice"

    # What always holds

    @invariant()
    def a_conversation_is_where_its_flow_can_go_on(self) -> None:
        with db.transaction() as session:
            for talk in session.scalars(select(Conversation).where(Conversation.flow.is_not(None))):
                assert flows.dialogue.flows[talk.flow].knows(talk.state)
                assert talk.state != IDLE
                assert talk.expires_at is not None

    @invariant()
    def an_announcement_reaches_nobody_twice_and_its_ledger_sums_to_its_audience(self) -> None:
        with db.transaction() as session:
            confirmed = session.scalars(select(Announcement).where(Announcement.status == "confirmed")).all()
            for announcement in confirmed:
                progress = queries.progress(session, announcement)
                assert progress.ledger.total + progress.not_yet_queued == announcement.audience_size
                if announcement.fanned_out_at is not None:
                    assert progress.not_yet_queued == 0
            rows = select(Message.source_id, Message.contact_point_id).where(
                Message.source_type == "announcement"
            )
            per_person = Counter(session.execute(rows).all())
            assert all(number == 1 for number in per_person.values())

    # How

    def _text(self, phone: str, said: str) -> list[str]:
        self.now += timedelta(seconds=1)
        inbound = Inbound(f"SM{len(self.texts):032x}", phone, NUMBER, said, "MG" + "1" * 32)
        asked_to_announce, may_be_asked = self._confirmed(), self._may_be_asked(phone, said)
        replies = self._receive(inbound)
        self.texts.append((inbound, replies))
        assert self._confirmed() - asked_to_announce <= (
            1 if re.sub(r"\W", "", said).lower() in {"confirm", "confirmar", "confirmo"} else 0
        ), "announced without CONFIRM"
        self._note_opt_out(phone, said)
        self.left_alone.pop(phone, None)
        if may_be_asked:
            self.asked[phone] = self.now
            self.left_alone[phone] = self.now + timedelta(days=1)
        return replies

    def _may_be_asked(self, phone: str, said: str) -> bool:
        """Whether this text leads to a question: there was none for a month."""
        with db.transaction() as session:
            person = messaging.find_contact_point(session, phone)
            follows = person and clients_of(session, person.person_id, self.sender_id)[1]
        return bool(
            said in PERHAPS
            and phone not in self.stopped
            and phone not in MEMBERS
            and follows
            and self.asked.get(phone, NOW - timedelta(days=30)) + timedelta(days=30) <= self.now
        )

    def _receive(self, inbound: Inbound) -> list[str]:
        with db.transaction() as session:
            return [reply.text for reply in flows.dialogue.receive(session, inbound, now=self.now)]

    def _confirmed(self) -> int:
        with db.transaction() as session:
            query = select(func.count()).where(Announcement.status == "confirmed")
            return session.scalar(query) or 0

    def _note_opt_out(self, phone: str, said: str) -> None:
        """STOP wins in any state; START's family undoes it, and JOIN where Twilio does not block."""
        heard_by_twilio = said.strip().lower() in STOP_FAMILY + START
        bare = re.sub(r"[\W_]", "", said).lower()
        with db.transaction() as session:
            person = messaging.find_contact_point(session, phone)
            assert person is not None
            opted_out = messaging.opt_out_in_force(session, person.id, self.sender_id) is not None
            plainly = said in CLEAR and phone not in MEMBERS
            if bare in STOP_FAMILY or plainly:
                assert opted_out
                self.stopped.add(phone)
                if heard_by_twilio and self.opt_outs_by == "carrier":
                    self.blocked.add(phone)
                assert self._nothing_open(session, person)
                assert not plainly or _words_of_the_last_opt_out(session, person) == said
            elif phone in self.stopped and not opted_out:
                joins = re.match(r"\W*(join|unirme)\s+(pizza|books)$", said, re.IGNORECASE)
                assert bare in START or joins, said
                assert heard_by_twilio or phone not in self.blocked
                self.stopped.discard(phone)
                self.blocked.discard(phone)
            assert opted_out == (phone in self.stopped)
            if bare in START and heard_by_twilio:
                assert not opted_out, "a bare START lifts every block"

    def _nothing_open(self, session: Session, person: ContactPoint) -> bool:
        talk = session.get_one(Conversation, (person.id, self.sender_id))
        open_rows = [
            select(Prompt.id).where(Prompt.contact_point_id == person.id, Prompt.closed_at.is_(None)),
            select(Message.id).where(Message.contact_point_id == person.id, Message.rank == RANK[PENDING]),
        ]
        return talk.flow is None and not any(session.scalar(query) for query in open_rows)


def _words_of_the_last_opt_out(session: Session, person: ContactPoint) -> str | None:
    query = select(Consent.words_said).where(
        Consent.person_id == person.person_id, Consent.action == "opt_out", Consent.source == "plain words"
    )
    return session.scalars(query.order_by(Consent.at.desc())).first()


def _empty() -> None:
    names = [table.name for table in tables.metadata.sorted_tables]
    with db.engine().begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # no order to keep
        connection.execute(text("; ".join(f"DELETE FROM {name}" for name in names)))


def _row_counts() -> dict[str, int]:
    names = [table.name for table in tables.metadata.sorted_tables]
    query = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in names)
    with db.transaction() as session:
        return {name: number for name, number in session.execute(text(query))}  # noqa: C416


def _run(opt_outs_by: str) -> None:
    run_state_machine_as_test(
        lambda: RouterMachine(opt_outs_by),
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # shrinking takes minutes here, and the steps are printed anyway
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_texts_in_any_order_keep_the_promises_where_twilio_answers_stop(database: Servers) -> None:
    _run("carrier")


def test_any_texts_in_any_order_keep_the_promises_where_we_answer_stop(database: Servers) -> None:
    _run("bot")
