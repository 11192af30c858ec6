"""Delivery, claims, following the money, approvals and refusals."""

from datetime import timedelta

import pytest

from tests.workflows.driver import CN, Driver, seconds
from workflows import ProcedureState
from workflows import effects as fx
from workflows import events as ev


def test_nothing_happens_before_the_procedure_is_opened() -> None:
    procedure = Driver()
    procedure.state = ProcedureState()
    event = ev.CaseFiled(id=procedure.uuid(), at=procedure.at, by="officer", document="f-1")
    assert "not been opened" in procedure.refuses(event)


# -- delivery


def test_an_undelivered_request_is_handed_over_by_a_person_once_while_retries_and_the_ladder_go_on() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    due = procedure.clock("receipt", request.id).due_at
    assert due - procedure.at == timedelta(minutes=2)
    procedure.run_until(due)
    assert procedure.request_of(request.hold_id).undelivered
    assert procedure.verdicts("delivery", request.id) == ["undelivered"]
    assert procedure.task_kinds(request.id) == {"deliver_by_hand", "call_contact_a", "hand_in_papers"}
    assert not any(isinstance(effect, fx.StopSending) for effect in procedure.effects)
    procedure.pass_time(hours=3)
    assert sum(isinstance(e, fx.OpenTask) and e.task.kind == "deliver_by_hand" for e in procedure.effects) == 1
    procedure.deliver(request.id)
    assert procedure.verdicts("delivery", request.id) == ["undelivered", "late"]
    assert procedure.task_kinds(request.id) == {"hand_in_papers"}
    assert procedure.has_clock("answer", request.id)
    assert not procedure.has_clock("ladder", request.id)


def test_a_clock_that_fires_late_says_when_and_fires_once() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    clock = procedure.clock("receipt", request.id)
    ended = [effect for effect in procedure.fire(clock, late=7200) if isinstance(effect, fx.EndClock)]
    assert [(effect.how, effect.at - clock.due_at) for effect in ended] == [("fired", timedelta(hours=2))]
    again = ev.ClockReached(id=procedure.uuid(), at=procedure.at, clock_id=clock.id)
    assert procedure.send(again) == ()


def test_a_clock_that_is_not_due_is_refused() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    clock = procedure.clock("receipt", request.id)
    early = ev.ClockReached(id=procedure.uuid(), at=clock.due_at - seconds(0.000001), clock_id=clock.id)
    assert "not due" in procedure.refuses(early)


def test_every_due_instant_tells_how_it_came_about() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    procedure.deliver(request.id)
    derivation = procedure.clock("answer", request.id).derivation
    assert (derivation.definition, derivation.rule) == ("cn_emergency_stop.v1", "clocks.answer.urgent")
    assert (derivation.started_at, derivation.length, derivation.calendar) == (procedure.at, "PT30M", "absolute")
    assert derivation.start_event.startswith("RequestDelivered:")
    assert derivation.source
    assert derivation.due_at == procedure.at + timedelta(minutes=30)


# -- claims


def test_the_money_reported_counts_once_and_only_on_the_first_tier() -> None:
    procedure = Driver()
    first, second = procedure.claim(), procedure.claim(tier=2)
    assert [fact.amount_minor for fact in procedure.facts("claim", first)] == [100_000]
    assert procedure.facts("claim", second) == []


def test_the_same_receipt_is_not_claimed_twice() -> None:
    procedure = Driver()
    hold = procedure.hold(procedure.claim())
    claim = procedure.make_claim(account_id=hold.account_id, receipt_id=hold.receipt_id)
    assert "already claims" in procedure.refuses(ev.ClaimAdded(id=procedure.uuid(), at=procedure.at, claim=claim))


