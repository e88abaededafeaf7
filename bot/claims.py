"""Claims: a row that one process at a time may work on, held by a lease that runs out on its own.

The order that keeps a vendor from being called twice:

1. :func:`take` a lease and commit. A lease that ran out under another process is taken over; whatever that
   process had marked as being called is then unknown, and the caller says so in the same transaction.
2. Mark what is about to be called, with :func:`renew` in the same transaction, and commit.
3. Call. Only marked work can become unknown; unmarked work of a dead process simply goes back.
4. Write what came of it, and :func:`give_back`.

Leases go by the database's clock, so that two machines can't disagree. A table whose rows can be leased has
columns ``id``, ``lease_token``, ``leased_until`` and ``leased_by``.
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, func, or_, select, update
from sqlalchemy.orm import Session


class LeaseLost(Exception):
    """The lease ran out and somebody else has it: leave the row alone."""


@dataclass(frozen=True)
class Lease:
    """The right to work on one row, for as long as nobody else holds another token for it."""

    id: uuid.UUID
    token: uuid.UUID
    taken_over: bool  # whoever had it before never gave it back


def free(table: Table) -> ColumnElement[bool]:
    """The condition that nobody holds a row, or that its lease has run out."""
    return or_(table.c.leased_until.is_(None), table.c.leased_until < func.now())


def take(
    session: Session,
    table: Table,
    *conditions: ColumnElement[bool],
    order_by: tuple[Any, ...],
    seconds: int,
) -> Lease | None:
    """Lease the first free row that meets the conditions; None when there is none.

    Rows that another transaction is leasing right now are passed over, not waited for.
    """
    token = uuid.uuid4()
    chosen = (
        select(table.c.id, table.c.lease_token)
        .where(*conditions, free(table))
        .order_by(*order_by)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    row = session.execute(
        update(table)
        .where(table.c.id == chosen.c.id)
        .values(
            lease_token=token,
            leased_until=func.now() + timedelta(seconds=seconds),
            leased_by=f"{socket.gethostname()}:{os.getpid()}",
        )
        .returning(table.c.id, chosen.c.lease_token.is_not(None))
    ).one_or_none()
    return None if row is None else Lease(row[0], token, row[1])


def renew(session: Session, table: Table, lease: Lease, *, seconds: int) -> None:
    """Hold a lease for ``seconds`` from now, and hold off whoever would take it until this transaction ends.

    :raises LeaseLost: somebody else has it.
    """
    _change(session, table, lease, leased_until=func.now() + timedelta(seconds=seconds))


def give_back(session: Session, table: Table, lease: Lease, **values: Any) -> None:
    """End a lease, and set further columns of its row in the same step.

    :raises LeaseLost: somebody else has it; nothing is set.
    """
    _change(session, table, lease, lease_token=None, leased_until=None, leased_by=None, **values)


def _change(session: Session, table: Table, lease: Lease, **values: Any) -> None:
    held = session.execute(
        update(table)
        .where(table.c.id == lease.id, table.c.lease_token == lease.token)
        .values(**values)
        .returning(table.c.id)
    ).one_or_none()
    if held is None:
        raise LeaseLost(f"Another process has taken over {lease.id}.")
