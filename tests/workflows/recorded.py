"""A scenario that any scheme can go through: every lane, every answer that it knows, every measure, 200 days.

What a scheme does not allow is refused and left out of the log; that is why a
log tells what the scheme does, without a word about any country here.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from typing_extensions import override

from tests.workflows.driver import START, Driver, check
from workflows import AnyEvent, Claim, Definition, EventRefused, advance, as_recorded, event_to_json
from workflows import effects as fx
from workflows import events as ev
from workflows.checking.claiming import in_lane, plain_claim
from workflows.scheme import HOLDING, Outcome
from workflows.scheme_rules import BEGINNING
from workflows.state import Clock, Request

AMOUNT = 100_000
PART = 60_000
WAITED = timedelta(days=200)
REPEATED = 1
"""So often is a repeated task or rung recorded before the wait goes on without it."""


def recording(definition: Definition) -> Driver:
    """Return a procedure under the definition in which everything above has happened."""
    procedure = _Recorder(definition)
    scene = _Scene(procedure)
    scene.lanes()
    scene.doubts()
    scene.tried(ev.CaseFiled, by="officer", document="filing-1")
    for kind in definition.requests:
        for outcome in definition.outcomes.values():
            if not outcome.conclusive or kind in outcome.hold:
                scene.answered(kind, outcome)
    scene.rights()
    scene.wait(WAITED)
    scene.finish()
    check(definition, procedure.state, procedure.state, ())
    return procedure


def outcomes_that_can_be_said(definition: Definition) -> set[str]:
    """Return the outcomes that institutions say; what is deemed when they say nothing comes of a clock."""
    clocks = [*definition.answer_clocks.values(), *(one.own_clock for one in definition.requests.values())]
    deemed = {clock.deemed for clock in clocks if clock is not None}
    kinds = set(definition.requests)
    said = {one.code for one in definition.outcomes.values() if not one.conclusive or kinds & set(one.hold)}
    return said - deemed


class _Recorder(Driver):
    """Takes hundreds of events with dozens of holds: the invariants are looked at once, at the end."""

    @override
    def send(self, event: AnyEvent) -> tuple[fx.Effect, ...]:
        self.state, new = advance(self.definition, self.state, event)
        self.log.append(event_to_json(as_recorded(event, new)))
        return new


class _Scene:
    def __init__(self, procedure: Driver) -> None:
        self.procedure = procedure
        self.definition = procedure.definition
        self.plain = plain_claim(self.definition, START)

    # -- one event

    def tried(self, event_type: type[Any], /, **fields: object) -> bool:
        """Send an event unless the scheme refuses it."""
        procedure = self.procedure
        event: AnyEvent = event_type(id=procedure.uuid(), at=procedure.at, **fields)
        try:
            procedure.send(event)
        except EventRefused:
            return False
        return True

    def fresh(self, claim: Claim | None = None, **other: Any) -> Claim:  # noqa: ANN401 - fields of the claim
        """Return a claim on an account of its own, as young as the given one."""
        claim, procedure = claim or self.plain, self.procedure
        given: dict[str, Any] = {
            "hold_id": procedure.uuid(),
            "account_id": procedure.uuid(),
            "institution_id": procedure.uuid(),
            "receipt_id": procedure.uuid(),
            "since": procedure.at,
            "paid_at": None if claim.paid_at is None else procedure.at - (claim.since - claim.paid_at),
        }
        return replace(claim, **{**given, **other})

    def claim(self, claim: Claim | None = None, **other: Any) -> UUID:  # noqa: ANN401 - fields of the claim
        """Claim money, and confirm the account where the scheme wants that."""
        made, procedure = self.fresh(claim, **other), self.procedure
        self.tried(ev.ClaimAdded, claim=made)
        self._approve(made.hold_id)
        if procedure.hold(made.hold_id).state == "unconfirmed":
            self.tried(ev.ClaimConfirmed, hold_id=made.hold_id, by="officer", note="note-1")
            self._approve(made.hold_id)
        return made.hold_id

    def _approve(self, hold_id: UUID) -> None:
        for approval in list(self.procedure.state.approvals.values()):
            if approval.hold_id == hold_id:
                self.tried(ev.ApprovalGiven, approval_id=approval.id, by="leader")

    def open_request(self, hold_id: UUID, kind: str | None = None) -> Request | None:
        """Return the latest request about a hold that nobody has answered."""
        found = [
            request
            for request in self.procedure.state.requests.values()
            if request.hold_id == hold_id
            and request.stage not in {"answered", "withdrawn"}
            and (kind is None or request.kind == kind)
        ]
        return max(found, key=lambda request: (request.created_at, request.id), default=None)

    def say(self, request: Request, outcome: Outcome) -> None:
        """Answer a request with as much as the outcome wants told."""
        procedure, hold = self.procedure, self.procedure.hold(request.hold_id)
        effect = outcome.hold.get(request.kind, "")
        moved = "moved_on" in outcome.marks or bool(outcome.tasks_if_no_hop)
        hops = (self.fresh(tier=hold.tier + 1, amount_minor=PART),) if moved and outcome.conclusive else ()
        told = effect in HOLDING or effect in {"reduced", "returned"} or outcome.amount != "none"
        whole = hold.traced_minor or AMOUNT
        procedure.answer(
            request.id,
            outcome.code,
            held_minor=(whole * 6 // 10 if effect == "reduced" else whole) if told else None,
            executed_at=procedure.at if told else None,
            next_hops=hops,
        )

    # -- parts of the story

    def lanes(self) -> None:
        """Claim money in every lane, and leave it there."""
        for lane in self.definition.lanes.values():
            if (claim := in_lane(self.definition, lane, self.plain)) is not None:
                self.claim(claim)

    def doubts(self) -> None:
        """Name a doubtful account, a lead, an old payment, an account beyond the depth, and a wrong account."""
        procedure = self.procedure
        doubtful = self.fresh(doubts=("checksum",))
        self.tried(ev.ClaimAdded, claim=doubtful)
        self.tried(ev.ClaimDropped, hold_id=doubtful.hold_id, by="officer", reason="typing_error")
        lead = self.fresh(account_id=None, institution_id=None, lead_id=procedure.uuid())
        self.tried(ev.ClaimAdded, claim=lead)
        known = {"account_id": procedure.uuid(), "institution_id": procedure.uuid()}
        self.tried(ev.LeadResolved, hold_id=lead.hold_id, by="officer", **known)
        self.claim(paid_at=procedure.at - timedelta(days=3))
        deep = self.claim(tier=self.definition.chase_depth + 1)
        self.tried(ev.ChaseExtended, hold_id=deep, by="officer")
        wrong = self.claim()
        self.tried(ev.ClaimCorrected, hold_id=wrong, claim=self.fresh(), by="officer", reason="wrong_account")

    def answered(self, kind: str, outcome: Outcome) -> None:
        """Send one kind of request about money of its own, and answer it with one outcome."""
        hold_id = self.claim()
        if (request := self.open_request(hold_id, kind)) is None:
            request = self.measure(hold_id, kind)
        if request is None:
            return
        if request.stage == "queued":
            self.procedure.deliver(request.id)
        self.say(request, outcome)

    def measure(self, hold_id: UUID, kind: str) -> Request | None:
        """Ask for a measure, on money that is stopped, or frozen, where the measure needs that."""
        if (request := self._asked(hold_id, kind)) is not None:
            return request
        if (first := self.open_request(hold_id)) is not None:
            self.hold_it(first)
            if (request := self._asked(hold_id, kind)) is not None:
                return request
        for other, rules in self.definition.requests.items():
            if rules.role in BEGINNING and other != kind and (further := self._asked(hold_id, other)) is not None:
                self.hold_it(further)
                if (request := self._asked(hold_id, kind)) is not None:
                    return request
        return None

    def hold_it(self, request: Request) -> None:
        """Have the institution do what it is asked."""
        if request.stage == "queued":
            self.procedure.deliver(request.id)
        holding = (one for one in self.definition.outcomes.values() if one.hold.get(request.kind) in HOLDING)
        if (outcome := next(holding, None)) is not None:
            self.say(request, outcome)

    def _asked(self, hold_id: UUID, kind: str) -> Request | None:
        papers = self.definition.requests[kind].documents
        fields = {"hold_id": hold_id, "kind": kind, "by": "officer", "papers": papers, "documents": ("paper-1",)}
        if not self.tried(ev.MeasureAsked, **fields):
            return None
        self._approve(hold_id)
        return self.open_request(hold_id, kind)

    def rights(self) -> None:
        """Record papers, conditions, pauses, an objection, a contradiction, a withdrawal and what is taken back."""
        procedure = self.procedure
        held = [self.claim() for _ in range(4)]
        for hold_id in held:
            if (request := self.open_request(hold_id)) is not None:
                self.hold_it(request)
        asked = self.claim()
        if (waiting := self.open_request(asked)) is not None:
            procedure.deliver(waiting.id)
            self.tried(ev.ReminderAsked, request_id=waiting.id, by="officer")
            self.tried(ev.ClockPaused, request_id=waiting.id, by="officer", reason="need_info")
            self.tried(ev.ClockResumed, request_id=waiting.id, by="officer")
            self.tried(ev.PapersFollowed, request_id=waiting.id, document="paper-2")
        for condition in self.definition.conditions.values():
            self.tried(ev.ConditionMet, condition=condition.code, document="d", by="officer", hold_id=held[0])
        appeal = procedure.uuid()
        self.tried(ev.AppealReceived, hold_id=held[1], appeal_id=appeal)
        self.tried(ev.AppealDecided, appeal_id=appeal, by="leader", upheld=True)
        self.contradicted(held[2])
        report, withdrawal = procedure.uuid(), procedure.uuid()
        side = next(iter(self.definition.withdrawal_sides), "victim")
        fields = {"withdrawal_id": withdrawal, "report_id": report, "side": side, "by": "officer"}
        self.tried(ev.WithdrawalAsked, hold_ids=(held[3],), **fields)
        self.tried(ev.WithdrawalVerified, withdrawal_id=withdrawal, by="officer")
        self.tried(ev.WithdrawalDecided, withdrawal_id=withdrawal, by="leader", approved=True)

    def contradicted(self, hold_id: UUID) -> None:
        """Have an institution say two things about one request, and a person decide which it is."""
        requests = [one for one in self.procedure.state.requests.values() if one.hold_id == hold_id]
        first = next((one for one in requests if one.stage == "answered"), None)
        if first is None or first.outcome is None:
            return
        for other in self.definition.outcomes.values():
            if other.conclusive and first.kind in other.hold and other.code != first.outcome:
                self.say(first, other)
                break
        settled = {"request_id": first.id, "by": "leader", "outcome": first.outcome}
        self.tried(ev.AnswerSettled, held_minor=PART, executed_at=self.procedure.at, **settled)

    # -- time

    def wait(self, length: timedelta) -> None:
        """Fire what comes due; what only repeats itself is fired a few times, and left standing after that."""
        procedure, end = self.procedure, self.procedure.at + length
        while (clock := self._next(end)) is not None:
            procedure.fire(clock, late=1)
        procedure.at = max(procedure.at, end)

    def _next(self, end: datetime) -> Clock | None:
        clocks = self.procedure.state.clocks.values()
        due = [clock for clock in clocks if clock.due_at <= end and clock.step <= self._most(clock)]
        return min(due, key=lambda clock: (clock.due_at, clock.id), default=None)

    def _most(self, clock: Clock) -> int:
        return len(self.definition.rungs) + REPEATED if clock.kind == "ladder" else REPEATED

    def finish(self) -> None:
        """Do every task that a person can tick, and decline to file."""
        procedure = self.procedure
        for task_id in sorted(procedure.state.tasks):
            task = procedure.state.tasks.get(task_id)
            if task is not None and not self.definition.tasks[task.kind].decided:
                self.tried(ev.TaskCompleted, task_id=task_id, by="officer")
        self.tried(ev.CaseNotFiled, by="officer", document="filing-2")
        self.wait(timedelta(days=10))