def test_a_doubt_waits_for_a_person_and_then_the_order_leaves() -> None:
    procedure = Driver()
    hold_id = procedure.claim(doubts=("checksum",))
    assert procedure.task("confirm_account", hold_id).reason == "checksum"
    assert not any(isinstance(effect, fx.SendRequest) for effect in procedure.effects)
    due = procedure.task("confirm_account", hold_id).due_at
    procedure.run_until(due)
    assert procedure.task("confirm_account", hold_id).level == 1
    new = procedure.send(ev.ClaimConfirmed(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, by="officer"))
    assert any(isinstance(effect, fx.SendRequest) for effect in new)
    assert "confirm_account" not in procedure.task_kinds(hold_id)


def test_a_claim_found_wrong_is_dropped_and_closes_the_procedure() -> None:
    procedure = Driver()
    hold_id = procedure.claim(doubts=("source_trust",))
    dropped = ev.ClaimDropped(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, by="officer", reason="typo")
    procedure.send(dropped)
    assert procedure.hold(hold_id).state == "dropped"
    assert procedure.state.phase == "closed"
    confirmed = ev.ClaimConfirmed(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, by="officer")
    assert "dropped" in procedure.refuses(confirmed)
    procedure.claim()
    assert procedure.state.phase == "open"


def test_what_a_bank_has_been_asked_is_not_dropped() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    procedure.deliver(procedure.request_of(hold_id).id)
    dropped = ev.ClaimDropped(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, by="officer", reason="typo")
    assert "await its answer" in procedure.refuses(dropped)
    stopped = procedure.stopped()
    assert "released" in procedure.refuses(
        ev.ClaimDropped(id=procedure.uuid(), at=procedure.at, hold_id=stopped, by="officer", reason="typo")
    )


def test_a_lead_becomes_an_order_when_its_account_is_known() -> None:
    procedure = Driver()
    hold_id = procedure.claim(account_id=None, institution_id=None, lead_id=procedure.uuid())
    procedure.claim(account_id=None, institution_id=None, lead_id=procedure.uuid(), receipt_id=None)
    assert procedure.task_kinds(hold_id) == {"resolve_lead"}
    confirm = ev.ClaimConfirmed(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, by="officer")
    assert "resolve the lead" in procedure.refuses(confirm)
    procedure.at += seconds(60)
    account, bank = procedure.uuid(), procedure.uuid()
    procedure.send(
        ev.LeadResolved(
            id=procedure.uuid(),
            at=procedure.at,
            hold_id=hold_id,
            account_id=account,
            institution_id=bank,
            by="officer",
        )
    )
    assert procedure.hold(hold_id).account_id == account
    assert procedure.hold(hold_id).since == procedure.at
    assert procedure.request_of(hold_id).stage == "queued"


# -- following the money


def test_an_answer_that_names_the_next_account_asks_its_bank_in_the_same_step() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    hop = procedure.make_claim(tier=2, amount_minor=60_000)
    new = procedure.answer(request.id, "partial", held_minor=40_000, executed_at=procedure.at, next_hops=(hop,))
    follow = procedure.request_of(hop.hold_id)
    assert [effect.request_id for effect in new if isinstance(effect, fx.SendRequest)] == [follow.id]
    assert procedure.hold(hop.hold_id).cause_request_id == request.id
    assert procedure.hold(hop.hold_id).state == "asked"


def test_money_that_returns_in_a_circle_is_not_claimed_again() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    hold = procedure.hold(hold_id)
    hop = procedure.make_claim(tier=2, account_id=hold.account_id, receipt_id=hold.receipt_id)
    procedure.answer(request.id, "partial", held_minor=40_000, executed_at=procedure.at, next_hops=(hop,))
    assert set(procedure.state.holds) == {hold_id}


def test_beyond_the_depth_of_the_chase_a_person_decides() -> None:
    procedure = Driver()
    inside = procedure.claim(tier=CN.chase_depth)
    beyond = procedure.claim(tier=CN.chase_depth + 1)
    assert procedure.hold(inside).state == "asked"
    assert procedure.hold(beyond).state == "unconfirmed"
    assert procedure.task_kinds(beyond) == {"extend_chase"}
    procedure.send(ev.ClaimConfirmed(id=procedure.uuid(), at=procedure.at, hold_id=beyond, by="leader"))
    assert procedure.hold(beyond).state == "asked"


