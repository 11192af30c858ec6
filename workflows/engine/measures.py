"""Measures on a hold: asked, approved by a second person, sent; filing and release."""

from datetime import datetime
from uuid import UUID

from workflows import effects as fx
from workflows.copying import replace
from workflows.engine import chasing, waits
from workflows.engine.step import ENDED, EventRefused, Step
from workflows.events import ApprovalGiven, ApprovalRefused, MeasureAsked
from workflows.ids import derived_id
from workflows.scheme import HOLDING, RequestKind
from workflows.scheme_rules import BEGINNING, REVIVING, STOPS
from workflows.state import LIVE_HOLDS, Approval, Hold, Request

_TERMS = frozenset({"stop", "second_stop", "extend"})
"""Roles that may use up a stop term."""
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
    if hold.state == "unconfirmed":
        msg = f"hold {hold.id} is not confirmed yet: confirm its account, or drop it"
        raise EventRefused(msg)
    _check(step, hold, kind, amount, event.ends_at, event.papers)
    if set(event.papers) - set(hold.papers):
        hold = step.put_hold(replace(hold, papers=tuple(sorted({*hold.papers, *event.papers}))))
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


def _check(
    step: Step,
    hold: Hold,
    kind: RequestKind,
    amount: int | None,
    ends_at: datetime | None,
    papers: tuple[str, ...] = (),
) -> None:
    """Refuse what the definition does not allow on this hold now."""
    msg = _bars_lane(step, hold) or _bars_hold(step, hold, kind)
    msg = msg or _bars_papers(hold, kind, papers) or _bars_amount(step, hold, kind, amount)
    if msg is None and ends_at is not None:
        msg = _bars_end(step, kind, ends_at)
    if msg is not None:
        raise EventRefused(msg)


def _bars_papers(hold: Hold, kind: RequestKind, papers: tuple[str, ...]) -> str | None:
    missing = [code for code in kind.documents if code not in {*hold.papers, *papers}]
    return f"{kind.kind} needs papers that are missing: {', '.join(missing)}" if missing else None


def _bars_end(step: Step, kind: RequestKind, ends_at: datetime) -> str | None:
    """Say why an order cannot end at that instant: it lies behind, or beyond the longest term of the measure."""
    term = step.definition.term_of(frozen=kind.role == "freeze") if kind.role in BEGINNING else None
    if term is None or term.box is None:
        return None if ends_at > step.at else f"a {kind.kind} ends after now"
    latest = step.derive(term.box, step.at).due_at
    return None if step.at < ends_at <= latest else f"a {kind.kind} ends after now and not after {latest.isoformat()}"


def _bars_lane(step: Step, hold: Hold) -> str | None:
    if hold.account_id is None:
        return f"the account of hold {hold.id} is not known yet"
    if step.definition.lane(hold.lane).mode == "elsewhere":
        return f"hold {hold.id} is in the lane {hold.lane}: nothing is sent for it under this definition"
    return None


def _busy(step: Step, hold: Hold, kind: RequestKind) -> set[str]:
    """Return the kinds of request that must be answered before this one can be asked."""
    busy = {request.kind: step.role(request) for request in step.open_requests_of(hold.id)}
    releasing = "release" in busy.values() and kind.role != "release"
    return set(busy) if kind.kind in busy or releasing or kind.role == "stop" else set()


def _bars_hold(step: Step, hold: Hold, kind: RequestKind) -> str | None:
    if hold.void is not None and kind.role != "release":
        return f"hold {hold.id} is void ({hold.void}): it is only let go"
    if hold.state not in kind.from_states:
        return f"{kind.kind} is not possible while hold {hold.id} is {hold.state}"
    busy = _busy(step, hold, kind)
    if busy:
        return f"hold {hold.id} still waits for the answer to: {', '.join(sorted(busy))}"
    if kind.role in BEGINNING and hold.state not in LIVE_HOLDS and is_claimed(step, hold):
        return f"another hold already claims the receipt of hold {hold.id}"
    return _bars_term(step, hold, kind)


def _bars_term(step: Step, hold: Hold, kind: RequestKind) -> str | None:
    if counts_term(kind, hold) and next_stop_seq(step, hold) is None:
        return f"the account of hold {hold.id} has had its {step.definition.terms_allowed} stop terms"
    term = step.definition.term_of(frozen=hold.state == "frozen")
    limit = term.renewal.limit if term is not None and term.renewal is not None else None
    if kind.role == "extend" and limit is not None and hold.renewals >= limit:
        return f"hold {hold.id} was renewed {hold.renewals} times: {limit} is the limit"
    return None


