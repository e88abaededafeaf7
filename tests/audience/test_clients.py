"""Making clients known, and finding them by what people text."""

from __future__ import annotations

import pytest

from bot import phones
from bot.audience import queries, service, slugs
from bot.messaging import service as messaging


@pytest.fixture
def good(sender, pizza, now):
    """Everything that a new client needs."""
    return {
        "name": "Book Nook",
        "slug": "book-nook",
        "owner_number": "+1 555 010 0001",
        "locale": "es-MX",
        "time_zone": "America/Mexico_City",
        "support_contact": None,
        "sender_id": sender.id,
        "now": now,
    }


def test_a_new_client_is_active_and_its_owner_speaks_for_it(session, good, sender, now):
    client = service.add_client(session, **good)
    assert (client.status, client.locale) == ("active", "es")
    owner = service.person_at(session, "+15550100001", now=now)
    assert queries.clients_of(session, owner.person_id, sender.id) == ([client], [])


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"name": " "}, service.InvalidName, "Pizza Palace"),
        ({"name": "b" * 61}, service.InvalidName, "60"),
        ({"name": "Book\nNook"}, service.InvalidName, "one line"),
        ({"slug": "Book Nook"}, slugs.InvalidSlug, "pizza-palace"),
        ({"slug": "b"}, slugs.InvalidSlug, "2 to 40"),
        ({"slug": "b" * 41}, slugs.InvalidSlug, "2 to 40"),
        ({"slug": "book--nook"}, slugs.InvalidSlug, "single hyphens"),
        ({"slug": "stop"}, slugs.InvalidSlug, "another slug"),
        ({"slug": "menu"}, slugs.InvalidSlug, "another slug"),
        ({"slug": "pizza-palace"}, service.SlugTaken, "pizza-palace"),
        ({"locale": "de"}, service.UnknownLocale, "pt_BR"),
        ({"time_zone": "New York"}, service.UnknownTimeZone, "America/New_York"),
        ({"time_zone": "../etc/passwd"}, service.UnknownTimeZone, "America/New_York"),
        ({"owner_number": "555"}, phones.InvalidNumber, "country code"),
    ],
)
def test_what_is_wrong_with_a_new_client_is_said(session, good, wrong, error, says):
    with pytest.raises(error, match=says):
        service.add_client(session, **{**good, **wrong})


def test_a_client_that_is_unknown_can_not_be_suspended(session, pizza):
    service.set_client_status(session, "pizza-palace", "suspended")
    with pytest.raises(service.UnknownClient, match="clients list"):
        service.set_client_status(session, "pizza", "suspended")


@pytest.mark.parametrize(
    ("said", "slug"),
    [
        ("Pizza  Palace!", "pizza-palace"),
        ("PIZZA-PALACE", "pizza-palace"),
        ("Café Olé", "cafe-ole"),
        ("“book nook”", "book-nook"),
        ("７eleven", "7eleven"),
        ("披萨", ""),
    ],
)
def test_what_people_text_is_read_as_a_slug(said, slug):
    assert slugs.slugify(said) == slug


def test_every_word_of_ours_in_english_is_no_slug():
    from bot.dialogue import carrier
    from flows.commands import RESERVED

    words = {*carrier.WORDS, *(word.lower() for word in RESERVED)}
    words |= set("join leave unsub lang language commands confirm discard status subscribers link".split())
    assert words <= slugs.RESERVED


def test_only_what_is_alike_is_offered_and_only_active_clients_of_the_sender(session, pizza, good, sender):
    book = service.add_client(session, **good)
    assert queries.clients_like(session, "piza palace", sender.id) == [pizza]
    assert queries.clients_like(session, "boknook", sender.id) == [book]
    for nothing in ("zzz", "披萨", "sushi bar"):
        assert queries.clients_like(session, nothing, sender.id) == []
    service.set_client_status(session, "book-nook", "suspended")
    session.expire_all()
    assert queries.clients_like(session, "boknook", sender.id) == []
    other = messaging.sender_of(session, service_sid=None, number="+15550107777", now=good["now"])
    assert queries.clients_like(session, "piza palace", other.id) == []
