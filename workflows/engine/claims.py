"""Claims on accounts: a hold opens, a doubt waits for a person, an order leaves."""

from uuid import UUID

from workflows.copying import replace
from workflows.engine import chasing, facts, measures, waits
from workflows.engine.maps import about
from workflows.engine.step import OVER, EventRefused, Step
from workflows.events import Claim, ClaimAdded, ClaimConfirmed, ClaimDropped, LeadResolved
from workflows.scheme_rules import NOT_ENTITLED, POOLED, Lane
from workflows.state import LIVE_HOLDS, Hold


def claim_added(step: Step, event: ClaimAdded) -> None:
    """Open the hold of a claim; the same claim again does nothing."""
    if event.claim.hold_id in step.holds:
        return
    other = live_hold(step, event.claim.account_id, event.claim.receipt_id)
    if other is not None:
        msg = f"hold {other.id} already claims this receipt on this account"
        raise EventRefused(msg)
    open_hold(step, event.claim, cause_request_id=None)


def live_hold(step: Step, account_id: UUID | None, receipt_id: UUID | None) -> Hold | None:
    """Return the live hold on a receipt in an account; an unknown account has none."""
    for hold in step.holds_on(account_id):
        if hold.receipt_id == receipt_id and (hold.state in LIVE_HOLDS or measures.may_revive(step, hold)):
            return hold
    return None


def open_hold(step: Step, claim: Claim, *, cause_request_id: UUID | None) -> None:
    """Write the hold in its lane and ask for it, unless a person must look first."""
    definition = step.definition
    lane = _lane(step, claim, cause_request_id)
    lead = claim.account_id is None
    hold = step.put_hold(
        Hold(
            id=claim.hold_id,
            account_id=claim.account_id,
            institution_id=claim.institution_id,
            lead_id=claim.lead_id,
            receipt_id=claim.receipt_id,
            tier=claim.tier,
            state="unconfirmed",
            asset=claim.asset,
            traced_minor=claim.amount_minor,
            scope=lane.scope or definition.scope,
            urgency=definition.urgency_of(claim.paid_at, step.at),
            since=claim.since,
            paid_at=claim.paid_at,
            cause_request_id=cause_request_id,
            agreed_answer=claim.agreed_answer,
            lane=lane.code,
            reason=claim.reason if lead else None,
            references=claim.references if lead else (),
            cross_border=claim.cross_border if lead else None,
        )
    )
    facts.claimed(step, hold)
    if claim.tier == 1:
        chasing.owe(step, hold, "claimed")
    if claim.cross_border:
        chasing.owe(step, hold, "cross_border")
    go_on(step, hold, _doubts(step, hold, claim))


def _lane(step: Step, claim: Claim, cause_request_id: UUID | None) -> Lane:
    """Return the lane of a claim.

    Money that is followed stays in the lane of the hold that it left: the report settled amount, age and
    reason. Only where it is now may lead it elsewhere.
    """
    cause = step.requests.get(cause_request_id) if cause_request_id else None
    if cause is not None:
        lane = step.definition.lane(step.hold(cause.hold_id).lane)
        if lane.gates.of_place(claim):
            return lane
    return step.definition.lane_of(claim)


def _doubts(step: Step, hold: Hold, claim: Claim) -> tuple[str, ...]:
    """Return why a person must look at a claim before anything is asked, what weighs most first."""
    definition, doubts = step.definition, [doubt for doubt in claim.doubts if doubt != POOLED]
    if claim.asked_by is not None and claim.asked_by not in definition.who_may_ask:
        doubts.insert(0, NOT_ENTITLED)
    if hold.scope == "whole" and claim.account_kind in definition.refuse_whole:
        doubts.insert(0, POOLED)
    return tuple(doubts)


def go_on(step: Step, hold: Hold, doubts: tuple[str, ...] = ()) -> None:
    """Ask for a hold, or give it to the person who must look at it first."""
    definition, lane = step.definition, step.definition.lane(hold.lane)
    confirm = definition.watch["confirm"]
    if hold.account_id is None:
        step.open_task(definition.watch["lead"], "hold", hold.id, reason="lead")
    elif lane.task is not None:
        step.open_task(lane.task, "hold", hold.id, reason="lane")
    elif hold.tier > chasing.depth(step):
        step.open_task(chasing.beyond_task(step), "hold", hold.id, reason=",".join((chasing.BEYOND, *doubts)))
    elif doubts:
        step.open_task(confirm, "hold", hold.id, reason=",".join(doubts))
    elif step.filing == "declined":
        step.open_task(confirm, "hold", hold.id, reason="not_filed")
    elif lane.mode == "confirm":
        step.open_task(confirm, "hold", hold.id, reason="lane")
    elif hold.cause_request_id is not None and definition.chain == "bank_to_bank":
        chasing.told(step, hold)
    elif hold.tier > 1 and definition.follow == "one_click":
        step.open_task(confirm, "hold", hold.id, reason="follow_one_click")
    elif hold.tier > 1 and definition.follow == "person":
        step.open_task(definition.chase_task, "hold", hold.id, reason="follow_by_person")
    else:
        _begin(step, hold)


def first_kind(step: Step, hold: Hold) -> str:
    """Return the kind of request with which a hold of its lane begins."""
    return step.definition.lane(hold.lane).first or step.definition.kind_for("stop")


def _begin(step: Step, hold: Hold) -> None:
    """Send the first request of a hold, or have it approved; where the account has had its terms, a person decides."""
    kind = step.definition.requests[first_kind(step, hold)]
    if measures.counts_term(kind, hold) and measures.next_stop_seq(step, hold) is None:
        step.open_task(step.definition.watch["limit"], "hold", hold.id, reason="terms_used")
        return
    lane = step.definition.lane(hold.lane)
    if (lane.approval or kind.approval) == "before":
        amount = hold.traced_minor if kind.needs_amount else None
        measures.propose(step, hold, kind.kind, "procedure", "lane", amount)
        return
    measures.send(step, hold, kind.kind, asked_minor=hold.traced_minor)


