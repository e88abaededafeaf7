"""The ledger under any order of claims, answers, receipts, STOPs and crashes."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
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
from bot.claims import Lease, LeaseLost
from bot.jobs import BULK
from bot.messaging import chunks, receipts, respites, service, steps
from bot.messaging.chunks import Call
from bot.messaging.models import Chunk, Message
from bot.messaging.outcomes import step_of
from bot.messaging.statuses import CALLING, PENDING, RANK
from bot.vendors.twilio import Accepted, Ambiguous, Outcome, RateLimited, Rejected
from tests.messaging import broadcast

PEOPLE = 5
_broadcasts = count()

ANSWERS: tuple[tuple[bool, type[Outcome] | int], ...] = (
    (True, Accepted),
    (True, Ambiguous),  # Twilio took it, and its answer was lost
    (False, Ambiguous),
    (False, RateLimited),
    (False, 21612),
    (False, 21610),
)


def answer(kind: type[Outcome] | int, sid: str) -> Outcome:
    if isinstance(kind, int):
        return Rejected(kind)
    made: dict[type[Outcome], Outcome] = {
        Accepted: Accepted(sid, "accepted"),
        Ambiguous: Ambiguous("timeout"),
        RateLimited: RateLimited(20429, None),
    }
    return made[kind]


@dataclass
class Worker:
    """A process: the chunk it holds, as far as it knows, and its calls whose answers are to come."""

    lease: Lease
    calls: list[Call] = field(default_factory=list)


class LedgerMachine(RuleBasedStateMachine):
    """Several workers, a Twilio that remembers what it took, and people who say STOP and START."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime.now(UTC)
        first = next(_broadcasts) * PEOPLE
        self.announced = broadcast.create(PEOPLE, now=self.now, chunk_size=3, first=first)
        self.workers: list[Worker] = []
        self.taken: Counter[uuid.UUID] = Counter()
        self.stopped: set[uuid.UUID] = set()
        self.left_alone: dict[uuid.UUID, datetime] = {}
        messages = self._messages()
        self.ranks: dict[uuid.UUID, int] = {message.id: message.rank for message in messages}
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
        self.taken[call.message_id] += took
        step = step_of(call, answer(kind, f"SM{call.message_id}"), at=self.now)
        with db.transaction() as session:
            steps.take(session, [step], now=self.now)
        if kind == 21610 and self._opted_out(call.message_id):
            self.stopped.add(self._person(call.message_id))

    @precondition(lambda self: any(self.taken.values()))
    @rule(data=st.data(), word=st.sampled_from(["queued", "sent", "delivered", "undelivered", "failed"]))
    def receipt(self, data: st.DataObject, word: str) -> None:
        taken = [each for each, took in self.taken.items() if took]
        message_id = data.draw(st.sampled_from(sorted(taken, key=self.place.__getitem__)))
        with db.transaction() as session:
            receipts.append(
                session,
                message_id=message_id,
                provider_id=f"SM{message_id}",
                status=word,
                error_code=30003 if word in {"undelivered", "failed"} else None,
                now=self.now,
            )

    @rule()
    def apply_receipts(self) -> None:
        with db.transaction() as session:
            receipts.apply(session, now=self.now)

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
            self.taken[call.message_id] += data.draw(st.booleans())
        self._end_lease(worker)
        self.workers.remove(worker)

    @invariant()
    def nobody_gets_it_twice(self) -> None:
        assert all(took <= 1 for took in self.taken.values()), self.taken

    @invariant()
    def it_sums_to_the_audience_and_a_status_never_goes_down(self) -> None:
        assert self.announced.ledger.total == PEOPLE
        for message in self._messages():
            before = self.ranks[message.id]
            never_processed = (before, message.rank) == (RANK[CALLING], RANK[PENDING])
            assert message.rank >= before or never_processed, (message.status, before)
            self.ranks[message.id] = message.rank

    def teardown(self) -> None:
        """The processes die; one that lives sends the rest, and nothing stays pending or half called."""
        for worker in self.workers:
            self._end_lease(worker)
        self.now += timedelta(days=1)
        with db.transaction() as session:
            while (leased := chunks.take(session, BULK, now=self.now)) is not None:
                marked = chunks.mark(session, leased.lease, most=PEOPLE, now=self.now)
                self.taken.update(call.message_id for call in marked.calls)
                steps.take(
                    session,
                    [
                        step_of(call, Accepted(f"SM{call.message_id}", "sent"), at=self.now)
                        for call in marked.calls
                    ],
                    now=self.now,
                )
                chunks.put_down(session, leased.lease, now=self.now)
        self.nobody_gets_it_twice()
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