# -- approvals


@pytest.mark.parametrize("kind", ["second_stop", "freeze", "release", "extend"])
def test_nobody_approves_what_they_asked_for(kind: str) -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    procedure.file()
    approval = procedure.ask(hold_id, kind, by="officer")
    given = ev.ApprovalGiven(id=procedure.uuid(), at=procedure.at, approval_id=approval, by="officer")
    assert "another" in procedure.refuses(given)
    sent = len([effect for effect in procedure.effects if isinstance(effect, fx.SendRequest)])
    assert sent == 1
    request = procedure.approve(approval, by="leader")
    assert procedure.state.requests[request].kind == kind


def test_an_approval_that_nobody_gives_expires_and_somebody_is_told() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    approval = procedure.ask(hold_id, "second_stop")
    procedure.run_until(procedure.clock("approval", approval).due_at)
    assert approval not in procedure.state.approvals
    assert "ask_again" in procedure.task_kinds(hold_id)
    given = ev.ApprovalGiven(id=procedure.uuid(), at=procedure.at, approval_id=approval, by="leader")
    assert procedure.send(given) == ()


def test_a_refused_approval_sends_nothing_and_may_be_asked_again() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    approval = procedure.ask(hold_id, "second_stop")
    procedure.send(
        ev.ApprovalRefused(id=procedure.uuid(), at=procedure.at, approval_id=approval, by="leader", reason="no")
    )
    assert len(procedure.state.requests) == 1
    assert procedure.ask(hold_id, "second_stop") != approval


def test_what_is_no_longer_possible_is_not_sent_by_an_old_approval() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    extend = procedure.ask(hold_id, "extend")
    end = procedure.hold(hold_id).ends_at
    assert end is not None
    procedure.run_until(procedure.clock("approval", extend).due_at - seconds(1))
    release = procedure.approve(procedure.ask(hold_id, "release"))
    given = ev.ApprovalGiven(id=procedure.uuid(), at=procedure.at, approval_id=extend, by="leader")
    assert "release" in procedure.refuses(given)
    procedure.deliver(release, after=0)
    procedure.answer(release, "released", after=0)
    assert not procedure.state.approvals


def test_a_freeze_needs_a_filed_case_an_amount_and_a_lawful_term() -> None:
    procedure = Driver()
    hold_id = procedure.stopped(held=0, amount_minor=None)

    def asked(**given: object) -> ev.MeasureAsked:
        return ev.MeasureAsked(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, kind="freeze", by="o", **given)  # type: ignore[arg-type] # a test's shorthand

    assert "filed" in procedure.refuses(asked(amount_minor=1))
    procedure.file()
    assert "amount" in procedure.refuses(asked())
    assert "not after" in procedure.refuses(asked(amount_minor=1, ends_at=procedure.at + timedelta(days=200)))
    assert "not after" in procedure.refuses(asked(amount_minor=1, ends_at=procedure.at))
    ends_at = procedure.at + timedelta(days=90)
    request = procedure.approve(procedure.ask(hold_id, "freeze", amount_minor=1, ends_at=ends_at))
    procedure.deliver(request)
    procedure.answer(request, "frozen", held_minor=1, executed_at=procedure.at)
    assert procedure.hold(hold_id).ends_at == ends_at


def test_what_was_never_stopped_is_not_released() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.answer(request.id, "name_mismatch")
    asked = ev.MeasureAsked(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, kind="release", by="officer")
    assert "never confirmed" in procedure.refuses(asked)


def test_a_release_goes_before_everything_else() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    procedure.claim(paid_at=procedure.at - timedelta(days=3))
    procedure.approve(procedure.ask(hold_id, "release"))
    ranks = [effect.rank for effect in procedure.effects if isinstance(effect, fx.SendRequest)]
    assert ranks == [10, 20, 0]
