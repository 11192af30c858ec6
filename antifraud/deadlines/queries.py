"""Reads of the waits for others: what an ended one was about."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from antifraud.deadlines.models import deadlines


@dataclass(frozen=True, slots=True)
class Wait:
    """One wait: which clock of the definition, about what, and due when."""

    id: UUID
    kind: str
    subject_kind: str
    subject_id: UUID
    step: int
    due_at: datetime


def waits_by_id(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Wait]:
    """Return those of the waits that are there, running or over."""
    if not ids:
        return {}
    rows = connection.execute(select(*(deadlines.c[name] for name in Wait.__slots__)).where(deadlines.c.id.in_(ids)))
    return {row.id: Wait(*row) for row in rows}
