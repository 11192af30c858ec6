"""Start and end waits, and tell which cases have one that is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from antifraud.deadlines.models import deadlines
from antifraud.foundation.rows import as_json
from antifraud.work import Work

CAUGHT_UP_AFTER_SECONDS = 60
"""A firing later than this is marked as catching up after an outage."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a wait: fired (`late_by_seconds` tells how late), met or void."""

    id: UUID
    how: str
    at: datetime


def start(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    """Gather new waits; the loops are told, so that an early one is not found only by the poll."""
    if rows:
        work.rows.add(deadlines, rows)
        work.rows.tell("deadlines")


_END: Final = """
    UPDATE deadlines SET
        state = told.how,
        ended_at = told.at,
        late_by_seconds = greatest(extract(epoch FROM told.at - due_at), 0),
        caught_up = told.how = 'fired' AND extract(epoch FROM told.at - due_at) > %s
    FROM json_to_recordset(%s::json) AS told (id uuid, how text, at timestamptz)
    WHERE deadlines.id = told.id AND deadlines.state = 'running'
"""


def end(work: Work, ended: Sequence[Ended]) -> None:
    """End waits; a due instant itself is never rewritten."""
    if not ended:
        return
    # Of a wait that was ended twice the first end counts.
    first = {item.id: {"id": item.id, "how": item.how, "at": item.at} for item in reversed(ended)}
    work.connection.exec_driver_sql(_END, (CAUGHT_UP_AFTER_SECONDS, as_json(list(first.values()))))


# Asked round by round, so they are ready as texts; the state stands in them, so that its index is used.
_CASES_WITH_DUE: Final = """
    SELECT case_id FROM deadlines WHERE state = 'running' AND due_at <= %s ORDER BY due_at, id LIMIT %s
"""
_DUE_OF: Final = """
    SELECT id, case_id, procedure_id, due_at FROM deadlines
    WHERE state = 'running' AND due_at <= %s AND case_id = ANY(%s) ORDER BY due_at, id
"""


def cases_with_due(work: Work, now: datetime, limit: int) -> list[UUID]:
    """Return up to ``limit`` cases that have a wait due at or before ``now``, the longest overdue first."""
    rows = work.connection.exec_driver_sql(_CASES_WITH_DUE, (now, limit))
    return list(dict.fromkeys(case_id for (case_id,) in rows.all()))


@dataclass(frozen=True, slots=True)
class Due:
    """A wait whose instant has come."""

    id: UUID
    case_id: UUID
    procedure_id: UUID
    due_at: datetime


def due_of(work: Work, case_ids: Sequence[UUID], now: datetime) -> list[Due]:
    """Return the due waits of cases that the caller holds under lock, oldest first."""
    rows = work.connection.exec_driver_sql(_DUE_OF, (now, list(case_ids)))
    return [Due(*row) for row in rows.all()]


def next_due_at(work: Work) -> datetime | None:
    """Return the next due instant of the centre, for a loop that wants to sleep exactly so long."""
    due_at: datetime | None = work.connection.scalar(
        select(func.min(deadlines.c.due_at)).where(deadlines.c.state == "running")
    )
    return due_at
