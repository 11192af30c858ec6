"""What lives, what waits and what is late, as one look at one centre."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from antifraud.auth.service import Centre
from antifraud.cases import definitions
from antifraud.cases.accounts import cards_of
from antifraud.foundation.clock import ControlledClock
from antifraud.installation import Installation
from antifraud.runs.service import ALIVE_FOR, Living, living
from antifraud.watching.alarms import Books, books
from antifraud.work import Work

LATEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One request as a list shows it: institution and last four characters, never more."""

    kind: str
    label: str
    stage: str
    outcome: str | None
    hold_state: str
    waits_for: str | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A case with its latest requests."""

    no: str
    opened_at: datetime
    is_open: bool
    orders: Sequence[Order]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Messages that one institution has not yet been sent, and since when the oldest waits."""

    institution: str
    count: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCount:
    """Open tasks of one kind."""

    kind: str
    count: int
    overdue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One look, as of `now`; `clock` says how the clock runs if it is not the machine's."""

    now: datetime
    clock: str | None
    scheme: str
    processes: Sequence[Living]
    audit: Books | None
    overdue: int
    overdue_since: datetime | None
    outbox: Sequence[Waiting]
    not_understood: int
    replies_waiting: int
    tasks: Sequence[TaskCount]
    cases_open: int
    cases: Sequence[CaseLine]


def look(installation: Installation, centre: Centre) -> Standing:
    """Look at one centre, in one transaction."""
    clock = installation.clock
    rate = clock.rate() if isinstance(clock, ControlledClock) else 1.0
    with installation.database.begin(centre.id) as connection:
        work = installation.work(connection, centre.id, "cli:status")
        now = work.now()
        overdue = _one(
            connection,
            "SELECT count(*) AS number, min(due_at) AS since FROM deadlines WHERE state = 'running' AND due_at < :now",
            now=now,
        )
        return Standing(
            now=now,
            clock=f"controlled, at rate {rate:g}" if isinstance(clock, ControlledClock) else None,
            scheme=_scheme(connection, centre),
            processes=living(connection, now, ALIVE_FOR * max(1.0, rate)),
            audit=books(connection, centre.id),
            overdue=overdue.number,
            overdue_since=overdue.since,
            outbox=_outbox(connection),
            not_understood=_count(connection, "SELECT count(*) FROM reports WHERE state = 'stored'"),
            replies_waiting=_count(connection, "SELECT count(*) FROM replies WHERE state = 'stored'"),
            tasks=_tasks(connection, now),
            cases_open=_count(connection, "SELECT count(*) FROM cases WHERE closed_at IS NULL AND origin = 'live'"),
            cases=_latest(work),
        )


def _scheme(connection: Connection, centre: Centre) -> str:
    """Return which definition is in force, and whether orders may leave under it."""
    found = definitions.standing(connection, centre.id)
    if found is None:
        return "none is in force: live reports are stored, and wait"
    name, status, approver = found
    if status == "active":
        return f"{name}, approved by {approver}"
    return f"{name}, an example" + (": live reports are stored until it is approved" if centre.kind == "live" else "")


def _outbox(connection: Connection) -> list[Waiting]:
    rows = connection.execute(
        text(
            "SELECT i.code, count(*) AS number, min(o.created_at) AS since FROM outbox o"
            " JOIN institutions i ON i.id = o.institution_id"
            " WHERE o.state IN (0, 1) AND o.channel <> 'manual' GROUP BY i.code ORDER BY since"
        )
    )
    return [Waiting(institution=row.code, count=row.number, since=row.since) for row in rows]


def _tasks(connection: Connection, now: datetime) -> list[TaskCount]:
    rows = connection.execute(
        text(
            "SELECT kind, count(*) AS number, count(*) FILTER (WHERE due_at < :now) AS overdue"
            " FROM tasks WHERE state = 'open' GROUP BY kind ORDER BY overdue DESC, number DESC, kind"
        ),
        {"now": now},
    )
    return [TaskCount(kind=row.kind, count=row.number, overdue=row.overdue) for row in rows]


def _latest(work: Work) -> list[CaseLine]:
    connection = work.connection
    found = connection.execute(
        text("SELECT id, no, opened_at, closed_at FROM cases ORDER BY opened_at DESC, no DESC LIMIT :most"),
        {"most": LATEST},
    ).all()
    rows = connection.execute(
        text(
            "SELECT r.case_id, r.kind, r.stage, r.outcome, h.state AS hold_state, h.account_id,"
            " d.kind AS waits_for, d.due_at FROM requests r JOIN holds h ON h.id = r.hold_id"
            " LEFT JOIN LATERAL (SELECT kind, due_at FROM deadlines WHERE case_id = r.case_id"
            "  AND subject_id IN (r.id, h.id) AND state = 'running' ORDER BY due_at LIMIT 1) d ON true"
            " WHERE r.case_id = ANY(:cases) ORDER BY r.created_at, r.id"
        ),
        {"cases": [row.id for row in found]},
    ).all()
    cards = cards_of(work, {row.account_id for row in rows if row.account_id is not None})
    labels = {account_id: card.label for account_id, card in cards.items()}
    return [
        CaseLine(
            no=case.no,
            opened_at=case.opened_at,
            is_open=case.closed_at is None,
            orders=[_order(row, labels) for row in rows if row.case_id == case.id],
        )
        for case in found
    ]


def _order(row: Row[Any], labels: Mapping[UUID, str]) -> Order:
    return Order(
        kind=row.kind,
        label=labels.get(row.account_id, "?"),
        stage=row.stage,
        outcome=row.outcome,
        hold_state=row.hold_state,
        waits_for=row.waits_for,
        due_at=row.due_at,
    )


def _count(connection: Connection, sql: str) -> int:
    return int(connection.scalar(text(sql)) or 0)


def _one(connection: Connection, sql: str, **parameters: object) -> Row[Any]:
    return connection.execute(text(sql), parameters).one()


def spoken(length: timedelta) -> str:
    """Return a length as people say it, two units at most: `2 d 3 h`, `4 min 10 s`."""
    seconds = int(abs(length.total_seconds()))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        number, seconds = divmod(seconds, size)
        if number or (unit == "s" and not parts):
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2])
