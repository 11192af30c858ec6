"""What an answer makes of the hold: stopped, frozen, renewed, queued, over."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from workflows.copying import replace
from workflows.engine import conditions, facts, queues, terms, waits
from workflows.engine.step import ENDED, Step
from workflows.scheme import HOLDING, Outcome
from workflows.scheme_rules import REVIVING
from workflows.state import Hold, Request

_KEPT = frozenset({"stopped", "frozen"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A conclusive answer, read: the amount that is held and when, as far as the institution said."""

    outcome: Outcome
    effect: str
    held_minor: int | None
    executed_at: datetime | None
    ends_at: datetime | None


class _Start(NamedTuple):
    """From when a term counts, and the doubt that makes its end provisional."""

    at: datetime
    doubt: str | None


def apply(step: Step, request: Request, said: Said) -> None:
    """Let a conclusive answer make of the hold what the definition says."""
    hold = step.hold(request.hold_id)
    revives = hold.state == "lapsed" and step.role(request) in REVIVING  # no other claim is let in while it is asked
    if hold.state in ENDED and not revives:
        _too_late(step, hold, said)
        return
    if hold.state == "queued_behind" and said.effect not in {"same", "queued_behind"}:
        queues.end(step, hold)
        hold = step.hold(hold.id)
    match said.effect:
        case "stopped":
            _stopped(step, hold, request, said)
        case "frozen":
            _frozen(step, hold, request, said)
        case "renewed":
            _renewed(step, hold, request, said)
        case "released" | "returned":
            _over(step, hold, said.effect)
        case "lapsed":
            waits.end_term(step, hold)
            step.put_hold(replace(step.holds[hold.id], state="lapsed", held_minor=0, lapse_confirmed=True))
        case "asked" | "in_question" | "queued_behind" | "none":
            if said.effect == "none":
                waits.end_term(step, hold)
            is_behind = said.effect == "queued_behind" and hold.executed_at is None
            ends_at = said.ends_at if is_behind else hold.ends_at
            hold = step.put_hold(replace(step.holds[hold.id], state=said.effect, held_minor=0, ends_at=ends_at))
            if said.effect == "queued_behind":
                queues.begin(step, hold, said.ends_at)
        case _:
            _as_it_was(step, hold, said)


def _as_it_was(step: Step, hold: Hold, said: Said) -> None:
    """The hold stays what it is: with less money (`reduced`), as before it was asked (`as_before`), or untouched."""
    if said.effect == "reduced" and hold.state not in _KEPT:
        _says_kept(step, hold, said)
    elif said.effect == "reduced":
        step.put_hold(replace(hold, held_minor=min(hold.held_minor, said.held_minor or 0)))
    elif said.effect == "as_before" and hold.state == "asked":
        _end_reviews(step, hold)  # an end that still runs at the institution stays awaited
        queues.end(step, hold)
        state = "lapsed" if hold.executed_at is not None else "none"
        step.put_hold(replace(step.holds[hold.id], state=state, held_minor=0))


def _end_reviews(step: Step, hold: Hold) -> None:
    """Nothing is left that a person must look at again and again."""
    step.end_clocks_of(hold.id, "void", "stop_review", "freeze_review")
    tasks = [term.review.task for term in step.definition.terms if term.review is not None]
    if tasks:
        step.close_tasks_of(hold.id, *tasks)


def _too_late(step: Step, hold: Hold, said: Said) -> None:
    if hold.state == "lapsed" and said.effect in {"released", "lapsed"}:
        confirm_lapse(step, hold)
    elif said.effect in HOLDING:
        _says_kept(step, hold, said)


def _says_kept(step: Step, hold: Hold, said: Said) -> None:
    """The institution speaks of money that it keeps, and by our record it keeps none: a person finds out."""
    terms.insist(step, hold, step.definition.watch["stopped_after_end"], said.outcome.code)


