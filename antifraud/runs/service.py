"""Signs of life of the processes, and planned runs that happen exactly once."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud import __version__
from antifraud.runs.models import heartbeats, planned_runs
from antifraud.work import Work

ALIVE_FOR: Final = timedelta(seconds=15)
"""A process that was not seen for so long is taken for dead; it should beat every few seconds."""
FORGOTTEN_AFTER: Final = timedelta(days=1)
_WAITING, _DONE = "waiting", "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process as it shows itself; make one at its start with `Process.this`.

    `loops` says for each loop what it last did (plain JSON, no personal data).
    """

    id: UUID
    name: str
    started_at: datetime
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    version: str = __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """A process that was seen lately."""

    name: str
    host: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    loops: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A planned run that the caller now does, in the same transaction."""

    kind: str
    due_at: datetime


def beat(connection: Connection, process: Process, now: datetime, loops: Mapping[str, Any] | None = None) -> None:
    """Write that the process lives; what has been dead for a day is forgotten."""
    statement = upsert(heartbeats).values(
        id=process.id,
        process=process.name,
        host=process.host,
        pid=process.pid,
        version=process.version,
        started_at=process.started_at,
        seen_at=now,
        loops=dict(loops or {}),
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={"seen_at": statement.excluded.seen_at, "loops": statement.excluded.loops},
        )
    )
    connection.execute(delete(heartbeats).where(heartbeats.c.seen_at < now - FORGOTTEN_AFTER))


def gone(connection: Connection, process: Process) -> None:
    """Take the process from the list: it stops on purpose."""
    connection.execute(delete(heartbeats).where(heartbeats.c.id == process.id))


def living(connection: Connection, now: datetime, within: timedelta = ALIVE_FOR) -> list[Living]:
    """Return the processes that were seen lately; ``within`` is longer where the clock runs faster than real time."""
    rows = connection.execute(
        select(heartbeats)
        .where(heartbeats.c.seen_at >= now - within)
        .order_by(heartbeats.c.process, heartbeats.c.started_at)
    )
    return [
        Living(
            name=row.process,
            host=row.host,
            pid=row.pid,
            version=row.version,
            started_at=row.started_at,
            seen_at=row.seen_at,
            loops=row.loops,
        )
        for row in rows
    ]


def plan(work: Work, kind: str, due_at: datetime) -> bool:
    """Plan a run for an instant that `workflows.clocks` gave; return False if it was planned before, done or not."""
    planned = work.connection.execute(
        upsert(planned_runs)
        .values(centre_id=work.centre_id, kind=kind, due_at=due_at, state=_WAITING)
        .on_conflict_do_nothing()
        # The row itself tells: an INSERT's rowcount is not kept.
        .returning(planned_runs.c.kind)
    )
    return planned.one_or_none() is not None


def claim_due(work: Work, kind: str | None, now: datetime) -> Run | None:
    """Take the run that is due longest, of one kind or of any, and mark it done.

    The effect belongs in the same transaction: then it happens exactly once,
    whoever dies where, and another worker skips it meanwhile.
    """
    wanted = [
        planned_runs.c.centre_id == work.centre_id,
        planned_runs.c.state == _WAITING,
        planned_runs.c.due_at <= now,
    ]
    if kind is not None:
        wanted.append(planned_runs.c.kind == kind)
    row = work.connection.execute(
        select(planned_runs.c.kind, planned_runs.c.due_at)
        .where(*wanted)
        .order_by(planned_runs.c.due_at, planned_runs.c.kind)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    work.connection.execute(
        update(planned_runs)
        .where(
            planned_runs.c.centre_id == work.centre_id,
            planned_runs.c.kind == row.kind,
            planned_runs.c.due_at == row.due_at,
        )
        .values(state=_DONE, done_at=now)
    )
    return Run(row.kind, row.due_at)


def next_run_at(work: Work) -> datetime | None:
    """Return when the centre's next planned run is due."""
    return work.connection.scalar(
        select(planned_runs.c.due_at)
        .where(planned_runs.c.centre_id == work.centre_id, planned_runs.c.state == _WAITING)
        .order_by(planned_runs.c.due_at)
        .limit(1)
    )
