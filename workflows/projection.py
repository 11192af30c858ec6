"""A change of state as plain rows: the one place where state becomes tables.

The writer of a change and the check that replays it both use only this, so
that what stands in the tables can be compared with what the log gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from workflows import effects as fx
from workflows.state import Approval, Clock, Hold, ProcedureState, Request, Task

_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class DeadlineStarted:
    """Insert the deadline of this clock."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class DeadlineEnded:
    """Close the deadline: `how` is fired, met or void."""

    id: UUID
    how: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TaskOpened:
    """Insert the task."""

    task: Task


@dataclass(frozen=True, slots=True)
class TaskClosed:
    """Close the task: `how` is done or void."""

    id: UUID
    how: str
    at: datetime
    by: str | None


@dataclass(frozen=True, slots=True)
class ApprovalOpened:
    """Insert the approval."""

    approval: Approval


@dataclass(frozen=True, slots=True)
class ApprovalClosed:
    """Close the approval: `how` is given, refused or expired."""

    id: UUID
    how: str
    at: datetime
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """What one change writes; rows of a kind stand in the order in which they must be written."""

    holds: tuple[Hold, ...]
    requests: tuple[Request, ...]
    deadlines: tuple[DeadlineStarted | DeadlineEnded, ...]
    tasks: tuple[TaskOpened | TaskClosed, ...]
    approvals: tuple[ApprovalOpened | ApprovalClosed, ...]
    sends: tuple[fx.SendRequest, ...]
    reminders: tuple[fx.SendReminder, ...]
    stops: tuple[fx.StopSending, ...]
    facts: tuple[fx.RecordFact, ...]


def project(before: ProcedureState, after: ProcedureState, effects: tuple[fx.Effect, ...]) -> Projection:
    """Return the rows of a change: every hold and request that is new or differs, whole, and the effects by table."""
    deadlines: list[DeadlineStarted | DeadlineEnded] = []
    tasks: list[TaskOpened | TaskClosed] = []
    approvals: list[ApprovalOpened | ApprovalClosed] = []
    for effect in effects:
        match effect:
            case fx.StartClock():
                deadlines.append(DeadlineStarted(effect.clock))
            case fx.EndClock():
                deadlines.append(DeadlineEnded(effect.clock_id, effect.how, effect.at))
            case fx.OpenTask():
                tasks.append(TaskOpened(effect.task))
            case fx.CloseTask():
                tasks.append(TaskClosed(effect.task_id, effect.how, effect.at, effect.by))
            case fx.OpenApproval():
                approvals.append(ApprovalOpened(effect.approval))
            case fx.CloseApproval():
                approvals.append(ApprovalClosed(effect.approval_id, effect.how, effect.at, effect.by))
            case _:  # kinds without an order among tables: gathered below
                pass
    return Projection(
        holds=_changed(before.holds, after.holds),
        requests=_changed(before.requests, after.requests),
        deadlines=tuple(deadlines),
        tasks=tuple(tasks),
        approvals=tuple(approvals),
        sends=tuple(effect for effect in effects if isinstance(effect, fx.SendRequest)),
        reminders=tuple(effect for effect in effects if isinstance(effect, fx.SendReminder)),
        stops=tuple(effect for effect in effects if isinstance(effect, fx.StopSending)),
        facts=tuple(effect for effect in effects if isinstance(effect, fx.RecordFact)),
    )


def _changed(before: Mapping[UUID, _V], after: Mapping[UUID, _V]) -> tuple[_V, ...]:
    # Most are the same object as before, which is quickly told; what is merely equal is not written either.
    return tuple(value for key, value in after.items() if (known := before.get(key)) is not value and known != value)
