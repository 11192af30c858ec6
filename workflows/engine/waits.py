"""What a wait that is over does: reminders, the ladder, warnings, lapse."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from workflows import effects as fx
from workflows.clocks import derive, derive_before, derive_share
from workflows.engine import facts
from workflows.engine.step import OVER, EventRefused, Step, about
from workflows.events import ChannelMissing, ClockReached, ReminderAsked
from workflows.scheme import Term
from workflows.state import Clock, Hold, Request

BY_HAND = 0
"""The number of a reminder that a person asked for; those that come by themselves count from 1."""
TERM_CLOCKS = ("stop_end", "stop_warning", "freeze_end", "freeze_warning")


def clock_reached(step: Step, event: ClockReached) -> None:
    """Do what the definition says at the due instant; an ended clock is no longer known and does nothing."""
    clock = step.clocks.get(event.clock_id)
    if clock is None:
        return
    if event.at < clock.due_at:
        msg = f"clock {clock.id} is not due before {clock.due_at.isoformat()}"
        raise EventRefused(msg)
    if clock.kind == "task":
        _repeat_task(step, clock.subject_id)
        return
    if clock.kind == "approval":
        approval = step.approvals[clock.subject_id]
        step.close_approval(approval, "expired", clock="fired")
        step.open_task(step.definition.approval_task, "hold", approval.hold_id, reason=approval.act)
        return
    step.end_clock(clock, "fired")
    match clock.kind:
        case "receipt":
            _undelivered(step, step.requests[clock.subject_id])
        case "answer":
            _unanswered(step, step.requests[clock.subject_id])
        case "reminder":
            _remind(step, step.requests[clock.subject_id], clock)
        case "ladder":
            climb(step, step.requests[clock.subject_id], clock.step)
        case "stop_warning" | "freeze_warning":
            _warn(step, step.holds[clock.subject_id], clock)
        case "stop_end" | "freeze_end":
            lapse(step, step.holds[clock.subject_id], clock)
        case _:
            msg = f"clock {clock.id} is of kind {clock.kind}, which nothing starts"
            raise AssertionError(msg)


def _repeat_task(step: Step, task_id: UUID) -> None:
    task = step.tasks[task_id]
    for clock in about(task_id, step.clocks.values()):
        step.end_clock(clock, "fired")
    step.open_task(task.kind, task.subject_kind, task.subject_id, level=task.level + 1, reason=task.reason, again=True)


# -- requests


def await_receipt(step: Step, request: Request) -> None:
    """Start the wait for delivery."""
    box = step.definition.receipt[request.urgency]
    step.start_clock("receipt", "request", request.id, derive(box, request.created_at, step.cause))


def await_answer(step: Step, request: Request, start: datetime) -> Request:
    """Start the wait for the answer and the first reminder that still lies ahead."""
    box = step.definition.answer[request.urgency]
    derivation = derive(box, start, step.cause)
    request = step.put_request(replace(request, answer_due_at=derivation.due_at))
    step.start_clock("answer", "request", request.id, derivation)
    _next_reminder(step, request, start, 0)
    return request


def _next_reminder(step: Step, request: Request, start: datetime, first: int) -> None:
    box = step.definition.answer[request.urgency]
    for index in range(first, len(step.definition.reminder_percents)):
        percent = step.definition.reminder_percents[index]
        derivation = derive_share(box, percent, f"clocks.reminder.at_percent[{index}]", start, step.cause)
        if derivation.due_at > step.at:
            step.start_clock("reminder", "request", request.id, derivation, step=index)
            return


def reminder_asked(step: Step, event: ReminderAsked) -> None:
    """Remind the institution now; what it does not have yet, or has answered, needs no reminder."""
    request, apart = step.request(event.request_id), step.definition.reminder_apart
    if request.reminded_at == event.at:
        return  # an old event again
    if request.stage in OVER:
        msg = f"request {request.id} is {request.stage}: there is nothing to remind of"
        raise EventRefused(msg)
    if request.stage == "queued":
        msg = f"request {request.id} was not delivered yet: it is still being sent"
        raise EventRefused(msg)
    if request.reminded_at is not None and event.at - request.reminded_at < apart.absolute():
        msg = f"request {request.id} was reminded of less than {apart.text} ago"
        raise EventRefused(msg)
    step.put_request(replace(request, reminded_at=event.at))
    step.effects.append(fx.SendReminder(request_id=request.id, number=BY_HAND))


def _remind(step: Step, request: Request, clock: Clock) -> None:
    request = step.put_request(replace(request, reminded_at=step.at))
    step.effects.append(fx.SendReminder(request_id=request.id, number=clock.step + 1))
    _next_reminder(step, request, clock.derivation.started_at, clock.step + 1)


def _undelivered(step: Step, request: Request) -> None:
    request = step.put_request(replace(request, undelivered=True))
    box = step.definition.receipt[request.urgency]
    facts.boxed(step, "delivery", request, box, start=request.created_at, stop=None, verdict="undelivered")
    step.open_task(step.definition.fallback_task, "request", request.id)
    start_ladder(step, request)


def channel_missing(step: Step, event: ChannelMissing) -> None:
    """Give the request to a person now: there is no channel whose receipt could be waited for."""
    request = step.request(event.request_id)
    if request.stage != "queued" or request.by_hand:
        return
    step.put_request(replace(request, by_hand=True))
    step.open_task(step.definition.fallback_task, "request", request.id, reason="no_channel")


def _unanswered(step: Step, request: Request) -> None:
    request = step.put_request(replace(request, late=True))
    start = request.delivered_at or request.created_at
    facts.boxed(
        step, "answer", request, step.definition.answer[request.urgency], start=start, stop=None, verdict="late"
    )
    step.end_clocks_of(request.id, "void", "reminder")
    start_ladder(step, request)


def start_ladder(step: Step, request: Request) -> None:
    """Begin with the first step: at once where the definition gives it no time."""
    first = step.definition.rungs[0].after
    if first.length.absolute():
        step.start_clock("ladder", "request", request.id, derive(first, step.at, step.cause))
    else:
        climb(step, request, 0)


def climb(step: Step, request: Request, index: int) -> None:
    """Go to a step of the ladder, and let the next one wait; the last is repeated until somebody answers."""
    rungs = step.definition.rungs
    rung = rungs[min(index, len(rungs) - 1)]
    step.close_tasks_of(request.id, rung.task)
    step.open_task(rung.task, "request", request.id, level=index + 1)
    following = rungs[index + 1].after if index + 1 < len(rungs) else step.definition.rung_again
    step.start_clock("ladder", "request", request.id, derive(following, step.at, step.cause), step=index + 1)


def end_ladder(step: Step, request: Request, how: str) -> None:
    """Nobody needs to be rung any more."""
    step.end_clocks_of(request.id, how, "ladder")
    step.close_tasks_of(request.id, step.definition.fallback_task, *(rung.task for rung in step.definition.rungs))


def end_waits(step: Step, request: Request, how: str) -> None:
    """End every wait on a request; the papers that follow it stay due."""
    end_ladder(step, request, how)
    step.end_clocks_of(request.id, how)
    step.close_tasks_of(request.id, keep=(step.definition.watch["papers"],))


def withdraw(step: Step, request: Request) -> None:
    """Take back a request that nobody has received: do not try again."""
    if request.stage in OVER:
        return
    end_waits(step, request, "void")
    step.close_tasks_of(request.id)
    step.put_request(replace(request, stage="withdrawn"))
    step.effects.append(fx.StopSending(request_id=request.id))


# -- holds


def start_term(step: Step, hold: Hold, start: datetime, *, frozen: bool, stated: datetime | None) -> Hold:
    """Let a hold run to its end, with warnings; an earlier end that was stated is taken, a later one is not.

    Returns:
        The hold with `ends_at`, written.
    """
    end_term(step, hold)
    term = step.definition.freeze_term if frozen else step.definition.stop_term
    prefix = "freeze" if frozen else "stop"
    end = derive(term.box, start, step.cause)
    if stated is not None and start < stated < end.due_at:
        end = replace(end, rule=f"{end.rule}.stated", started_at=stated, length="PT0S", due_at=stated)
    hold = step.put_hold(replace(hold, ends_at=end.due_at))
    step.start_clock(f"{prefix}_end", "hold", hold.id, end)
    passed = _next_warning(step, hold, term, prefix, 0)
    if passed:
        _open_warning(step, hold, term, passed - 1)
    return hold


def end_term(step: Step, hold: Hold) -> None:
    """End the hold's own clocks and the warnings they gave."""
    step.end_clocks_of(hold.id, "void", *TERM_CLOCKS)
    step.close_tasks_of(
        hold.id, step.definition.stop_term.warning_task, step.definition.freeze_term.warning_task, how="void"
    )


