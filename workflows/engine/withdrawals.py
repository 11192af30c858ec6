"""A report that its own side wants back, and a release that other cases stand against."""

from workflows.copying import replace
from workflows.engine import corrections, measures, waits
from workflows.engine.step import EventRefused, Step
from workflows.events import (
    ReleaseDecided,
    ReleaseHeldBack,
    WithdrawalAsked,
    WithdrawalDecided,
    WithdrawalVerified,
)
from workflows.state import LIVE_HOLDS, Withdrawal


def withdrawal_asked(step: Step, event: WithdrawalAsked) -> None:
    """Note that the report is wanted back: a person verifies it, nothing else changes.

    Raises:
        EventRefused: Whoever asks is not on the reporter's side, as the definition lists it.
    """
    if event.withdrawal_id in step.withdrawals:
        return
    if event.side not in step.definition.withdrawal_sides:
        msg = f"{event.side!r} may not withdraw a report: only {', '.join(step.definition.withdrawal_sides)}"
        raise EventRefused(msg)
    for hold_id in event.hold_ids:
        step.hold(hold_id)
    step.put_withdrawal(
        Withdrawal(
            id=event.withdrawal_id,
            report_id=event.report_id,
            hold_ids=event.hold_ids,
            side=event.side,
            stage="asked",
            asked_by=event.by,
            asked_at=event.at,
        )
    )
    step.open_task(step.definition.watch["withdrawal"], "withdrawal", event.withdrawal_id, reason=event.side)


def withdrawal_verified(step: Step, event: WithdrawalVerified) -> None:
    """Note that a person spoke with the reporter's side: another person decides now."""
    withdrawal = _known(step, event.withdrawal_id)
    if withdrawal.stage != "asked":
        return
    step.put_withdrawal(replace(withdrawal, stage="verified", verified_by=event.by))
    step.close_tasks_of(withdrawal.id, step.definition.watch["withdrawal"], how="done", by=event.by)
    step.open_task(step.definition.watch["withdrawal_decision"], "withdrawal", withdrawal.id, reason=withdrawal.side)


def withdrawal_decided(step: Step, event: WithdrawalDecided) -> None:
    """Release what nobody else claims, or leave all as it is; money under a lawful freeze is another authority's.

    Raises:
        EventRefused: It was not verified, or the same person verified it.
    """
    withdrawal = _known(step, event.withdrawal_id)
    if withdrawal.stage in {"approved", "refused"}:
        return
    if event.approved and withdrawal.stage != "verified":
        msg = f"withdrawal {withdrawal.id} was not verified yet: nothing is released on an unverified word"
        raise EventRefused(msg)
    if event.approved and event.by == withdrawal.verified_by:
        msg = f"withdrawal {withdrawal.id} was verified by the same person: another one must decide"
        raise EventRefused(msg)
    stage = "approved" if event.approved else "refused"
    step.put_withdrawal(replace(withdrawal, stage=stage, decided_by=event.by))
    step.close_tasks_of(withdrawal.id, how="done", by=event.by)
    if not event.approved:
        return
    for hold_id in withdrawal.hold_ids:
        hold = step.hold(hold_id)
        if hold_id in event.kept or hold.state not in LIVE_HOLDS or hold.void is not None:
            continue
        if hold.state == "frozen":
            step.open_task(step.definition.watch["forward"], "hold", hold_id, reason=corrections.WITHDRAWN)
        else:
            corrections.let_go(step, hold, event.by, corrections.WITHDRAWN)


def _known(step: Step, withdrawal_id: object) -> Withdrawal:
    for withdrawal in step.withdrawals.values():
        if withdrawal.id == withdrawal_id:
            return withdrawal
    msg = f"there is no withdrawal {withdrawal_id} in this procedure"
    raise EventRefused(msg)


def release_held_back(step: Step, event: ReleaseHeldBack) -> None:
    """Keep a release from leaving: others claim the account, and a person decides against a clock."""
    request = step.request(event.request_id)
    if request.stage != "queued" or request.despite_others:
        return
    waits.withdraw(step, request)
    step.open_task(step.definition.watch["claims_of_others"], "hold", request.hold_id, reason="claims_of_others")


def release_decided(step: Step, event: ReleaseDecided) -> None:
    """Send the release after all, or keep the money for those who claim it; without a release that waits, nothing."""
    hold, watch = step.hold(event.hold_id), step.definition.watch
    if not any(t.kind == watch["claims_of_others"] and t.subject_id == hold.id for t in step.tasks.values()):
        return
    step.close_tasks_of(hold.id, watch["claims_of_others"], how="done", by=event.by)
    if event.go:
        going = [r for r in step.open_requests_of(hold.id) if step.definition.role_of(r.kind) == "release"]
        if going:  # asked for again meanwhile: that one goes
            step.put_request(replace(going[0], despite_others=True))
            return
        request_id = step.new_id("request")
        kind = step.definition.kind_for("release")
        measures.send(step, step.hold(hold.id), kind, asked_minor=hold.traced_minor, request_id=request_id)
        step.put_request(replace(step.requests[request_id], despite_others=True))
    else:
        step.close_tasks_of(hold.id, watch["release"], how="done", by=event.by)
