"""What Prometheus is told, by however many processes, and when something is away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from bot import db, jobs, metrics
from bot.announcements.models import Announcement
from bot.clock import utc_now
from bot.messaging import chunks, receipts
from bot.messaging.models import Message
from bot.sweeps import Sweeper
from tests.dialogue.transcript import Player
from tests.web.signed import INBOUND, STATUS, Twilio
from web import metrics as page

Samples = dict[str, float]


def scraped(client: FlaskClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return parsed(answer.text)


def parsed(text: str) -> Samples:
    """Each sample by its name and the values of its labels: ``nudges_queue_chunks bulk held``."""
    return {
        " ".join([sample.name, *(value for _, value in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, change_setting: Callable[[str, str], None]) -> None:
    """Let every scrape read the rows, and texts go out whatever time it is."""
    monkeypatch.setattr(page, "HOLDS_SECONDS", 0.0)
    change_setting("QUIET_HOURS", "off")


@pytest.fixture
def player(app: object) -> Iterator[Player]:
    """A broadcast to three that was confirmed a minute ago and has not begun."""
    player = Player(now=utc_now() - timedelta(minutes=1))
    for line in (
        "Given",
        "  Pizza Palace is a client (pizza-palace) in English",
        "  Olivia speaks for Pizza Palace",
        "  Ana follows Pizza Palace",
        "  Sam follows Pizza Palace",
        "  sending waits",
        "Olivia >> Half-price pizza until 6",
        "Olivia >> CONFIRM",
    ):
        player.take(line)
    return player


def test_webhooks_are_timed_and_texts_counted_by_what_became_of_them(
    client: FlaskClient, twilio: Twilio
) -> None:
    before = scraped(client)
    form = {"MessageSid": "SM1", "From": "+15550107000", "To": "+15550100000", "Body": "hello"}
    for _ in range(2):
        assert twilio.post(INBOUND, form).status_code == 200
    assert twilio.post(STATUS, {}).status_code == 400
    after = scraped(client)

    def grew(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grew("nudges_webhook_seconds_count 200 inbound") == 2
    assert grew("nudges_webhook_seconds_count 400 status") == 1
    assert grew("nudges_inbound_total repeated") == 1
    texts = {name: value for name, value in after.items() if name.startswith("nudges_inbound_total")}
    assert sum(texts.values()) - sum(before.get(name, 0) for name in texts) == 2


def test_what_waits_is_asked_of_the_rows(player: Player, client: FlaskClient) -> None:
    waiting = scraped(client)
    assert waiting["nudges_queue_chunks bulk waiting"] == 1
    assert 60 <= waiting["nudges_queue_age_seconds bulk"] < 120
    assert waiting["nudges_announcements_under_way"] == 1
    assert 60 <= waiting["nudges_announcement_under_way_seconds"] < 120

    player.take("Olivia >> PAUSE")
    paused = scraped(client)
    assert (paused["nudges_queue_chunks bulk waiting"], paused["nudges_queue_chunks bulk paused"]) == (0, 1)
    assert paused["nudges_announcements_under_way"] == 0
    player.take("Olivia >> RESUME")

    with db.transaction() as session:
        assert chunks.take(session, "bulk", now=utc_now())
        session.execute(update(Message).values(status="unknown", rank=20, updated_at=player.now))
        receipts.append(
            session, message_id=None, provider_id="SM1", status="sent", error_code=None, now=player.now
        )
    held = scraped(client)
    assert (held["nudges_queue_chunks bulk waiting"], held["nudges_queue_chunks bulk held"]) == (0, 1)
    assert held["nudges_unknown_messages"] >= 2
    assert held["nudges_unknown_age_seconds"] >= 60
    assert held["nudges_receipts_waiting"] == 1
    assert held["nudges_receipts_lag_seconds"] >= 60


def test_the_time_from_confirm_to_the_last_recipient_is_of_those_that_were_sent(
    player: Player, client: FlaskClient
) -> None:
    assert "nudges_confirm_to_last_seconds slowest" not in scraped(client)
    player.now += timedelta(seconds=20)
    player.take("(sending goes on)")
    sent = scraped(client)
    assert sent["nudges_confirm_to_last_seconds slowest"] == pytest.approx(20)
    assert (sent["nudges_announcements_sent"], sent["nudges_announcements_under_way"]) == (1, 0)
    with db.transaction() as session:
        session.execute(update(Announcement).values(confirmed_at=player.now - timedelta(days=2)))
    assert scraped(client)["nudges_announcements_sent"] == 0


def test_who_works_is_known(client: FlaskClient) -> None:
    assert scraped(client)["nudges_lanes_up bulk"] == 0
    jobs.lane_lives(jobs.redis(), "bulk", "one")
    with Sweeper(sweeps=()) as sweeper:
        sweeper.run_due(utc_now())
        working = scraped(client)
    assert (working["nudges_lanes_up bulk"], working["nudges_sweeper_up"]) == (1, 1)
    jobs.lane_ends(jobs.redis(), "bulk", "one")
    after = scraped(client)
    assert (after["nudges_lanes_up bulk"], after["nudges_sweeper_up"]) == (0, 0)


@pytest.mark.usefixtures("without_database")
def test_without_a_database_the_rest_is_told(client: FlaskClient) -> None:
    found = scraped(client)
    assert (found["nudges_database_up"], found["nudges_redis_up"]) == (0, 1)


@pytest.mark.usefixtures("without_redis")
def test_without_redis_the_rest_is_told(client: FlaskClient) -> None:
    found = scraped(client)
    assert (found["nudges_database_up"], found["nudges_redis_up"]) == (1, 0)


def test_the_rows_are_read_once_in_some_seconds(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "HOLDS_SECONDS", 3600.0)
    rows = page.Rows()
    first = rows.collect()
    jobs.lane_lives(jobs.redis(), "bulk", "one")
    assert rows.collect() is first


COUNT = """
import os, sys
from bot import metrics
metrics.begin(sys.argv[1])
metrics.INBOUND.labels("one").inc()
child = os.fork()
if child == 0:
    metrics.INBOUND.labels("one").inc()
    os._exit(0)
