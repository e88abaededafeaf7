"""Who may call a route. Every view carries exactly one of these, as its innermost decorator.

A test fails for a route that does not say.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from web import signatures

Form = MultiDict[str, str]
View = Callable[..., ResponseReturnValue]


def anyone(reason: str) -> Callable[[View], View]:
    """Let anybody call the view; ``reason`` says why that does no harm."""

    def mark(view: View) -> View:
        view.access = f"anyone: {reason}"  # type: ignore[attr-defined]
        return view

    return mark


def twilio_signed(view: Callable[[Form], ResponseReturnValue]) -> View:
    """Let only Twilio call the view, which is handed the form whose signature was verified."""

    @wraps(view)
    def checked() -> ResponseReturnValue:
        return view(signatures.verified_form(request))

    checked.access = "signed by Twilio"  # type: ignore[attr-defined]
    return checked


def of(view: Callable[..., ResponseReturnValue]) -> str | None:
    """Who may call a view, in words; None when it does not say."""
    return getattr(view, "access", None)
