"""Waits that are counted again: newer calendar or zone data, or data that was missing when the wait began."""

from datetime import timedelta

from workflows import effects as fx
from workflows.clocks import recount
from workflows.copying import replace
from workflows.engine import waits
from workflows.engine.step import Step
from workflows.events import ClockSuperseded
from workflows.state import Clock, Derivation

_ASKED_AGAIN = timedelta(days=1)


def clock_superseded(step: Step, event: ClockSuperseded) -> None:
    """Let a running wait end when the newer data say; one that is over, or was counted otherwise since, stays."""
    clock = step.clocks.get(event.clock_id)
    if clock is None or clock.derivation != event.was:
        return
    move(step, clock, event.now)


def uncounted(step: Step, clock: Clock) -> None:
    """Count a wait whose calendar had no data; if it still has none, look again after a day: nothing else happens.

    The person's task was opened with the clock, and is repeated by its own rule until it is done.
    """
    again = recount(clock.derivation)
    if again.is_uncounted:
        again = replace(again, due_at=step.at + _ASKED_AGAIN)
    move(step, clock, step.settle(again))


def move(step: Step, clock: Clock, now: Derivation) -> None:
    """Put a wait in the place of another one; what hangs on its due instant goes with it."""
    match clock.kind:
        case "stop_end" | "freeze_end":
            hold = step.holds[clock.subject_id]
            waits.run_until(step, hold, now, frozen=clock.kind == "freeze_end", start=now.started_at)
        case "task":
            _move_task(step, clock, now)
        case "answer":
            request = step.put_request(replace(step.requests[clock.subject_id], answer_due_at=now.due_at))
            step.end_clocks_of(request.id, "void", "reminder")
            _replace(step, clock, now)
            if request.paused_at is None:
                waits.next_reminder(step, request, now, 0)
        case _:
            _replace(step, clock, now)


def _replace(step: Step, clock: Clock, now: Derivation) -> None:
    step.end_clock(clock, "void")
    step.start_clock(clock.kind, clock.subject_kind, clock.subject_id, now, step=clock.step, code=clock.code)


def _move_task(step: Step, clock: Clock, now: Derivation) -> None:
    """Give the person the same task with the other due instant: the old one stays written as it was."""
    old = step.tasks[clock.subject_id]
    step.close_task(old, "void")
    task = replace(old, id=step.new_id("task"), due_at=now.due_at)
    step.put_task(task)
    step.effects.append(fx.OpenTask(task=task))
    step.start_clock("task", "task", task.id, now, step=clock.step)
