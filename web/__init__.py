"""The web process: Twilio's webhooks, health, and the operator's commands."""

from __future__ import annotations

from flask import Flask

from bot import telemetry, wiring
from bot.config import settings
from web import errors, health, media, metrics, request_log
from web.commands import (
    announcements,
    answers,
    clients,
    database,
    doctor,
    events,
    messages,
    senders,
    subscribers,
    welcome,
)
from web.webhooks import twilio


def create_app() -> Flask:
    """Make the WSGI application.

    :raises ConfigurationError: the environment lacks something; the message says what.
    """
    telemetry.configure(settings().log_level)
    wiring.load()
    app = Flask("web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024  # Twilio's webhooks are a few kilobytes
    request_log.install(app)
    errors.install(app)
    metrics.install(app)
    app.register_blueprint(health.routes)
    app.register_blueprint(twilio.routes)
    app.register_blueprint(media.routes)
    for command in (
        database.upgrade,
        doctor.doctor,
        clients.group,
        subscribers.group,
        senders.group,
        events.group,
        announcements.group,
        answers.group,
        welcome.group,
        messages.group,
    ):
        app.cli.add_command(command)
    return app
