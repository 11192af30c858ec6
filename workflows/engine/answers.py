"""What institutions say: deliveries, pending and conclusive answers, contradictions, the next accounts."""

from datetime import datetime

from workflows.copying import replace
from workflows.engine import chasing, claims, corrections, facts, holding, measures, pauses, waits
from workflows.engine.holding import Said
from workflows.engine.step import ENDED, OVER, EventRefused, Step
from workflows.events import AnswerReceived, AnswerSettled, RequestDelivered
from workflows.scheme import HOLDING
from workflows.scheme_rules import STOPS
from workflows.state import Request

_KEEPS = frozenset({"stopped", "frozen", "reduced"})
"""Effects that need the amount that is held, where the outcome asks for one."""


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
    start = hold.since if is_first and step.role(request) == "stop" else request.created_at
    definition, urgency = step.definition, request.urgency
    facts.boxed(step, "dispatch", request, definition.dispatch[urgency], start=start, stop=sent_at)
    facts.boxed(step, "delivery", request, definition.receipt[urgency], start=request.created_at, stop=delivered_at)


def _deliver(step: Step, request: Request, delivered_at: datetime) -> Request:
    request = step.put_request(replace(request, delivered_at=delivered_at))
    if request.stage != "queued":
        return request
    step.end_clocks_of(request.id, "met", "receipt")
    waits.end_ladder(step, request, "met")
    if step.role(request) == "notice":  # told, and nobody answers it
        return step.put_request(replace(request, stage="answered", answered_at=delivered_at))
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
        before = step.hold(request.hold_id)
        _conclude(step, request, said)
        _outcome_tasks(step, request, said, has_hops=bool(event.next_hops))
        chasing.after_answer(step, before, said.outcome.marks, has_hops=bool(event.next_hops))
    _follow(step, request, event)


def _read(step: Step, request: Request, event: AnswerReceived) -> Said | None:
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
    if held and effect in {"none", "as_before"} and step.role(request) in STOPS:
        effect = "stopped"  # a part stayed although the rest moved on
    return Said(outcome=outcome, effect=effect, held_minor=held, executed_at=event.executed_at, ends_at=event.ends_at)


def _pending(step: Step, request: Request, event: AnswerReceived) -> Request:
    outcome = step.definition.outcome_of(event.outcome, request.kind)
    request = step.put_request(replace(request, stage="received", acknowledged_at=request.acknowledged_at or step.at))
    if outcome.conclusive:
        step.open_task(step.definition.watch["amount"], "request", request.id, reason=outcome.code)
    for task in outcome.tasks:
        step.open_task(task, "request", request.id, reason=outcome.code)
    return pauses.said(step, request, outcome.code)


def _conclude(step: Step, request: Request, said: Said) -> None:
    """The first conclusive answer: the wait is over, the hold becomes what the definition says."""
    late, due = request.answer_due_at is not None and step.at > request.answer_due_at, request.answer_due_at
    is_uncounted = any(clock.derivation.is_uncounted for clock in step.clocks_of(request.id, "answer"))
    waits.end_waits(step, request, "met")
    request = step.put_request(
        replace(
            request,
            stage="answered",
            outcome=said.outcome.code,
            executed_minor=said.held_minor,
            answered_at=step.at,
            late=late,
            paused_at=None,
        )
    )
    limits = step.answer_clock(request)
    is_void = step.hold(request.hold_id).void is not None
    own_fault = said.outcome.own_fault or "excluded" in said.outcome.marks
    verdict = "excluded" if own_fault or is_void or is_uncounted else None
    start = request.delivered_at or request.created_at
    facts.boxed(step, "answer", request, limits.box, start=start, stop=step.at, verdict=verdict, due=due)
    if limits.fallback is not None:
        facts.boxed(step, "answer_limit", request, limits.fallback, start=start, stop=step.at, verdict=verdict)
    holding.apply(step, request, said)


def deem(step: Step, request: Request, code: str) -> bool:
    """Take an outcome as given because nobody answered; False where it cannot conclude such a request.

    It is marked as deemed: what the institution says later confirms or contradicts it.
    """
    outcome = step.definition.outcomes[code]
    if request.kind not in outcome.hold:
        return False
    waits.end_waits(step, request, "void")
    request = step.put_request(replace(request, stage="answered", outcome=code, late=True, deemed=True, paused_at=None))
    said = Said(outcome=outcome, effect=outcome.hold[request.kind], held_minor=None, executed_at=None, ends_at=None)
    holding.apply(step, request, said)
    _outcome_tasks(step, request, said, has_hops=False)
    return True


def _deemed(step: Step, request: Request, said: Said) -> bool:
    """Hold the institution's own word against what was deemed; True where it says the same.

    A word that contradicts it is a person's to settle, also where the hold is over by then.
    """
    if said.outcome.code != request.outcome:
        if step.hold(request.hold_id).state in ENDED and not request.conflict:
            step.put_request(replace(request, conflict=True))
            step.open_task(step.definition.watch["conflict"], "request", request.id, reason=said.outcome.code)
        return False
    request = step.put_request(
        replace(request, deemed=False, executed_minor=said.held_minor, answered_at=step.at),
    )
    box, start = step.answer_clock(request).box, request.delivered_at or request.created_at
    facts.boxed(step, "answer", request, box, start=start, stop=step.at, due=request.answer_due_at)
    if step.hold(request.hold_id).state not in ENDED:
        holding.apply(step, request, said)
    return True


def _outcome_tasks(step: Step, request: Request, said: Said, *, has_hops: bool) -> None:
    hold = step.hold(request.hold_id)
    if hold.void is not None:
        corrections.settle(step, hold, "procedure")
        return
    wanted = list(said.outcome.tasks)
    if said.held_minor is not None and (request.asked_minor or 0) > said.held_minor:
        wanted += said.outcome.tasks_if_short
    if not has_hops:
        wanted += said.outcome.tasks_if_no_hop
    for task in wanted:
        step.open_task(task, "hold", hold.id, reason=said.outcome.code)
    if step.filing == "declined":
        measures.begin_release(step, step.hold(hold.id), "procedure", "not_filed")


def _again(step: Step, request: Request, said: Said | None) -> None:
    """A further answer to a request that is over: repeated, too late, or contradicting the first."""
    hold = step.hold(request.hold_id)
    if said is None or (request.deemed and _deemed(step, request, said)):
        return
    if hold.state in ENDED:
        if hold.state == "lapsed" and said.effect in {"lapsed", "released"}:
            holding.confirm_lapse(step, hold)
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
            deemed=False,
            outcome=outcome.code,
            executed_minor=event.held_minor,
            replies=(*request.replies, event.id),
        )
    )
    said = Said(
        outcome=outcome,
        effect=effect,
        held_minor=event.held_minor,
        executed_at=event.executed_at,
        ends_at=event.ends_at,
    )
    if step.hold(request.hold_id).state not in ENDED:
        holding.apply(step, request, said)
        _outcome_tasks(step, request, said, has_hops=False)


def _follow(step: Step, request: Request, event: AnswerReceived) -> None:
    """Open the next tier: each account that the answer names gets its hold in this same step."""
    if step.hold(request.hold_id).void is not None:
        return  # what left a wrong account is not the victim's money
    for claim in event.next_hops:
        if claim.hold_id in step.holds or claims.live_hold(step, claim.account_id, claim.receipt_id):
            continue
        claims.open_hold(step, claim, cause_request_id=request.id)
