"""What can be done in a case now: each act is tried on a copy of the state, so that no rule is written twice. Pure.

An act that the engine would refuse, or that would change nothing, is not
offered. That an act is offered is no promise: the case may change before it
is done, and then the engine refuses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from antifraud.cases.dossier import Dossier, ProcedureView
from workflows import AnyEvent, Claim, EventRefused, advance
from workflows.events import (
    AnswerSettled,
    AppealReceived,
    ApprovalGiven,
    CaseFiled,
    CaseNotFiled,
    ChaseExtended,
    ClaimConfirmed,
    ClaimCorrected,
    ClaimDropped,
    ClockPaused,
    ClockResumed,
    ConditionMet,
    LeadResolved,
    MeasureAsked,
    MigrationAsked,
    PapersFollowed,
    ReleaseDecided,
    ReminderAsked,
    TaskCompleted,
    WithdrawalAsked,
    WithdrawalDecided,
    WithdrawalVerified,
)
from workflows.scheme_clocks import FILED
from workflows.state import LIVE_HOLDS, Hold, Request

_ANY: Final = UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0001)
"""An id that nothing has: what is tried is never kept."""


_LETTING_GO: Final = frozenset({"release", "return", "query", "notice"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """What one person can do in one case; each set holds the subjects of an act.

    `measures` are request kinds by hold, `settle` the outcomes among which a
    contradiction is decided, by request. `override` are claims that only a
    supervisor may confirm, with a note. `approve` are the decisions that this
    person may make, `own` those that only somebody else may.

    `correct` are holds on a wrong account of ours, `release` those whose
    release other cases stand against. `sides` may take a report back (empty
    where nothing is claimed any more); `verify` and `withdrawals` are
    withdrawals to be verified, and to be approved by this person.
    `conditions` are those that a hold still needs, `pause` the reasons for
    which the answer clock of a request may be stopped. `versions` are the
    content hashes of the stored definitions to which the case could be moved.
    """

    confirm: frozenset[UUID] = frozenset()
    override: frozenset[UUID] = frozenset()
    extend: frozenset[UUID] = frozenset()
    drop: frozenset[UUID] = frozenset()
    resolve: frozenset[UUID] = frozenset()
    measures: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)
    settle: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)
    remind: frozenset[UUID] = frozenset()
    hand_over: frozenset[UUID] = frozenset()
    papers: frozenset[UUID] = frozenset()
    complete: frozenset[UUID] = frozenset()
    appeal: frozenset[UUID] = frozenset()
    decide: Mapping[UUID, UUID] = field(default_factory=dict)
    approve: frozenset[UUID] = frozenset()
    own: frozenset[UUID] = frozenset()
    correct: frozenset[UUID] = frozenset()
    release: frozenset[UUID] = frozenset()
    sides: tuple[str, ...] = ()
    verify: frozenset[UUID] = frozenset()
    withdrawals: frozenset[UUID] = frozenset()
    conditions: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)
    pause: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)
    resume: frozenset[UUID] = frozenset()
    versions: tuple[str, ...] = ()
    file: bool = False
    decline: bool = False


def possible(dossier: Dossier, actor: str, now: datetime) -> Possible:
    """Return what ``actor`` can do in the case at ``now``."""
    trials = [_Trial(procedure, actor, now) for procedure in dossier.procedures]
    holds = [(trial, hold) for trial in trials for hold in trial.procedure.state.holds.values()]
    requests = [(trial, request) for trial in trials for request in trial.procedure.state.requests.values()]
    approvals = [(trial, approval) for trial in trials for approval in trial.procedure.state.approvals.values()]
    return Possible(
        confirm=frozenset(
            hold.id for trial, hold in holds if trial.takes(ClaimConfirmed, hold_id=hold.id, note=str(_ANY))
        ),
        override=frozenset(
            hold.id
            for trial, hold in holds
            if trial.takes(ClaimConfirmed, hold_id=hold.id, note=str(_ANY))
            and not trial.takes(ClaimConfirmed, hold_id=hold.id)
        ),
        extend=frozenset(hold.id for trial, hold in holds if trial.takes(ChaseExtended, hold_id=hold.id)),
        drop=frozenset(hold.id for trial, hold in holds if trial.takes(ClaimDropped, hold_id=hold.id, reason="wrong")),
        resolve=frozenset(
            hold.id
            for trial, hold in holds
            if hold.account_id is None
            and trial.takes(LeadResolved, hold_id=hold.id, account_id=_ANY, institution_id=_ANY)
        ),
        measures={hold.id: kinds for trial, hold in holds if (kinds := trial.measures(hold))},
        settle={one.id: codes for trial, one in requests if one.conflict and (codes := trial.outcomes(one))},
        remind=frozenset(one.id for trial, one in requests if trial.takes(ReminderAsked, request_id=one.id)),
        hand_over=frozenset(one.id for _, one in requests if one.stage == "queued" and one.channel is None),
        papers=frozenset(
            one.id
            for trial, one in requests
            if one.stage != "withdrawn" and trial.takes(PapersFollowed, request_id=one.id, document=str(_ANY))
        ),
        complete=frozenset(
            task_id
            for trial in trials
            for task_id in trial.procedure.state.tasks
            if trial.takes(TaskCompleted, task_id=task_id)
        ),
        appeal=frozenset(
            hold.id for trial, hold in holds if trial.takes(AppealReceived, hold_id=hold.id, appeal_id=_ANY)
        ),
        decide={hold.appeal_id: hold.id for _, hold in holds if hold.appeal_id is not None},
        approve=frozenset(one.id for trial, one in approvals if trial.takes(ApprovalGiven, approval_id=one.id)),
        own=frozenset(one.id for _, one in approvals if one.asked_by == actor),
        correct=frozenset(hold.id for trial, hold in holds if trial.corrects(hold)),
        release=frozenset(hold.id for trial, hold in holds if trial.takes(ReleaseDecided, hold_id=hold.id, go=False)),
        sides=tuple(dict.fromkeys(side for trial in trials for side in trial.sides())),
        verify=frozenset(
            key
            for trial in trials
            for key in trial.procedure.state.withdrawals
            if trial.takes(WithdrawalVerified, withdrawal_id=key)
        ),
        withdrawals=frozenset(
            key
            for trial in trials
            for key in trial.procedure.state.withdrawals
            if trial.takes(WithdrawalDecided, withdrawal_id=key, approved=True)
        ),
        conditions={hold.id: codes for trial, hold in holds if (codes := trial.conditions(hold))},
        pause={one.id: reasons for trial, one in requests if (reasons := trial.pauses(one))},
        resume=frozenset(one.id for trial, one in requests if trial.takes(ClockResumed, request_id=one.id)),
        versions=tuple(
            one.content_hash
            for one in dossier.versions
            if any(
                trial.procedure.definition.id == one.scheme
                and trial.takes(MigrationAsked, content_hash=one.content_hash)
                for trial in trials
                if trial.procedure.state.phase == "open"
            )
        ),
        file=any(trial.takes(CaseFiled, document=str(_ANY)) for trial in trials),
        decline=any(trial.takes(CaseNotFiled, document=str(_ANY)) for trial in trials),
    )


class _Trial:
    """One procedure, tried and never changed."""

    def __init__(self, procedure: ProcedureView, actor: str, now: datetime) -> None:
        self.procedure = procedure
        self._known: dict[str, Any] = {"id": _ANY, "at": now}
        self._actor = actor

    def takes(self, event: type[AnyEvent], /, **given: Any) -> bool:  # noqa: ANN401 - the fields of any event
        """Tell whether the engine would take the event, and something would come of it."""
        if "by" in event.__dataclass_fields__:
            given["by"] = self._actor
        state = self.procedure.state
        try:
            after, effects = advance(self.procedure.definition, state, event(**self._known, **given))
        except EventRefused:
            return False
        return after is not state or bool(effects)

    def measures(self, hold: Hold) -> tuple[str, ...]:
        """Return the kinds of request that may be asked for a hold; a first stop is no measure that a person asks.

        Nobody is led to keep what the centre does not want any more.
        """
        return tuple(
            kind
            for kind, rules in self.procedure.definition.requests.items()
            if rules.role != "stop"
            and (hold.void is None or rules.role in _LETTING_GO)
            and self.takes(MeasureAsked, hold_id=hold.id, kind=kind, papers=rules.documents)
        )

    def outcomes(self, request: Request) -> tuple[str, ...]:
        """Return the outcomes that would settle contradictory answers to a request."""
        return tuple(
            code
            for code in self.procedure.definition.outcomes
            if self.takes(AnswerSettled, request_id=request.id, outcome=code, held_minor=0)
        )

    def corrects(self, hold: Hold) -> bool:
        """Tell whether another account may take the place of the hold's; which one, the form says."""
        claim = Claim(
            hold_id=_ANY,
            account_id=_ANY,
            institution_id=_ANY,
            lead_id=None,
            receipt_id=hold.receipt_id,
            tier=hold.tier,
            amount_minor=hold.traced_minor,
            asset=hold.asset,
            paid_at=hold.paid_at,
            since=hold.since,
        )
        return hold.account_id is not None and self.takes(
            ClaimCorrected, hold_id=hold.id, claim=claim, reason="wrong_account"
        )

    def sides(self) -> tuple[str, ...]:
        """Return who may take a report back, while there is anything to let go."""
        live = tuple(hold.id for hold in self.procedure.state.holds.values() if hold.state in LIVE_HOLDS)
        return tuple(
            side
            for side in (self.procedure.definition.withdrawal_sides if live else ())
            if self.takes(WithdrawalAsked, withdrawal_id=_ANY, report_id=_ANY, hold_ids=live, side=side)
        )

    def conditions(self, hold: Hold) -> tuple[str, ...]:
        """Return what the hold needs to be kept and nobody has recorded; a filed case is an act of its own."""
        met = {one.condition for one in self.procedure.state.met if one.hold_id in {None, hold.id}}
        return tuple(
            code
            for code, condition in self.procedure.definition.conditions.items()
            if hold.void is None
            and condition.needs != FILED
            and condition.applies_to == hold.state
            and code not in met
            and self.takes(ConditionMet, condition=code, document=str(_ANY), hold_id=hold.id)
        )

    def pauses(self, request: Request) -> tuple[str, ...]:
        """Return the reasons for which the answer clock of a request may be stopped now."""
        limits = self.procedure.definition.answer_clock(request.kind, request.urgency)
        return tuple(code for code in limits.pause_on if self.takes(ClockPaused, request_id=request.id, reason=code))
