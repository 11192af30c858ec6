"""Answer clocks that stand still: stopped by what an institution says or by a person, never beyond the hard end."""

from datetime import datetime

from workflows.clocks import pause, resume
from workflows.copying import replace
from workflows.engine import waits
from workflows.engine.step import OVER, EventRefused, Step
from workflows.events import ClockPaused, ClockResumed
from workflows.state import Clock, Derivation, Request

_PAUSABLE = ("answer", "answer_limit")


def said(step: Step, request: Request, code: str) -> Request:
    """Stop or resume the answer clock of a request where the definition lets this code do so."""
    limits = step.answer_clock(request)
    if request.paused_at is None and code in limits.pause_on and _running(step, request):
        return _pause(step, request)
    if request.paused_at is not None and code in limits.resume_on:
        return _resume(step, request)
    return request


def clock_paused(step: Step, event: ClockPaused) -> None:
    """Stop the answer clock because a person says so.

    Raises:
        EventRefused: The definition lets nothing stop this clock, or it does not run.
    """
    request = step.request(event.request_id)
    if event.id in request.replies:
        return
    if not step.answer_clock(request).pause_on:
        msg = f"the definition lets nothing stop the answer clock of a request of kind {request.kind}"
        raise EventRefused(msg)
    if request.stage in OVER or request.paused_at is not None or not _running(step, request):
        msg = f"the answer clock of request {request.id} does not run"
        raise EventRefused(msg)
    _pause(step, step.put_request(replace(request, replies=(*request.replies, event.id))))


def clock_resumed(step: Step, event: ClockResumed) -> None:
    """Let the answer clock run again because a person says so.

    Raises:
        EventRefused: It is not stopped.
    """
    request = step.request(event.request_id)
    if event.id in request.replies:
        return
    if request.paused_at is None or not _running(step, request):
        msg = f"the answer clock of request {request.id} is not stopped"
        raise EventRefused(msg)
    _resume(step, step.put_request(replace(request, replies=(*request.replies, event.id))))


def _running(step: Step, request: Request) -> list[Clock]:
    """Return the running limits of the answer that may stand still: those with a hard end."""
    clocks = step.clocks_of(request.id, *_PAUSABLE)
    return [clock for clock in clocks if clock.derivation.counting and clock.derivation.counting.hard_end]


def _pause(step: Step, request: Request) -> Request:
    step.end_clocks_of(request.id, "void", "reminder")
    moved = [(clock, step.settle(pause(clock.derivation, step.at))) for clock in _running(step, request)]
    return _move(step, request, moved, paused_at=step.at)


def _resume(step: Step, request: Request) -> Request:
    moved = [(clock, step.settle(resume(clock.derivation, step.at))) for clock in _running(step, request)]
    request = _move(step, request, moved, paused_at=None)
    for clock in step.clocks_of(request.id, "answer"):
        waits.next_reminder(step, request, clock.derivation, 0)
    return request


def _move(
    step: Step, request: Request, moved: list[tuple[Clock, Derivation]], *, paused_at: datetime | None
) -> Request:
    """Let the limits run to their new instants: the old clocks end, and stay written down."""
    due = request.answer_due_at
    for clock, derivation in moved:
        step.end_clock(clock, "void")
        derivation = step.settle(replace(derivation, start_event=step.cause))  # noqa: PLW2901 - as it was recorded
        step.start_clock(clock.kind, "request", request.id, derivation)
        if clock.kind == "answer":
            due = derivation.due_at
    return step.put_request(replace(request, paused_at=paused_at, answer_due_at=due))
