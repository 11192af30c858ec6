"""Every procedure folded again from the log, under the definition it is pinned to: the rows that must be there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from antifraud.cases.projected import (
    Place,
    approval_row,
    deadline_row,
    fact_row,
    hold_row,
    request_row,
    task_row,
)
from antifraud.deadlines.service import CAUGHT_UP_AFTER_SECONDS
from workflows import (
    AnyEvent,
    Definition,
    EventRefused,
    InvalidPayload,
    ProcedureState,
    Projection,
    advance,
    event_from_json,
    project,
    state_to_json,
)
from workflows.codec import EVENT_TYPES
from workflows.events import DefinitionMigrated, ProcedureOpened
from workflows.projection import (
    ApprovalClosed,
    ApprovalOpened,
    DeadlineEnded,
    DeadlineStarted,
    TaskClosed,
    TaskOpened,
)

Rows = dict[UUID, dict[str, Any]]
_MICROSECOND = Decimal("0.000001")


@dataclass(slots=True)
class Expected:
    """What the log gives of one case: each table's rows by id."""

    procedures: Rows = field(default_factory=dict)
    holds: Rows = field(default_factory=dict)
    requests: Rows = field(default_factory=dict)
    deadlines: Rows = field(default_factory=dict)
    tasks: Rows = field(default_factory=dict)
    approvals: Rows = field(default_factory=dict)
    facts: Rows = field(default_factory=dict)

    def table(self, name: str) -> Rows:
        """Return the rows of one table."""
        rows: Rows = getattr(self, name)
        return rows


@dataclass(frozen=True, slots=True)
class Break:
    """An entry that cannot be what happened: the replay of its procedure ends there."""

    seq: int
    expected: str
    found: str


class Replay:
    """One case's log, entry by entry.

    Args:
        centre_id: The centre of the case.
        case_id: The case.
        definition: Gives a stored definition by its content hash, or raises `LookupError`.
    """

    def __init__(self, centre_id: UUID, case_id: UUID, definition: Callable[[str], Definition]) -> None:
        self.expected = Expected()
        self._centre_id = centre_id
        self._case_id = case_id
        self._definition = definition
        self._pinned: dict[UUID, Definition] = {}
        self._states: dict[UUID, ProcedureState] = {}

    def run(self, entries: Sequence[Row[Any]]) -> Iterator[Break]:
        """Fold the entries; yield the first break of each procedure."""
        broken: set[UUID] = set()
        for row in entries:
            if row.kind not in EVENT_TYPES:
                continue
            payload = dict(row.payload)
            try:
                procedure_id = UUID(payload.pop("procedure_id"))
            except (KeyError, ValueError, TypeError, AttributeError):
                yield Break(row.seq, "the id of a procedure", "none")
                continue
            if procedure_id in broken:
                continue
            try:
                self._fold(procedure_id, row, event_from_json(row.kind, row.id, row.at, payload))
            except (EventRefused, InvalidPayload, LookupError) as refusal:
                broken.add(procedure_id)
                yield Break(row.seq, f"a {row.kind} that can happen", str(refusal))
        for procedure_id, state in self._states.items():
            self.expected.procedures[procedure_id] |= {
                "content_hash": self._pinned[procedure_id].content_hash,
                "state": state_to_json(state),
                "state_schema": state.schema,
            }

    def _fold(self, procedure_id: UUID, row: Row[Any], event: AnyEvent) -> None:
        if isinstance(event, (ProcedureOpened, DefinitionMigrated)):
            self._pinned[procedure_id] = self._definition(event.content_hash)
        definition = self._pinned.get(procedure_id)
        if definition is None:
            message = f"procedure {procedure_id} was never opened"
            raise LookupError(message)
        before = self._states.get(procedure_id, ProcedureState())
        after, effects = advance(definition, before, event)
        if after is before and not effects:
            message = "it changes nothing: it had happened before"
            raise EventRefused(message)
        place = Place(centre_id=self._centre_id, case_id=self._case_id, procedure_id=procedure_id)
        if procedure_id not in self._states:
            self.expected.procedures[procedure_id] = {
                "id": procedure_id,
                "centre_id": self._centre_id,
                "case_id": self._case_id,
                "opened_at": event.at,
            }
        self._states[procedure_id] = after
        self._take(place, row, event, after, project(before, after, effects))

    def _take(
        self, place: Place, row: Row[Any], event: AnyEvent, after: ProcedureState, projection: Projection
    ) -> None:
        expected = self.expected
        for hold in projection.holds:
            expected.holds[hold.id] = hold_row(place, hold)
        for request in projection.requests:
            institution_id = after.holds[request.hold_id].institution_id
            if institution_id is None:
                message = f"request {request.id} goes to no institution"
                raise LookupError(message)
            expected.requests[request.id] = request_row(place, request, institution_id)
        for ordinal, fact in enumerate(projection.facts):
            written = fact_row(place, fact, event, ordinal, row.recorded_at)
            expected.facts[written["id"]] = written
        self._take_waits(place, event, projection)

    def _take_waits(self, place: Place, event: AnyEvent, projection: Projection) -> None:
        expected = self.expected
        for deadline in projection.deadlines:
            match deadline:
                case DeadlineStarted(clock=clock):
                    expected.deadlines[clock.id] = {
                        **deadline_row(place, clock, event),
                        "ended_at": None,
                        "late_by_seconds": None,
                        "caught_up": False,
                    }
                case DeadlineEnded():
                    expected.deadlines[deadline.id] |= _ended(expected.deadlines[deadline.id], deadline)
        for item in projection.tasks:
            match item:
                case TaskOpened(task=task):
                    expected.tasks[task.id] = {**task_row(place, task, event), "ended_at": None, "ended_by": None}
                case TaskClosed():
                    expected.tasks[item.id] |= {"state": item.how, "ended_at": item.at, "ended_by": item.by}
        for decision in projection.approvals:
            match decision:
                case ApprovalOpened(approval=approval):
                    expected.approvals[approval.id] = {
                        **approval_row(place, approval, event),
                        "decided_by": None,
                        "decided_at": None,
                    }
                case ApprovalClosed():
                    expected.approvals[decision.id] |= {
                        "state": decision.how,
                        "decided_by": decision.by,
                        "decided_at": decision.at,
                    }


def _ended(row: dict[str, Any], ended: DeadlineEnded) -> dict[str, Any]:
    late = max((ended.at - row["due_at"]).total_seconds(), 0)
    return {
        "state": ended.how,
        "ended_at": ended.at,
        "late_by_seconds": Decimal(repr(late)).quantize(_MICROSECOND),
        "caught_up": ended.how == "fired" and late > CAUGHT_UP_AFTER_SECONDS,
    }
