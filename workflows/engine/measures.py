"""Measures on a hold: asked, approved by a second person, sent; filing and release."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from workflows import effects as fx
from workflows.clocks import due_at
from workflows.engine import waits
from workflows.engine.step import ENDED, EventRefused, Step
from workflows.events import ApprovalGiven, ApprovalRefused, MeasureAsked
from workflows.ids import derived_id
from workflows.scheme import HOLDING, RequestKind
from workflows.state import LIVE_HOLDS, Approval, Hold, Request

STOPS = frozenset({"stop", "second_stop"})
"""Kinds of request that begin a stop term."""
_BEGIN = frozenset({"stop", "second_stop", "freeze"})
_STANDING = frozenset({"stopped", "in_question", "frozen"})
_RANKS_APART = 10


def measure_asked(step: Step, event: MeasureAsked) -> None:
    """Open the approval that the definition wants, or send at once."""
    hold = step.hold(event.hold_id)
    kind = step.definition.requests.get(event.kind)
    if kind is None:
        msg = f"{event.kind!r} is not a kind of request of {step.definition.name}"
        raise EventRefused(msg)
    approval_id = derived_id(step.at, event.id, "approval")
    request_id = derived_id(step.at, approval_id, "request")  # found again when the event is repeated
    if approval_id in step.approvals or approval_id in hold.past_approvals or request_id in step.requests:
        return
    amount = event.amount_minor
    if kind.needs_amount and amount is None:
        amount = hold.held_minor or hold.traced_minor
    _check(step, hold, kind, amount, event.ends_at)
    if any(approval.hold_id == hold.id and approval.act == kind.kind for approval in step.approvals.values()):
        msg = f"{kind.kind} of hold {hold.id} already waits for approval"
        raise EventRefused(msg)
    if kind.approval == "before":
        approval = Approval(
            id=approval_id,
            act=kind.kind,
            hold_id=hold.id,
            asked_by=event.by,
            amount_minor=amount,
            ends_at=event.ends_at,
            documents=event.documents,
            reason=event.reason,
        )
        step.open_approval(approval)
        return
    send(
        step,
        hold,
        kind.kind,
        asked_minor=hold.traced_minor if amount is None else amount,
        ends_at=event.ends_at,
        documents=event.documents,
        request_id=request_id,
    )


def _check(step: Step, hold: Hold, kind: RequestKind, amount: int | None, ends_at: datetime | None) -> None:
    """Refuse what the definition does not allow on this hold now."""
    msg = _bars_hold(step, hold, kind) or _bars_amount(step, hold, kind, amount)
    if msg is None and kind.kind == "freeze" and ends_at is not None:
        box = step.definition.freeze_term.box
        latest = due_at(step.at, box.length, box.calendar, box.zone)
        if not step.at < ends_at <= latest:
            msg = f"a freeze ends after now and not after {latest.isoformat()}"
    if msg is not None:
        raise EventRefused(msg)


def _bars_hold(step: Step, hold: Hold, kind: RequestKind) -> str | None:
    busy = {request.kind for request in step.open_requests_of(hold.id)}
    if hold.account_id is None:
        return f"the account of hold {hold.id} is not known yet"
    if hold.state not in kind.from_states:
        return f"{kind.kind} is not possible while hold {hold.id} is {hold.state}"
    if kind.kind in busy or ("release" in busy and kind.kind != "release") or (kind.kind == "stop" and busy):
        return f"hold {hold.id} still waits for the answer to: {', '.join(sorted(busy))}"
    if kind.kind in _BEGIN and hold.state not in LIVE_HOLDS and _is_claimed(step, hold):
        return f"another hold already claims the receipt of hold {hold.id}"
    if counts_term(kind, hold) and next_stop_seq(step, hold) is None:
        return f"the account of hold {hold.id} has had its {step.definition.stop_term.terms} stop terms"
    return None


def _bars_amount(step: Step, hold: Hold, kind: RequestKind, amount: int | None) -> str | None:
    if kind.filing and step.filing != "filed":
        return f"{kind.kind} needs a filed case"
    if kind.kind == "release" and not was_confirmed(step, hold):
        return f"hold {hold.id} was never confirmed as stopped: there is nothing to release"
    if kind.needs_amount and (amount is None or amount <= 0):
        return f"{kind.kind} must state an amount above 0"
    if kind.kind == "return" and amount is not None and amount > hold.held_minor:
        return f"{amount} is more than the {hold.held_minor} that hold {hold.id} holds"
    return None


def counts_term(kind: RequestKind, hold: Hold) -> bool:
    """Tell whether a request uses up a stop term; an extension of a freeze does not."""
    return kind.counts_term and hold.state != "frozen"


def _is_claimed(step: Step, hold: Hold) -> bool:
    return any(
        other.receipt_id == hold.receipt_id and other.state in LIVE_HOLDS and other.id != hold.id
        for other in step.holds_on(hold.account_id)
    )


def next_stop_seq(step: Step, hold: Hold) -> int | None:
    """Return the number of the account's stop term that a further stop of ``hold`` would be, None above the limit.

    A stop beside another one that runs on the same account is a supplement to that term, not a new one.
    """
    others = [other for other in step.holds_on(hold.account_id) if other.id != hold.id]
    standing = [other.stop_seq for other in others if other.state in _STANDING]
    asked = [request.stop_seq for request in step.requests_on(others) if request.kind in {*STOPS, "extend"}]
    running = max([*standing, *asked], default=0)
    used = max([hold.stop_seq, *(other.stop_seq for other in others), *asked])
    if hold.stop_seq < running:
        return running
    limit = step.definition.stop_term.terms
    return used + 1 if limit is None or used < limit else None


def was_confirmed(step: Step, hold: Hold) -> bool:
    """Tell whether an institution ever said that it stopped, froze or queued this hold's money."""
    if hold.executed_at is not None:
        return True
    for request in step.requests_of(hold.id):
        if request.outcome is not None:
            effect = step.definition.outcome_of(request.outcome, request.kind).hold.get(request.kind)
            if effect in HOLDING or (effect == "queued_behind" and request.kind == "freeze"):
                return True
    return False


