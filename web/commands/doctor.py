"""``doctor``: what is wrong with this installation, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import click
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from web.checks import Finding, here, outside, work

CHECKS = (
    here.environment,
    here.database,
    here.keys,
    here.redis,
    work.workers,
    work.sweeper,
    work.queues,
    outside.sender,
    outside.address,
)


@click.command("doctor", help="Say what is wrong with this installation, and what to do.")
def doctor() -> None:
    """Run every check, whatever the others found; end with 1 when something is to be done."""
    findings = [finding for check in CHECKS for finding in _found(check)]
    wrong = sum(finding.do is not None for finding in findings)
    click.echo(f"{wrong} to do." if wrong else "All is well.")
    sys.exit(1 if wrong else 0)


def _found(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What one check finds, said as it is found; a check that can't be made is a finding too."""
    found = check()
    while True:
        try:
            finding = next(found)
        except StopIteration:
            return
        except (SQLAlchemyError, RedisError) as error:
            missing = "the database" if isinstance(error, SQLAlchemyError) else "Redis"
            finding = Finding(check.__name__, f"not looked at: it needs {missing}", "See there.")
        _say(finding)
        yield finding


def _say(finding: Finding) -> None:
    click.echo(f"{'ok' if finding.do is None else 'PROBLEM':<9}{finding.subject:<13}{finding.seen}")
    if finding.do is not None:
        click.echo(f"{'':<22}▸ {finding.do}")
