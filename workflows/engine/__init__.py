"""`advance`: the state after an event, and what must now happen outside.

No transition exists outside this package and the definitions. The parts:
`claims` (accounts that received the money), `measures` (requests, approvals),
`answers` (what institutions say), `waits` (what a clock does), `people` (what
persons decide), `facts` (what is counted), `step` (the working copy).
"""

from collections.abc import Iterable
from typing import assert_never

from workflows import events as ev
from workflows.copying import replace
from workflows.effects import Counted, Effect
from workflows.engine import (
    answers,
    chasing,
    claims,
    conditions,
    corrections,
    measures,
    migrating,
    pauses,
    people,
    reached,
    recounts,
    waits,
    withdrawals,
)
from workflows.engine.step import EventRefused, Step
from workflows.scheme import Definition
from workflows.state import ProcedureState

__all__ = ["EventRefused", "advance", "as_recorded"]


def advance(
    definition: Definition, state: ProcedureState, event: ev.AnyEvent
) -> tuple[ProcedureState, tuple[Effect, ...]]:
    """Return the state after ``event``, and what must now happen outside.

    The caller writes the state, the effects and the audit entry in one
    transaction. An event already seen changes nothing and asks for nothing,
    so a caller that is unsure whether it was stored may send it again.

    Args:
        definition: The version that the procedure was opened under, not the newest.
        state: The state that the last event left.
        event: What happened; ``event.at`` is aware UTC, and is the only time known here.

    Returns:
        The new state (the same object where nothing changed), and the effects in the order in which
        they must be written.

    Raises:
        EventRefused: The event cannot happen in this state, for example a freeze before the case is
            filed. The message says which.
    """
    step = Step(definition, state, event)
    if state.phase == "new" and not isinstance(event, ev.ProcedureOpened):
        msg = "the procedure has not been opened"
        raise EventRefused(msg)
    _take(step, event)
    now, then = (step.filing, step.phase, step.doubts, step.met), (state.filing, state.phase, state.doubts, state.met)
    changed = now != then
    if not (step.effects or step.touched or changed):
        return state, ()
    return step.finish()


def as_recorded(event: ev.AnyEvent, effects: Iterable[Effect]) -> ev.AnyEvent:
    """Return the event as it must stand in the log: with the due instants that it gave as far as a calendar counted.

    Taken again from the log it gives the same state, whatever calendar and zone data are there by then.
    """
    counted = tuple(effect.derivation for effect in effects if isinstance(effect, Counted))
    return replace(event, counted=counted) if counted else event


def _take(step: Step, event: ev.AnyEvent) -> None:  # noqa: C901, PLR0912, PLR0915 - one line per event, and the type checker counts them
    match event:
        case ev.ProcedureOpened():
            if event.content_hash != step.definition.content_hash:
                msg = (
                    f"the procedure is pinned to definition {event.content_hash}, not to {step.definition.content_hash}"
                )
                raise EventRefused(msg)
            if step.phase == "new":
                step.phase, step.opened_at = "open", event.at
        case ev.ClaimAdded():
            claims.claim_added(step, event)
        case ev.ClaimConfirmed():
            claims.claim_confirmed(step, event)
        case ev.ClaimDropped():
            claims.claim_dropped(step, event)
        case ev.LeadResolved():
            claims.lead_resolved(step, event)
        case ev.RequestDelivered():
            answers.request_delivered(step, event)
        case ev.ChannelMissing():
            waits.channel_missing(step, event)
        case ev.AnswerReceived():
            answers.answer_received(step, event)
        case ev.AnswerSettled():
            answers.answer_settled(step, event)
        case ev.ClockReached():
            reached.clock_reached(step, event)
        case ev.ClockSuperseded():
            recounts.clock_superseded(step, event)
        case ev.TaskCompleted():
            people.task_completed(step, event)
        case ev.ReminderAsked():
            waits.reminder_asked(step, event)
        case ev.MeasureAsked():
            measures.measure_asked(step, event)
        case ev.ApprovalGiven():
            measures.approval_given(step, event)
        case ev.ApprovalRefused():
            measures.approval_refused(step, event)
        case ev.CaseFiled():
            people.case_filed(step, event)
        case ev.CaseNotFiled():
            people.case_not_filed(step, event)
        case ev.PapersFollowed():
            people.papers_followed(step, event)
        case ev.ConditionMet():
            conditions.condition_met(step, event)
        case ev.ClockPaused():
            pauses.clock_paused(step, event)
        case ev.ClockResumed():
            pauses.clock_resumed(step, event)
        case ev.AppealReceived():
            people.appeal_received(step, event)
        case ev.AppealDecided():
            people.appeal_decided(step, event)
        case ev.DoubtRaised():
            people.doubt_raised(step, event)
        case ev.ChaseExtended():
            chasing.chase_extended(step, event)
        case ev.ClaimCorrected():
            corrections.claim_corrected(step, event)
        case ev.WithdrawalAsked():
            withdrawals.withdrawal_asked(step, event)
        case ev.WithdrawalVerified():
            withdrawals.withdrawal_verified(step, event)
        case ev.WithdrawalDecided():
            withdrawals.withdrawal_decided(step, event)
        case ev.ReleaseHeldBack():
            withdrawals.release_held_back(step, event)
        case ev.ReleaseDecided():
            withdrawals.release_decided(step, event)
        case ev.MigrationAsked():
            migrating.migration_asked(step, event)
        case ev.DefinitionMigrated():
            migrating.definition_migrated(step, event)
        case _:
            assert_never(event)
