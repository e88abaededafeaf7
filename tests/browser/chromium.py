"""Where this machine's browser is, and how tests start it."""

from __future__ import annotations

import shutil

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: What is skipped for want of a browser says so with this sentence; the end of the run names it once more.
MISSING = "no browser: there is no chromium here"

OPTIONS = (
    "--no-sandbox",  # root has no other way; the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """The path of a Chromium or Chrome, if there is one."""
    return next((path for program in PROGRAMS if (path := shutil.which(program))), None)
