"""Quiet hours: the rules as data, whatever the zones, the season and the date line."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.messaging import places, quiet
from bot.messaging.quiet import SHORTEST_REST, Hours, NoHourLeft, Place, window

ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc", "SystemV"))
)
REGIONS = sorted({rule["region"] for rule in quiet.rules()["rule"]} | {"", "US-GA", "ES"})
NEW_YORK = Hours("America/New_York")
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

moments = st.integers(0, 6 * 365 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + minutes * MINUTE
)
own_hours = st.sampled_from(
    [(None, None), (time(9), time(19)), (time(6), time(23)), (time(12, 30), time(14))]
)


@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
    region=st.sampled_from(REGIONS),
    own=own_hours,
    now=moments,
    share=st.floats(0, 0.999),
)
@example(zones=["Pacific/Apia"], region="", own=(None, None), now=MONDAY, share=0.0)
@example(zones=["America/New_York"], region="US-TX", own=(None, None),
         now=datetime(2026, 11, 1, 5, 59, tzinfo=UTC), share=0.0)  # fmt: skip
@example(zones=["Australia/Lord_Howe", "America/Los_Angeles"], region="", own=(None, None),
         now=datetime(2026, 4, 4, 14, 59, tzinfo=UTC), share=0.99)  # fmt: skip
def test_in_a_window_it_is_a_permitted_time_in_every_zone(zones, region, own, now, share) -> None:
    found = window(Place(tuple(zones), region), Hours("America/New_York", *own), now)
    assert found.closes_at - max(found.opens_at, now) >= SHORTEST_REST
    assert found.opens_at - now <= timedelta(days=quiet.DAYS_AHEAD)
    at = found.opens_at + share * (found.closes_at - found.opens_at)
    if not all(_permitted(at.astimezone(ZoneInfo(zone)), region, own) for zone in zones):
        assert not _shared(zones, region, own, now)
        assert _permitted(at.astimezone(ZoneInfo("America/New_York")), region, own)


@given(zone=st.sampled_from(ZONES), region=st.sampled_from(REGIONS), own=own_hours, now=moments)
def test_no_earlier_moment_is_permitted(zone, region, own, now) -> None:
    found = window(Place((zone,), region), Hours("UTC", *own), now)
    for minutes in range(0, 24 * 60, 15):
        at = now + timedelta(minutes=minutes)
        if at + SHORTEST_REST < found.opens_at:
            later = (at + SHORTEST_REST - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
            both = _permitted(at.astimezone(ZoneInfo(zone)), region, own) and _permitted(later, region, own)
            assert not both, at


def _permitted(local: datetime, region: str, own: tuple[time | None, time | None]) -> bool:
    """Read off the rules, without the code that is tested."""
    spans = [(time(8), time(21))]
    if own != (None, None):
        spans.append(own)
    sunday = local.weekday() == 6
    spans += {
        "US-CT": [(time(9), time(20))],
        "US-TX": [(time(12) if sunday else time(9), time(21))],
    }.get(region, [(time(8), time(20))] if region in {"US-FL", "US-OK", "US-MD", "US-MS", "US-NJ"} else [])
    clock = local.time()
    return all(opens <= clock < closes for opens, closes in spans)


def _shared(zones: list[str], region: str, own: tuple[time | None, time | None], now: datetime) -> bool:
    """Whether it is a permitted time in all zones at once within a week; every border is at a quarter."""
    quarters = (now.replace(minute=0) + 15 * MINUTE * count for count in range(1, 7 * 24 * 4))
    return any(
        all(_permitted(at.astimezone(ZoneInfo(zone)), region, own) for zone in zones) for at in quarters
    )


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-22 18:00", "2026-11-22 18:00"),  # Sunday noon in Chicago
        ("2026-11-22 17:59", "2026-11-22 18:00"),
        ("2026-11-23 14:59", "2026-11-23 15:00"),  # Monday 9
        ("2026-11-24 02:56", "2026-11-24 15:00"),  # four minutes before 21: too little is left
        ("2026-11-24 02:54", "2026-11-23 15:00"),
        ("2026-03-08 16:59", "2026-03-08 17:00"),  # Sunday noon, on the day on which clocks go forward
        ("2026-11-01 17:59", "2026-11-01 18:00"),  # and back
    ],
)
def test_texas_sleeps_longer_and_longest_on_sundays(now, opens) -> None:
    at, expected = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (now, opens))
    assert window(Place(("America/Chicago",), "US-TX"), NEW_YORK, at).opens_at == expected


def test_several_possible_zones_are_texted_when_it_is_day_in_all() -> None:
    found = window(Place(("America/Los_Angeles", "America/New_York"), "US"), NEW_YORK, MONDAY.replace(hour=4))
    assert (found.opens_at.hour, found.closes_at.day, found.closes_at.hour) == (16, 24, 2)


@pytest.mark.parametrize("place", [None, Place(("Asia/Tokyo", "America/New_York", "Europe/London"), "")])
def test_who_may_be_anywhere_is_texted_by_the_clients_clock(place) -> None:
    assert window(place, NEW_YORK, MONDAY.replace(hour=9)).opens_at == MONDAY.replace(hour=13)


def test_hours_of_a_client_are_only_ever_stricter() -> None:
    late = Hours("America/New_York", time(6), time(23))
    assert window(None, late, MONDAY.replace(hour=9)) == window(None, NEW_YORK, MONDAY.replace(hour=9))
    short = window(None, Hours("America/New_York", time(10), time(12)), MONDAY.replace(hour=9))
    assert (short.opens_at.hour, short.closes_at.hour) == (15, 17)
    assert Hours.parse(str(late)) == late
    assert Hours.parse(str(NEW_YORK)) == NEW_YORK


def test_hours_that_leave_some_people_none_are_refused() -> None:
    quiet.check(Hours("UTC", time(9), time(19)))
    with pytest.raises(NoHourLeft, match="US-CT"):
        quiet.check(Hours("UTC", time(8), time(9, 30)))
    with pytest.raises(NoHourLeft, match="anybody"):
        quiet.check(Hours("UTC", time(21), time(23)))


@pytest.mark.parametrize(
    ("number", "zones", "region"),
    [
        ("+13055551234", "America/New_York", "US-FL"),
        ("+14045551234", "America/New_York", "US-GA"),  # the same zone as Miami, another state
        ("+19043551234", "America/New_York", "US-FL"),  # a city
        ("+18503551234", "America/Chicago,America/New_York", "US-FL"),  # the panhandle lies in two zones
        ("+19155551234", "America/Denver", "US-TX"),  # El Paso
        ("+12025551234", "America/New_York", "US-DC"),
        ("+14165551234", "America/Toronto", "CA"),
        ("+34612345678", "Atlantic/Canary,Europe/Madrid", "ES"),
        ("+61412345678", None, "AU"),  # a mobile of anywhere in Australia
    ],
)
def test_a_number_says_where_its_owner_may_be(number, zones, region) -> None:
    found = places.of_number(number)
    assert found is not None
    assert found.region == region
    if zones:
        assert ",".join(found.zones) == zones
    else:
        assert {"Australia/Perth", "Australia/Sydney"} <= {*found.zones}


@pytest.mark.parametrize(
    "number", ["+18005551234", "+18885551234", "+15005550006", "+15550100001", "+881612345678"]
)
def test_a_number_that_may_be_anywhere_says_nothing(number) -> None:
    """Toll-free, personal, not in the plan, by satellite."""
    assert places.of_number(number) is None


def test_every_rule_has_its_source_and_real_hours() -> None:
    for rule in quiet.rules()["rule"]:
        assert rule["source"]
        assert rule["opens"] < rule["closes"]
        assert rule["region"] == "*" or rule["region"][3:] in quiet.rules()["states"]
    for zones in quiet.rules()["area_codes"].values():
        assert all(map(quiet.is_zone, zones))
