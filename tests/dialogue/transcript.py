"""Transcripts: conversations as plain text, played against the real dialogue and the real database.

A transcript says who texts what, and exactly who receives what in answer, in which language, at what time:

    Sam follows Pizza Palace and gets its announcement.

    Given
      Pizza Palace is a client (pizza-palace) in English, support help@pizza.example
      Olivia speaks for Pizza Palace
      Ana follows Pizza Palace, in Spanish
      we answer STOP

    at 10:00
    Olivia >> Half-price pizza until 6
    Olivia << [en] Pizza Palace: Half-price pizza until 6
            | Reply STOP to opt out.

Under ``Given``, and later in brackets, stands what is so without a text:

    Pizza Palace is a client (pizza-palace) in English, support help@pizza.example
    Pizza Palace is suspended                   … is active
    Pizza Palace is in America/New_York         (else in UTC)
    Sam lives in America/Chicago, US-TX         (else nobody knows, and the client's zone holds)
    Olivia speaks for Pizza Palace, in Spanish  (the language is what she chose; without one, none)
    Ana follows Pizza Palace, in Spanish
    we answer STOP                              (else Twilio does, so our own answer to it is not sent)
    pictures wait                               … arrive: until then we have none that was sent to us
    sending waits                               … goes on: what is queued stays queued until then
    Sam is out of reach                         (the carrier can't deliver)
    Sam is blocked by Twilio                    (it refuses with 21610)
    older code left Olivia in Announce, state haggling

And what people do, besides ``Olivia >> words``, where ``\\n`` is a new line:

    at 09:00 / at 09:00 the next day / at 09:00 3 days later
    Olivia >> 300 times "pizza "
    Olivia sends a picture
    Olivia sends 2 pictures: Half-price pizza until 6
    Olivia sends a video                        (or a sticker: no JPEG, PNG or GIF)
    Olivia sends a poster                       (a picture that is too big; a ghost can't be fetched)
    Ana >> ALTO (Twilio hears STOP)
    Olivia's text comes again                   (the same MessageSid)
    # A remark.

Times are UTC. Every text is a transaction of its own, so what the conversation remembers is saved and read
again between any two. A text received that the transcript does not name fails it, the last one too.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

import flows
from bot import db
from bot.audience import service as audience
from bot.audience.models import Client, Membership
from bot.audience.service import Evidence
from bot.dialogue.models import Conversation
from bot.dialogue.service import Inbound
from bot.i18n import locale_named
from bot.jobs import LANES
from bot.messaging import places
from bot.messaging import service as messaging
from bot.messaging.models import ContactPoint, Message, Rendering, Sender
from bot.messaging.quiet import Place
from tests.dialogue.deliveries import Deliveries

NUMBER = "+15550100000"
SERVICE = "MG" + "1" * 32
#: What can be sent besides words: its address, of which Deliveries knows what is there, and its type.
FILES = {
    "picture": ("https://api.twilio.example/picture", "image/jpeg"),
    "poster": ("https://api.twilio.example/huge", "image/png"),
    "ghost": ("https://api.twilio.example/gone", "image/png"),
    "sticker": ("https://api.twilio.example/sticker", "image/webp"),
    "video": ("https://api.twilio.example/video", "video/mp4"),
}
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


class TranscriptError(Exception):
    """A transcript has a line that says nothing known; the message shows it."""


@dataclass
class Player:
    """Plays one transcript, and writes down what really happened."""

    now: datetime = MONDAY
    phones: dict[str, str] = field(default_factory=dict)
    deliveries: Deliveries = field(default_factory=Deliveries)
    waits: bool = False
    last_text: dict[str, Inbound] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def play(self, path: Path) -> str:
        """Play a transcript; returns it as it came out."""
        title, *lines = path.read_text(encoding="utf-8").splitlines()
        self.written.append(title)
        for line in lines:
            if not re.match(r"\s+\||\S+ <<", line):
                self.take(line)
        return "\n".join(self.written) + "\n"

    def take(self, line: str) -> None:
        """Take one line: write it down, do it, and write down what everybody receives."""
        self.written.append(line)
        if times := re.fullmatch(r"(\w+) >> (\d+) times \"(.*)\"", line):
            self._text(times[1], int(times[2]) * times[3])
        elif heard := re.fullmatch(r"(\w+) >> (.+) \(Twilio hears (STOP|START|HELP)\)", line):
            self._text(heard[1], heard[2], opt_out_type=heard[3])
        elif said := re.fullmatch(r"(\w+) >>(?: (.*))?", line):
            self._text(said[1], (said[2] or "").replace("\\n", "\n"))
        elif again := re.fullmatch(r"(\w+)'s text comes again", line):
            self._receive(self.last_text[again[1]])
        elif sends := re.fullmatch(r"(\w+) sends (?:an?|(\d+)) (\w+?)s?(?:: (.*))?", line):
            self._text(sends[1], sends[4] or "", media=(FILES[sends[3]],) * int(sends[2] or 1))
        elif at := re.fullmatch(r"at (\d\d):(\d\d)(?: (?:the next day|(\d+) days later))?", line):
            days = int(at[3] or 1) if line[8:].strip() else 0
            self.now = self.now.replace(hour=int(at[1]), minute=int(at[2])) + timedelta(days=days)
            self._carry([])
        elif line.startswith(("(", "  ")):
            self._arrange(line.strip(" ()"))
            if line in {"(sending goes on)", "(pictures arrive)"}:
                self._carry([])
        elif (
            line.strip()
            and line != "Given"
            and not line.startswith("#")
            and len([each for each in self.written if each.strip()]) > 1
        ):
            raise TranscriptError(f"This line says nothing known: {line!r}")

    def _arrange(self, line: str) -> None:
        with db.transaction() as session:
            sender = messaging.sender_of(session, service_sid=SERVICE, number=NUMBER, now=self.now)
            if made := re.fullmatch(r"(.+) is a client \(([\w-]+)\) in (\w+)(?:, support (\S+))?", line):
                self.phones[f"owner of {made[1]}"] = owner = self._phone(f"owner of {made[1]}")
                audience.add_client(
                    session, name=made[1], slug=made[2], owner_number=owner, locale=made[3],
                    time_zone="UTC", support_contact=made[4], sender_id=sender.id, now=self.now,
                )  # fmt: skip
            elif speaks := re.fullmatch(r"(\w+) speaks for (.+?)(?:, in (\w+))?", line):
                self._membership(session, speaks[1], speaks[2], speaks[3])
            elif follows := re.fullmatch(r"(\w+) follows (.+?)(?:, in (.+))?", line):
                person = audience.person_at(session, self._phone(follows[1]), now=self.now)
                client = session.scalars(select(Client).where(Client.name == follows[2])).one()
                audience.follow(session, person, client, Evidence("operator", self.now), tell_client=False)
                if follows[3]:
                    self._choose(session, person.person_id, follows[3])
            elif line == "we answer STOP":
                session.execute(update(Sender).values(opt_outs_by="bot"))
            elif line in {"sending waits", "sending goes on", "pictures wait", "pictures arrive"}:
                self._pause(line)
            elif unlucky := re.fullmatch(r"(\w+) is (out of reach|blocked by Twilio)", line):
                self.deliveries.unlucky[self._phone(unlucky[1])] = unlucky[2]
            elif left := re.fullmatch(r"older code left (\w+) in (\w+), state (\w+)", line):
                person = audience.person_at(session, self._phone(left[1]), now=self.now)
                session.merge(
                    Conversation(
                        contact_point_id=person.id, sender_id=sender.id, flow=left[2], state=left[3],
                        memory={}, expires_at=self.now + timedelta(days=1), updated_at=self.now,
                    )
                )  # fmt: skip
            elif not self._arrange_detail(session, line):
                raise TranscriptError(f"This line arranges nothing known: {line!r}")

    def _pause(self, line: str) -> None:
        if line.startswith("pictures"):
            self.deliveries.pictures_wait = line == "pictures wait"
        else:
            self.waits = line == "sending waits"

    def _arrange_detail(self, session: Session, line: str) -> bool:
        """What a client is, or where somebody is; False when the line is about something else."""
        if status := re.fullmatch(r"(.+) is (suspended|active)", line):
            session.execute(update(Client).where(Client.name == status[1]).values(status=status[2]))
        elif zoned := re.fullmatch(r"(.+) is in ([A-Z]\w+/\w+)", line):
            session.execute(update(Client).where(Client.name == zoned[1]).values(time_zone=zoned[2]))
        elif living := re.fullmatch(r"(\w+) lives in ([A-Z]\w+/\w+)(?:, (US-[A-Z]{2}))?", line):
            person = audience.person_at(session, self._phone(living[1]), now=self.now)
            places.say(session, person.id, Place((living[2],), living[3] or ""), source="person")
        else:
            return False
        return True

    def _membership(self, session: Session, name: str, client_name: str, language: str | None) -> None:
        person = audience.person_at(session, self._phone(name), now=self.now)
        client = session.scalars(select(Client).where(Client.name == client_name)).one()
        session.add(
            Membership(person_id=person.person_id, client_id=client.id, role="owner", created_at=self.now)
        )
        if language:
            self._choose(session, person.person_id, language)

    @staticmethod
    def _choose(session: Session, person_id: uuid.UUID, language: str) -> None:
        locale = locale_named(language)
        assert locale is not None, language
        audience.choose_locale(session, person_id, locale)

    def _phone(self, name: str) -> str:
        return self.phones.setdefault(name, f"+1555010{len(self.phones) + 1:04d}")

    def _text(
        self, name: str, body: str, media: tuple[tuple[str, str], ...] = (), opt_out_type: str | None = None
    ) -> None:
        sid = f"SM{uuid.uuid4().hex}"
        inbound = Inbound(sid, self._phone(name), NUMBER, body, SERVICE, media, opt_out_type)
        self.last_text[name] = inbound
        self._receive(inbound)

    def _receive(self, inbound: Inbound) -> None:
        with db.transaction() as session:
            replies = flows.dialogue.receive(session, inbound, now=self.now)
        self._carry([reply.message_id for reply in replies])

    def _carry(self, replies: list[uuid.UUID]) -> None:
        """Do what follows, as the worker would, and write down every text that arrives, replies first."""
        for reply in replies:
            self._write([reply])
        # Twice, because what is skipped arrives nowhere, and is reported all the same.
        while arrived := self._work() or self._work():
            self._write(arrived)

    def _work(self) -> list[uuid.UUID]:
        self.deliveries.settle(self.now)
        arrived = []
        for lane in () if self.waits else LANES:
            while calls := self.deliveries.send(lane, self.now):
                arrived += [call.message_id for call in calls if self.deliveries.reached(call)]
        return arrived

    def _write(self, messages: list[uuid.UUID]) -> None:
        names = {number: name for name, number in self.phones.items()}
        with db.transaction() as session:
            found = session.execute(
                select(ContactPoint.address, Rendering.locale, Rendering.text, Rendering.media)
                .join(Message, Message.contact_point_id == ContactPoint.id)
                .join(Rendering, Rendering.id == Message.rendering_id)
                .where(Message.id.in_(messages))
            ).all()
        for name, locale, text, media in sorted((names[address], *rest) for address, *rest in found):
            if name.startswith("owner of "):
                continue  # the member that add_client needs; transcripts name those who speak
            first, *rest = text.split("\n")
            tag = f"{locale}, {len(media)} picture{'s'[: len(media) > 1]}" if media else locale
            self.written.append(f"{name} << [{tag}] {first}".rstrip())
            self.written += [f"{' ' * len(name)}  | {line}".rstrip() for line in rest]
