"""Properties that hold for every order of events, repeats included; the driver looks at the invariants after each."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.workflows.driver import CN, START, Driver, replay, seconds
from workflows import (
    AnyEvent,
    EventRefused,
    ProcedureState,
    advance,
    event_from_json,
    state_from_json,
    state_to_json,
)
from workflows import events as ev
from workflows.codec import instant_from_text

OUTCOMES = [*sorted(CN.outcomes), "unheard_of"]
AMOUNTS = st.sampled_from([None, -1, 0, 1, 40_000, 100_000, 10**18])
PICK = st.integers(0, 10**6)


class AnyOrder(RuleBasedStateMachine):
    """Everything that can be sent, in any order, with old events sent again at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.procedure = Driver()

    def attempt(self, event: AnyEvent) -> None:
        before = state_to_json(self.procedure.state)
        try:
            self.procedure.send(event)
        except EventRefused:
            assert state_to_json(self.procedure.state) == before

    def stamp(self) -> dict[str, Any]:
        return {"id": self.procedure.uuid(), "at": self.procedure.at}

    def one_of(self, items: Any, pick: int) -> Any:  # noqa: ANN401 - a hold, a request, a task or an approval
        ordered = sorted(items, key=lambda item: item.id)
        return ordered[pick % len(ordered)]

    def any_hold(self, pick: int) -> UUID:
        found: UUID = self.one_of(self.procedure.state.holds.values(), pick).id
        return found

    def has_holds(self) -> bool:
        return bool(self.procedure.state.holds)

    def has_requests(self) -> bool:
        return bool(self.procedure.state.requests)

    @rule(
        pick=PICK,
        reuse=st.sampled_from(["nothing", "account", "receipt"]),
        doubt=st.booleans(),
        lead=st.booleans(),
        tier=st.sampled_from([1, 2, 10, 11]),
    )
    def claim(self, pick: int, reuse: str, tier: int, *, doubt: bool, lead: bool) -> None:
        given_fields: dict[str, Any] = {"tier": tier, "doubts": ("checksum",) if doubt else ()}
        if lead:
            given_fields.update(account_id=None, institution_id=None, lead_id=self.procedure.uuid())
        elif reuse != "nothing" and self.has_holds():
            hold = self.procedure.hold(self.any_hold(pick))
            given_fields["account_id"] = hold.account_id
            if reuse == "receipt":
                given_fields["receipt_id"] = hold.receipt_id
        claim = self.procedure.make_claim(**given_fields)
        self.attempt(ev.ClaimAdded(**self.stamp(), claim=claim))

    @precondition(has_requests)
    @rule(pick=PICK, wait=st.sampled_from([0, 1, 3600]))
    def deliver(self, pick: int, wait: int) -> None:
        request = self.one_of(self.procedure.state.requests.values(), pick)
        self.procedure.at += seconds(wait)
        at = self.procedure.at
        self.attempt(
            ev.RequestDelivered(**self.stamp(), request_id=request.id, channel="x", sent_at=at, delivered_at=at)
        )

    @precondition(has_requests)
    @rule(
        pick=PICK,
        outcome=st.sampled_from(OUTCOMES),
        held=AMOUNTS,
        balance=AMOUNTS,
        ago=st.sampled_from([None, -600, 0, 30, 10**7]),
        ends=st.sampled_from([None, -5, 3600, 10**8]),
        hops=st.integers(0, 2),
        other=PICK,
    )
    def answer(
        self,
        pick: int,
        outcome: str,
        held: int | None,
        balance: int | None,
        ago: int | None,
        ends: int | None,
        hops: int,
        other: int,
    ) -> None:
        request = self.one_of(self.procedure.state.requests.values(), pick)
        self.procedure.at += seconds(1)
        at = self.procedure.at
        known = self.procedure.hold(self.any_hold(other))
        claims = [self.procedure.make_claim(tier=2), self.procedure.make_claim(account_id=known.account_id, tier=3)]
        self.attempt(
            ev.AnswerReceived(
                **self.stamp(),
                reply_id=self.procedure.uuid(),
                request_id=request.id,
                outcome=outcome,
                held_minor=held,
                balance_minor=balance,
                executed_at=None if ago is None else at - seconds(ago),
                ends_at=None if ends is None else at + seconds(ends),
                next_hops=tuple(claims[:hops]),
            )
        )

    @precondition(lambda self: bool(self.procedure.state.clocks))
    @rule(count=st.integers(1, 6), late=st.sampled_from([0, 0, 5, 100_000]))
    def clocks_come_due(self, count: int, late: int) -> None:
        for _ in range(count):
            clocks = self.procedure.state.clocks.values()
            if clocks:
                self.procedure.fire(min(clocks, key=lambda clock: (clock.due_at, clock.id)), late=late)

    @precondition(has_requests)
    @rule(pick=PICK)
    def remind(self, pick: int) -> None:
        request = self.one_of(self.procedure.state.requests.values(), pick)
        self.attempt(ev.ReminderAsked(**self.stamp(), request_id=request.id, by="a"))

    @precondition(has_holds)
    @rule(pick=PICK, kind=st.sampled_from(sorted(CN.requests)), amount=st.sampled_from([None, 1, 100_000]))
    def ask(self, pick: int, kind: str, amount: int | None) -> None:
        self.attempt(
            ev.MeasureAsked(**self.stamp(), hold_id=self.any_hold(pick), kind=kind, by="a", amount_minor=amount)
        )

    @precondition(lambda self: bool(self.procedure.state.approvals))
    @rule(pick=PICK, by=st.sampled_from(["a", "b", "b"]), given_it=st.booleans())
    def decide(self, pick: int, by: str, *, given_it: bool) -> None:
        approval = self.one_of(self.procedure.state.approvals.values(), pick)
        if given_it:
            self.attempt(ev.ApprovalGiven(**self.stamp(), approval_id=approval.id, by=by))
        else:
            self.attempt(ev.ApprovalRefused(**self.stamp(), approval_id=approval.id, by=by, reason="r"))

    @precondition(lambda self: bool(self.procedure.state.tasks))
    @rule(pick=PICK)
    def tick_off(self, pick: int) -> None:
        task = self.one_of(self.procedure.state.tasks.values(), pick)
        self.attempt(ev.TaskCompleted(**self.stamp(), task_id=task.id, by="a"))

    @precondition(has_requests)
    @rule(pick=PICK)
    def miss_the_channel(self, pick: int) -> None:
        request = self.one_of(self.procedure.state.requests.values(), pick)
        self.attempt(ev.ChannelMissing(**self.stamp(), request_id=request.id))

    @precondition(has_holds)
    @rule(pick=PICK)
    def doubt(self, pick: int) -> None:
        subject_id = self.any_hold(pick)
        self.attempt(
            ev.DoubtRaised(**self.stamp(), kind="differ", subject_kind="hold", subject_id=subject_id, reason="amount")
        )

    @rule()
    def file(self) -> None:
        self.attempt(ev.CaseFiled(**self.stamp(), by="a", document="f"))

    @rule(really=st.integers(0, 3))
    def decline(self, really: int) -> None:
        if not really:
            self.attempt(ev.CaseNotFiled(**self.stamp(), by="a", document="d"))

    @precondition(has_holds)
    @rule(pick=PICK, what=st.sampled_from(["confirm", "drop", "appeal", "lead"]))
    def look_at_a_hold(self, pick: int, what: str) -> None:
        hold_id = self.any_hold(pick)
        events: dict[str, AnyEvent] = {
            "confirm": ev.ClaimConfirmed(**self.stamp(), hold_id=hold_id, by="a"),
            "drop": ev.ClaimDropped(**self.stamp(), hold_id=hold_id, by="a", reason="r"),
            "appeal": ev.AppealReceived(**self.stamp(), hold_id=hold_id, appeal_id=self.procedure.uuid()),
            "lead": ev.LeadResolved(
                **self.stamp(),
                hold_id=hold_id,
                account_id=self.procedure.uuid(),
                institution_id=self.procedure.uuid(),
                by="a",
            ),
        }
        self.attempt(events[what])

    @precondition(has_holds)
    @rule(pick=PICK, upheld=st.booleans())
    def decide_appeal(self, pick: int, *, upheld: bool) -> None:
        appeal = self.procedure.hold(self.any_hold(pick)).appeal_id
        if appeal:
            self.attempt(ev.AppealDecided(**self.stamp(), appeal_id=appeal, by="b", upheld=upheld))

    @precondition(has_requests)
    @rule(pick=PICK, outcome=st.sampled_from(OUTCOMES), held=AMOUNTS)
    def settle(self, pick: int, outcome: str, held: int | None) -> None:
        conflicts = [request for request in self.procedure.state.requests.values() if request.conflict]
        request = self.one_of(conflicts or self.procedure.state.requests.values(), pick)
        self.attempt(ev.AnswerSettled(**self.stamp(), request_id=request.id, by="a", outcome=outcome, held_minor=held))

    @precondition(has_requests)
    @rule(pick=PICK)
    def papers(self, pick: int) -> None:
        request = self.one_of(self.procedure.state.requests.values(), pick)
        self.attempt(ev.PapersFollowed(**self.stamp(), request_id=request.id, document="p"))

    @rule(pick=PICK)
    def an_old_event_again(self, pick: int) -> None:
        document = self.procedure.log[pick % len(self.procedure.log)]
        at = START.strptime(document["at"], "%Y-%m-%dT%H:%M:%S.%f%z")
        event = event_from_json(document["type"], UUID(document["id"]), at, document)
        state = self.procedure.state
        assert advance(CN, state, event) == (state, ()), document["type"]

    def teardown(self) -> None:  # type: ignore[explicit-override] # `typing.override` is newer than Python 3.11
        assert state_to_json(replay(CN, self.procedure.log)) == state_to_json(self.procedure.state)
        assert state_to_json(replay_through_a_store(self.procedure.log)) == state_to_json(self.procedure.state)