def _bars_amount(step: Step, hold: Hold, kind: RequestKind, amount: int | None) -> str | None:
    if kind.filing and step.filing != "filed":
        return f"{kind.kind} needs a filed case"
    if kind.role == "release" and not was_confirmed(step, hold):
        return f"hold {hold.id} was never confirmed as stopped: there is nothing to release"
    if kind.needs_amount and (amount is None or amount <= 0):
        return f"{kind.kind} must state an amount above 0"
    if kind.role == "return" and amount is not None and amount > hold.held_minor:
        return f"{amount} is more than the {hold.held_minor} that hold {hold.id} holds"
    return None


def counts_term(kind: RequestKind, hold: Hold) -> bool:
    """Tell whether a request uses up a stop term; an extension of a freeze does not."""
    return kind.counts_term and hold.state != "frozen"


def is_claimed(step: Step, hold: Hold) -> bool:
    """Tell whether another hold claims the same receipt: a live one, or one that may live again."""
    return any(
        other.receipt_id == hold.receipt_id
        and other.id != hold.id
        and (other.state in LIVE_HOLDS or may_revive(step, other))
        for other in step.holds_on(hold.account_id)
    )


def may_revive(step: Step, hold: Hold) -> bool:
    """Tell whether an institution is being asked for what would bring back a hold that lapsed."""
    return hold.state == "lapsed" and any(step.role(one) in REVIVING for one in step.open_requests_of(hold.id))


def next_stop_seq(step: Step, hold: Hold) -> int | None:
    """Return the number of the account's stop term that a further stop of ``hold`` would be, None above the limit.

    A stop beside another one that runs on the same account is a supplement to that term, not a new one.
    """
    others = [other for other in step.holds_on(hold.account_id) if other.id != hold.id]
    standing = [other.stop_seq for other in others if other.state in _STANDING]
    asked = [request.stop_seq for request in step.requests_on(others) if step.role(request) in _TERMS]
    running = max([*standing, *asked], default=0)
    used = max([hold.stop_seq, *(other.stop_seq for other in others), *asked])
    if hold.stop_seq < running:
        return running
    limit = step.definition.terms_allowed
    return used + 1 if limit is None or used < limit else None


def was_confirmed(step: Step, hold: Hold) -> bool:
    """Tell whether an institution ever said that it stopped, froze or queued this hold's money."""
    if hold.executed_at is not None:
        return True
    for request in step.requests_of(hold.id):
        if request.outcome is not None:
            effect = step.definition.outcome_of(request.outcome, request.kind).hold.get(request.kind)
            if effect in HOLDING or (effect == "queued_behind" and step.role(request) == "freeze"):
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
) -> Request:
    """Write the request, queue it, and start the wait for its delivery."""
    is_first = not step.requests
    request = written(
        step, hold, kind, asked_minor=asked_minor, ends_at=ends_at, documents=documents, request_id=request_id
    )
    step.effects.append(fx.SendRequest(request_id=request.id, rank=rank_of(step, request)))
    waits.await_receipt(step, request)
    if is_first:
        if not documents:
            step.open_task(step.definition.watch["papers"], "request", request.id)
        if request.approval == "after":
            step.open_task(step.definition.watch["review"], "hold", hold.id)
    return request


def written(
    step: Step,
    hold: Hold,
    kind: str,
    *,
    asked_minor: int | None,
    ends_at: datetime | None = None,
    documents: tuple[str, ...] = (),
    request_id: UUID | None = None,
) -> Request:
    """Write a request that nobody sends yet; a hold that waited for it is being asked for now."""
    rules, lane = step.definition.requests[kind], step.definition.lane(hold.lane)
    is_first_of_hold = hold.state == "unconfirmed"
    sequence = next_stop_seq(step, hold) if counts_term(rules, hold) else hold.stop_seq
    request = step.put_request(
        Request(
            id=request_id or step.new_id("request"),
            hold_id=hold.id,
            kind=kind,
            role=rules.role,
            approval=(is_first_of_hold and lane.approval) or rules.approval,
            stage="queued",
            urgency=hold.urgency,
            scope=rules.scope if rules.role != "stop" else hold.scope,
            asset=hold.asset,
            asked_minor=asked_minor,
            stop_seq=sequence or 1,
            created_at=step.at,
            documents=documents,
            ends_at=ends_at,
            supplement=rules.role in STOPS and _is_supplement(step, hold, sequence or 1),
        )
    )
    if rules.role in BEGINNING and (hold.state not in LIVE_HOLDS or hold.state in {"unconfirmed", "in_question"}):
        step.put_hold(replace(hold, state="asked", lapse_confirmed=False))
    return request


