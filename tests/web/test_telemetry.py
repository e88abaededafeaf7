"""Logs are one format for everybody, and hold no number."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SAY = """
import logging, structlog
from bot import telemetry
telemetry.configure("INFO")
logging.getLogger("gunicorn.error").info("Booting worker")
logging.getLogger("twilio.http_client").info("Body: see you at nine")
structlog.get_logger().info("texted", person="p1", to="+15550100001", form="From=%2B15550100001")
try:
    raise ValueError("+44 is fine, +447700900123 is not")
except ValueError:
    structlog.get_logger().exception("failed")
logging.getLogger("sqlalchemy.engine").info("SELECT 1")
structlog.get_logger().debug("not at this level")
"""


def test_outside_a_terminal_every_line_is_json_without_numbers(project_root: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", SAY], cwd=project_root, capture_output=True, text=True, check=True
    ).stderr
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["event"] for line in lines] == ["Booting worker", "texted", "failed", "SELECT 1"]
    assert all({"level", "timestamp"} <= line.keys() for line in lines)
    assert (lines[1]["to"], lines[1]["form"]) == ("…0001", "From=…0001")
    assert "…0123 is not" in lines[2]["exception"]
    assert "+44 is fine" in lines[2]["exception"]
    assert "5550100001" not in said
    assert "7700900123" not in said
