"""What an operator does from a shell."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from bot import db
from bot.audience.models import Client
from bot.clock import utc_now
from bot.events import service as events
from bot.events.models import DEAD, Event, Handling
from bot.messaging import pauses
from bot.messaging.models import Message, Sender
from tests.messaging import broadcast
from tests.web.conftest import Run

ADD = ("clients", "add", "--name", "Pizza Palace", "--slug", "pizza-palace", "--phone", "+1 555 010 0001")


def the_client() -> Client:
    with db.transaction() as session:
        return session.scalars(select(Client)).one()


def test_a_client_is_added_and_listed(run: Run) -> None:
    added = run(*ADD, "--locale", "es", "--time-zone", "America/New_York", "--support", "pizza@example.com")
    assert added.exit_code == 0
    assert "JOIN pizza-palace" in added.stdout
    client = the_client()
    assert (client.locale, client.time_zone) == ("es", "America/New_York")
    assert client.support_contact == "pizza@example.com"
    listed = run("clients", "list").stdout
    assert listed == "pizza-palace\tactive\tes\tAmerica/New_York\tPizza Palace\n"


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        (("--name", ""), "A name is one line"),
        (("--slug", "stop"), "choose another slug"),
        (("--slug", "Pizza Palace"), "can't be texted"),
        (("--phone", "soon"), "is not a phone number"),
        (("--locale", "tlh"), "does not write"),
        (("--time-zone", "Mars/Olympus"), "is not a time zone"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_changes_nothing(
    run: Run, mistake: tuple[str, str], sentence: str
) -> None:
    result = run(*ADD, *mistake)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert run("clients", "list").stdout == ""


def test_a_client_s_own_hours_are_kept_and_must_leave_everybody_some(run: Run) -> None:
    run(*ADD)
    said = run("clients", "quiet", "pizza-palace", "--from", "9:00", "--to", "19:00").stdout
    assert said == "Announcements of pizza-palace reach people from 09:00 to 19:00, by their own clocks.\n"
    assert (the_client().texts_from, the_client().texts_until) == (time(9), time(19))
    for wrong, sentence in (
        (("pizza-palace", "--from", "8:00", "--to", "9:15"), "US-CT"),
        (("nobody", "--from", "9:00", "--to", "19:00"), "No client"),
        (("pizza-palace", "--from", "19:00", "--to", "9:00"), "earlier"),
        (("pizza-palace", "--from", "19:00"), "both"),
        (("pizza-palace", "--from", "soon", "--to", "19:00"), "soon"),
    ):
        refused = run("clients", "quiet", *wrong)
        assert refused.exit_code != 0
        assert sentence in refused.stderr
    assert the_client().texts_from == time(9)
    run("clients", "quiet", "pizza-palace")
    assert the_client().texts_from is None


def test_an_operator_says_where_somebody_is(run: Run) -> None:
    said = run("subscribers", "place", "+1 305 555 1234", "--time-zone", "America/Denver").stdout
    assert said == "They are texted by the clock of America/Denver, region US-FL.\n"
    refused = run("subscribers", "place", "+1 305 555 1234", "--time-zone", "Mars/Olympus")
    assert "is not a time zone" in refused.stderr


def test_a_slug_belongs_to_one_client(run: Run) -> None:
    run(*ADD)
    again = run(*ADD)
    assert again.exit_code == 1
    assert "choose another slug" in again.stderr


def test_a_client_is_suspended_and_goes_on(run: Run) -> None:
    run(*ADD)
    assert run("clients", "suspend", "pizza-palace").exit_code == 0
    assert the_client().status == "suspended"
    assert run("clients", "resume", "pizza-palace").exit_code == 0
    assert the_client().status == "active"


def test_nobody_can_suspend_a_client_that_there_is_not(run: Run) -> None:
    result = run("clients", "suspend", "nobody")
    assert result.exit_code == 1
    assert "No client is called 'nobody'" in result.stderr


def test_who_answers_stop_is_listed_and_set(run: Run) -> None:
    run(*ADD)
    with db.transaction() as session:
        sender = session.scalars(select(Sender.provider_id)).one()
    assert f"{sender}\tservice\tSTOP is answered by the carrier" in run("senders", "list").stdout
    assert run("senders", "set", sender, "--opt-outs-by", "bot").exit_code == 0
    assert "answered by the bot" in run("senders", "list").stdout
    assert run("senders", "set", sender, "--opt-outs-by", "nobody").exit_code == 2
    assert run("senders", "set", "MG0", "--opt-outs-by", "bot").exit_code == 1


def test_how_much_a_sender_may_send_is_set_and_lifted(run: Run) -> None:
    run(*ADD)
    with db.transaction() as session:
        sender = session.scalars(select(Sender.provider_id)).one()
    limits = ("--segments-per-second", "4", "--daily-cap", "2000")
    assert run("senders", "set", sender, *limits).exit_code == 0
    assert "carrier\t4 segments a second\t0 of 2000 segments used today" in run("senders", "list").stdout
    run("senders", "set", sender, "--segments-per-second", "0", "--daily-cap", "0")
    assert run("senders", "list").stdout.endswith("STOP is answered by the carrier\n")
    assert run("senders", "set", sender).exit_code == 2
    assert run("senders", "set", sender, "--daily-cap", "-1").exit_code == 2


def test_dead_letters_are_listed_and_handed_over_again(run: Run, now: datetime) -> None:
    with db.transaction() as session:
        event_id = events.record(
            session, type="test.it", subject_type="test", subject_id=uuid.uuid4(), actor="system", now=now
        )
        session.execute(update(Event).values(dispatched_at=now))
        session.add(
            Handling(consumer="tests", event_id=event_id, status=DEAD, attempts=5, error="Trouble: no luck")
        )
    assert f"{event_id}\t{now.isoformat()}\ttest.it\ttests\tTrouble: no luck" in run("events", "dead").stdout
    assert run("events", "retry", str(event_id)).exit_code == 0
    assert run("events", "dead").stdout == ""
    assert run("events", "retry", str(event_id)).exit_code == 1
    assert run("events", "retry", "x").exit_code == 2


def test_upgrading_what_is_up_to_date_does_nothing(run: Run) -> None:
    result = run("db-upgrade")
    assert result.exit_code == 0
    assert result.stdout == "The tables are up to date.\n"


@pytest.mark.usefixtures("without_database")
@pytest.mark.parametrize("command", [ADD, ("clients", "list"), ("events", "dead"), ("db-upgrade",)])
def test_without_a_database_a_command_says_so_in_a_sentence(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command)
    assert result.exit_code == 1
    assert "database" in result.stderr
    assert "Traceback" not in result.output


def test_a_paused_sender_is_shown_with_its_reason_and_resumed(run: Run, now: datetime) -> None:
    run(*ADD)
    with db.transaction() as session:
        sender = session.scalars(select(Sender)).one()
        pauses.pause(session, sender.id, code=21606, called_at=now, now=now)
    assert (
        "paused since 2026-11-23T15:00:00+00:00: 21606: the sender's number" in run("senders", "list").stdout
    )
    assert run("senders", "resume", sender.provider_id).stdout == f"{sender.provider_id} sends.\n"
    assert "paused" not in run("senders", "list").stdout
    unknown = run("senders", "resume", "MG0")
    assert (unknown.exit_code, unknown.stderr) == (
        1,
        "Error: No sender is called 'MG0': `senders list` names them all.\n",
    )


def test_unknown_texts_are_listed_and_a_person_decides(run: Run, now: datetime) -> None:
    assert run("messages", "unknown", "list").stderr == "No text is unknown.\n"
    announced = broadcast.create(2, now=now, expires_at=utc_now() + timedelta(hours=1))
    first, second = announced.message(0).id, announced.message(1).id
    with db.transaction() as session:
        session.execute(update(Message).values(status="unknown", rank=20, attempts=1, calling_at=now))
    assert run("messages", "unknown", "list").stdout == "".join(
        f"{each}\t2026-11-23T15:00:00Z\t1\tannouncement {announced.source_id}\t…{last4}\n"
        for each, last4 in ((first, "0000"), (second, "0001"))
    )
    assert run("messages", "unknown", "resend", str(first)).stdout == f"{first} goes out once more.\n"
    assert run("messages", "unknown", "drop", str(second)).stdout == f"{second} is given up.\n"
    assert announced.statuses() == {"pending": 1, "failed": 1}
    again = run("messages", "unknown", "drop", str(second))
    assert (again.exit_code, again.stderr) == (
        1,
        f"Error: No unknown text is called {second}: `messages unknown list` names them all.\n",
    )
