"""Who handles which events. A handler is registered when the module that holds it is imported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from bot.events.models import Event

Handler = Callable[[Session, Event, datetime], None]

_handlers: dict[str, dict[str, Handler]] = {}


class DuplicateConsumer(Exception):
    """Two handlers of one type of event share a consumer's name: give one of them another."""


class NoHandlers(Exception):
    """No handler is registered in this process, so every event would pass unhandled: import them first."""


def handles(event_type: str, *, consumer: str) -> Callable[[Handler], Handler]:
    """Register a handler for one type of event.

    It runs after the event's commit, in a transaction of its own together with the note that it ran, so its
    effect on the database happens exactly once. When it raises, everything it did is rolled back and it is
    tried again later. It must not call a vendor: it makes rows, and defers jobs.

    :param consumer: names the handler in the database, for good: ``announcements.fan_out``.
    """

    def register(handler: Handler) -> Handler:
        consumers = _handlers.setdefault(event_type, {})
        if consumer in consumers:
            raise DuplicateConsumer(f"{consumer} already handles {event_type}.")
        consumers[consumer] = handler
        return handler

    return register


def consumers_of(event_type: str) -> dict[str, Handler]:
    """The handlers of a type of event, by consumer.

    :raises NoHandlers: when nothing at all is registered.
    """
    if not _handlers:
        raise NoHandlers("No event handler is registered; bot.wiring.load() imports them all.")
    return _handlers.get(event_type, {})
