"""What happened is recorded with its change, and handled once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
import structlog
from rq import Queue
from sqlalchemy import select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from bot import db, jobs, telemetry
from bot.events import dispatch, queries, service
from bot.events.handlers import DuplicateConsumer, NoHandlers, consumers_of, handles
from bot.events.jobs import dispatch_events
from bot.events.models import Event, Handling
from bot.events.sweeps import undispatched_events
from simulator.servers import Servers

LATER = timedelta(hours=1)


class Trouble(Exception):
    """A handler's own trouble."""


@pytest.fixture(autouse=True)
def _empty_database(database: Servers) -> None:
    """Every test starts without events, and logs as a worker does."""
    telemetry.configure()


@pytest.fixture
def kind() -> str:
    """A type of event that no other test has handlers for."""
    return f"test.{uuid.uuid4().hex}"


def record(session: Session, kind: str, now: datetime, subject: uuid.UUID | None = None) -> uuid.UUID:
    return service.record(
        session, type=kind, subject_type="test", subject_id=subject or uuid.uuid4(), actor="system", now=now
    )


def record_one(kind: str, now: datetime, subject: uuid.UUID | None = None) -> uuid.UUID:
    with db.transaction() as session:
        return record(session, kind, now, subject)


def dispatch_all(now: datetime) -> None:
    while dispatch.dispatch_batch(now):
        pass


def events(kind: str) -> list[Event]:
    with db.transaction() as session:
        return list(session.scalars(select(Event).where(Event.type == kind).order_by(Event.id)))


def leave_trace(session: Session, event: Event, now: datetime) -> None:
    """An effect that can be counted: an event about the one at hand."""
    service.record(
        session,
        type=f"{event.type}.trace",
        subject_type="trace",
        subject_id=event.id,
        actor="system",
        now=now,
    )


def test_an_event_is_handled_once_its_change_is_committed(kind: str, now: datetime) -> None:
    handles(kind, consumer="traces")(leave_trace)
    handles(f"{kind}.trace", consumer="nobody")(lambda _session, _event, _now: None)
    event_id = record_one(kind, now)
    dispatch_all(now)
    dispatch_all(now)
    (trace,) = events(f"{kind}.trace")
    assert trace.subject_id == event_id
    assert trace.causation_id == event_id
    assert events(kind)[0].dispatched_at == now


def test_a_change_that_is_rolled_back_records_nothing(kind: str, now: datetime) -> None:
    handles(kind, consumer="traces")(leave_trace)

    def change_and_fail() -> None:
        with db.transaction() as session:
            record(session, kind, now)
            raise Trouble

    with pytest.raises(Trouble):
        change_and_fail()
    assert events(kind) == []
    assert Queue(jobs.DEFAULT, connection=jobs.redis()).count == 0


def test_one_job_is_enough_for_all_events_of_a_transaction(kind: str, now: datetime) -> None:
    with db.transaction() as session:
        for _ in range(3):
            record(session, kind, now)
        assert Queue(jobs.DEFAULT, connection=jobs.redis()).count == 0
    queued = Queue(jobs.DEFAULT, connection=jobs.redis()).jobs
    assert [job.func_name for job in queued] == ["bot.events.jobs.dispatch_events"]


def test_events_of_a_subject_are_numbered_without_gaps_however_many_record_at_once(
    kind: str, now: datetime
) -> None:
    subject = uuid.uuid4()
    together = Barrier(4)

    def record_some() -> None:
        together.wait()
        for _ in range(10):
            record_one(kind, now, subject)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(record_some) for _ in range(4)]:
            done.result()
    assert sorted(event.subject_sequence for event in events(kind)) == list(range(1, 41))


def test_an_event_carries_the_id_of_the_request_that_caused_it(kind: str, now: datetime) -> None:
    request_id = uuid.uuid4()
    with structlog.contextvars.bound_contextvars(request_id=str(request_id)):
        record_one(kind, now)
    assert events(kind)[0].correlation_id == request_id


def test_two_dispatchers_at_once_handle_each_event_once_and_each_subject_in_order(
    kind: str, now: datetime
) -> None:
    handles(kind, consumer="traces")(leave_trace)
    handles(f"{kind}.trace", consumer="nobody")(lambda _session, _event, _now: None)
    subjects = [uuid.uuid4() for _ in range(5)]
    with db.transaction() as session:
        for subject in subjects * 4:
            record(session, kind, now, subject)
    together = Barrier(3)

    def work() -> None:
        together.wait()
        dispatch_all(now)

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work) for _ in range(3)]:
            done.result()
    dispatch_all(now)
    handled = [trace.subject_id for trace in events(f"{kind}.trace")]
    assert sorted(handled) == sorted(event.id for event in events(kind))
    by_id = {event.id: event for event in events(kind)}
    for subject in subjects:
        order = [
            by_id[event_id].subject_sequence for event_id in handled if by_id[event_id].subject_id == subject
        ]
        assert order == [1, 2, 3, 4]


