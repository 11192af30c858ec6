"""Recorded cases run again under another definition: what would have been otherwise, case by case and in sum."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import select

from antifraud.audit.models import entries
from antifraud.cases import definitions
from antifraud.cases.models import cases, procedures
from antifraud.cases.models import definitions as stored
from antifraud.work import Work
from workflows import AnyEvent, Definition, event_from_json
from workflows.codec import EVENT_TYPES
from workflows.simulating import Difference, simulate

AT_ONCE = 200
"""Cases read at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One procedure: what would have been otherwise."""

    case_no: str
    procedure_id: UUID
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All that was compared: `figures` are the facts by kind and verdict, summed over the procedures that differ."""

    procedures: int
    differing: int
    figures: Mapping[str, tuple[int, int]]


def compare(
    work: Work, other: Definition, *, numbers: Sequence[str] = (), since: datetime | None = None
) -> Iterator[Compared]:
    """Run the centre's recorded cases of the same scheme under another definition, oldest first.

    Args:
        work: The transaction; only read.
        other: The definition to try; procedures of another scheme (`id`) are left out.
        numbers: Only these cases.
        since: Only cases that were opened from this instant on.
    """
    wanted = select(cases.c.id, cases.c.no, cases.c.opened_month).order_by(cases.c.opened_at, cases.c.id)
    if numbers:
        wanted = wanted.where(cases.c.no.in_([number.strip().upper() for number in numbers]))
    if since is not None:
        wanted = wanted.where(cases.c.opened_at >= since)
    rows = work.connection.execute(wanted).all()
    for first in range(0, len(rows), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        under = _definitions_of(work, [row.id for row in some])
        for row in some:
            for procedure_id, history in _histories(work, row.id, row.opened_month).items():
                if under.get(procedure_id) == other.id:
                    known = partial(definitions.by_hash, work.connection)
                    found = simulate(history, other, known, until=work.now())
                    yield Compared(case_no=row.no, procedure_id=procedure_id, differences=found)


def newest(work: Work, scheme: str, most: int) -> list[str]:
    """Return the numbers of the newest cases with a procedure under a scheme, at most so many."""
    known = select(stored.c.content_hash).where(stored.c.id == scheme)
    under = select(procedures.c.case_id).where(procedures.c.content_hash.in_(known))
    return list(
        work.connection.scalars(
            select(cases.c.no).where(cases.c.id.in_(under)).order_by(cases.c.opened_at.desc(), cases.c.id).limit(most)
        )
    )


def summed(compared: Sequence[Compared]) -> Summary:
    """Return the sum over procedures."""
    was: Counter[str] = Counter()
    would_be: Counter[str] = Counter()
    for one in compared:
        for found in one.differences:
            if found.what == "figure":
                was[found.subject] += int(found.was)
                would_be[found.subject] += int(found.would_be)
    return Summary(
        procedures=len(compared),
        differing=sum(bool(one.differences) for one in compared),
        figures={name: (was[name], would_be[name]) for name in sorted(was.keys() | would_be.keys())},
    )


def _definitions_of(work: Work, case_ids: list[UUID]) -> dict[UUID, str]:
    """Return the id of the scheme that each procedure is under."""
    rows = work.connection.execute(
        select(procedures.c.id, procedures.c.content_hash).where(procedures.c.case_id.in_(case_ids))
    )
    return {row.id: definitions.by_hash(work.connection, row.content_hash).id for row in rows}


def _histories(work: Work, case_id: UUID, opened_month: object) -> dict[UUID, list[AnyEvent]]:
    """Return the recorded events of a case by procedure, in their order."""
    rows = work.connection.execute(
        select(entries.c.id, entries.c.at, entries.c.kind, entries.c.payload)
        .where(entries.c.opened_month == opened_month, entries.c.stream == f"case:{case_id}")
        .order_by(entries.c.seq)
    )
    found: dict[UUID, list[AnyEvent]] = {}
    for row in rows:
        if row.kind in EVENT_TYPES:
            payload = dict(row.payload)
            procedure_id = UUID(payload.pop("procedure_id"))
            found.setdefault(procedure_id, []).append(event_from_json(row.kind, row.id, row.at, payload))
    return found