def confirm_lapse(step: Step, hold: Hold) -> None:
    """The institution confirms that the measure has ended: nobody needs to ask for it any more."""
    step.put_hold(replace(hold, lapse_confirmed=True))
    tasks = [task for task in _lapse_tasks(step) if task is not None]
    if tasks:
        step.close_tasks_of(hold.id, *tasks)


def _lapse_tasks(step: Step) -> list[str | None]:
    """Return the tasks by which the end of a hold is confirmed: those of terms and of conditions that end it."""
    ending = [condition.task for condition in step.definition.conditions.values() if condition.on_lapse == "lapse"]
    return [*(term.lapse_task for term in step.definition.terms), *ending]


def _executed(step: Step, request: Request, said: Said) -> tuple[datetime, str | None]:
    """Return the instant from which the term counts, and why it is only provisional.

    The institution's own instant counts, also a little ahead of ours. Without one, or with one that
    cannot be, the earliest possible instant is taken: an alarm too early does no harm.
    """
    skew = step.definition.skew.absolute()
    if said.executed_at is None:
        implied = request.channel is None or request.delivered_at is None
        return (request.created_at if implied else request.delivered_at or request.created_at), "executed_at"
    if said.executed_at > step.at + skew:
        return step.at, "clock_wrong"
    if said.executed_at < request.created_at - skew and step.role(request) == "stop" and not request.supplement:
        return request.created_at, "clock_wrong"
    return said.executed_at, None


def _doubt_instant(step: Step, hold: Hold, doubt: str | None) -> None:
    if doubt is not None and doubt in step.definition.watch:
        step.open_task(step.definition.watch[doubt], "hold", hold.id, reason=doubt)


def _amount(hold: Hold, said: Said) -> int:
    held = said.held_minor or 0
    return held if hold.traced_minor is None else min(held, hold.traced_minor)


def _term_start(step: Step, request: Request, executed: datetime, doubt: str | None, *, frozen: bool) -> _Start:
    """Return the instant from which the term counts by the definition, and why it is only provisional.

    What is not known yet is replaced by the earliest instant that it can be: an alarm too early does no harm.
    """
    term = step.definition.term_of(frozen=frozen)
    match "executed" if term is None else term.starts:
        case "sent":
            return _Start(request.sent_at or request.created_at, None)
        case "delivered":
            return _Start(request.delivered_at or request.created_at, None)
        case "answered":
            return _Start(request.answered_at or step.at, None)
        case "filed":
            return _Start(step.filed_at or executed, None if step.filing == "filed" else "filed")
        case _:
            return _Start(executed, doubt)


def _stated(request: Request, said: Said) -> datetime | None:
    """Return the end that the order names or the institution, the earlier of both."""
    named = [end for end in (request.ends_at, said.ends_at) if end is not None]
    return min(named, default=None)


def _stopped(step: Step, hold: Hold, request: Request, said: Said) -> None:
    start, doubt = _executed(step, request, said)
    term = _term_start(step, request, start, doubt, frozen=False)
    held = _amount(hold, said) if said.held_minor is not None else hold.held_minor
    hold = step.put_hold(
        replace(
            hold,
            state="stopped",
            held_minor=held,
            executed_at=start,
            end_is_provisional=term.doubt is not None,
            stop_seq=max(hold.stop_seq, request.stop_seq),
            lapse_confirmed=False,
        )
    )
    hold = waits.start_term(step, hold, term.at, frozen=False, stated=_stated(request, said))
    conditions.begin(step, hold, request)
    _doubt_instant(step, hold, term.doubt)
    facts.held(step, step.hold(hold.id))


