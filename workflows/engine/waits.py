"""The waits of a request and the term of a hold: how they begin, move and end."""

from datetime import datetime

from workflows import effects as fx
from workflows.clocks import TimeBox, derive_before, share_of
from workflows.copying import replace
from workflows.engine import facts
from workflows.engine.step import OVER, EventRefused, Step
from workflows.events import ChannelMissing, ReminderAsked
from workflows.scheme_clocks import Term
from workflows.state import Clock, Derivation, Hold, Request

BY_HAND = 0
"""The number of a reminder that a person asked for; those that come by themselves count from 1."""
TERM_CLOCKS = ("stop_end", "stop_warning", "stop_review", "freeze_end", "freeze_warning", "freeze_review")
HOLD_CLOCKS = (*TERM_CLOCKS, "condition", "condition_warning", "queue_end")


# -- requests


def await_receipt(step: Step, request: Request) -> None:
    """Start the wait for delivery."""
    box = step.definition.receipt[request.urgency]
    step.start_clock("receipt", "request", request.id, step.derive(box, request.created_at))


def await_answer(step: Step, request: Request, start: datetime) -> Request:
    """Start the wait for the answer, with both of its limits, and the first reminder that still lies ahead."""
    limits = step.answer_clock(request)
    first = step.derive(limits.box, start)
    request = step.put_request(replace(request, answer_due_at=first.due_at))
    step.start_clock("answer", "request", request.id, first)
    if limits.fallback is not None:
        step.start_clock("answer_limit", "request", request.id, step.derive(limits.fallback, start))
    next_reminder(step, request, first, 0)
    return request


def next_reminder(step: Step, request: Request, whole: Derivation, first: int) -> None:
    """Start the next reminder, from the one numbered ``first`` on, that still lies ahead within the wait ``whole``."""
    for index in range(first, len(step.definition.reminder_percents)):
        percent = step.definition.reminder_percents[index]
        derivation = replace(share_of(whole, percent, f"clocks.reminder.at_percent[{index}]"), start_event=step.cause)
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
    if request.stage == "queued" or request.told:
        msg = f"request {request.id} was not delivered yet: it is still being sent"
        raise EventRefused(msg)
    if request.reminded_at is not None and event.at - request.reminded_at < apart.absolute():
        msg = f"request {request.id} was reminded of less than {apart.text} ago"
        raise EventRefused(msg)
    step.put_request(replace(request, reminded_at=event.at))
    step.effects.append(fx.SendReminder(request_id=request.id, number=BY_HAND))


def remind(step: Step, request: Request, clock: Clock) -> None:
    """Remind the institution of what it has and did not answer, and let the next reminder wait."""
    request = step.put_request(replace(request, reminded_at=step.at))
    step.effects.append(fx.SendReminder(request_id=request.id, number=clock.step + 1))
    for running in step.clocks_of(request.id, "answer"):
        next_reminder(step, request, running.derivation, clock.step + 1)


def undelivered(step: Step, request: Request) -> None:
    """Nobody has the request by its limit: a person hands it over, and the ladder begins."""
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


def start_ladder(step: Step, request: Request) -> None:
    """Begin with the first step: at once where the definition gives it no time."""
    first = step.definition.rungs[0].after
    if first.length.months or first.length.days or first.length.seconds:
        step.start_clock("ladder", "request", request.id, step.derive(first, step.at))
    else:
        climb(step, request, 0)


def climb(step: Step, request: Request, index: int) -> None:
    """Go to a step of the ladder, and let the next one wait; the last is repeated until somebody answers."""
    rungs = step.definition.rungs
    rung = rungs[min(index, len(rungs) - 1)]
    step.close_tasks_of(request.id, rung.task)
    step.open_task(rung.task, "request", request.id, level=index + 1, reason=rung.people)
    following = rungs[index + 1].after if index + 1 < len(rungs) else step.definition.rung_again
    step.start_clock("ladder", "request", request.id, step.derive(following, step.at), step=index + 1)


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


