"""What stands beside the rows of the worklist: who was defrauded, where the money is, how a row ended, what is next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Connection, text

from antifraud.foundation.json import loads
from antifraud.foundation.problems import NotFound
from antifraud.vault.masks import mask_name, mask_phone
from antifraud.work import Work

_MAX_PARTY_BYTES: Final = 65_536


def victims(work: Work, case_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the first victim of each case, masked: the name, or the telephone where no name is known.

    A case whose key was destroyed, or that has no victim, is left out.
    """
    rows = work.connection.execute(
        text(
            "SELECT DISTINCT ON (case_id) case_id, id, key_id, facts_cipher FROM parties"
            " WHERE case_id = ANY(:cases) AND role = 'victim' ORDER BY case_id, id"
        ),
        {"cases": list(case_ids)},
    ).all()
    keys = work.vault.load(work.connection, {row.key_id for row in rows})
    shown = {}
    for row in rows:
        key = keys.get(row.key_id)
        if key is not None:
            opened = key.open("parties", "facts", row.id, bytes(row.facts_cipher))
            facts = cast("dict[str, str | None]", loads(opened, max_bytes=_MAX_PARTY_BYTES))
            shown[row.case_id] = mask_name(facts["name"]) if facts.get("name") else mask_phone(facts.get("phone"))
    return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a row left the list: done or void, by whose hand; or whose it is now, where it only left a scope."""

    id: UUID
    state: str
    ended_by: str | None
    owner_id: UUID | None


def ended(connection: Connection, task_ids: Sequence[UUID]) -> list[Ended]:
    """Return what became of tasks that were on a list."""
    rows = connection.execute(
        text("SELECT id, state, ended_by, owner_id FROM tasks WHERE id = ANY(:ids)"), {"ids": list(task_ids)}
    )
    return [Ended(id=row.id, state=row.state, ended_by=row.ended_by, owner_id=row.owner_id) for row in rows]


def due_at(connection: Connection, task_id: UUID) -> datetime:
    """Return when a task is due.

    Raises:
        NotFound: The centre has no such task.
    """
    found: datetime | None = connection.scalar(text("SELECT due_at FROM tasks WHERE id = :id"), {"id": task_id})
    if found is None:
        raise NotFound("there is no such task")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """What an empty list says: when the last task was done, and what is due next."""

    last_done_at: datetime | None
    next_due_at: datetime | None
    next_kind: str | None
    next_case_no: str | None


def quiet(connection: Connection) -> Quiet:
    """Return what stands where there is nothing to do."""
    row = connection.execute(
        text(
            "SELECT (SELECT max(ended_at) FROM tasks WHERE state = 'done') AS last_done_at,"
            " d.due_at, d.kind, c.no FROM (SELECT 1) one LEFT JOIN LATERAL"
            " (SELECT due_at, kind, case_id FROM deadlines WHERE state = 'running' ORDER BY due_at, id LIMIT 1) d"
            " ON true LEFT JOIN cases c ON c.id = d.case_id"
        )
    ).one()
    return Quiet(last_done_at=row.last_done_at, next_due_at=row.due_at, next_kind=row.kind, next_case_no=row.no)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """The holds of one tier of a case in one state, added up in one asset; the institution where it is one only."""

    case_id: UUID
    tier: int
    state: str
    asset: str
    number: int
    traced_minor: int | None
    held_minor: int
    institution_zh: str | None
    institution_en: str | None
    took_seconds: float | None


def hops(connection: Connection, case_ids: Sequence[UUID]) -> list[Hop]:
    """Return where the money of cases is, tier by tier; a traced sum is None where one of its parts is unknown."""
    rows = connection.execute(
        text(
            "SELECT h.case_id, h.tier, h.state, h.asset, count(*) AS number,"
            " CASE WHEN bool_and(h.traced_minor IS NOT NULL) THEN sum(h.traced_minor) END AS traced_minor,"
            " sum(h.held_minor) AS held_minor,"
            " CASE WHEN min(i.code) = max(i.code) THEN min(i.name_zh) END AS institution_zh,"
            " CASE WHEN min(i.code) = max(i.code) THEN min(i.name_en) END AS institution_en,"
            " min(extract(epoch FROM h.executed_at - h.since))::float AS took_seconds"
            " FROM holds h LEFT JOIN institutions i ON i.id = h.institution_id"
            " WHERE h.case_id = ANY(:cases) AND h.state <> 'dropped'"
            " GROUP BY h.case_id, h.tier, h.state, h.asset ORDER BY h.case_id, h.tier, held_minor DESC, h.state"
        ),
        {"cases": list(case_ids)},
    )
    return [
        Hop(
            case_id=row.case_id,
            tier=row.tier,
            state=row.state,
            asset=row.asset,
            number=row.number,
            traced_minor=None if row.traced_minor is None else int(row.traced_minor),
            held_minor=int(row.held_minor),
            institution_zh=row.institution_zh,
            institution_en=row.institution_en,
            took_seconds=row.took_seconds,
        )
        for row in rows
    ]