os.waitpid(child, 0)
print("counted", flush=True)
sys.stdin.read()
"""
SHOW = "from bot import metrics; from prometheus_client import *; r = CollectorRegistry()\n"
SHOW += "r.register(metrics.OfThisHost()); print(generate_latest(r).decode())"


@pytest.fixture
def counting(project_root: Path, tmp_path: Path) -> Iterator[_Counting]:
    counting = _Counting(project_root, tmp_path / "metrics")
    yield counting
    for process in counting.processes:
        process.kill()
        process.communicate()


class _Counting:
    """Processes that count into one folder."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._environment = {**os.environ, metrics.FOLDER: str(folder)}
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, role: str) -> subprocess.Popen[str]:
        """A process, and its fork, that each count one text; the process lives on."""
        process = subprocess.Popen(
            [sys.executable, "-c", COUNT, role], cwd=self._root, env=self._environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "counted\n"
        return process

    @property
    def shown(self) -> float:
        """What any process shows of them."""
        shown = subprocess.run(
            [sys.executable, "-c", SHOW], cwd=self._root, env=self._environment, text=True, check=True,
            capture_output=True,
        ).stdout  # fmt: skip
        return parsed(shown)["nudges_inbound_total one"]


def test_a_folder_that_cannot_be_used_is_named(project_root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environment = {**os.environ, metrics.FOLDER: str(tmp_path / "file" / "metrics")}
    refused = subprocess.run(
        [sys.executable, "worker.py", "--burst"],
        cwd=project_root, env=environment, text=True, check=False, capture_output=True,
    )  # fmt: skip
    assert refused.returncode == 2
    assert f"{metrics.FOLDER}: Not a directory" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_one_process_shows_what_all_of_its_host_counted(counting: _Counting) -> None:
    counting.start("web")
    counting.start("worker")
    assert counting.shown == 4


def test_a_sum_goes_down_only_when_all_of_a_role_start_anew(counting: _Counting) -> None:
    first, second, worker = (counting.start(role) for role in ("web", "web", "worker"))
    first.send_signal(signal.SIGKILL)
    first.communicate()
    third = counting.start("web")
    assert counting.shown == 8  # beside a sibling, what the dead counted stays
    for process in (second, third):
        process.kill()
        process.communicate()
    counting.start("web")
    assert counting.shown == 4  # the worker's two and the new web's two
    assert worker.poll() is None
