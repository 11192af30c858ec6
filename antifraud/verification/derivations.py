"""A due instant computed again from how it says that it came about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from antifraud.cases import definitions
from antifraud.cases.models import cases, procedures
from antifraud.deadlines.models import deadlines
from workflows.clocks import recompute, tzdata_version
from workflows.codec import derivation_from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A wait, and all that a stranger needs to compute its due instant."""

    id: UUID
    case_no: str
    kind: str
    subject_kind: str
    subject_id: UUID
    step: int
    due_at: datetime
    derivation: Mapping[str, Any]
    recomputed_at: datetime
    tzdata: str
    confidence: str | None
    state: str
    started_at: datetime
    ended_at: datetime | None
    late_by_seconds: float | None
    caught_up: bool

    @property
    def agrees(self) -> bool:
        """Tell whether the instant is the one that its derivation gives."""
        return self.recomputed_at == self.due_at


def recomputed(derivation: Mapping[str, Any]) -> datetime:
    """Return the instant that a stored derivation gives by its own fields, with the zone data of this installation.

    A negative length counts back from the end that it warns of; counted days
    are counted with the dates that the derivation itself names.

    Raises:
        InvalidLength: The length or the calendar is none.
        UnknownZone: The zone is none.
    """
    return recompute(derivation_from_json(derivation))


def explain(connection: Connection, deadline_id: UUID) -> Explanation | None:
    """Return how a wait of the centre came about, or None if it has none of that id."""
    row = connection.execute(
        select(deadlines, cases.c.no, procedures.c.content_hash)
        .join(cases, cases.c.id == deadlines.c.case_id)
        .join(procedures, procedures.c.id == deadlines.c.procedure_id)
        .where(deadlines.c.id == deadline_id)
    ).one_or_none()
    if row is None:
        return None
    rule = row.derivation["rule"]
    known = definitions.by_hash(connection, row.content_hash).provenance
    within = [line for line in known if rule == line.path or rule.startswith((f"{line.path}.", f"{line.path}["))]
    return Explanation(
        id=row.id,
        case_no=row.no,
        kind=row.kind,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        step=row.step,
        due_at=row.due_at,
        derivation=row.derivation,
        recomputed_at=recomputed(row.derivation),
        tzdata=tzdata_version(),
        confidence=max(within, key=lambda line: len(line.path)).confidence if within else None,
        state=row.state,
        started_at=row.started_at,
        ended_at=row.ended_at,
        late_by_seconds=None if row.late_by_seconds is None else float(row.late_by_seconds),
        caught_up=row.caught_up,
    )