def start_term(
    step: Step, hold: Hold, start: datetime, *, frozen: bool, stated: datetime | None, box: TimeBox | None = None
) -> Hold:
    """Let a hold run to its end, with warnings; an earlier end that was stated is taken, a later one is not.

    A hold that no length ends is looked at again and again instead, and has no `ends_at`.

    Args:
        step: The working copy.
        hold: The hold, stopped or frozen.
        start: The instant from which the term counts.
        frozen: Whether the term is that of the freeze.
        stated: The end that the order or the institution names.
        box: The length of a renewal, which stands in the place of the term's own.

    Returns:
        The hold with `ends_at`, written.
    """
    term = _term(step, frozen=frozen)
    length = box or term.box
    end = None if length is None or term.until == "decided" else step.derive(length, start)
    takes = stated is not None and start < stated and term.until != "decided"
    if end is not None and term.until == "order" and not takes and term.review is not None:
        end = None  # the order names its period: one that names none is looked at until it does
    if takes and stated is not None and (end is None or stated < end.due_at or end.is_uncounted):
        end = at_instant(step, f"{(length.rule if length else term.rule)}.stated", stated, source_of(term))
    return run_until(step, hold, end, frozen=frozen, start=start)


def run_until(step: Step, hold: Hold, end: Derivation | None, *, frozen: bool, start: datetime) -> Hold:
    """Let a hold run to a given end, with the warnings of its term; without one, until somebody decides."""
    end_clocks(step, hold, *TERM_CLOCKS)
    term, prefix = _term(step, frozen=frozen), "freeze" if frozen else "stop"
    hold = step.put_hold(replace(hold, ends_at=None if end is None else end.due_at))
    if end is None:
        if term.review is not None:
            step.start_clock(f"{prefix}_review", "hold", hold.id, step.derive(term.review.box, start))
        return hold
    step.start_clock(f"{prefix}_end", "hold", hold.id, end)
    if end.is_uncounted:
        return hold  # nobody knows the end: the alarm stands in the place of warnings
    passed = next_warning(step, hold, term.warnings, end.due_at, 0, kind=f"{prefix}_warning")
    if passed and term.warning_task is not None:
        open_warning(step, hold, term.warning_task, passed - 1, latest=end.due_at)
    return hold


def _term(step: Step, *, frozen: bool) -> Term:
    term = step.definition.term_of(frozen=frozen)
    if term is None:
        msg = f"{step.definition.name} has no {'freeze' if frozen else 'stop'} term"
        raise AssertionError(msg)  # `crossings` refuses a definition whose outcomes need one
    return term


def source_of(term: Term) -> str:
    """Return where a term comes from."""
    box = term.box or (term.review.box if term.review else None)
    return box.source if box else ""


def at_instant(step: Step, rule: str, at: datetime, source: str) -> Derivation:
    """Return the derivation of an instant that somebody named: nothing is counted."""
    return Derivation(
        definition=step.definition.name,
        rule=rule,
        start_event=step.cause,
        started_at=at,
        length="PT0S",
        calendar="absolute",
        zone=step.definition.zone,
        tzdata=None,
        due_at=at,
        source=source,
    )


def end_term(step: Step, hold: Hold) -> None:
    """End every clock of the hold itself and the warnings they gave."""
    end_clocks(step, hold, *HOLD_CLOCKS)
    if step.holds[hold.id].conditions:
        step.put_hold(replace(step.holds[hold.id], conditions=()))


def end_clocks(step: Step, hold: Hold, *kinds: str) -> None:
    """End some of the hold's own clocks; with those of its term go the warnings and reviews they gave."""
    step.end_clocks_of(hold.id, "void", *kinds)
    for term in step.definition.terms:
        tasks = [task for task in (term.warning_task, term.review and term.review.task) if task]
        if tasks:
            step.close_tasks_of(hold.id, *tasks, how="void")


def next_warning(
    step: Step,
    hold: Hold,
    warnings: tuple[TimeBox, ...],
    end: datetime,
    first: int,
    *,
    kind: str,
    code: str | None = None,
) -> int:
    """Start the next warning's clock; return how many of the warnings have passed already."""
    for index in range(first, len(warnings)):
        derivation = derive_before(warnings[index], end, step.cause)
        if derivation.due_at > step.at:
            step.start_clock(kind, "hold", hold.id, derivation, step=index, code=code)
            return index
    return len(warnings)


def open_warning(step: Step, hold: Hold, task: str, index: int, *, latest: datetime | None) -> None:
    """Tell a person that an end comes near: one task, a level higher each time."""
    step.close_tasks_of(hold.id, task)
    step.open_task(task, "hold", hold.id, level=index + 1, latest=latest)
