"""Whoever is on call sees what became of an announcement and of one text."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from bot import db, retention
from bot.announcements.models import Announcement
from bot.messaging import chunks
from bot.messaging.models import Chunk, Message, MessageHistory, Sender
from bot.messaging.sweeps import overdue_receipts
from tests.dialogue.transcript import MONDAY, Player
from tests.web.conftest import Run

GIVEN = """
Given
  Pizza Palace is a client (pizza-palace) in English
  Olivia speaks for Pizza Palace
  Ana follows Pizza Palace, in Spanish
  Sam follows Pizza Palace
  Kim follows Pizza Palace
  Lee follows Pizza Palace
  Sam is out of reach
  Kim is blocked by Twilio
  sending waits
Olivia >> Half-price pizza until 6
Olivia >> CONFIRM
Lee >> LEAVE 1
"""


@pytest.fixture
def player(app: object) -> Player:
    """A broadcast that was confirmed, with one who left, one out of reach and one who is blocked."""
    player = Player(now=MONDAY + timedelta(hours=15))  # in nobody's night
    for line in GIVEN.strip().splitlines():
        player.take(line)
    return player


def values(shown: str) -> dict[str, list[str]]:
    """The lines of a command's output by their name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in shown.splitlines():
        name = line[:12].strip() or name
        found.setdefault(name, []).append(line[12:])
    return found


def the_announcement() -> Announcement:
    with db.transaction() as session:
        return session.scalars(select(Announcement)).one()


def test_an_announcement_is_shown_with_its_ledger_as_a_sum(player: Player, run: Run) -> None:
    before = values(run("announcements", "show", "pizza-palace").stdout)
    assert before["ledger"] == ["4 = 3 pending + 1 skipped (left)"]
    assert before["chunks"][0] == "1 = 0 finished + 0 held + 1 waiting"
    assert "due 2026-11-23T15:00:00Z" in before["chunks"][1]
    english = before["texts"].index("en, 1 × GSM-7:")
    assert before["texts"][english + 1] == "  Pizza Palace: Half-price pizza until 6"

    player.take("(sending goes on)")
    player.take("at 15:20")  # who is out of reach is tried once more

    result = run("announcements", "show", str(the_announcement().id))
    after = values(result.stdout)
    assert result.exit_code == 0
    assert after["ledger"] == ["4 = 1 failed + 1 skipped (left) + 1 undelivered + 1 delivered"]
    assert after["failures"] == [
        "1 × 21610: the person has texted STOP; see https://www.twilio.com/docs/api/errors/21610",
        "1 × 30003: the phone is off or out of reach; see https://www.twilio.com/docs/api/errors/30003",
    ]
    assert after["chunks"] == ["2 = 2 finished + 0 held + 0 waiting"]  # the second is of the second try
    assert (after["client"], after["status"]) == (["Pizza Palace (pizza-palace, active)"], ["confirmed"])


def test_who_holds_a_chunk_is_named_and_whether_they_are_late(player: Player, run: Run) -> None:
    with db.transaction() as session:
        leased = chunks.take(session, "bulk", now=player.now)
    assert leased is not None
    held = values(run("announcements", "show", "pizza-palace").stdout)["chunks"]
    assert held[0] == "1 = 0 finished + 1 held + 0 waiting"
    assert re.fullmatch(rf"{leased.lease.id} held by \S+:\d+ until \S+Z", held[1])
    with db.transaction() as session:
        session.execute(update(Chunk).values(leased_until=func.now() - timedelta(seconds=1)))
    assert "ran out" in run("announcements", "show", "pizza-palace").stdout


def test_who_paused_it_is_named(player: Player, run: Run) -> None:
    player.take("Olivia >> PAUSE")
    with db.transaction() as session:
        session.execute(update(Sender).values(paused_at=player.now, paused_reason="21703: no number"))
    shown = values(run("announcements", "show", "pizza-palace").stdout)
    assert shown["paused"] == ["2026-11-23T15:00:00Z"]
    assert "paused 2026-11-23T15:00:00Z: 21703: no number" in shown["sender"][0]


def test_a_ledger_that_lost_somebody_is_a_failure_of_the_command(player: Player, run: Run) -> None:
    with db.transaction() as session:
        session.execute(update(Announcement).values(audience_size=5))
    result = run("announcements", "show", "pizza-palace")
    assert result.exit_code == 1
    assert "sum to 4, not to the audience of 5" in result.stderr


def test_those_without_a_row_yet_are_in_the_sum(player: Player, run: Run) -> None:
    with db.transaction() as session:
        session.execute(update(Announcement).values(audience_size=7, fanned_out_at=None))
    result = run("announcements", "show", "pizza-palace")
    assert result.exit_code == 0
    assert "7 = 3 not yet queued + 3 pending + 1 skipped (left)" in result.stdout


def test_what_was_sent_once_more_is_counted_by_who_decided_it(player: Player, run: Run) -> None:
    player.take("(sending goes on)")
    assert "once more" not in values(run("announcements", "show", "pizza-palace").stdout)
    with db.transaction() as session:
        delivered = session.scalars(
            select(Message).where(Message.status == "delivered", Message.purpose == "announcement")
        ).one()
        session.add(
            MessageHistory(
                message_id=delivered.id, status="pending", source="operator", detail="sent once more",
                at=player.now,
            )
        )  # fmt: skip
    shown = values(run("announcements", "show", "pizza-palace").stdout)
    assert shown["once more"] == ["1 × by operator, left no trace at Twilio"]


