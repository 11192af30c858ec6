"""Second clocks: what must come for a hold to be kept, and what comes of the hold when it does not."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from workflows.copying import replace
from workflows.engine import terms, waits
from workflows.engine.step import EventRefused, Step
from workflows.events import ConditionMet
from workflows.scheme_clocks import FILED, PAPERS, Condition
from workflows.state import LIVE_HOLDS, Clock, Hold, Met, Request


def begin(step: Step, hold: Hold, request: Request) -> None:
    """Let the conditions of the hold's state wait, each once; one that was met already lengthens the hold."""
    for clock in step.clocks_of(hold.id, "condition", "condition_warning"):
        if clock.code is not None and step.definition.conditions[clock.code].applies_to != hold.state:
            step.end_clock(clock, "void")
    for condition in step.definition.conditions.values():
        if condition.applies_to != hold.state:
            continue
        hold = step.holds[hold.id]
        met = _met_at(step, hold, condition)
        if met is not None:
            for clock in _clocks(step, hold, condition):  # met while the hold was doubted or queued
                step.end_clock(clock, "met")
            _lengthen(step, hold, condition, met)
        elif condition.code not in hold.conditions:
            _start(step, hold, condition, _start_of(condition, hold, request))


def _start(step: Step, hold: Hold, condition: Condition, start: datetime) -> None:
    hold = step.put_hold(replace(hold, conditions=(*hold.conditions, condition.code)))
    derivation = step.derive(condition.box, start)
    step.start_clock("condition", "hold", hold.id, derivation, code=condition.code)
    if condition.warning_task is None:
        return
    passed = waits.next_warning(
        step, hold, condition.warnings, derivation.due_at, 0, kind="condition_warning", code=condition.code
    )
    if passed:
        waits.open_warning(step, hold, condition.warning_task, passed - 1, latest=derivation.due_at)


def _start_of(condition: Condition, hold: Hold, request: Request) -> datetime:
    match condition.starts:
        case "asked":
            return request.created_at
        case "delivered":
            return request.delivered_at or request.created_at
        case "executed":
            return hold.executed_at or request.created_at
        case _:
            return request.answered_at or request.created_at


def _met_at(step: Step, hold: Hold, condition: Condition) -> datetime | None:
    """Return the instant at which a condition of a hold was met, None if it was not."""
    if condition.needs == FILED and step.filing == "filed":
        return step.filed_at
    if condition.needs == PAPERS:
        came = [request.created_at for request in step.requests_of(hold.id) if request.documents]
        if came:
            return min(came)
    for met in step.met:
        if met.condition == condition.code and met.hold_id in {None, hold.id}:
            return met.at
    return None


def condition_met(step: Step, event: ConditionMet) -> None:
    """Record what a condition needs; in time it keeps the hold, and may lengthen it.

    Raises:
        EventRefused: The definition has no such condition, the hold is over, or the instant lies ahead.
    """
    if any(met.cause == event.id for met in step.met):
        return
    condition = step.definition.conditions.get(event.condition)
    if condition is None:
        msg = f"{step.definition.name} has no condition {event.condition!r}"
        raise EventRefused(msg)
    if event.hold_id is not None and step.hold(event.hold_id).state not in LIVE_HOLDS:
        msg = f"hold {event.hold_id} is {step.hold(event.hold_id).state}: nothing keeps it"
        raise EventRefused(msg)
    at = event.met_at or event.at
    if at > event.at:
        msg = f"{event.condition} cannot be met before it is: {at.isoformat()} lies ahead"
        raise EventRefused(msg)
    met = Met(condition=condition.code, hold_id=event.hold_id, at=at, cause=event.id, document=event.document)
    step.met = (*step.met, met)
    holds = [step.hold(event.hold_id)] if event.hold_id is not None else list(step.holds.values())
    for hold in holds:
        _met(step, hold, condition, at, event.by)


