"""The end of a hold's term: warnings, the end itself by what the scheme makes of it, reviews where there is none."""

from workflows.copying import replace
from workflows.engine import facts, measures, waits
from workflows.engine.maps import about
from workflows.engine.step import Step
from workflows.state import Clock, Hold


def warn(step: Step, hold: Hold, clock: Clock) -> None:
    """Warn of the end that comes near, and let the next warning wait."""
    is_frozen = clock.kind == "freeze_warning"
    term = step.definition.term_of(frozen=is_frozen)
    if term is None or term.warning_task is None or hold.ends_at is None:
        return
    passed = waits.next_warning(step, hold, term.warnings, hold.ends_at, clock.step + 1, kind=clock.kind)
    waits.open_warning(step, hold, term.warning_task, max(clock.step, passed - 1), latest=hold.ends_at)


def term_over(step: Step, hold: Hold, clock: Clock) -> None:
    """Do what the scheme makes of a term that is over."""
    was_stop = clock.kind == "stop_end"
    term = step.definition.term_of(frozen=not was_stop)
    if term is None:
        return
    if hold.state == "queued_behind":
        # The own measure is over, the earlier authority's is not: a person asks whether the place still stands.
        waits.end_clocks(step, hold, *waits.TERM_CLOCKS)
        queue = step.definition.queue
        insist(step, hold, step.definition.watch["task"] if queue is None else queue.task, "term_over")
        return
    run_out(step, hold, term.on_lapse, term.lapse_task, "term_over", was_stop=was_stop)


def run_out(step: Step, hold: Hold, on_lapse: str, task: str | None, reason: str, *, was_stop: bool) -> None:
    """End a hold by itself (the institution must still confirm it), have it released, or let a person decide.

    Whatever it is, a stop that did not become a freeze by now is recorded as that, once.
    """
    if on_lapse == "lapse":
        waits.end_term(step, hold)
        if was_stop:
            facts.converted(step, hold, None)
        hold = step.put_hold(replace(step.holds[hold.id], state="lapsed", held_minor=0, lapse_confirmed=False))
    elif reason == "term_over":
        waits.end_clocks(step, hold, *waits.TERM_CLOCKS)
        if was_stop:
            facts.converted(step, hold, None)
        hold = step.put_hold(replace(step.holds[hold.id], ends_at=None))
    if task is not None:
        insist(step, hold, task, reason if reason != "term_over" else None)
    if on_lapse == "release":
        # The scheme itself ends the hold: nobody has to agree, and nothing may keep it there.
        measures.begin_release(step, hold, "procedure", reason, is_approved=True)


def insist(step: Step, hold: Hold, task: str, reason: str | None) -> None:
    """Give a person something to do about a hold; what is open already comes again, a level higher."""
    (level,) = [one.level + 1 for one in about(hold.id, step.tasks.values()) if one.kind == task] or [0]
    step.open_task(task, "hold", hold.id, level=level, reason=reason, again=level > 0)


def look_again(step: Step, hold: Hold, clock: Clock) -> None:
    """Have a person decide about a hold that nothing else ends, and look again after the same time."""
    is_frozen = clock.kind == "freeze_review"
    term = step.definition.term_of(frozen=is_frozen)
    if term is None or term.review is None:
        return
    step.close_tasks_of(hold.id, term.review.task)
    step.open_task(term.review.task, "hold", hold.id, level=clock.step + 1)
    step.start_clock(clock.kind, "hold", hold.id, step.derive(term.review.box, step.at), step=clock.step + 1)
