"""What institutions say: deliveries, pending and conclusive answers, contradictions, the next accounts."""

from dataclasses import dataclass, replace
from datetime import datetime

from workflows.clocks import due_at
from workflows.engine import claims, facts, measures, waits
from workflows.engine.step import ENDED, OVER, EventRefused, Step
from workflows.events import AnswerReceived, AnswerSettled, RequestDelivered
from workflows.scheme import HOLDING, Outcome
from workflows.state import Hold, Request

_KEEPS = frozenset({"stopped", "frozen"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A conclusive answer, read: the amount that is held and when, as far as the institution said."""

    outcome: Outcome
    effect: str
    held_minor: int | None
    executed_at: datetime | None
    ends_at: datetime | None


# -- delivery


def request_delivered(step: Step, event: RequestDelivered) -> None:
    """Note that the institution has the request, and let the answer clock run from that instant."""
    request = step.request(event.request_id)
    if request.channel is not None:
        return
    if request.delivered_at is None:
        request = _deliver(step, request, event.delivered_at)
    request = step.put_request(replace(request, sent_at=event.sent_at, channel=event.channel))
    _arrived(step, request, event.sent_at, min(event.delivered_at, request.delivered_at or event.delivered_at))


def _arrived(step: Step, request: Request, sent_at: datetime, delivered_at: datetime) -> None:
    """Record that the request left and arrived; what an answer showed is followed by the true instants."""
    if request.stage == "withdrawn":
        return  # taken back before it arrived: never counted
    hold = step.hold(request.hold_id)
    is_first = all(other.created_at >= request.created_at for other in step.requests_of(hold.id))
    start = hold.since if is_first and request.kind == "stop" else request.created_at
    definition, urgency = step.definition, request.urgency
    facts.boxed(step, "dispatch", request, definition.dispatch[urgency], start=start, stop=sent_at)
    facts.boxed(step, "delivery", request, definition.receipt[urgency], start=request.created_at, stop=delivered_at)


def _deliver(step: Step, request: Request, delivered_at: datetime) -> Request:
    request = step.put_request(replace(request, delivered_at=delivered_at))
    if request.stage != "queued":
        return request
    step.end_clocks_of(request.id, "met", "receipt")
    waits.end_ladder(step, request, "met")
    request = step.put_request(replace(request, stage="delivered"))
    return waits.await_answer(step, request, delivered_at)


# -- answers


def answer_received(step: Step, event: AnswerReceived) -> None:
    """Take an answer: pending ones keep the clock, the first conclusive one decides, a second one may contradict."""
    request = step.request(event.request_id)
    if event.reply_id in request.replies:
        return
    if request.delivered_at is None:
        # The answer proves the delivery: it came while our own call was still open, or our note of it was lost.
        # Counted now, because that note may never come: sent and delivered at this instant at the latest.
        request = _deliver(step, request, step.at)
        _arrived(step, request, step.at, step.at)
    request = step.put_request(replace(request, replies=(*request.replies, event.reply_id)))
    said = _read(step, request, event)
    if request.stage in OVER:
        _again(step, request, said)
    elif said is None:
        request = _pending(step, request, event)
    else:
        _conclude(step, request, said)
        _outcome_tasks(step, request, said, has_hops=bool(event.next_hops))
    _follow(step, request, event)


def _read(step: Step, request: Request, event: AnswerReceived) -> _Said | None:
    """Return what a conclusive answer says; None where it is not final."""
    outcome = step.definition.outcome_of(event.outcome, request.kind)
    if not outcome.conclusive:
        return None
    held = event.held_minor if event.held_minor is not None and event.held_minor >= 0 else None
    effect = outcome.hold[request.kind]
    if held is None and outcome.amount == "or_balance" and request.scope == "whole":
        balance = event.balance_minor
        if balance is not None and balance >= 0:
            held = balance if request.asked_minor is None else min(balance, request.asked_minor)
    if outcome.amount != "none" and effect in _KEEPS and held is None:
        return None
    if held and effect in {"none", "as_before"} and request.kind in measures.STOPS:
        effect = "stopped"  # a part stayed although the rest moved on
    return _Said(outcome=outcome, effect=effect, held_minor=held, executed_at=event.executed_at, ends_at=event.ends_at)


def _pending(step: Step, request: Request, event: AnswerReceived) -> Request:
    outcome = step.definition.outcome_of(event.outcome, request.kind)
    request = step.put_request(replace(request, stage="received", acknowledged_at=request.acknowledged_at or step.at))
    if outcome.conclusive:
        step.open_task(step.definition.watch["amount"], "request", request.id, reason=outcome.code)
    for task in outcome.tasks:
        step.open_task(task, "request", request.id, reason=outcome.code)
    return request


def _conclude(step: Step, request: Request, said: _Said) -> None:
    """The first conclusive answer: the wait is over, the hold becomes what the definition says."""
    late = request.answer_due_at is not None and step.at > request.answer_due_at
    waits.end_waits(step, request, "met")
    request = step.put_request(
        replace(
            request,
            stage="answered",
            outcome=said.outcome.code,
            executed_minor=said.held_minor,
            answered_at=step.at,
            late=late,
        )
    )
    box = step.definition.answer[request.urgency]
    verdict = "excluded" if said.outcome.own_fault else None
    start = request.delivered_at or request.created_at
    facts.boxed(step, "answer", request, box, start=start, stop=step.at, verdict=verdict)
    _apply(step, request, said)


def _outcome_tasks(step: Step, request: Request, said: _Said, *, has_hops: bool) -> None:
    hold = step.hold(request.hold_id)
    wanted = list(said.outcome.tasks)
    if said.held_minor is not None and (request.asked_minor or 0) > said.held_minor:
        wanted += said.outcome.tasks_if_short
    if not has_hops:
        wanted += said.outcome.tasks_if_no_hop
    for task in wanted:
        step.open_task(task, "hold", hold.id, reason=said.outcome.code)
    if step.filing == "declined":
        measures.begin_release(step, step.hold(hold.id), "procedure", "not_filed")


def _again(step: Step, request: Request, said: _Said | None) -> None:
    """A further answer to a request that is over: repeated, too late, or contradicting the first."""
    hold = step.hold(request.hold_id)
    if said is None:
        return
    if hold.state in ENDED:
        if hold.state == "lapsed" and said.effect in {"lapsed", "released"}:
            _confirm_lapse(step, hold)
        elif said.effect in HOLDING and said.outcome.code != request.outcome:
            step.open_task(step.definition.watch["stopped_after_end"], "hold", hold.id, reason=said.outcome.code)
        return
    if request.stage == "withdrawn":
        if said.effect in HOLDING:
            step.open_task(step.definition.watch["stopped_after_end"], "hold", hold.id, reason=said.outcome.code)
        return
    same = (said.outcome.code, said.held_minor) == (request.outcome, request.executed_minor)
    if same or request.conflict:
        return
    step.put_request(replace(request, conflict=True))
    step.open_task(step.definition.watch["conflict"], "request", request.id, reason=said.outcome.code)
    latest = max(step.requests_of(hold.id), key=lambda other: (other.created_at, other.id))
    other_claim = claims.live_hold(step, hold.account_id, hold.receipt_id)
    if latest.id == request.id and (other_claim is None or other_claim.id == hold.id):
        if hold.held_minor:
            hold = facts.doubted(step, hold)
        step.put_hold(replace(hold, state="in_question", held_minor=0))


def answer_settled(step: Step, event: AnswerSettled) -> None:
    """A person decided between contradictory answers; the decision stands among the replies."""
    request = step.request(event.request_id)
    if event.id in request.replies:
        return
    if not request.conflict:
        msg = f"the answers to request {request.id} do not contradict each other"
        raise EventRefused(msg)
    outcome = step.definition.outcomes.get(event.outcome)
    if outcome is None or not outcome.conclusive or request.kind not in outcome.hold:
        msg = f"{event.outcome!r} does not conclude a request of kind {request.kind}"
        raise EventRefused(msg)
    effect = outcome.hold[request.kind]
    if outcome.amount != "none" and effect in _KEEPS and (event.held_minor is None or event.held_minor < 0):
        msg = f"{event.outcome} needs the amount that is held"
        raise EventRefused(msg)
    step.close_tasks_of(request.id, step.definition.watch["conflict"], how="done", by=event.by)
    request = step.put_request(
        replace(
            request,
            conflict=False,
            outcome=outcome.code,
            executed_minor=event.held_minor,
            replies=(*request.replies, event.id),
        )
    )
    said = _Said(
        outcome=outcome,
        effect=effect,
        held_minor=event.held_minor,
        executed_at=event.executed_at,
        ends_at=event.ends_at,
    )
    if step.hold(request.hold_id).state not in ENDED:
        _apply(step, request, said)
        _outcome_tasks(step, request, said, has_hops=False)


def _follow(step: Step, request: Request, event: AnswerReceived) -> None:
    """Open the next tier: each account that the answer names gets its hold in this same step."""
    for claim in event.next_hops:
        if claim.hold_id in step.holds or claims.live_hold(step, claim.account_id, claim.receipt_id):
            continue
        claims.open_hold(step, claim, cause_request_id=request.id)


# -- what an answer makes of the hold


def _apply(step: Step, request: Request, said: _Said) -> None:
    hold = step.hold(request.hold_id)
    if hold.state in ENDED and not (hold.state == "lapsed" and request.kind in {"freeze", "second_stop", "extend"}):
        _too_late(step, hold, said)
        return
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
            step.put_hold(replace(hold, state="lapsed", held_minor=0, lapse_confirmed=True))
        case "as_before":
            if hold.state == "asked":
                state = "lapsed" if hold.executed_at is not None else "none"
                step.put_hold(replace(hold, state=state, held_minor=0))
        case "asked" | "in_question" | "queued_behind" | "none":
            if said.effect == "none":
                waits.end_term(step, hold)
            is_behind = said.effect == "queued_behind" and hold.executed_at is None
            ends_at = said.ends_at if is_behind else hold.ends_at
            step.put_hold(replace(hold, state=said.effect, held_minor=0, ends_at=ends_at))
        case _:  # `same`
            pass


def _too_late(step: Step, hold: Hold, said: _Said) -> None:
    if hold.state == "lapsed" and said.effect in {"released", "lapsed"}:
        _confirm_lapse(step, hold)
    elif said.effect in HOLDING:
        step.open_task(step.definition.watch["stopped_after_end"], "hold", hold.id, reason=said.outcome.code)


def _confirm_lapse(step: Step, hold: Hold) -> None:
    step.put_hold(replace(hold, lapse_confirmed=True))
    step.close_tasks_of(hold.id, step.definition.stop_term.lapse_task, step.definition.freeze_term.lapse_task)


def _executed(step: Step, request: Request, said: _Said) -> tuple[datetime, str | None]:
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
    if said.executed_at < request.created_at - skew and request.kind == "stop" and not request.supplement:
        return request.created_at, "clock_wrong"
    return said.executed_at, None


def _doubt_instant(step: Step, hold: Hold, doubt: str | None) -> None:
    if doubt is not None:
        step.open_task(step.definition.watch[doubt], "hold", hold.id, reason=doubt)


def _amount(hold: Hold, said: _Said) -> int:
    held = said.held_minor or 0
    return held if hold.traced_minor is None else min(held, hold.traced_minor)


def _stopped(step: Step, hold: Hold, request: Request, said: _Said) -> None:
    start, doubt = _executed(step, request, said)
    held = _amount(hold, said) if said.held_minor is not None else hold.held_minor
    hold = step.put_hold(
        replace(
            hold,
            state="stopped",
            held_minor=held,
            executed_at=start,
            end_is_provisional=doubt is not None,
            stop_seq=max(hold.stop_seq, request.stop_seq),
            lapse_confirmed=False,
        )
    )
    hold = waits.start_term(step, hold, start, frozen=False, stated=said.ends_at)
    _doubt_instant(step, hold, doubt)
    facts.held(step, hold)


def _frozen(step: Step, hold: Hold, request: Request, said: _Said) -> None:
    start, doubt = _executed(step, request, said)
    if hold.state != "frozen" and hold.executed_at is not None and hold.ends_at is not None:
        facts.converted(step, hold, start)
        if start > hold.ends_at:
            step.open_task(step.definition.watch["gap"], "hold", hold.id, reason="freeze_after_end")
    step.close_tasks_of(hold.id, step.definition.stop_term.lapse_task)
    asked_end = request.ends_at if request.ends_at is not None else said.ends_at
    stated = min(asked_end, said.ends_at) if asked_end is not None and said.ends_at is not None else asked_end
    hold = step.put_hold(
        replace(
            hold,
            state="frozen",
            held_minor=_amount(hold, said),
            executed_at=start,
            end_is_provisional=doubt is not None,
            lapse_confirmed=False,
        )
    )
    hold = waits.start_term(step, hold, start, frozen=True, stated=stated)
    _doubt_instant(step, hold, doubt)
    facts.held(step, hold)


def _renewed(step: Step, hold: Hold, request: Request, said: _Said) -> None:
    """A further term that begins where the old one ends."""
    old_end = hold.ends_at or step.at
    term = step.definition.freeze_term if hold.state == "frozen" else step.definition.stop_term
    is_frozen = hold.state == "frozen"
    latest = due_at(old_end, term.box.length, term.box.calendar, term.box.zone)
    stated = said.ends_at if said.ends_at is not None and said.ends_at < latest else request.ends_at
    step.close_tasks_of(hold.id, term.lapse_task)
    hold = step.put_hold(
        replace(
            hold,
            state="frozen" if is_frozen else "stopped",
            stop_seq=hold.stop_seq if is_frozen else max(hold.stop_seq, request.stop_seq),
            held_minor=hold.held_minor if said.held_minor is None else _amount(hold, said),
            lapse_confirmed=False,
        )
    )
    hold = waits.start_term(step, hold, old_end, frozen=is_frozen, stated=stated)
    facts.held(step, hold)


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
    step.close_tasks_of(hold.id, keep=(watch["review"], watch["gap"]))
    step.put_hold(replace(step.hold(hold.id), state=state, held_minor=0))
