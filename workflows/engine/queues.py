"""Holds that wait behind an earlier authority (轮候): when its end comes, somebody looks, or it is asked again."""

from datetime import datetime

from workflows.engine import measures, waits
from workflows.engine.step import EventRefused, Step
from workflows.scheme_clocks import Queue
from workflows.state import Clock, Hold

_STATED = "queue.stated"
_REVIEW = "queue.review"


def begin(step: Step, hold: Hold, ends_at: datetime | None) -> None:
    """Let the earlier authority's end wait, or a review where the institution named none."""
    queue = step.definition.queue
    step.end_clocks_of(hold.id, "void", "queue_end")
    if queue is None:
        return
    if ends_at is not None:
        source = queue.source
        step.start_clock("queue_end", "hold", hold.id, waits.at_instant(step, _STATED, ends_at, source))
    elif queue.review is not None:
        step.start_clock("queue_end", "hold", hold.id, step.derive(queue.review, step.at))


def end(step: Step, hold: Hold) -> None:
    """The hold waits behind nobody any more."""
    if step.definition.queue is None:
        return
    step.end_clocks_of(hold.id, "met", "queue_end")
    step.close_tasks_of(hold.id, step.definition.queue.task)


def queue_over(step: Step, hold: Hold, clock: Clock) -> None:
    """The earlier authority's end has come: ask again what waits, or have a person look."""
    queue = step.definition.queue
    if queue is None:
        return
    in_queue = hold.state == "queued_behind"  # else a person has to settle first what it is
    if in_queue and clock.derivation.rule == _STATED and queue.on_end == "ask" and _ask_again(step, hold):
        return
    _look(step, hold, queue)


def _look(step: Step, hold: Hold, queue: Queue) -> None:
    step.open_task(queue.task, "hold", hold.id, reason="queue")
    if queue.review is not None:
        step.end_clocks_of(hold.id, "void", "queue_end")
        step.start_clock("queue_end", "hold", hold.id, step.derive(queue.review, step.at))


def _ask_again(step: Step, hold: Hold) -> bool:
    """Ask again what is queued, with the approval that the definition wants; False where it is not possible now."""
    answered = [
        request
        for request in step.requests_of(hold.id)
        if request.outcome is not None
        and step.definition.outcome_of(request.outcome, request.kind).hold.get(request.kind) == "queued_behind"
    ]
    if not answered:
        return False
    last = max(answered, key=lambda request: (request.created_at, request.id))
    try:
        measures.ask_again(step, hold, last)
    except EventRefused:
        return False
    return True
