"""A procedure moved to another version of its scheme: asked by one person, approved by another, all of it on record."""

from workflows.engine import recounts
from workflows.engine.step import EventRefused, Step
from workflows.events import DefinitionMigrated, MigrationAsked
from workflows.ids import derived_id
from workflows.state import LIVE_HOLDS, Approval

MIGRATE = "migrate"
"""The act of an approval by which a procedure goes to another definition; its reason is the content hash."""


def migration_asked(step: Step, event: MigrationAsked) -> None:
    """Ask a second person to move the procedure to another definition; like any approval it expires.

    Raises:
        EventRefused: It is pinned to that definition already, another move waits, or no money is claimed any more.
    """
    approval_id = derived_id(step.at, event.id, "approval")
    if approval_id in step.approvals or any(approval_id in hold.past_approvals for hold in step.holds.values()):
        return
    if event.content_hash == step.definition.content_hash:
        msg = f"the procedure is pinned to {step.definition.name} already"
        raise EventRefused(msg)
    if any(approval.act == MIGRATE for approval in step.approvals.values()):
        msg = "a move to another definition already waits for approval"
        raise EventRefused(msg)
    anchor = next((hold for hold in step.holds.values() if hold.state in LIVE_HOLDS), None)
    if anchor is None:
        msg = "the procedure claims no money any more: there is nothing to move"
        raise EventRefused(msg)
    step.open_approval(
        Approval(
            id=approval_id,
            act=MIGRATE,
            hold_id=anchor.id,
            asked_by=event.by,
            amount_minor=None,
            ends_at=None,
            documents=(),
            reason=event.content_hash,
        )
    )


def definition_migrated(step: Step, event: DefinitionMigrated) -> None:
    """Go on under the new definition, which is the one given to `advance`: the waits that it counts otherwise move.

    Each of them is superseded with both derivations on record; every other
    wait, and everything that has ended, stays as it was.

    Raises:
        EventRefused: The definition is not the one that was asked for, or the same person asked.
    """
    approval = step.approvals.get(event.approval_id)
    if approval is None:
        return
    if approval.act != MIGRATE or approval.reason != event.content_hash:
        msg = f"approval {approval.id} is not about a move to definition {event.content_hash}"
        raise EventRefused(msg)
    if event.content_hash != step.definition.content_hash:
        msg = f"the move is to definition {event.content_hash}, not to {step.definition.content_hash}"
        raise EventRefused(msg)
    if event.by == approval.asked_by:
        msg = "the move was asked by the same person: another one must decide"
        raise EventRefused(msg)
    step.close_approval(approval, "given", event.by)
    for move in event.moved:
        clock = step.clocks.get(move.clock_id)
        if clock is not None and clock.derivation == move.was:
            recounts.move(step, clock, move.now)
