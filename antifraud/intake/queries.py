"""Reads of the reports for others: when and by which way a case was reported, never what was said."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from antifraud.auth.models import sources
from antifraud.intake.models import reports


@dataclass(frozen=True, slots=True)
class Reported:
    """One report of a case."""

    id: UUID
    no: str
    source_code: str
    source_name: str
    channel: str | None
    received_at: datetime
    origin: str


def reports_of(connection: Connection, case_id: UUID) -> list[Reported]:
    """Return the reports that a case was made of, the first one first."""
    rows = connection.execute(
        select(
            reports.c.id,
            reports.c.no,
            sources.c.code,
            sources.c.name,
            reports.c.channel,
            reports.c.received_at,
            reports.c.origin,
        )
        .join(sources, sources.c.id == reports.c.source_id)
        .where(reports.c.case_id == case_id)
        .order_by(reports.c.received_at, reports.c.id)
    )
    return [Reported(*row) for row in rows]


def case_of_report(connection: Connection, number: str) -> UUID | None:
    """Return the case of the report of that number; None where there is no such report, or it has no case yet."""
    found: UUID | None = connection.scalar(select(reports.c.case_id).where(reports.c.no == number))
    return found
