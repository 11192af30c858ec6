"""An institution that does not answer: the ladder at the first limit, what the scheme makes of silence at the last."""

from workflows.copying import replace
from workflows.engine import answers, facts, measures, waits
from workflows.engine.step import Step
from workflows.state import Request


def unanswered(step: Step, request: Request) -> None:
    """The first limit passed: it is late from now on; where there is no second limit, this was the last."""
    limits = step.answer_clock(request)
    request = step.put_request(replace(request, late=True))
    start = request.delivered_at or request.created_at
    facts.boxed(step, "answer", request, limits.box, start=start, stop=None, verdict="late", due=request.answer_due_at)
    step.end_clocks_of(request.id, "void", "reminder")
    if step.clocks_of(request.id, "answer_limit"):
        _ring(step, request)
    else:
        _silent(step, request)


def limit_reached(step: Step, request: Request) -> None:
    """The scheme's own limit passed as well."""
    limits = step.answer_clock(request)
    start = request.delivered_at or request.created_at
    if limits.fallback is not None:
        facts.boxed(step, "answer_limit", request, limits.fallback, start=start, stop=None, verdict="late")
    _silent(step, request)


def _silent(step: Step, request: Request) -> None:
    limits = step.answer_clock(request)
    if limits.on_lapse == "deemed" and limits.deemed is not None and answers.deem(step, request, limits.deemed):
        return
    if limits.on_lapse == "query":
        _query(step, request)
    _ring(step, request)


def _ring(step: Step, request: Request) -> None:
    if not step.clocks_of(request.id, "ladder"):
        waits.start_ladder(step, step.requests[request.id])


def _query(step: Step, request: Request) -> None:
    """Ask for the state, once: a question about a question would never end."""
    role = step.definition.role_of
    if role(request.kind) == "query":
        return
    hold = step.hold(request.hold_id)
    if any(role(other.kind) == "query" for other in step.open_requests_of(hold.id)):
        return
    measures.send(step, hold, step.definition.kind_for("query"), asked_minor=request.asked_minor)
