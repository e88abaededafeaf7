"""Erasing somebody: nothing readable of them stays, and no STOP is forgotten."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

import flows
from bot import db, erasing, tables
from bot.audience import queries
from bot.audience.importing.joining import Joined, Provenance, join
from bot.audience.importing.newcomers import Newcomer
from bot.audience.models import Client, Consent, Membership, Person, Subscription
from bot.audience.records import contact_point_of
from bot.dialogue.models import Conversation, Inbound, Prompt
from bot.dialogue.service import Inbound as Text
from bot.messaging import chunks
from bot.messaging.batches import Item, queue_batch
from bot.messaging.models import Message
from tests.dialogue.test_at_once import wait_until, waiting_for_a_lock
from tests.dialogue.transcript import MONDAY, NUMBER, SERVICE, Player

SCENE = """\
  Pizza Palace is a client (pizza-palace) in English
  Book Nook is a client (book-nook) in Spanish
  Olivia speaks for Pizza Palace
  we answer STOP
Sam >> JOIN pizza-palace
Ana >> JOIN pizza-palace
Ana >> JOIN book-nook
Olivia >> Half-price pizza
Olivia >> CONFIRM
Ana >> Is the secret menu on, too?
Ana >> LEAVE"""


@pytest.fixture
def scene(database):
    """Ana, who has a name and a language, has followed two businesses and texted them."""
    player = Player(now=MONDAY + timedelta(hours=15))  # in nobody's night
    for line in SCENE.splitlines():
        player.take(line)
    with db.transaction() as session:
        ana = session.get_one(Person, contact_point_of(session, player.phones["Ana"]).person_id)
        ana.name = "Ana María"
        proof = session.scalars(select(Consent).where(Consent.person_id == ana.id).limit(1)).one()
        proof.text_shown = "Welcome to Pizza Palace, ana maría! Bring Anamaría."
    return player


def erase(player, name="Ana"):
    with db.transaction() as session:
        contact_point = contact_point_of(session, player.phones[name])
        return erasing.erase(session, contact_point, source="operator", now=player.now)


def heard(player, line):
    """What is said in answer to a line."""
    before = len(player.written) + 1
    player.take(line)
    return player.written[before:]


def readable():
    """Everything that can be read in the tables: what our keys decrypt, and what is no secret."""
    with db.transaction() as session:
        for table in tables.metadata.sorted_tables:
            for row in session.execute(select(table)):
                yield from (f"{table.name}.{key}: {value}" for key, value in row._mapping.items())


def found(*secrets):
    return [each for each in readable() if any(secret.lower() in each.lower() for secret in secrets)]


def test_nothing_readable_of_them_stays(scene):
    number = scene.phones["Ana"]
    secrets = (number, f"last4: {number[-4:]}", "ana maría", "secret menu", "You follow:\n1. Pizza")
    assert {each.split(":")[0] for each in found(*secrets)} >= {
        "contact_point.address", "contact_point.last4", "person.name", "inbound.body", "rendering.text",
        "consent.text_shown",
    }  # fmt: skip
    erasure = erase(scene)
    assert (erasure.texts_from, erasure.texts_to) == (4, 4)
    assert [client.name for client in erasure.gone.followed] == ["Pizza Palace", "Book Nook"]
    assert found(*secrets) == []
    assert found("Pizza Palace, …! Bring Anamaría.")
    assert found("rendering.text: Pizza Palace: Half-price pizza")


def test_the_ledger_still_adds_up(scene):
    def rows():
        with db.transaction() as session:
            return [session.scalar(select(func.count()).select_from(each)) for each in (Message, Inbound)]

    before = rows()
    erase(scene)
    assert rows() == before


def test_what_is_pending_is_taken_back_and_what_is_being_sent_still_is(scene):
    scene.take("  sending waits")
    scene.take("Olivia >> More pizza")
    scene.take("Olivia >> CONFIRM")
    with db.transaction() as session:
        leased = chunks.take(session, "bulk", now=scene.now)
        called = chunks.mark(session, leased.lease, most=1, now=scene.now).calls
    assert [call.to for call in called] == [scene.phones["Sam"]]
    for name in ("Sam", "Ana"):
        erase(scene, name)
    with db.transaction() as session:
        newest = session.execute(
            select(Message.status, Message.skip_reason)
            .where(Message.source_type == "announcement")
            .order_by(Message.id.desc())
            .limit(2)
        )
        assert sorted(map(tuple, newest), key=str) == [("calling", None), ("skipped", "left")]


def test_the_proof_of_consent_stays_and_the_erasure_is_on_record(scene):
    scene.take("Ana >> Stop!!")
    erase(scene)
    with db.transaction() as session:
        ana = contact_point_of(session, scene.phones["Ana"])
        ledger = session.scalars(
            select(Consent).where(Consent.person_id == ana.person_id).order_by(Consent.at, Consent.id)
        ).all()
        assert [(row.action, row.words_said) for row in ledger] == [
            ("join", "JOIN pizza-palace"),
            ("join", "JOIN book-nook"),
            ("opt_out", None),
            ("leave", None),
            ("leave", None),
            ("erase", None),
        ]
        assert ledger[2].provider_id.startswith("SM")


def test_who_said_stop_and_was_erased_stays_stopped_whatever_comes(scene):
    scene.take("Ana >> STOP")
    erasure = erase(scene)
    assert [opt_out.source for opt_out, _ in erasure.opt_outs] == ["sms"]
    number = scene.phones["Ana"]
    with db.transaction() as session:
        pizza = session.scalars(select(Client).where(Client.slug == "pizza-palace")).one()
        people = [Newcomer(2, number, "es", "Ana María")]
        assert join(session, people, pizza, Provenance("x", "x"), now=scene.now) == Joined(opted_out=1)
    assert found(number, "ana maría") == []
    (answer,) = heard(scene, "Ana >> Hello?")
    assert "You opted out" in answer


def test_who_was_erased_is_known_again_once_they_join(scene):
    erase(scene)
    (answer,) = heard(scene, "Ana >> JOIN pizza-palace")
    assert "Welcome to Pizza Palace!" in answer
    scene.take("Olivia >> Still half-price")
    assert any(
        line.startswith("Ana << [en] Pizza Palace: Still") for line in heard(scene, "Olivia >> CONFIRM")
    )
    with db.transaction() as session:
        ana = contact_point_of(session, scene.phones["Ana"])
        assert (ana.address, ana.last4) == (scene.phones["Ana"], scene.phones["Ana"][-4:])
        assert queries.name_of(session, ana.person_id) is None


def test_the_same_text_come_again_after_the_erasure_is_not_answered_twice(scene):
    erase(scene)
    assert heard(scene, "Ana's text comes again") == []


def test_who_speaks_for_a_client_does_no_more(scene):
    erasure = erase(scene, "Olivia")
    assert [client.name for client in erasure.gone.spoke_for] == ["Pizza Palace"]
    with db.transaction() as session:
        olivia = contact_point_of(session, scene.phones["Olivia"])
        memberships = select(func.count()).where(Membership.person_id == olivia.person_id)
        assert session.scalar(memberships) == 0
    assert found("rendering.text: Pizza Palace: Half-price pizza")


def test_twice_is_as_good_as_once(scene):
    erase(scene)
    again = erase(scene)
    assert (again.gone.followed, again.gone.spoke_for) == ([], [])
    with db.transaction() as session:
        in_force = select(func.count()).where(Subscription.left_at.is_(None))
        assert session.scalar(in_force) == 1  # Sam's


def test_a_text_that_is_being_answered_is_answered_first_and_then_erased(scene):
    late = Text("SM" + "0" * 32, scene.phones["Ana"], NUMBER, "One more secret", SERVICE)
    with ThreadPoolExecutor(1) as elsewhere:
        with db.transaction() as answering:
            assert flows.dialogue.receive(answering, late, now=scene.now)
            erasure = elsewhere.submit(erase, scene)
            wait_until(lambda: waiting_for_a_lock(1))
        assert erasure.result(timeout=30).texts_from == 5
    assert found("more secret") == []


def test_a_notice_that_waits_is_taken_back(scene):
    scene.take("  sending waits")
    scene.take("at 16:00")
    scene.take("Nia >> JOIN pizza-palace")
    erase(scene, "Olivia")
    with db.transaction() as session:
        notices = select(Message).where(Message.purpose == "notice").order_by(Message.id.desc())
        waited = session.scalars(notices.limit(1)).one()
        assert (waited.status, waited.skip_reason) == ("skipped", "erased")


def test_of_a_talk_that_is_going_on_and_a_question_that_stands_open_nothing_stays(scene):
    def remembered():
        with db.transaction() as session:
            return {
                *session.scalars(select(Conversation.flow).where(Conversation.memory.is_not(None))),
                *session.scalars(select(Prompt.flow).where(Prompt.memory.is_not(None))),
            }

    scene.take("Olivia >> More pizza")
    assert remembered() == {"Announce", "Leave", "Keep"}
    erase(scene, "Olivia")
    assert remembered() == {"Leave", "Keep"}
    erase(scene)
    assert remembered() == set()


def test_where_their_pictures_are_is_forgotten(scene):
    scene.take("Ana sends a picture: Look!")
    assert found("media.url: https")
    erase(scene)
    assert found("media.url: https") == []


def test_a_greeting_by_name_loses_its_words_and_one_that_others_share_keeps_them(scene):
    with db.transaction() as session:
        pizza = session.scalars(select(Client).where(Client.slug == "pizza-palace")).one()
        ana, sam = (contact_point_of(session, scene.phones[name]).id for name in ("Ana", "Sam"))
        texts = [(ana, "Hi Ana María!"), (ana, "Hi friend!"), (sam, "Hi friend!")]
        queue_batch(
            session, [Item(point, "en", text, uuid.uuid4()) for point, text in texts], purpose="series",
            client_id=pizza.id, sender_id=pizza.sender_id, source=("welcome", uuid.uuid4()),
            hours=None, useful_for=timedelta(days=1), now=scene.now,
        )  # fmt: skip
    erase(scene)
    assert found("Hi Ana María!") == []
    assert found("Hi friend!")
    erase(scene, "Sam")
    assert found("Hi friend!") == []
