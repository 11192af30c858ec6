"""Claims on accounts: a hold opens, a doubt waits for a person, an order leaves."""

from dataclasses import replace
from uuid import UUID

from workflows.engine import facts, measures, waits
from workflows.engine.step import OVER, EventRefused, Step
from workflows.events import Claim, ClaimAdded, ClaimConfirmed, ClaimDropped, LeadResolved
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
        if hold.receipt_id == receipt_id and hold.state in LIVE_HOLDS:
            return hold
    return None


def open_hold(step: Step, claim: Claim, *, cause_request_id: UUID | None) -> None:
    """Write the hold and send its stop, unless a person must look first."""
    definition = step.definition
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
            scope=definition.scope,
            urgency=definition.urgency_of(claim.paid_at, step.at),
            since=claim.since,
            paid_at=claim.paid_at,
            cause_request_id=cause_request_id,
        )
    )
    facts.claimed(step, hold)
    if claim.account_id is None:
        step.open_task(definition.watch["lead"], "hold", hold.id, reason="lead")
    elif claim.tier > definition.chase_depth:
        step.open_task(definition.chase_task, "hold", hold.id, reason="chase_depth")
    elif claim.doubts:
        step.open_task(definition.watch["confirm"], "hold", hold.id, reason=claim.doubts[0])
    elif step.filing == "declined":
        step.open_task(definition.watch["confirm"], "hold", hold.id, reason="not_filed")
    elif claim.tier > 1 and definition.follow != "automatic":
        step.open_task(definition.watch["confirm"], "hold", hold.id, reason="follow_by_person")
    else:
        _stop(step, hold)


def _stop(step: Step, hold: Hold) -> None:
    """Send the stop of a hold; where the account has had its terms, a person decides."""
    if measures.next_stop_seq(step, hold) is None:
        step.open_task(step.definition.watch["limit"], "hold", hold.id, reason="terms_used")
        return
    measures.send(step, hold, "stop", asked_minor=hold.traced_minor)


def _looking(step: Step) -> tuple[str, ...]:
    watch = step.definition.watch
    return watch["lead"], watch["confirm"], watch["limit"], watch["task"], step.definition.chase_task


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
    step.close_tasks_of(hold.id, step.definition.watch["lead"], how="done", by=event.by)
    hold = step.put_hold(replace(hold, account_id=event.account_id, institution_id=event.institution_id, since=step.at))
    if event.doubts:
        step.open_task(step.definition.watch["confirm"], "hold", hold.id, reason=event.doubts[0])
    elif hold.tier > step.definition.chase_depth:
        step.open_task(step.definition.chase_task, "hold", hold.id, reason="chase_depth")
    else:
        _stop(step, hold)


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
    if measures.next_stop_seq(step, hold) is None:
        terms = step.definition.stop_term.terms
        msg = f"the account of hold {hold.id} has had its {terms} stop terms: freeze it, or drop it"
        raise EventRefused(msg)
    step.close_tasks_of(hold.id, *_looking(step), how="done", by=event.by)
    _stop(step, hold)


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
