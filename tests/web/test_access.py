"""Every route says who may call it."""

from __future__ import annotations

from flask import Flask

from web import access


def test_every_route_states_who_may_call_it(app: Flask) -> None:
    silent = [
        rule.rule for rule in app.url_map.iter_rules() if not access.of(app.view_functions[rule.endpoint])
    ]
    assert silent == []


def test_every_webhook_is_open_to_its_vendor_only(app: Flask) -> None:
    webhooks = {
        rule.rule: access.of(app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/webhooks/")
    }
    assert len(webhooks) >= 2
    assert set(webhooks.values()) == {"signed by Twilio"}


def test_what_anyone_may_call_is_known_by_name(app: Flask) -> None:
    open_routes = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if (access.of(app.view_functions[rule.endpoint]) or "").startswith("anyone")
    }
    assert open_routes == {"/healthz", "/readyz", "/metrics", "/media/<name>"}