def replay_through_a_store(log: list[dict[str, Any]]) -> ProcedureState:
    """Fold the log, reading the state back after each event from a store that keeps no order of its own."""
    state = ProcedureState()
    for document in log:
        kept = json.loads(json.dumps(state_to_json(state)))
        for name in ("holds", "requests", "clocks", "tasks", "approvals"):
            kept[name] = dict(reversed(kept[name].items()))
        at = instant_from_text(document["at"])
        event = event_from_json(document["type"], UUID(document["id"]), at, document)
        state, _ = advance(CN, state_from_json(kept), event)
    return state


AnyOrder.TestCase.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
test_any_order_of_events_keeps_the_invariants = AnyOrder.TestCase


@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(OUTCOMES), AMOUNTS), max_size=8), st.permutations(range(3))
)
@settings(max_examples=60, deadline=None)
def test_the_order_among_banks_does_not_matter(answers: list[tuple[int, str, int | None]], order: list[int]) -> None:
    def run(sequence: list[tuple[int, ev.AnyEvent]]) -> str:
        state = base.state
        for _, event in sequence:
            state, _ = advance(CN, state, event)
        return json.dumps(state_to_json(state))

    base = Driver()
    requests = [base.request_of(base.claim()).id for _ in range(3)]
    events: list[tuple[int, ev.AnyEvent]] = []
    for number, (bank, outcome, held) in enumerate(answers):
        events.append(
            (
                bank,
                ev.AnswerReceived(
                    id=base.uuid(),
                    at=START + timedelta(seconds=number + 1),
                    reply_id=base.uuid(),
                    request_id=requests[bank],
                    outcome=outcome,
                    held_minor=held,
                    executed_at=START + timedelta(seconds=1),
                ),
            )
        )
    assert run(sorted(events, key=lambda item: order.index(item[0]))) == run(events)
