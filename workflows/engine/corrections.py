"""What the centre no longer wants: a claim on a wrong account, and the release of what was stopped for it."""

from workflows.copying import replace
from workflows.engine import claims, facts, measures, waits
from workflows.engine.step import EventRefused, Step
from workflows.events import ClaimCorrected
from workflows.state import LIVE_HOLDS, Hold

CORRECTED = "corrected"
"""Why a hold is void: the centre had named a wrong account."""
WITHDRAWN = "withdrawn"
"""Why a hold is void: the reporter's side took the report back, verified and approved."""


def claim_corrected(step: Step, event: ClaimCorrected) -> None:
    """Let go of the wrong account and ask for the right one in the same step, each with clocks of its own.

    Raises:
        EventRefused: The hold is over or void, or the right account is the same or claimed already.
    """
    hold, right = step.hold(event.hold_id), event.claim
    if right.hold_id in step.holds:
        return
    if hold.state not in LIVE_HOLDS or hold.void is not None:
        msg = f"hold {hold.id} is {hold.void or hold.state}: there is nothing to correct"
        raise EventRefused(msg)
    if right.account_id is None or right.account_id == hold.account_id:
        msg = f"the correction of hold {hold.id} must name another account"
        raise EventRefused(msg)
    if claims.live_hold(step, right.account_id, right.receipt_id) is not None:
        msg = f"another hold already claims this receipt on account {right.account_id}"
        raise EventRefused(msg)
    step.put_hold(replace(hold, corrected_by=right.hold_id))
    claims.open_hold(step, right, cause_request_id=hold.cause_request_id)
    step.put_hold(replace(step.hold(right.hold_id), corrects=hold.id))
    facts.claimed(step, hold, "excluded")
    let_go(step, step.hold(hold.id), event.by, CORRECTED)
    asked = {request.id for request in step.requests_of(hold.id)}
    for other in [other for other in step.holds.values() if other.cause_request_id in asked]:
        if other.state in LIVE_HOLDS:  # followed from a wrong account: whether it is the victim's money, a person says
            step.open_task(step.definition.watch["task"], "hold", other.id, reason=CORRECTED)


def let_go(step: Step, hold: Hold, by: str, why: str) -> None:
    """Make a hold void: release what was confirmed, take back what was not delivered, else let the answer decide.

    The boxes of what an institution still has are excluded, unless they were
    missed before: a correction of ours does not wash a delay of theirs.
    """
    if hold.counted_minor:
        hold = facts.doubted(step, hold)
    hold = step.put_hold(replace(hold, void=why))
    for request in list(step.open_requests_of(hold.id)):
        if request.stage == "queued" and step.definition.role_of(request.kind) != "release":
            waits.withdraw(step, request)
        elif request.stage != "queued":
            facts.voided(step, request)
    for approval in [a for a in step.approvals.values() if a.hold_id == hold.id]:
        if step.definition.role_of(approval.act) != "release":
            step.close_approval(approval, "expired", clock="void")
    settle(step, step.hold(hold.id), by)


def settle(step: Step, hold: Hold, by: str) -> None:
    """Let go of a void hold as far as is known by now: called again when an institution has answered."""
    if hold.state not in LIVE_HOLDS:
        return
    if measures.was_confirmed(step, hold):
        measures.begin_release(step, hold, by, hold.void or CORRECTED, is_approved=_needs_no_other(step, hold))
    elif not any(step.open_requests_of(hold.id)):
        claims.drop(step, hold, by)


def _needs_no_other(step: Step, hold: Hold) -> bool:
    """Tell whether the release may leave without a second person.

    A withdrawal had its own; a correction may within the definition's grace for the centre's own error,
    counted from the first request to the correction. It is reviewed afterwards.
    """
    if hold.void == WITHDRAWN:
        return True
    grace, right = step.definition.correction_grace, step.holds.get(hold.corrected_by) if hold.corrected_by else None
    asked = min((request.created_at for request in step.requests_of(hold.id)), default=step.at)
    if grace is None or right is None or right.since - asked > grace.absolute():
        return False
    step.open_task(step.definition.watch["review"], "hold", hold.id, reason=CORRECTED)
    return True
