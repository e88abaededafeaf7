"""A turn: one text, who sent it, and what is said in return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from bot import i18n
from bot.audience import queries as audience
from bot.audience.models import Client
from bot.audience.service import Evidence
from bot.i18n import ENGLISH, LOCALES, Text
from bot.media.service import Received
from bot.messaging.models import ContactPoint, OptOut, Sender
from bot.messaging.segments import LONGEST_TEXT, measure


@dataclass(frozen=True)
class Question:
    """A question to stand open beside the conversation."""

    name: str
    memory: dict[str, Any]
    expires_at: datetime


@dataclass
class Turn:
    """What a flow sees, and how it speaks."""

    session: Session
    now: datetime
    provider_id: str
    body: str
    number_texted: str  # E.164, as the person knows us
    contact_point: ContactPoint
    sender: Sender
    chosen_locale: str | None
    opt_out: OptOut | None
    has_respite: bool = False  # before the turn; announcements leave this person alone, or did until lately
    files: Sequence[Received] = ()  # that came with the text
    memory: dict[str, Any] = field(default_factory=dict)
    spoken_locale: str | None = None
    replies: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    done: str = ""  # the method of the flow that took it, for the records
    #: For whom the text is kept, and in whose name it was answered.
    client: Client | None = None

    @cached_property
    def clients(self) -> Sequence[Client]:
        """The clients for whom this person speaks, on this sender, by name."""
        return self._clients_of[0]

    @property
    def active_clients(self) -> list[Client]:
        """Those of them that may announce."""
        return [client for client in self.clients if client.status == "active"]

    @cached_property
    def followed(self) -> Sequence[Client]:
        """The clients that this person follows on this sender, in the order in which they joined."""
        return self._clients_of[1]

    @cached_property
    def _clients_of(self) -> tuple[list[Client], list[Client]]:
        return audience.clients_of(self.session, self.contact_point.person_id, self.sender.id)

    @property
    def locale(self) -> str:
        """What replies are written in: what they chose or just used, else their client's, else English."""
        known = self.chosen_locale or self.spoken_locale
        if known is None and self.client is not None:
            known = self.client.locale
        if known is None:
            known = next((client.locale for client in [*self.clients, *self.followed]), ENGLISH)
        return known

    @property
    def word_locales(self) -> frozenset[str]:
        """Whose words this person may use: everybody's, as long as we don't know their language."""
        if self.chosen_locale is None:
            return frozenset(LOCALES)
        return frozenset({self.chosen_locale, *(client.locale for client in self.clients)})

    @property
    def pictures(self) -> list[str]:
        """The ids of the files that came with the text and may be pictures."""
        return [str(each.id) for each in self.files if each.may_be_picture]

    @property
    def evidence(self) -> Evidence:
        """This text, as the ledger of consent keeps it."""
        return Evidence(source="sms", at=self.now, words_said=self.body, provider_id=self.provider_id)

    def say(self, text: Text, /, **parameters: object) -> str:
        """A text in the reader's language, to be part of a reply."""
        return i18n.render(text, self.locale, **parameters)

    def reply(self, text: Text, /, **parameters: object) -> None:
        """Answer. What is longer than a text may be becomes several."""
        self.reply_verbatim(self.say(text, **parameters))

    def reply_verbatim(self, text: str) -> None:
        """Answer with a text that is in the reader's language already."""
        self.replies += fitting(text)

    def subscribers_of(self, client: Client) -> dict[str, int]:
        """How many subscribers of a client a text would reach, per locale, most first."""
        return audience.subscribers_by_locale(self.session, client.id, self.now)

    def has_subscribers(self, client: Client) -> bool:
        """Whether a text would reach anybody."""
        return audience.has_subscribers(self.session, client.id, self.now)

    def ask(self, question: str, *, expires_after: timedelta, **memory: Any) -> None:
        """Let a question stand open; an earlier one of the same name is taken back."""
        self.questions.append(Question(question, memory, self.now + expires_after))

    def reload_clients(self) -> None:
        """Forget who follows and speaks for whom, after a change to it."""
        for known in ("_clients_of", "clients", "followed"):
            self.__dict__.pop(known, None)


def fitting(text: str) -> list[str]:
    """Cut a text into ones that Twilio takes, between lines or words where there are any."""
    texts = []
    while measure(text).length > LONGEST_TEXT:
        end = LONGEST_TEXT
        while measure(text[:end]).length > LONGEST_TEXT:
            end -= 1
        cut = max(text.rfind("\n", 1, end), text.rfind(" ", end - 200, end))
        cut = cut if cut > 0 else end
        texts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*texts, text]
