"""What holds for every source file: short, private in its logs, and time and commits only at the edges."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import wiring

ROOT = Path(__file__).parent.parent.parent
PROGRAM = sorted(
    path
    for place in ("bot", "flows", "web", "simulator", "worker.py", "wsgi.py")
    for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
)
CONVERSATION = [
    path for path in PROGRAM if path.parent.name in {"flows", "dialogue"} and path.name != "jobs.py"
]
DOMAIN = [path for path in PROGRAM if path.name in {"service.py", "queries.py", "notices.py", "report.py"}]

MOST_LINES = 320

#: What holds numbers or what people write. Logs have ids, and the last four digits as ``last4``.
PRIVATE = {
    "address", "body", "form", "from_", "from_number", "number", "owner_number", "phone_number", "said",
    "text", "text_shown", "to", "to_number", "words_said",
}  # fmt: skip
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log", "bind"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def shown(node: ast.AST) -> Iterator[ast.AST]:
    """What of an expression can be seen in its value: of ``len(body)`` nothing of the body."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "len":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from shown(child)


def private_things_logged(source: str) -> list[str]:
    """The private names that reach a log call of this source."""
    found = []
    for call in calls(ast.parse(source)):
        function = call.func
        if not (isinstance(function, ast.Attribute) and function.attr in LEVELS):
            continue
        if not (isinstance(function.value, ast.Name) and function.value.id in {"log", "logger", "logging"}):
            continue
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            for node in shown(argument):
                name = {ast.Name: "id", ast.Attribute: "attr"}.get(type(node))
                if name and getattr(node, name) in PRIVATE:
                    found.append(f"line {call.lineno}: {getattr(node, name)}")
    return found


@pytest.mark.parametrize(
    "path",
    [path for path in [*PROGRAM, *sorted((ROOT / "tests").rglob("*.py"))] if path.parent.name != "versions"],
    ids=name_of,
)
def test_a_module_fits_one_subject(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", PROGRAM, ids=name_of)
def test_no_number_and_no_text_is_logged(path: Path) -> None:
    assert private_things_logged(path.read_text(encoding="utf-8")) == []


def test_the_search_for_private_things_finds_them() -> None:
    assert private_things_logged('log.info("sent", to=message.address)') == ["line 1: address"]
    assert private_things_logged('log.warning(f"from {number}")') == ["line 1: number"]
    assert private_things_logged('log.info("sent", last4=last4, length=len(body))') == []


def asked(path: Path, names: set[str]) -> list[str]:
    """The calls in a file whose last part is one of these names."""
    found = []
    for call in calls(ast.parse(path.read_text(encoding="utf-8"))):
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in names:
            found.append(f"{name_of(path)}:{call.lineno} {name}")
    return found


@pytest.mark.parametrize("path", CONVERSATION + DOMAIN, ids=name_of)
def test_conversations_and_verbs_are_told_the_time_and_never_commit(path: Path) -> None:
    assert asked(path, {"now", "utcnow", "utc_now", "today", "commit", "rollback", "transaction"}) == []


#: What tells the time of the system: the clock itself, and ids, which have to grow whatever the clock does.
TIMEKEEPERS = {"bot/clock.py", "bot/ids.py"}


def moments_asked_of_the_system(source: str) -> list[str]:
    """The calls of this source that ask the system, and not the clock, for the moment."""
    found = []
    for call in calls(ast.parse(source)):
        asked = ast.unparse(call.func)
        if asked.rpartition("datetime.")[2] in {"now", "utcnow", "today"} or asked in {
            "date.today", "time.time", "time.time_ns",
        }:  # fmt: skip
            found.append(f"line {call.lineno}: {asked}")
    return found


@pytest.mark.parametrize(
    "path",
    [path for path in PROGRAM if "simulator" not in path.parts and name_of(path) not in TIMEKEEPERS],
    ids=name_of,
)
def test_only_the_clock_asks_what_time_it_is(path: Path) -> None:
    """So that all of Nudges can be told another time at one place."""
    assert moments_asked_of_the_system(path.read_text(encoding="utf-8")) == []


def test_the_search_for_moments_finds_them() -> None:
    source = "datetime.now(UTC), dt.datetime.utcnow(), time.time(), date.today()"
    assert len(moments_asked_of_the_system(source)) == 4
    assert moments_asked_of_the_system("func.now(), time.monotonic(), clock.utc_now()") == []


def test_every_module_with_handlers_is_wired() -> None:
    there = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "bot").glob("*/handlers.py")
        if "@handles(" in path.read_text(encoding="utf-8") and path.parent.name != "events"
    }
    assert there == set(wiring.HANDLERS)


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc", "base"])
def test_no_module_is_a_drawer_for_anything(name: str) -> None:
    assert [path for path in PROGRAM if path.stem == name] == []
