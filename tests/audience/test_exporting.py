"""What an export holds, and that an import takes it back."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.audience import exporting, service
from bot.audience.exporting import Subscriber
from bot.audience.importing.lists import open_list
from bot.audience.importing.newcomers import plain_name
from bot.audience.models import Person
from bot.audience.service import Evidence
from bot.crypto import Unreadable
from bot.i18n import LOCALES
from tests.conftest import NOW

MINUTE = timedelta(minutes=1)

names = (st.text(st.sampled_from("=+-@'\",;\t ab\ré李"), max_size=8) | st.text(max_size=70)).map(plain_name)
people = st.lists(
    st.builds(
        Subscriber,
        number=st.integers(0, 9999).map(lambda number: f"+1555010{number:04}"),
        locale=st.none() | st.sampled_from(LOCALES),
        name=names,
        joined_at=st.just(NOW),
        status=st.sampled_from(["following", "following", "left", "opted out"]),
    )
)


def exported(session, client):
    return {person.number: person for person in exporting.subscribers(session, client)}


@given(people)
def test_an_import_takes_back_who_follows_with_name_and_language(crowd):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            exporting.write(file, crowd)
        with open_list(path, region="FR") as subscribers:
            back = [person for batch in subscribers.batches() for person in batch]
    assert [(person.number, person.locale, person.name) for person in back] == [
        (person.number, person.locale, person.name) for person in crowd if person.status == "following"
    ]
    assert subscribers.rejected == len(crowd) - len(back)


def test_everybody_who_ever_followed_is_in_it_once_with_how_it_stands(session, pizza, sender, join, now):
    stays, leaves, stops, returns, erased = (join(f"+1555010000{n}", pizza, now, "es") for n in range(5))
    session.get_one(Person, stays.person_id).name = "Zoë"
    session.flush()
    for gone in (leaves, returns):
        service.unfollow(session, gone, pizza, Evidence("sms", now + MINUTE, "LEAVE 1"))
    join(returns.address, pizza, now + 2 * MINUTE)
    service.stop(session, stops, sender, Evidence("sms", now, "STOP"), blocked_by_carrier=True)
    erased.address = None
    session.flush()
    session.expire_all()
    assert exported(session, pizza) == {
        "+15550100000": Subscriber("+15550100000", "es", "Zoë", now, "following"),
        "+15550100001": Subscriber("+15550100001", "es", None, now, "left"),
        "+15550100002": Subscriber("+15550100002", "es", None, now, "opted out"),
        "+15550100003": Subscriber("+15550100003", "es", None, now + 2 * MINUTE, "following"),
    }


def test_no_cell_is_a_formula_and_moments_have_their_zone(now):
    stream = io.StringIO()
    assert exporting.write(stream, [Subscriber("+15550100001", None, "=1+1", now, "following")]) == 1
    header, row = csv.reader(io.StringIO(stream.getvalue()))
    assert header == ["phone", "locale", "name", "joined_at", "status"]
    assert row == ["'+15550100001", "", "'=1+1", "2026-11-23T15:00:00+00:00", "following"]


def test_what_can_not_be_read_ends_it_instead_of_being_left_out(session, pizza, join, now):
    join("+15550100001", pizza, now)
    session.connection().exec_driver_sql("UPDATE contact_point SET address = '\\x0001' || address")
    with pytest.raises(Unreadable):
        exported(session, pizza)