def filed(step: Step, by: str) -> None:
    """The case was filed: conditions that need it are met, terms that count from it begin."""
    at = step.filed_at or step.at
    for hold in list(step.holds.values()):
        term = step.definition.term_of(frozen=hold.state == "frozen")
        if hold.state in {"stopped", "frozen"} and term is not None and term.starts == "filed":
            hold = waits.start_term(step, hold, at, frozen=hold.state == "frozen", stated=None)  # noqa: PLW2901 - the hold as written
            step.put_hold(replace(hold, end_is_provisional=False))
        for condition in _needing(step, FILED):
            _met(step, step.holds[hold.id], condition, at, by)


def papers(step: Step, hold_id: UUID) -> None:
    """Papers of a request about the hold came."""
    for condition in _needing(step, PAPERS):
        met = Met(condition=condition.code, hold_id=hold_id, at=step.at, cause=step.event.id)
        step.met = (*step.met, met)
        _met(step, step.holds[hold_id], condition, step.at, None)


def _clocks(step: Step, hold: Hold, condition: Condition) -> list[Clock]:
    """Return the running clocks of a condition: its limit, then the warning before it."""
    return [
        clock
        for kind in ("condition", "condition_warning")
        for clock in step.clocks_of(hold.id, kind)
        if clock.code == condition.code
    ]


def _needing(step: Step, needs: str) -> Iterator[Condition]:
    return (condition for condition in step.definition.conditions.values() if condition.needs == needs)


def _met(step: Step, hold: Hold, condition: Condition, at: datetime, by: str | None) -> None:
    """Keep a hold by what came; what came after the limit comes too late, whether or not our clock has fired."""
    if hold.state != condition.applies_to:
        return
    for clock in _clocks(step, hold, condition):
        if clock.kind == "condition" and at > clock.due_at and condition.on_lapse != "decide":
            step.end_clock(clock, "fired")
            missed(step, hold, clock)
            return
        step.end_clock(clock, "met")
    answered = [condition.task] if condition.on_lapse == "decide" else []
    for task in [*answered, condition.warning_task]:
        if task is not None:
            step.close_tasks_of(hold.id, task, how="done", by=by)
    hold = step.holds[hold.id]
    if hold.state == condition.applies_to:
        _lengthen(step, hold, condition, at)


def _lengthen(step: Step, hold: Hold, condition: Condition, at: datetime) -> None:
    if condition.extends_to is None or hold.ends_at is None:
        return
    end = step.derive(condition.extends_to, at)
    if end.due_at > hold.ends_at:
        waits.run_until(step, hold, end, frozen=hold.state == "frozen", start=at)


def missed(step: Step, hold: Hold, clock: Clock) -> None:
    """The limit passed without it: do what the scheme makes of the hold."""
    condition = step.definition.conditions[clock.code or ""]
    for warning in _clocks(step, hold, condition):
        step.end_clock(warning, "void")
    if condition.warning_task is not None:
        step.close_tasks_of(hold.id, condition.warning_task)
    if hold.state != condition.applies_to:
        # Doubted or queued for now: the same limit is looked at again if the hold comes back to that state.
        kept = tuple(code for code in hold.conditions if code != condition.code)
        step.put_hold(replace(step.holds[hold.id], conditions=kept))
        terms.insist(step, hold, condition.task, condition.code)
        return
    was_stop = condition.applies_to == "stopped"
    terms.run_out(step, step.holds[hold.id], condition.on_lapse, condition.task, condition.code, was_stop=was_stop)


def warn(step: Step, hold: Hold, clock: Clock) -> None:
    """Warn of a limit that comes near, and let the next warning wait."""
    condition = step.definition.conditions[clock.code or ""]
    running = [one for one in _clocks(step, hold, condition) if one.kind == "condition"]
    if condition.warning_task is None or not running:
        return
    due = running[0].due_at
    passed = waits.next_warning(
        step, hold, condition.warnings, due, clock.step + 1, kind=clock.kind, code=condition.code
    )
    waits.open_warning(step, hold, condition.warning_task, max(clock.step, passed - 1), latest=due)
