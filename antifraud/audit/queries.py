"""Reads of the log for others: the entries of one stream, newest first, and how often something was looked at."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, or_, select

from antifraud.audit.models import entries

REVEALED: Final = "DataRevealed"
"""The kind of entry that says that somebody read masked data in the clear; it stands in the area `reads`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One entry, without its proof: `at` is when it happened, `recorded_at` when we wrote it."""

    seq: int
    id: UUID
    at: datetime
    recorded_at: datetime
    actor: str
    kind: str
    payload: dict[str, Any]
    cause_id: UUID | None


_LOGGED = select(*(entries.c[name] for name in Logged.__slots__))


def entries_of(
    connection: Connection,
    stream: str,
    opened_month: date,
    *,
    limit: int,
    before: int | None = None,
    kinds: Collection[str] = (),
    actors: Collection[str] = (),
) -> list[Logged]:
    """Return entries of a stream, newest first, below the place ``before``.

    Args:
        connection: The transaction; row security decides what it sees.
        stream: As the log names it: ``case:<id>``.
        opened_month: The month of the stream's first entry: with it one part of the table is read.
        limit: At most so many.
        before: Only entries with a smaller number.
        kinds: Only entries of these kinds, or by one of ``actors``; nothing given, all.
        actors: Beginnings of actors (``user:``).
    """
    query = _LOGGED.where(entries.c.opened_month == opened_month, entries.c.stream == stream)
    if before is not None:
        query = query.where(entries.c.seq < before)
    wanted = [entries.c.actor.startswith(beginning, autoescape=True) for beginning in actors]
    if kinds:
        wanted.append(entries.c.kind.in_(kinds))
    if wanted:
        query = query.where(or_(*wanted))
    rows = connection.execute(query.order_by(entries.c.seq.desc()).limit(limit)).mappings()
    return [Logged(**row) for row in rows]


def entries_since(connection: Connection, stream: str, opened_month: date, seq: int, *, limit: int) -> list[Logged]:
    """Return the entries of a stream after the place ``seq``, newest first: what somebody who saw that place missed."""
    rows = connection.execute(
        _LOGGED.where(entries.c.opened_month == opened_month, entries.c.stream == stream, entries.c.seq > seq)
        .order_by(entries.c.seq.desc())
        .limit(limit)
    ).mappings()
    return [Logged(**row) for row in rows]


def times_revealed(connection: Connection, case_id: UUID) -> int:
    """Return how often masked data of a case was read in the clear."""
    return (
        connection.scalar(
            select(func.count())
            .select_from(entries)
            .where(entries.c.kind == REVEALED, entries.c.payload["case_id"].astext == str(case_id))
        )
        or 0
    )