def test_a_draft_shows_its_wordings(player: Player, run: Run) -> None:
    player.take("Olivia >> Free olives")
    with db.transaction() as session:
        draft = session.scalars(select(Announcement.id).where(Announcement.status == "draft")).one()
    shown = values(run("announcements", "show", str(draft)).stdout)
    assert shown["wordings"] == ["en Free olives"]
    assert "ledger" not in shown


def test_announcements_are_listed_the_newest_first(player: Player, run: Run) -> None:
    assert run("announcements", "list").stdout == (
        f"{the_announcement().id}\tpizza-palace\tconfirmed\t2026-11-23T15:00:00Z\t4\n"
    )
    assert run("announcements", "list", "--client", "nobody").stdout == ""


def test_a_message_is_shown_with_every_step_and_its_text_only_when_asked(player: Player, run: Run) -> None:
    player.take("(sending goes on)")
    player.take("at 15:20")  # who is out of reach is tried once more
    with db.transaction() as session:
        message = session.scalars(select(Message).where(Message.status == "undelivered")).one()
    assert message.provider_id is not None
    result = run("messages", "show", message.provider_id)
    shown = values(result.stdout)
    assert shown["id"] == [str(message.id)]
    assert shown["error"][0].startswith("30003: the phone is off or out of reach")
    assert [step.split()[1:] for step in shown["steps"]] == [
        ["calling", "send"],
        ["accepted", "send"],
        ["undelivered", "receipt", "30003"],
        ["pending", "receipt", "30003,", "once", "more"],
        ["calling", "send"],
        ["accepted", "send"],
        ["undelivered", "receipt", "30003"],
    ]
    assert "Half-price" not in result.stdout
    assert "+1555" not in result.stdout
    by_our_id = run("messages", "show", str(message.id), "--text")
    assert "Half-price pizza until 6" in by_our_id.stdout


def test_a_text_to_us_is_found_by_its_message_sid_with_the_replies_to_it(player: Player, run: Run) -> None:
    sid = player.last_text["Lee"].provider_id
    shown = values(run("messages", "show", sid).stdout)
    assert shown["outcome"] == ["Leave.leave"]
    (reply,) = shown["replies"]
    assert "text" not in shown
    assert values(run("messages", "show", sid, "--text").stdout)["text"] == ["LEAVE 1"]
    assert values(run("messages", "show", reply.split()[0]).stdout)["purpose"][0].startswith(
        "reply of inbound"
    )


def test_the_outcome_of_a_text_is_the_line_that_held(player: Player, run: Run) -> None:
    """Several lines of the script hear a draft; the first of them is for clients that are suspended."""
    player.take("Olivia >> Free olives")
    assert "Announce.draft" in run("messages", "show", player.last_text["Olivia"].provider_id).stdout


@pytest.mark.parametrize("name", ["SM0", "019ab1c2-0000-7000-8000-000000000000", "nobody"])
@pytest.mark.parametrize("command", ["announcements", "messages"])
def test_what_there_is_not_is_told_in_one_line(run: Run, command: str, name: str) -> None:
    result = run(command, "show", name)
    assert result.exit_code == 1
    assert name in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_is_old_is_shown_with_everything_but_its_words(player: Player, run: Run) -> None:
    player.deliveries.unlucky.clear()  # nobody is tried again later
    player.take("Lee >> Is the secret menu on?")
    player.take("(sending goes on)")
    with db.transaction() as session:
        session.execute(update(Announcement).values(reported_at=player.now))
        delivered = session.scalars(select(Message.id).where(Message.status == "delivered")).first()
    announcement = the_announcement().id
    got = player.last_text["Lee"].provider_id
    lines = [
        ("announcements", "show", str(announcement)),
        ("messages", "show", str(delivered), "--text"),
        ("messages", "show", got, "--text"),
        ("subscribers", "show", player.phones["Ana"], "--text"),
    ]
    before = [run(*line).stdout for line in lines]
    later = player.now + timedelta(days=36500)
    for domain in retention.DOMAINS.values():
        with db.transaction() as session:
            overdue_receipts(session, later)
            domain(session, later, most=2000, now=later)
    after = [run(*line) for line in lines]
    assert [each.exit_code for each in after] == [0, 0, 0, 0]
    assert all("pizza" in each or "secret menu" in each for each in before)
    for shown, before_it in zip(after[:3], before[:3], strict=True):
        assert values(shown.stdout)["redacted"] == ["2126-10-30T15:00:00Z"]
        assert "Half-price" not in shown.stdout
        assert "secret" not in shown.stdout
        assert values(shown.stdout)["id"] == values(before_it)["id"]
    assert values(after[0].stdout)["ledger"] == values(before[0])["ledger"]
    assert values(after[1].stdout)["steps"] == values(before[1])["steps"]
    assert "Half-price" not in after[3].stdout
