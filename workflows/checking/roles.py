"""What a kind of request is for, whatever a scheme calls it."""

from workflows.scheme import HOLDING, Definition
from workflows.state import Hold, ProcedureState, Request


def is_release(definition: Definition, kind: str) -> bool:
    """Tell whether a request opens the money again."""
    return definition.role_of(kind) == "release"


def freezes(definition: Definition) -> tuple[str, ...]:
    """Return the kinds that make a lawful freeze of a stop."""
    return tuple(kind for kind, rules in definition.requests.items() if rules.role == "freeze")


def is_held(definition: Definition, state: ProcedureState, hold: Hold) -> bool:
    """Tell whether an institution said that it keeps the money, or that a freeze of ours stands in its queue."""
    if hold.state in {"stopped", "frozen"}:
        return True
    return any(
        request.outcome is not None and request.hold_id.int == hold.id.int and _keeps(definition, request)
        for request in state.requests.values()
    )


def _keeps(definition: Definition, request: Request) -> bool:
    outcome = definition.outcomes.get(request.outcome or "")
    effect = outcome.hold.get(request.kind) if outcome else None
    return effect in HOLDING or (effect == "queued_behind" and definition.role_of(request.kind) == "freeze")
