"""Drives one procedure in tests, and looks at every invariant after every event."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from workflows import (
    AnyEvent,
    Claim,
    Definition,
    EventRefused,
    ProcedureState,
    advance,
    as_recorded,
    event_from_json,
    event_to_json,
    load,
    project,
    state_from_json,
    state_to_json,
)
from workflows import effects as fx
from workflows import events as ev
from workflows.state import LIVE_HOLDS, Clock, Hold, Request, Task

CN: Definition = load("cn_emergency_stop", 1)
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
OPEN_STAGES = {"queued", "delivered", "received", "executed"}


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


class Driver:
    """One procedure, its log and its effects; `at` is the driver's time and only moves forward."""

    def __init__(self, definition: Definition = CN, *, at: datetime = START, salt: int = 0) -> None:
        self.definition = definition
        self.at = at
        self.state = ProcedureState()
        self.log: list[dict[str, Any]] = []
        self.effects: list[fx.Effect] = []
        self.new: tuple[fx.Effect, ...] = ()
        self._number = salt
        self.send(ev.ProcedureOpened(id=self.uuid(), at=self.at, content_hash=definition.content_hash))

    def uuid(self) -> UUID:
        self._number += 1
        return UUID(int=self._number)

    # -- events

    def send(self, event: AnyEvent) -> tuple[fx.Effect, ...]:
        before = self.state
        document = json.loads(json.dumps(event_to_json(event)))
        assert event_from_json(document["type"], event.id, event.at, document) == event
        frozen = state_to_json(before)
        try:
            after, new = advance(self.definition, before, event)
        finally:
            assert state_to_json(before) == frozen, "the state before must never change"
        assert advance(self.definition, after, event) == (after, ()), "an event twice is once"
        self.state, self.new = after, new
        self.effects += new
        self.log.append(event_to_json(as_recorded(event, new)))
        check(self.definition, before, after, new)
        return new

    def refuses(self, event: AnyEvent) -> str:
        try:
            advance(self.definition, self.state, event)
        except EventRefused as refusal:
            return str(refusal)
        raise AssertionError(f"{event} was not refused")

    def claim(self, **given: Any) -> UUID:  # noqa: ANN401 - fields of the event
        claim = self.make_claim(**given)
        self.send(ev.ClaimAdded(id=self.uuid(), at=self.at, claim=claim))
        return claim.hold_id

    def make_claim(self, **given: Any) -> Claim:  # noqa: ANN401 - fields of the event
        fields: dict[str, Any] = {
            "hold_id": self.uuid(),
            "account_id": self.uuid(),
            "institution_id": self.uuid(),
            "lead_id": None,
            "receipt_id": self.uuid(),
            "tier": 1,
            "amount_minor": 100_000,
            "asset": "CNY",
            "paid_at": self.at - timedelta(minutes=10),
            "since": self.at,
        }
        return Claim(**{**fields, **given})

    def deliver(self, request_id: UUID, *, after: float = 2) -> tuple[fx.Effect, ...]:
        self.at += seconds(after)
        return self.send(
            ev.RequestDelivered(
                id=self.uuid(),
                at=self.at,
                request_id=request_id,
                channel="native",
                sent_at=self.at - seconds(1),
                delivered_at=self.at,
            )
        )

    def answer(self, request_id: UUID, outcome: str, *, after: float = 5, **given: Any) -> tuple[fx.Effect, ...]:  # noqa: ANN401 - fields of the event
        self.at += seconds(after)
        fields = {"reply_id": self.uuid(), **given}
        return self.send(
            ev.AnswerReceived(id=self.uuid(), at=self.at, request_id=request_id, outcome=outcome, **fields)
        )

    def ask(self, hold_id: UUID, kind: str, *, by: str = "officer", **given: Any) -> UUID:  # noqa: ANN401 - fields of the event
        """Ask for a measure and return its approval."""
        known = set(self.state.approvals)
        self.send(ev.MeasureAsked(id=self.uuid(), at=self.at, hold_id=hold_id, kind=kind, by=by, **given))
        (approval,) = set(self.state.approvals) - known
        return approval

    def approve(self, approval_id: UUID, *, by: str = "leader") -> UUID:
        known = set(self.state.requests)
        self.send(ev.ApprovalGiven(id=self.uuid(), at=self.at, approval_id=approval_id, by=by))
        (request,) = set(self.state.requests) - known
        return request

    def file(self) -> None:
        self.send(ev.CaseFiled(id=self.uuid(), at=self.at, by="officer", document="filing-1"))

    def fire(self, clock: Clock, *, late: float = 0) -> tuple[fx.Effect, ...]:
        self.at = max(self.at, clock.due_at + seconds(late))
        return self.send(ev.ClockReached(id=self.uuid(), at=self.at, clock_id=clock.id))

    def run_until(self, end: datetime) -> None:
        """Fire every clock that comes due, in order, up to and including ``end``."""
        while due := [clock for clock in self.state.clocks.values() if clock.due_at <= end]:
            self.fire(min(due, key=lambda clock: (clock.due_at, clock.id)))
        self.at = max(self.at, end)

    def pass_time(self, **delta: float) -> None:
        self.run_until(self.at + timedelta(**delta))

    # -- looking

    def hold(self, hold_id: UUID) -> Hold:
        return self.state.holds[hold_id]

    def request_of(self, hold_id: UUID, kind: str = "stop") -> Request:
        """Return the latest request of a kind about a hold."""
        found = [r for r in self.state.requests.values() if r.hold_id == hold_id and r.kind == kind]
        return max(found, key=lambda request: request.created_at)

    def clock(self, kind: str, subject_id: UUID) -> Clock:
        (found,) = [c for c in self.state.clocks.values() if c.kind == kind and c.subject_id == subject_id]
        return found

    def has_clock(self, kind: str, subject_id: UUID) -> bool:
        return any(c.kind == kind and c.subject_id == subject_id for c in self.state.clocks.values())

    def task_kinds(self, subject_id: UUID) -> set[str]:
        return {task.kind for task in self.state.tasks.values() if task.subject_id == subject_id}

    def task(self, kind: str, subject_id: UUID) -> Task:
        (found,) = [t for t in self.state.tasks.values() if t.subject_id == subject_id and t.kind == kind]
        return found

    def facts(self, kind: str, subject_id: UUID) -> list[fx.RecordFact]:
        facts = [e for e in self.effects if isinstance(e, fx.RecordFact)]
        return [fact for fact in facts if fact.kind == kind and fact.subject_id == subject_id]

    def verdicts(self, kind: str, subject_id: UUID) -> list[str]:
        return [fact.verdict for fact in self.facts(kind, subject_id)]

    def stopped(self, *, held: int = 100_000, **given: Any) -> UUID:  # noqa: ANN401 - fields of the event
        """Return a hold whose stop was delivered and confirmed."""
        hold_id = self.claim(**given)
        request = self.request_of(hold_id)
        self.deliver(request.id)
        self.answer(request.id, "full", held_minor=held, executed_at=self.at + seconds(4))
        return hold_id

    def frozen(self, **given: Any) -> UUID:  # noqa: ANN401 - fields of the event
        """Return a hold that was stopped, filed and frozen."""
        hold_id = self.stopped(**given)
        self.file()
        request_id = self.approve(self.ask(hold_id, "freeze", amount_minor=100_000))
        self.deliver(request_id)
        self.answer(request_id, "frozen", held_minor=100_000, executed_at=self.at)
        return hold_id


