"""What has to be imported for a process to know all of Nudges. Only edges call it: web, worker, commands."""

from __future__ import annotations

from importlib import import_module

#: Each of these registers handlers of events when it is imported.
HANDLERS = ("bot.announcements.handlers", "bot.audience.handlers", "bot.automation.handlers")


def load() -> None:
    """Import every table, which foreign keys need, and every event handler, which dispatching needs."""
    for module in ("bot.tables", *HANDLERS):
        import_module(module)