def test_a_handler_that_fails_is_rolled_back_and_tried_again_later(kind: str, now: datetime) -> None:
    attempts: Iterator[bool] = iter([False, True])

    def fail_once(session: Session, event: Event, at: datetime) -> None:
        leave_trace(session, event, at)
        if not next(attempts):
            raise Trouble

    handles(kind, consumer="fails_once")(fail_once)
    handles(f"{kind}.trace", consumer="nobody")(lambda _session, _event, _now: None)
    record_one(kind, now)
    dispatch_all(now)
    assert events(f"{kind}.trace") == []
    dispatch_all(now + timedelta(seconds=1))
    assert events(f"{kind}.trace") == []
    dispatch_all(now + timedelta(seconds=7))
    assert len(events(f"{kind}.trace")) == 1
    assert events(kind)[0].dispatched_at is not None


def test_after_five_attempts_an_event_is_a_dead_letter_and_can_be_handed_over_again(
    kind: str, now: datetime
) -> None:
    cured = False
    calls = 0

    def fail(session: Session, event: Event, at: datetime) -> None:
        nonlocal calls
        calls += 1
        if not cured:
            raise Trouble("the well is dry")

    handles(kind, consumer="fails")(fail)
    event_id = record_one(kind, now)
    with capture_logs() as logs:
        for attempt in range(8):
            dispatch_all(now + attempt * LATER)
    assert calls == 5
    (given_up,) = [line for line in logs if line["event"] == "event_given_up"]
    assert (given_up["log_level"], given_up["consumer"]) == ("error", "fails")
    with db.transaction() as session:
        (letter,) = queries.dead_letters(session)
    assert (letter.event_id, letter.consumer, letter.error) == (event_id, "fails", "Trouble: the well is dry")

    cured = True
    with db.transaction() as session:
        assert service.retry(session, event_id, now=now) == ["fails"]
    dispatch_all(now)
    assert calls == 6
    with db.transaction() as session:
        assert queries.dead_letters(session) == []
        with pytest.raises(service.NoDeadLetter):
            service.retry(session, event_id, now=now)


def test_one_consumers_trouble_does_not_keep_the_event_from_another(kind: str, now: datetime) -> None:
    handled = []

    def fail(_session: Session, _event: Event, _now: datetime) -> None:
        raise Trouble

    handles(kind, consumer="fails")(fail)
    handles(kind, consumer="works")(lambda _session, event, _now: handled.append(event.id))
    event_id = record_one(kind, now)
    for attempt in range(8):
        dispatch_all(now + attempt * LATER)
    assert handled == [event_id]
    with db.transaction() as session:
        outcomes = session.execute(select(Handling.consumer, Handling.status)).all()
    assert {(consumer, status) for consumer, status in outcomes} == {("fails", "dead"), ("works", "done")}


def test_a_poisonous_event_holds_up_its_own_subject_and_no_other(kind: str, now: datetime) -> None:
    handled = []
    poisoned, healthy = uuid.uuid4(), uuid.uuid4()

    def handle(_session: Session, event: Event, _now: datetime) -> None:
        if event.subject_id == poisoned and event.subject_sequence == 1:
            raise Trouble
        handled.append((event.subject_id, event.subject_sequence))

    handles(kind, consumer="picky")(handle)
    with db.transaction() as session:
        for subject in (poisoned, poisoned, healthy, healthy):
            record(session, kind, now, subject)
    dispatch_all(now)
    assert handled == [(healthy, 1), (healthy, 2)]
    for attempt in range(1, 8):
        dispatch_all(now + attempt * LATER)
    assert handled == [(healthy, 1), (healthy, 2), (poisoned, 2)]


def test_an_event_that_nobody_listens_to_is_done_with(kind: str, now: datetime) -> None:
    handles(f"{kind}.other", consumer="somebody")(leave_trace)
    record_one(kind, now)
    dispatch_all(now)
    assert events(kind)[0].dispatched_at == now


def test_a_process_without_any_handler_refuses_to_dispatch(
    kind: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.events.handlers._handlers", {})
    record_one(kind, now)
    with pytest.raises(NoHandlers):
        dispatch.dispatch_batch(now)
    assert events(kind)[0].dispatched_at is None


def test_a_consumers_name_belongs_to_one_handler_of_an_event(kind: str) -> None:
    handles(kind, consumer="traces")(leave_trace)
    with pytest.raises(DuplicateConsumer):
        handles(kind, consumer="traces")(leave_trace)
    assert list(consumers_of(kind)) == ["traces"]


def test_the_sweep_wakes_the_dispatcher_for_an_event_whose_job_was_lost(kind: str, now: datetime) -> None:
    record_one(kind, now)
    jobs.redis().flushdb()

    def swept(at: datetime) -> int:
        with db.transaction() as session:
            undispatched_events(session, at)
        return Queue(jobs.DEFAULT, connection=jobs.redis()).count

    assert swept(now + timedelta(seconds=1)) == 0, "its own job may still be on its way"
    assert swept(now + timedelta(seconds=10)) == 1


def test_a_flood_of_events_lets_notices_have_their_turn(
    kind: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0)
    handles(kind, consumer="traces")(leave_trace)
    record_one(kind, now)
    jobs.redis().flushdb()
    dispatch_events()
    assert events(kind)[0].dispatched_at is not None
    assert events(f"{kind}.trace")[0].dispatched_at is None, "that is for the next turn"
    waiting = {job.func_name for job in Queue(jobs.DEFAULT, connection=jobs.redis()).jobs}
    assert waiting == {"bot.events.jobs.dispatch_events"}
