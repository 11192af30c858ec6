"""What stands in the tables for a value of the workflow: one pure function a table.

The writer (`rows`) and the check that replays the log both use only these, so
that each column of the projection can be compared with what the log gives.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from antifraud.cases import models
from antifraud.foundation.json import canonical
from workflows import derived_id, value_to_json
from workflows.effects import RecordFact
from workflows.events import Event
from workflows.state import Approval, Clock, Hold, Request, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a row belongs."""

    centre_id: UUID
    case_id: UUID
    procedure_id: UUID

    def columns(self) -> dict[str, Any]:
        """Return the columns that every projected row has."""
        return {"centre_id": self.centre_id, "case_id": self.case_id, "procedure_id": self.procedure_id}


def columns_of(value: object, table: Table) -> dict[str, Any]:
    """Return the fields of a frozen value that the table has columns for."""
    kind: Any = type(value)
    return {name: getattr(value, name) for name in _shared(kind, table)}


@cache
def _shared(kind: Any, table: Table) -> tuple[str, ...]:  # noqa: ANN401 - a data class
    """Return the fields of a kind that the table has columns for."""
    return tuple(name for name in table.c.keys() if hasattr(kind, name))  # noqa: SIM118 - column names


def hold_row(place: Place, hold: Hold) -> dict[str, Any]:
    """Return the row of a hold."""
    return {**columns_of(hold, models.holds), **place.columns()}


def request_row(place: Place, request: Request, institution_id: UUID) -> dict[str, Any]:
    """Return the row of a request as the log gives it; its replies are rows of their own."""
    return {
        **columns_of(request, models.requests),
        **place.columns(),
        "documents": list(request.documents),
        "institution_id": institution_id,
    }


def approval_row(place: Place, approval: Approval, event: Event) -> dict[str, Any]:
    """Return the row of an approval that ``event`` asked for."""
    return {
        **place.columns(),
        "id": approval.id,
        "hold_id": approval.hold_id,
        "act": approval.act,
        "payload_hash": hashlib.sha256(canonical(value_to_json(approval))).digest(),
        "asked_by": approval.asked_by,
        "asked_at": event.at,
        "state": "waiting",
    }


def task_row(place: Place, task: Task, event: Event) -> dict[str, Any]:
    """Return the row of a task that ``event`` opened, without its label (which the log does not know)."""
    return {**columns_of(task, models.tasks), **place.columns(), "state": "open", "opened_at": event.at}


def deadline_row(place: Place, clock: Clock, event: Event) -> dict[str, Any]:
    """Return the row of a wait that ``event`` started."""
    return {
        **place.columns(),
        "id": clock.id,
        "kind": clock.kind,
        "subject_kind": clock.subject_kind,
        "subject_id": clock.subject_id,
        "step": clock.step,
        "due_at": clock.due_at,
        "derivation": value_to_json(clock.derivation),
        "state": "running",
        "started_at": event.at,
    }


def fact_row(place: Place, fact: RecordFact, event: Event, ordinal: int, recorded_at: datetime) -> dict[str, Any]:
    """Return the row of the ``ordinal``-th fact of ``event``."""
    return {
        **columns_of(fact, models.facts),
        **place.columns(),
        "id": derived_id(event.at, event.id, "fact", ordinal),
        "recorded_at": recorded_at,
    }
