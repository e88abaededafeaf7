"""The ledger under any order of claims, answers, receipts, STOPs and crashes."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, update

from bot import db
from bot.claims import LeaseLost
from bot.jobs import BULK
from bot.messaging import chunks, pauses, receipts, respites, service, settling, steps
from bot.messaging.models import Chunk, Lookup, Message
from bot.messaging.outcomes import step_of
from bot.messaging.statuses import CALLING, PENDING, RANK, UNKNOWN
from bot.vendors.twilio import Accepted, Outcome
from tests.messaging import broadcast
from tests.messaging.workers import ANSWERS, Worker, answer, listed, provider_id_of_sender, sid_of

PEOPLE = 5
_broadcasts = count()


class LedgerMachine(RuleBasedStateMachine):
    """Several workers, a Twilio that remembers what it took, and people who say STOP and START."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime.now(UTC)
        first = next(_broadcasts) * PEOPLE
        self.announced = broadcast.create(
            PEOPLE, now=self.now, chunk_size=3, first=first, expires_at=self.now + timedelta(hours=10)
        )
        self.workers: list[Worker] = []
        #: The texts that Twilio took, by message.
        self.taken: dict[uuid.UUID, list[str]] = defaultdict(list)
        self.stopped: set[uuid.UUID] = set()
        self.left_alone: dict[uuid.UUID, datetime] = {}
        messages = self._messages()
        self.ranks: dict[uuid.UUID, int] = {message.id: message.rank for message in messages}
        self.again: Counter[uuid.UUID] = Counter()
        # Hypothesis repeats what it drew, so nothing may depend on the ids, which are new each time.
        self.place = {message.id: place for place, message in enumerate(messages)}

    def _messages(self) -> list[Message]:
        with db.transaction() as session:
            return list(
                session.scalars(
                    select(Message)
                    .where(Message.source_id == self.announced.source_id)
                    .order_by(Message.position)
                )
            )

    @rule(seconds=st.sampled_from([1, 400]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def take(self) -> None:
        with db.transaction() as session:
            leased = chunks.take(session, BULK, now=self.now)
        if leased is not None:
            self.workers.append(Worker(leased.lease))

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), most=st.integers(1, 3))
    def mark(self, data: st.DataObject, most: int) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        try:
            with db.transaction() as session:
                marked = chunks.mark(session, worker.lease, most=most, now=self.now)
        except LeaseLost:
            return
        for call in marked.calls:
            person = self._person(call.message_id)
            assert person not in self.stopped, "called after a recorded STOP"
            assert self.left_alone.get(person, self.now) <= self.now, "called during a respite"
        worker.calls += sorted(marked.calls, key=lambda call: self.place[call.message_id])

    @precondition(lambda self: any(worker.calls for worker in self.workers))
    @rule(data=st.data(), how=st.sampled_from(ANSWERS))
    def twilio_answers(self, data: st.DataObject, how: tuple[bool, type[Outcome] | int]) -> None:
        worker = data.draw(st.sampled_from([each for each in self.workers if each.calls]))
        call = worker.calls.pop(data.draw(st.integers(0, len(worker.calls) - 1)))
        took, kind = how
        if took:
            self.taken[call.message_id].append(sid_of(call))
        step = step_of(call, answer(kind, sid_of(call)), at=self.now)
        with db.transaction() as session:
            steps.take(session, [step], now=self.now)
        if kind == 21610 and self._opted_out(call.message_id):
            self.stopped.add(self._person(call.message_id))

    @precondition(lambda self: any(self.taken.values()))
    @rule(
        data=st.data(),
        word=st.sampled_from(["queued", "sent", "delivered", "undelivered", "failed"]),
        code=st.sampled_from([30003, 30022, 30034, 30006, 30007]),
    )
    def receipt(self, data: st.DataObject, word: str, code: int) -> None:
        taken = [each for each, sids in self.taken.items() if sids]
        message_id = data.draw(st.sampled_from(sorted(taken, key=self.place.__getitem__)))
        sid = self.taken[message_id][data.draw(st.integers(0, len(self.taken[message_id]) - 1))]
        with db.transaction() as session:
            receipts.append(
                session,
                message_id=message_id,
                provider_id=sid,
                status=word,
                error_code=code if word in {"undelivered", "failed"} else None,
                now=self.now,
            )

    @rule()
    def apply_receipts(self) -> None:
        with db.transaction() as session:
            receipts.apply(session, now=self.now)

    @precondition(lambda self: any(message.rank == RANK[UNKNOWN] for message in self._messages()))
    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        """Read Twilio's list for one number that has an unknown message, and act on it."""
        unknown = [message for message in self._messages() if message.rank == RANK[UNKNOWN]]
        message = data.draw(st.sampled_from(unknown))
        with db.transaction() as session:
            settling.expect(session, now=self.now + timedelta(days=1))
            session.execute(
                update(Lookup)
                .where(Lookup.contact_point_id == message.contact_point_id)
                .values(not_before=func.to_timestamp(0))
            )
        with db.transaction() as session:
            question = settling.take(session, now=self.now)
            if question is not None:
                settling.settle(
                    session, question, listed(question, self.taken, self._messages()), now=self.now
                )

    @rule()
    def resume(self) -> None:
        """An operator puts right what paused the sender."""
        with db.transaction() as session:
            pauses.resume(session, provider_id_of_sender(), now=self.now)

    @rule(position=st.integers(0, PEOPLE - 1))
    def stop(self, position: int) -> None:
        message = self._messages()[position]
        with db.transaction() as session:
            service.opt_out(
                session,
                contact_point_id=message.contact_point_id,
                sender_id=message.sender_id,
                blocked_by_carrier=False,
                source="word",
                now=self.now,
            )
        self.stopped.add(message.contact_point_id)
        self.left_alone.pop(message.contact_point_id, None)

    @rule(position=st.integers(0, PEOPLE - 1))
    def ask(self, position: int) -> None:
        message, until = self._messages()[position], self.now + timedelta(seconds=300)
        with db.transaction() as session:
            respites.begin(
                session,
                contact_point_id=message.contact_point_id,
                sender_id=message.sender_id,
                until=until,
                now=self.now,
            )
        self.left_alone[message.contact_point_id] = until

    @rule(position=st.integers(0, PEOPLE - 1))
    def stay(self, position: int) -> None:
        message = self._messages()[position]
        with db.transaction() as session:
            respites.end(
                session,
                contact_point_id=message.contact_point_id,
                sender_id=message.sender_id,
                now=self.now,
            )
        if self.left_alone.pop(message.contact_point_id, None) and message.rank == RANK[PENDING]:
            assert self._messages()[position].next_attempt_at == self.now

    @rule(position=st.integers(0, PEOPLE - 1))
    def start(self, position: int) -> None:
        message = self._messages()[position]
        with db.transaction() as session:
            service.lift_opt_out(
                session,
                contact_point_id=message.contact_point_id,
                sender_id=message.sender_id,
                now=self.now,
            )
        self.stopped.discard(message.contact_point_id)

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def put_down(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        if not worker.calls:
            self._put_down(worker)

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def lease_runs_out(self, data: st.DataObject) -> None:
        """The worker lives on and does not know it."""
        self._end_lease(data.draw(st.sampled_from(self.workers)))

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        """Any of its calls may have reached Twilio; nobody will ever write their answers."""
        worker = data.draw(st.sampled_from(self.workers))
        for call in worker.calls:
            if data.draw(st.booleans()):
                self.taken[call.message_id].append(sid_of(call))
        self._end_lease(worker)
        self.workers.remove(worker)

    @invariant()
    def nobody_gets_it_twice_unless_it_is_on_record_why(self) -> None:
        again = self.announced.sent_again()
        assert all(len(sids) <= 1 + again[each] for each, sids in self.taken.items()), self.taken

    @invariant()
    def it_sums_to_the_audience_and_a_status_never_goes_down(self) -> None:
        assert self.announced.ledger.total == PEOPLE
        again = self.announced.sent_again()
        for message in self._messages():
            before = self.ranks[message.id]
            never_processed = (before, message.rank) == (RANK[CALLING], RANK[PENDING])
            goes_again = message.rank == RANK[PENDING] and again[message.id] > self.again[message.id]
            assert message.rank >= before or never_processed or goes_again, (message.status, before)
            self.ranks[message.id] = message.rank
        self.again = again

    def teardown(self) -> None:
        """The processes die; one that lives sends the rest, and nothing stays pending or half called."""
        for worker in self.workers:
            self._end_lease(worker)
        self.resume()
        self.now += timedelta(hours=2)
        with db.transaction() as session:
            while (leased := chunks.take(session, BULK, now=self.now)) is not None:
                marked = chunks.mark(session, leased.lease, most=PEOPLE, now=self.now)
                for call in marked.calls:
                    self.taken[call.message_id].append(sid_of(call))
                answers = [
                    step_of(call, Accepted(sid_of(call), "sent"), at=self.now) for call in marked.calls
                ]
                steps.take(session, answers, now=self.now)
                chunks.put_down(session, leased.lease, now=self.now)
        self.nobody_gets_it_twice_unless_it_is_on_record_why()
        ledger = self.announced.ledger
        assert (ledger.pending, ledger.calling, ledger.total) == (0, 0, PEOPLE)
        with db.transaction() as session:
            assert session.scalar(select(func.count()).where(Chunk.finished_at.is_(None))) == 0

    def _put_down(self, worker: Worker) -> None:
        self.workers.remove(worker)
        try:
            with db.transaction() as session:
                chunks.put_down(session, worker.lease, now=self.now)
        except LeaseLost:
            pass

    def _end_lease(self, worker: Worker) -> None:
        with db.transaction() as session:
            session.execute(
                update(Chunk)
                .where(Chunk.id == worker.lease.id, Chunk.lease_token == worker.lease.token)
                .values(leased_until=func.now() - timedelta(seconds=1))
            )

    def _person(self, message_id: uuid.UUID) -> uuid.UUID:
        return next(each.contact_point_id for each in self._messages() if each.id == message_id)

    def _opted_out(self, message_id: uuid.UUID) -> bool:
        with db.transaction() as session:
            message = session.get_one(Message, message_id)
            found = service.opt_out_in_force(session, message.contact_point_id, message.sender_id)
        return found is not None


def test_the_ledger_keeps_its_promise_in_any_order(database):
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
