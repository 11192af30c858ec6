"""What a clock does whose due instant has come."""

from uuid import UUID

from workflows.engine import chasing, conditions, limits, queues, recounts, terms, waits
from workflows.engine.maps import about
from workflows.engine.step import EventRefused, Step
from workflows.events import ClockReached
from workflows.state import Clock


def clock_reached(step: Step, event: ClockReached) -> None:
    """Do what the definition says at the due instant; an ended clock is no longer known and does nothing."""
    clock = step.clocks.get(event.clock_id)
    if clock is None:
        return
    if event.at < clock.due_at:
        msg = f"clock {clock.id} is not due before {clock.due_at.isoformat()}"
        raise EventRefused(msg)
    if clock.derivation.is_uncounted:
        recounts.uncounted(step, clock)
        return
    match clock.subject_kind:
        case "task":
            _repeat_task(step, clock.subject_id)
        case "approval":
            approval = step.approvals[clock.subject_id]
            step.close_approval(approval, "expired", clock="fired")
            step.open_task(step.definition.approval_task, "hold", approval.hold_id, reason=approval.act)
        case "request":
            step.end_clock(clock, "fired")
            _of_request(step, clock)
        case _:
            step.end_clock(clock, "fired")
            _of_hold(step, clock)


def _of_request(step: Step, clock: Clock) -> None:
    request = step.requests[clock.subject_id]
    match clock.kind:
        case "receipt":
            waits.undelivered(step, request)
        case "answer" if request.told:
            chasing.ask_itself(step, request)
        case "answer":
            limits.unanswered(step, request)
        case "answer_limit":
            limits.limit_reached(step, request)
        case "reminder":
            waits.remind(step, request, clock)
        case "ladder":
            waits.climb(step, request, clock.step)
        case _:
            _unknown(clock)


def _of_hold(step: Step, clock: Clock) -> None:
    hold = step.holds[clock.subject_id]
    match clock.kind:
        case "stop_warning" | "freeze_warning":
            terms.warn(step, hold, clock)
        case "stop_end" | "freeze_end":
            terms.term_over(step, hold, clock)
        case "stop_review" | "freeze_review":
            terms.look_again(step, hold, clock)
        case "condition":
            conditions.missed(step, hold, clock)
        case "condition_warning":
            conditions.warn(step, hold, clock)
        case "queue_end":
            queues.queue_over(step, hold, clock)
        case _:
            _unknown(clock)


def _unknown(clock: Clock) -> None:
    msg = f"clock {clock.id} is of kind {clock.kind}, which nothing starts"
    raise AssertionError(msg)


def _repeat_task(step: Step, task_id: UUID) -> None:
    task = step.tasks[task_id]
    for clock in about(task_id, step.clocks.values()):
        step.end_clock(clock, "fired")
    step.open_task(task.kind, task.subject_kind, task.subject_id, level=task.level + 1, reason=task.reason, again=True)
