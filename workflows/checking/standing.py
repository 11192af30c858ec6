"""What stands open in a state: whose a clock or a task is, and how much of a hold is in the air."""

from uuid import UUID

from workflows.checking.shape import OVER
from workflows.state import Hold, ProcedureState, Request

APPEAL, CONFLICT = "objection", "contradiction"


def in_air(state: ProcedureState, hold: Hold) -> tuple[str, ...]:
    """Return which measures of a hold are open: requests, approvals, an objection, contradictions; sorted."""
    found = [approval.act + "?" for approval in state.approvals.values() if approval.hold_id == hold.id]
    for request in state.requests.values():
        if request.hold_id == hold.id:
            if request.stage not in OVER:
                found.append(request.kind)
            if request.conflict:
                found.append(CONFLICT)
    if hold.appeal_id is not None:
        found.append(APPEAL)
    return tuple(sorted(found))


def hold_of(state: ProcedureState, kind: str, subject_id: UUID) -> UUID | None:
    """Return the hold to which the subject of a clock or a task belongs."""
    match kind:
        case "hold":
            return subject_id if subject_id in state.holds else None
        case "request":
            return state.requests[subject_id].hold_id if subject_id in state.requests else None
        case "approval":
            return state.approvals[subject_id].hold_id if subject_id in state.approvals else None
        case "task":
            task = state.tasks.get(subject_id)
            return hold_of(state, task.subject_kind, task.subject_id) if task else None
        case _:
            return None


def is_last(state: ProcedureState, request: Request) -> bool:
    """Tell whether a request is the last one about its hold."""
    own = [other for other in state.requests.values() if other.hold_id == request.hold_id]
    return request is max(own, key=lambda other: (other.created_at, other.id))
