"""A wait with all that its due instant came from, and the instant computed again from that alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text

from antifraud.cases import definitions
from antifraud.cases.models import cases, procedures
from antifraud.deadlines.models import deadlines
from workflows.clocks import recompute, tzdata_version
from workflows.codec import derivation_from_json
from workflows.state import Derivation


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A wait, and all that a stranger needs to compute its due instant.

    `institution` and `country` are those of the institution that it is about, where it is about one.
    """

    id: UUID
    case_no: str
    kind: str
    subject_kind: str
    subject_id: UUID
    step: int
    due_at: datetime
    derivation: Mapping[str, Any]
    content_hash: str
    recomputed_at: datetime
    tzdata: str
    confidence: str | None
    institution: str | None
    country: str | None
    state: str
    started_at: datetime
    ended_at: datetime | None
    late_by_seconds: float | None
    caught_up: bool

    @property
    def agrees(self) -> bool:
        """Tell whether the instant is the one that its derivation gives."""
        return self.recomputed_at == self.due_at

    def read(self) -> Derivation:
        """Return the derivation as the engine reads it."""
        return derivation_from_json(self.derivation)


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
    institution, country = _institution(connection, row.subject_kind, row.subject_id)
    return Explanation(
        id=row.id,
        case_no=row.no,
        kind=row.kind,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        step=row.step,
        due_at=row.due_at,
        derivation=row.derivation,
        content_hash=row.content_hash,
        recomputed_at=recomputed(row.derivation),
        tzdata=tzdata_version(),
        confidence=max(within, key=lambda line: len(line.path)).confidence if within else None,
        institution=institution,
        country=country,
        state=row.state,
        started_at=row.started_at,
        ended_at=row.ended_at,
        late_by_seconds=None if row.late_by_seconds is None else float(row.late_by_seconds),
        caught_up=row.caught_up,
    )


def waits_of_case(connection: Connection, case_id: UUID) -> dict[tuple[UUID, datetime], UUID]:
    """Return the waits of a case that run, by what they are about and when they are due: where each is explained."""
    rows = connection.execute(
        select(deadlines.c.id, deadlines.c.subject_id, deadlines.c.due_at).where(
            deadlines.c.case_id == case_id, deadlines.c.state == "running"
        )
    )
    return {(row.subject_id, row.due_at): row.id for row in rows}


def wait_about(connection: Connection, case_no: str, subject_id: UUID) -> UUID | None:
    """Return the next wait about something in a case, or the last that was, if none runs."""
    found: UUID | None = connection.scalar(
        select(deadlines.c.id)
        .join(cases, cases.c.id == deadlines.c.case_id)
        .where(cases.c.no == case_no, deadlines.c.subject_id == subject_id)
        .order_by(
            (deadlines.c.state == "running").desc(),
            deadlines.c.ended_at.desc().nulls_last(),
            deadlines.c.due_at,
        )
        .limit(1)
    )
    return found


_INSTITUTION = """
    SELECT code, country FROM institutions WHERE id = coalesce(
        (SELECT institution_id FROM requests WHERE id = :subject),
        (SELECT institution_id FROM holds WHERE id = :subject))
"""


def _institution(connection: Connection, subject_kind: str, subject_id: UUID) -> tuple[str | None, str | None]:
    if subject_kind not in {"request", "hold"}:
        return None, None
    row = connection.execute(text(_INSTITUTION), {"subject": subject_id}).one_or_none()
    return (None, None) if row is None else (row.code, row.country)
