"""Places: where the people behind contact points may be, and from whom we know it.

What the person or a client said counts; else the number, which is looked up once, by a sweep. Where it says
nothing (toll-free, satellite, not in the plan), the contact point has no place and the client's zone holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import phonenumbers
import structlog
from phonenumbers import PhoneNumberType
from sqlalchemy import LargeBinary, select, text, type_coerce, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from bot.config import settings
from bot.crypto import UnknownKeyVersion, Unreadable, keyring
from bot.messaging import quiet
from bot.messaging.models import Chunk, ContactPoint
from bot.messaging.models import Place as Row
from bot.messaging.quiet import USEFUL_FOR, Hours, Place, Window

log = structlog.get_logger()

#: Numbers looked up in one transaction; a few tenths of a second.
BATCH = 2000

#: What stands for a place where a contact point has none: nobody knows it, or it was not looked up yet.
UNKNOWN, NOT_LOOKED_UP = 0, -1

#: A text to a number that was not looked up yet waits for the sweep.
LOOK_UP_TAKES = timedelta(minutes=1)

#: More zones than this are no answer: libphonenumber gives toll-free numbers all 42 of its country code.
MOST_ZONES = 20

NOWHERE = {
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.PAGER,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
}


@dataclass(frozen=True)
class Openings:
    """When texts with a client's hours may be sent to each place; by the places' ids."""

    windows: dict[int, Window]
    now: datetime

    @property
    def closed(self) -> dict[int, datetime]:
        """The places to which nothing may be sent now, and when that ends."""
        return {key: each.opens_at for key, each in self.windows.items() if not each.is_open(self.now)}

    def ends(self, key: int, expires_at: datetime | None) -> datetime | None:
        """Until when Twilio may deliver a text to a place that is open: not after its window closes."""
        window = self.windows.get(key)
        if window is None or expires_at is None:
            return expires_at if window is None else window.closes_at
        return min(expires_at, window.closes_at)

    def parameters(self) -> dict[str, Any]:
        """For the statement that marks: places, until when they wait, and until when it is of use then."""
        closed = self.closed
        looked_up = {key: until + USEFUL_FOR for key, until in closed.items() if key != NOT_LOOKED_UP}
        return {
            "closed_places": list(closed),
            "closed_until": list(closed.values()),
            "useful_until": [looked_up.get(key) for key in closed],
        }


def openings(session: Session, hours: Hours, *, now: datetime) -> Openings:
    """When texts with these hours may be sent to each place that somebody is in."""
    windows = {
        key: quiet.window(Place(tuple(zones.split(",")), region), hours, now)
        for key, zones, region in session.execute(select(Row.id, Row.zones, Row.region))
    }
    windows[UNKNOWN] = quiet.window(None, hours, now)
    return Openings(windows, now)


def openings_of_chunk(session: Session, chunk_id: uuid.UUID, *, now: datetime) -> Openings:
    """The same for the texts of a chunk. Nothing is closed to those that have no hours (replies, notices)."""
    hours = session.scalar(select(Chunk.hours).where(Chunk.id == chunk_id))
    if hours is None or settings().quiet_hours == "off":
        return Openings({}, now)
    found = openings(session, Hours.parse(hours), now=now)
    found.windows[NOT_LOOKED_UP] = Window(now + LOOK_UP_TAKES, now + LOOK_UP_TAKES)
    return found


def say(session: Session, contact_point_id: uuid.UUID, place: Place, *, source: str) -> None:
    """Remember where somebody is, because they (``person``) or a client or operator (``client``) said so."""
    session.execute(
        update(ContactPoint)
        .where(ContactPoint.id == contact_point_id)
        .values(place_id=_ids(session, [place])[place], place_source=source)
    )


def look_up(session: Session, *, most: int = BATCH) -> int:
    """Find the places of numbers that were not looked up yet; returns how many numbers that were."""
    waiting = session.execute(
        select(ContactPoint.id, type_coerce(ContactPoint.address, LargeBinary))
        .where(ContactPoint.place_source.is_(None))
        .limit(most)
        .with_for_update(skip_locked=True, key_share=True)  # a STOP refers to its row, and must not wait
    ).all()
    found = {contact_point_id: _place_of(address) for contact_point_id, address in waiting}
    ids = _ids(session, {place for place in found.values() if place is not None})
    session.execute(
        _PLACE_THEM,
        {
            "contact_points": [str(each) for each in found],
            "places": [None if place is None else ids[place] for place in found.values()],
        },
    )
    return len(found)


def of_number(number: str) -> Place | None:
    """Where the owner of an E.164 number may be; None when the number doesn't say."""
    # Here, because its tables take a hundred megabytes, and only the process that sweeps needs them.
    from phonenumbers import timezone

    parsed = phonenumbers.parse(number)
    zones = {*timezone.time_zones_for_number(parsed)} - {timezone.UNKNOWN_TIMEZONE}
    if parsed.country_code == 1:
        zones.update(quiet.rules()["area_codes"].get(str(parsed.national_number)[:3], ()))
    nowhere = not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) in NOWHERE
    if nowhere or not 1 <= len(zones) <= MOST_ZONES or not all(map(quiet.is_zone, zones)):
        return None
    return Place(tuple(sorted(zones)), _region(parsed))


def _place_of(address: bytes | None) -> Place | None:
    try:
        return None if address is None else of_number(keyring().decrypt(address))
    except (UnknownKeyVersion, Unreadable, phonenumbers.NumberParseException) as error:
        log.warning("number_not_looked_up", error=str(error))
        return None


def _region(parsed: phonenumbers.PhoneNumber) -> str:
    from phonenumbers import geocoder

    country = str(phonenumbers.region_code_for_number(parsed) or "")
    if country != "US":
        return country
    states: dict[str, str] = quiet.rules()["states"]
    name = geocoder.description_for_number(parsed, "en").rpartition(", ")[2]
    state = name if name in states else next((code for code in states if states[code] == name), None)
    return f"{country}-{state}" if state else country


def _ids(session: Session, places: Iterable[Place]) -> dict[Place, int]:
    """The rows of places, made where there are none."""
    wanted = {(",".join(each.zones), each.region): each for each in places}
    if not wanted:
        return {}
    new = [{"zones": zones, "region": region} for zones, region in sorted(wanted)]
    session.execute(upsert(Row).values(new).on_conflict_do_nothing(index_elements=["zones", "region"]))
    rows = session.execute(
        select(Row.id, Row.zones, Row.region).where(Row.zones.in_(key[0] for key in wanted))
    )
    return {wanted[zones, region]: id_ for id_, zones, region in rows if (zones, region) in wanted}


_PLACE_THEM = text("""
    UPDATE contact_point SET place_id = found.place_id, place_source = 'number'
    FROM unnest(CAST(:contact_points AS uuid[]), CAST(:places AS integer[])) AS found (id, place_id)
    WHERE contact_point.id = found.id
""")