def _frozen(step: Step, hold: Hold, request: Request, said: Said) -> None:
    start, doubt = _executed(step, request, said)
    term = _term_start(step, request, start, doubt, frozen=True)
    if hold.state != "frozen" and hold.executed_at is not None and hold.ends_at is not None:
        facts.converted(step, hold, start)
        if start > hold.ends_at:
            step.open_task(step.definition.watch["gap"], "hold", hold.id, reason="freeze_after_end")
    if step.definition.stop_term is not None and step.definition.stop_term.lapse_task is not None:
        step.close_tasks_of(hold.id, step.definition.stop_term.lapse_task)
    hold = step.put_hold(
        replace(
            hold,
            state="frozen",
            held_minor=_amount(hold, said),
            executed_at=start,
            end_is_provisional=term.doubt is not None,
            lapse_confirmed=False,
            renewals=0 if hold.state != "frozen" else hold.renewals,
        )
    )
    hold = waits.start_term(step, hold, term.at, frozen=True, stated=_stated(request, said))
    conditions.begin(step, hold, request)
    _doubt_instant(step, hold, term.doubt)
    facts.held(step, step.hold(hold.id))


def _renewed(step: Step, hold: Hold, request: Request, said: Said) -> None:
    """A further term that begins where the old one ends; one that lapsed meanwhile is what it was before."""
    if hold.state not in {*_KEPT, "lapsed", "in_question"}:
        _says_kept(step, hold, said)
        return
    old_end = hold.ends_at or step.at
    is_frozen = hold.state == "frozen" or (hold.state != "stopped" and _was_frozen(step, hold))
    term = step.definition.term_of(frozen=is_frozen)
    if term is None:
        return
    box = term.renewal.box if term.renewal else term.box
    latest = None if box is None else step.derive(box, old_end).due_at
    stated = said.ends_at if said.ends_at is not None and (latest is None or said.ends_at < latest) else request.ends_at
    if term.lapse_task is not None:
        step.close_tasks_of(hold.id, term.lapse_task)
    hold = step.put_hold(
        replace(
            hold,
            state="frozen" if is_frozen else "stopped",
            stop_seq=hold.stop_seq if is_frozen else max(hold.stop_seq, request.stop_seq),
            held_minor=_stated_before(step, hold) if said.held_minor is None else _amount(hold, said),
            lapse_confirmed=False,
            renewals=hold.renewals + 1,
        )
    )
    hold = waits.start_term(step, hold, old_end, frozen=is_frozen, stated=stated, box=box)
    conditions.begin(step, hold, request)
    facts.held(step, step.hold(hold.id))


def _confirmed(step: Step, hold: Hold) -> tuple[str, int] | None:
    """Return the last measure that an institution confirmed for a hold, and how much it then said is kept."""
    confirmed = [
        (request.created_at, request.id, effect, request.executed_minor or 0)
        for request in step.requests_of(hold.id)
        if request.outcome is not None
        and (effect := step.definition.outcome_of(request.outcome, request.kind).hold.get(request.kind)) in _KEPT
    ]
    return max(confirmed)[2:] if confirmed else None


def _was_frozen(step: Step, hold: Hold) -> bool:
    last = _confirmed(step, hold)
    return last is not None and last[0] == "frozen"


def _stated_before(step: Step, hold: Hold) -> int:
    """Return what is held where an answer says no amount: a hold that was in question has what was stated last."""
    if hold.state in _KEPT:
        return hold.held_minor
    last = _confirmed(step, hold)
    held = 0 if last is None else last[1]
    return held if hold.traced_minor is None else min(held, hold.traced_minor)


def _over(step: Step, hold: Hold, state: str) -> None:
    """Released or returned: nothing about the hold waits any more, except what an institution still has."""
    if state == "released" and hold.state == "stopped":
        facts.converted(step, hold, None, "excluded")
    waits.end_term(step, hold)
    for request in list(step.open_requests_of(hold.id)):
        if request.stage == "queued":
            waits.withdraw(step, request)
    for approval in [a for a in step.approvals.values() if a.hold_id == hold.id]:
        step.close_approval(approval, "expired", clock="void")
    watch = step.definition.watch
    step.close_tasks_of(hold.id, keep=(watch["review"], watch["gap"], *step.definition.duty_tasks))
    step.put_hold(replace(step.hold(hold.id), state=state, held_minor=0))