def check(definition: Definition, before: ProcedureState, after: ProcedureState, new: tuple[fx.Effect, ...]) -> None:
    """Assert what must hold after every event."""
    document = json.loads(json.dumps(state_to_json(after)))
    assert state_from_json(document) == after
    for items in (after.holds, after.requests, after.clocks, after.tasks, after.approvals):
        assert list(items) == sorted(items), "a store keeps no order: what follows must not depend on one"
    owners = {clock.id: _hold_of(after, clock.subject_kind, clock.subject_id) for clock in after.clocks.values()}
    loose = [after.clocks[clock_id] for clock_id, owner in owners.items() if owner is None]
    assert all(_is_of_the_whole(after, clock) for clock in loose), "every clock belongs to something that is there"
    waits = {owners[c.id] for c in after.clocks.values() if "warning" not in c.kind and c.kind != "reminder"}
    receipts = []
    for hold in after.holds.values():
        if hold.state in LIVE_HOLDS:
            assert hold.id in waits, f"nothing waits for live hold {hold.state}"
            receipts += [(hold.account_id, hold.receipt_id)] if hold.account_id else []
        if hold.state in {"stopped", "frozen"}:
            kind = "stop_end" if hold.state == "stopped" else "freeze_end"
            ends = [c.due_at for c in after.clocks.values() if c.subject_id == hold.id and c.kind == kind]
            own = [] if hold.ends_at is None else [hold.ends_at]  # no end: a decision is awaited, see `waits` above
            assert ends == own, f"{hold.state} has exactly its own end"
        else:
            assert hold.held_minor == 0, f"{hold.state} counts nothing"
        assert hold.traced_minor is None or hold.held_minor <= hold.traced_minor
        assert hold.stop_seq <= (definition.terms_allowed or hold.stop_seq)
        was = before.holds.get(hold.id)
        if was is not None and was.state in {"released", "returned", "dropped"}:
            assert hold.state == was.state, "nothing leaves an end"
        if hold.state == "released":
            assert hold.executed_at is not None or any(
                request.hold_id == hold.id and request.kind == "release" for request in after.requests.values()
            )
    assert len(receipts) == len(set(receipts)), "no second live hold on a receipt"
    for request in after.requests.values():
        assert request.stop_seq <= (definition.terms_allowed or request.stop_seq)
        if request.stage in OPEN_STAGES:
            kinds = {c.kind for c in after.clocks.values() if c.subject_id == request.id}
            told = {"receipt", "answer", "answer_limit", "ladder"}
            assert kinds & told, f"nothing waits for {request.stage} {request.kind}"
        is_notice = request.role == "notice"
        assert (request.stage == "answered" and not is_notice) == (request.outcome is not None)
    for approval in after.approvals.values():
        assert any(c.subject_id == approval.id for c in after.clocks.values()), "an approval expires"
    _effects_are_in_the_state(before, after, new)
    running = after.clocks or after.tasks or after.approvals
    if after.phase == "closed":
        assert not running
        assert not any(hold.state in LIVE_HOLDS for hold in after.holds.values())