def _next_warning(step: Step, hold: Hold, term: Term, prefix: str, first: int) -> int:
    """Start the next warning's clock; return how many of the warnings have passed already."""
    end = hold.ends_at or step.at
    for index in range(first, len(term.warnings)):
        derivation = derive_before(term.warnings[index], end, step.cause)
        if derivation.due_at > step.at:
            step.start_clock(f"{prefix}_warning", "hold", hold.id, derivation, step=index)
            return index
    return len(term.warnings)


def _warn(step: Step, hold: Hold, clock: Clock) -> None:
    prefix = "freeze" if clock.kind.startswith("freeze") else "stop"
    term = step.definition.freeze_term if prefix == "freeze" else step.definition.stop_term
    passed = _next_warning(step, hold, term, prefix, clock.step + 1)
    _open_warning(step, hold, term, max(clock.step, passed - 1))


def _open_warning(step: Step, hold: Hold, term: Term, index: int) -> None:
    step.close_tasks_of(hold.id, term.warning_task)
    step.open_task(term.warning_task, "hold", hold.id, level=index + 1, latest=hold.ends_at)


def lapse(step: Step, hold: Hold, clock: Clock) -> None:
    """The term is over: by the scheme the measure ends by itself; the institution must still confirm it."""
    end_term(step, hold)
    was_stop = clock.kind == "stop_end"
    if hold.state == "queued_behind":
        return
    if was_stop:
        facts.converted(step, hold, None)
    term = step.definition.stop_term if was_stop else step.definition.freeze_term
    step.put_hold(replace(hold, state="lapsed", held_minor=0, lapse_confirmed=False))
    step.open_task(term.lapse_task, "hold", hold.id)
