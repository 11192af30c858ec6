"""What a kind of request is for, whatever a scheme calls it."""

from workflows.scheme import Definition
from workflows.state import ProcedureState, Request


def role(definition: Definition, kind: str) -> str:
    """Return the role of a kind of request; the code itself where the definition gives no other."""
    return str(getattr(definition.requests[kind], "role", kind) or kind)


def is_release(definition: Definition, kind: str) -> bool:
    """Tell whether a request opens the money again."""
    return role(definition, kind) == "release"


def freezes(definition: Definition) -> tuple[str, ...]:
    """Return the kinds that make a lawful freeze of a stop."""
    return tuple(kind for kind in definition.requests if role(definition, kind) == "freeze")


def queues_freeze(definition: Definition, request: Request) -> bool:
    """Tell whether the institution answered that a freeze of ours stands in its queue."""
    outcome = definition.outcomes.get(request.outcome or "")
    effect = outcome.hold.get(request.kind) if outcome else None
    return effect == "queued_behind" and role(definition, request.kind) == "freeze"


def has_queued_freeze(definition: Definition, state: ProcedureState, hold_number: int) -> bool:
    """Tell whether a freeze of the hold stands in an institution's queue."""
    return any(
        request.hold_id.int == hold_number and queues_freeze(definition, request) for request in state.requests.values()
    )