def send(
    step: Step,
    hold: Hold,
    kind: str,
    *,
    asked_minor: int | None,
    ends_at: datetime | None = None,
    documents: tuple[str, ...] = (),
    request_id: UUID | None = None,
) -> None:
    """Write the request, queue it, and start the wait for its delivery."""
    rules = step.definition.requests[kind]
    is_first = not step.requests
    sequence = next_stop_seq(step, hold) if counts_term(rules, hold) else hold.stop_seq
    request = step.put_request(
        Request(
            id=request_id or step.new_id("request"),
            hold_id=hold.id,
            kind=kind,
            stage="queued",
            urgency=hold.urgency,
            scope=rules.scope if kind != "stop" else hold.scope,
            asset=hold.asset,
            asked_minor=asked_minor,
            stop_seq=sequence or 1,
            created_at=step.at,
            documents=documents,
            ends_at=ends_at,
            supplement=kind in STOPS and _is_supplement(step, hold, sequence or 1),
        )
    )
    if kind in _BEGIN and (hold.state not in LIVE_HOLDS or hold.state in {"unconfirmed", "in_question"}):
        step.put_hold(replace(hold, state="asked", lapse_confirmed=False))
    urgencies = [urgency.code for urgency in step.definition.urgencies]
    rank = rules.rank and rules.rank + _RANKS_APART * urgencies.index(request.urgency)
    step.effects.append(fx.SendRequest(request_id=request.id, rank=rank))
    waits.await_receipt(step, request)
    if is_first:
        if not documents:
            step.open_task(step.definition.watch["papers"], "request", request.id)
        if rules.approval == "after":
            step.open_task(step.definition.watch["review"], "hold", hold.id)


def _is_supplement(step: Step, hold: Hold, sequence: int) -> bool:
    others = [other for other in step.holds_on(hold.account_id) if other.id != hold.id]
    return any(other.state in _STANDING and other.stop_seq == sequence for other in others) or any(
        request.kind in STOPS and request.stop_seq == sequence for request in step.requests_on(others)
    )


def approval_given(step: Step, event: ApprovalGiven) -> None:
    """Send exactly what was asked, if it is still possible; an approval that is over does nothing."""
    approval = step.approvals.get(event.approval_id)
    if approval is None:
        return
    _another_person(approval, event.by)
    hold = step.hold(approval.hold_id)
    _check(step, hold, step.definition.requests[approval.act], approval.amount_minor, approval.ends_at)
    step.close_approval(approval, "given", event.by)
    send(
        step,
        step.hold(approval.hold_id),
        approval.act,
        asked_minor=hold.traced_minor if approval.amount_minor is None else approval.amount_minor,
        ends_at=approval.ends_at,
        documents=approval.documents,
        request_id=derived_id(step.at, approval.id, "request"),
    )


def approval_refused(step: Step, event: ApprovalRefused) -> None:
    """Nothing is sent; whoever asked may ask again."""
    approval = step.approvals.get(event.approval_id)
    if approval is None:
        return
    _another_person(approval, event.by)
    step.close_approval(approval, "refused", event.by)


def _another_person(approval: Approval, by: str) -> None:
    if by == approval.asked_by:
        msg = f"{approval.act} was asked by the same person: another one must decide"
        raise EventRefused(msg)


def begin_release(step: Step, hold: Hold, by: str, reason: str) -> None:
    """Have a hold released: what was confirmed as stopped or frozen, with the approval that the definition wants."""
    if hold.state in ENDED or not was_confirmed(step, hold):
        return
    kind = step.definition.requests["release"]
    step.open_task(step.definition.watch["release"], "hold", hold.id, reason=reason)
    if any(request.kind == "release" for request in step.open_requests_of(hold.id)):
        return
    if any(a.hold_id == hold.id and a.act == "release" for a in step.approvals.values()):
        return
    if kind.approval == "before":
        step.open_approval(
            Approval(
                id=step.new_id("approval"),
                act="release",
                hold_id=hold.id,
                asked_by=by,
                amount_minor=None,
                ends_at=None,
                documents=(),
                reason=reason,
            )
        )
    else:
        send(step, hold, "release", asked_minor=hold.traced_minor)