def rank_of(step: Step, request: Request) -> int:
    """Return how early a request is sent: the lowest first, of one kind the more urgent."""
    rank = step.definition.requests[request.kind].rank
    urgencies = [urgency.code for urgency in step.definition.urgencies]
    return rank and rank + _RANKS_APART * urgencies.index(request.urgency)


def propose(step: Step, hold: Hold, kind: str, by: str, reason: str, amount_minor: int | None = None) -> None:
    """Have a request approved that the procedure itself wants, once."""
    if any(approval.hold_id == hold.id and approval.act == kind for approval in step.approvals.values()):
        return
    step.open_approval(
        Approval(
            id=step.new_id("approval"),
            act=kind,
            hold_id=hold.id,
            asked_by=by,
            amount_minor=amount_minor,
            ends_at=None,
            documents=(),
            reason=reason,
        )
    )


def _is_supplement(step: Step, hold: Hold, sequence: int) -> bool:
    others = [other for other in step.holds_on(hold.account_id) if other.id != hold.id]
    return any(other.state in _STANDING and other.stop_seq == sequence for other in others) or any(
        step.role(request) in STOPS and request.stop_seq == sequence for request in step.requests_on(others)
    )


def approval_given(step: Step, event: ApprovalGiven) -> None:
    """Send exactly what was asked, if it is still possible; an approval that is over does nothing."""
    approval = step.approvals.get(event.approval_id)
    if approval is None:
        return
    _another_person(approval, event.by)
    hold = step.hold(approval.hold_id)
    if approval.act == chasing.EXTEND:
        step.close_approval(approval, "given", event.by)
        chasing.extend(step, event.by)
        return
    if approval.act not in step.definition.requests:
        msg = f"{approval.act} is no measure: it is approved by its own act"
        raise EventRefused(msg)
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


def ask_again(step: Step, hold: Hold, request: Request) -> None:
    """Ask again what a request asked, with the approval that the definition wants.

    Raises:
        EventRefused: It is not possible now.
    """
    kind = step.definition.requests[request.kind]
    ends_at = request.ends_at if request.ends_at is not None and request.ends_at > step.at else None
    _check(step, hold, kind, request.asked_minor, ends_at)
    if kind.approval != "before":
        send(step, hold, kind.kind, asked_minor=request.asked_minor, ends_at=ends_at, documents=request.documents)
        return
    if any(approval.hold_id == hold.id and approval.act == kind.kind for approval in step.approvals.values()):
        return
    step.open_approval(
        Approval(
            id=step.new_id("approval"),
            act=kind.kind,
            hold_id=hold.id,
            asked_by="procedure",
            amount_minor=request.asked_minor,
            ends_at=ends_at,
            documents=request.documents,
            reason="queue",
        )
    )


def begin_release(
    step: Step, hold: Hold, by: str, reason: str, *, is_approved: bool = False, keep_minor: int | None = None
) -> None:
    """Have a hold released: what was confirmed as stopped or frozen, with the approval that the definition wants.

    With ``is_approved`` two persons stand behind it already, or the definition asks for one only. With
    ``keep_minor`` only what is above it is let go, by the kind of release that may leave a part.
    """
    if hold.state in ENDED or not was_confirmed(step, hold):
        return
    definition = step.definition
    code = definition.kind_for("release") if keep_minor is None else definition.kind_with("release", "reduced")
    kind = definition.requests[code]
    step.open_task(definition.watch["release"], "hold", hold.id, reason=reason)
    if any(step.role(request) == "release" for request in step.open_requests_of(hold.id)):
        return
    if any(a.hold_id == hold.id and step.definition.role_of(a.act) == "release" for a in step.approvals.values()):
        return
    amount = None if keep_minor is None else hold.held_minor - keep_minor
    if kind.approval == "before" and not is_approved:
        propose(step, hold, code, by, reason, amount)
        return
    request = send(step, hold, code, asked_minor=hold.traced_minor if amount is None else amount)
    if is_approved and kind.approval == "before":
        step.put_request(replace(request, approval="after"))