def _effects_are_in_the_state(before: ProcedureState, after: ProcedureState, new: tuple[fx.Effect, ...]) -> None:
    clocks, tasks, approvals = set(before.clocks), set(before.tasks), set(before.approvals)
    for effect in new:
        match effect:
            case fx.StartClock():
                assert effect.clock.id not in clocks
                clocks.add(effect.clock.id)
            case fx.EndClock():
                clocks.remove(effect.clock_id)
            case fx.OpenTask():
                assert effect.task.id not in tasks
                tasks.add(effect.task.id)
            case fx.CloseTask():
                tasks.remove(effect.task_id)
            case fx.OpenApproval():
                approvals.add(effect.approval.id)
            case fx.CloseApproval():
                approvals.remove(effect.approval_id)
            case fx.SendRequest() | fx.SendReminder() | fx.StopSending():
                assert effect.request_id in after.requests
            case fx.Counted():
                assert effect.derivation.calendar != "absolute"
            case fx.Counted():
                pass  # stands in the log, with the event
            case fx.RecordFact():
                assert effect.subject_id in after.requests or effect.subject_id in after.holds
            case _:
                raise AssertionError(effect)
    assert (clocks, tasks, approvals) == (set(after.clocks), set(after.tasks), set(after.approvals))
    rows = project(before, after, new)
    assert {row.id for row in rows.holds} == _differing(before.holds, after.holds)
    assert {row.id for row in rows.requests} == _differing(before.requests, after.requests)


def _differing(before: Mapping[UUID, object], after: Mapping[UUID, object]) -> set[UUID]:
    return {key for key, value in after.items() if before.get(key) != value}


def _hold_of(state: ProcedureState, kind: str, subject_id: UUID) -> UUID | None:
    match kind:
        case "hold":
            return subject_id if subject_id in state.holds else None
        case "request":
            return state.requests[subject_id].hold_id
        case "approval":
            return state.approvals[subject_id].hold_id
        case "procedure" | "withdrawal":
            return None
        case _:
            task = state.tasks[subject_id]
            return _hold_of(state, task.subject_kind, task.subject_id)


def _is_of_the_whole(state: ProcedureState, clock: Clock) -> bool:
    """Tell whether a clock is that of a task about the procedure or one of its withdrawals, and of no single hold."""
    task = state.tasks.get(clock.subject_id)
    return task is not None and (task.subject_kind == "procedure" or task.subject_id in state.withdrawals)


def replay(definition: Definition, log: list[dict[str, Any]]) -> ProcedureState:
    """Fold a stored log."""
    state = ProcedureState()
    for document in log:
        at = datetime.strptime(document["at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        event = event_from_json(document["type"], UUID(document["id"]), at, document)
        state, _ = advance(definition, state, event)
    return state