def _looking(step: Step) -> tuple[str, ...]:
    watch = step.definition.watch
    looking = watch["lead"], watch["confirm"], watch["limit"], watch["task"], step.definition.chase_task
    return (*looking, chasing.beyond_task(step))


def lead_resolved(step: Step, event: LeadResolved) -> None:
    """Give a lead its account; the centre's own speed counts from now."""
    hold = step.hold(event.hold_id)
    if hold.account_id == event.account_id:
        return
    if hold.account_id is not None or hold.state != "unconfirmed":
        msg = f"hold {hold.id} is not a lead that waits for its account"
        raise EventRefused(msg)
    if live_hold(step, event.account_id, hold.receipt_id) is not None:
        msg = f"another hold already claims this receipt on account {event.account_id}"
        raise EventRefused(msg)
    claim = _claim_of(hold, event)
    lane = _lane(step, claim, hold.cause_request_id)
    step.close_tasks_of(hold.id, step.definition.watch["lead"], how="done", by=event.by)
    hold = step.put_hold(
        replace(
            hold,
            account_id=event.account_id,
            institution_id=event.institution_id,
            since=step.at,
            agreed_answer=event.agreed_answer,
            lane=lane.code,
            scope=lane.scope or step.definition.scope,
            reason=None,
            references=(),
            cross_border=None,
        )
    )
    go_on(step, hold, _doubts(step, hold, claim))


def _claim_of(hold: Hold, event: LeadResolved) -> Claim:
    """Return the claim on a lead as it would have been, had its account been known."""
    return Claim(
        hold_id=hold.id,
        account_id=event.account_id,
        institution_id=event.institution_id,
        lead_id=hold.lead_id,
        receipt_id=hold.receipt_id,
        tier=hold.tier,
        amount_minor=hold.traced_minor,
        asset=hold.asset,
        paid_at=hold.paid_at,
        since=hold.since,
        doubts=event.doubts,
        cross_border=hold.cross_border if event.cross_border is None else event.cross_border,
        reason=hold.reason,
        references=hold.references,
        account_kind=event.account_kind,
    )


def claim_confirmed(step: Step, event: ClaimConfirmed) -> None:
    """Let the order leave that waited for a person."""
    hold = step.hold(event.hold_id)
    if hold.state == "dropped" and not any(step.requests_of(hold.id)):
        msg = f"hold {hold.id} was dropped"
        raise EventRefused(msg)
    if hold.state != "unconfirmed":
        return  # confirmed before, whatever came of it since
    if hold.account_id is None:
        msg = f"the account of hold {hold.id} is not known yet: resolve the lead first"
        raise EventRefused(msg)
    if any(approval.hold_id == hold.id for approval in step.approvals.values()):
        return  # what it begins with waits for another person already
    _refuse_confirmation(step, hold, event.note)
    kind = step.definition.requests[first_kind(step, hold)]
    if measures.counts_term(kind, hold) and measures.next_stop_seq(step, hold) is None:
        terms = step.definition.terms_allowed
        msg = f"the account of hold {hold.id} has had its {terms} stop terms: freeze it, or drop it"
        raise EventRefused(msg)
    step.close_tasks_of(hold.id, *_looking(step), how="done", by=event.by)
    _begin(step, hold)


def _refuse_confirmation(step: Step, hold: Hold, note: str | None) -> None:
    """Refuse what one person's word is not enough for, or what the definition does not send at all."""
    reasons = {reason for task in about(hold.id, step.tasks.values()) for reason in (task.reason or "").split(",")}
    msg = None
    if step.definition.lane(hold.lane).mode == "elsewhere":
        msg = f"hold {hold.id} is in the lane {hold.lane}: nothing is sent for it under this definition"
    elif hold.tier > chasing.depth(step) and step.definition.extension is not None:
        msg = f"hold {hold.id} lies beyond tier {chasing.depth(step)}: extend the chase first"
    elif POOLED in reasons and not note:
        msg = f"the account of hold {hold.id} holds many people's money: a supervisor must say why it is stopped whole"
    if msg is not None:
        raise EventRefused(msg)


def claim_dropped(step: Step, event: ClaimDropped) -> None:
    """End a claim that was wrong, as long as nothing was stopped and nobody is being asked."""
    hold = step.hold(event.hold_id)
    if hold.state == "dropped":
        return
    if hold.state not in LIVE_HOLDS or measures.was_confirmed(step, hold):
        msg = f"hold {hold.id} is {hold.state}: what was stopped is released, not dropped"
        raise EventRefused(msg)
    if any(request.stage not in {*OVER, "queued"} for request in step.requests_of(hold.id)):
        msg = f"the institution has a request about hold {hold.id}: await its answer, then release"
        raise EventRefused(msg)
    facts.claimed(step, hold, "excluded")  # it was none; what is only not pursued stays reported money
    drop(step, hold, event.by)


def drop(step: Step, hold: Hold, by: str) -> None:
    """End a claim: what was not delivered is taken back, what waits for a person is closed."""
    for request in list(step.open_requests_of(hold.id)):
        waits.withdraw(step, request)
    waits.end_term(step, hold)
    step.close_tasks_of(hold.id, by=by)
    for approval in [a for a in step.approvals.values() if a.hold_id == hold.id]:
        step.close_approval(approval, "refused", by)
    step.put_hold(replace(step.holds[hold.id], state="dropped", held_minor=0))
