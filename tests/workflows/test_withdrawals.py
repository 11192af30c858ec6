"""A report that its own side wants back, and a release that other cases stand against."""

from typing import Any
from uuid import UUID

from tests.workflows.driver import Driver
from workflows import effects as fx
from workflows import events as ev


def ask(procedure: Driver, *holds: UUID, side: str = "victim") -> UUID:
    withdrawal = procedure.uuid()
    procedure.send(
        ev.WithdrawalAsked(
            id=procedure.uuid(),
            at=procedure.at,
            withdrawal_id=withdrawal,
            report_id=procedure.uuid(),
            hold_ids=holds,
            side=side,
            by="officer",
        )
    )
    return withdrawal


def verify(procedure: Driver, withdrawal: UUID) -> None:
    procedure.send(ev.WithdrawalVerified(id=procedure.uuid(), at=procedure.at, withdrawal_id=withdrawal, by="officer"))


def decided(procedure: Driver, withdrawal: UUID, **given: Any) -> ev.WithdrawalDecided:  # noqa: ANN401 - fields of the event
    fields = {"by": "leader", "approved": True, **given}
    return ev.WithdrawalDecided(id=procedure.uuid(), at=procedure.at, withdrawal_id=withdrawal, **fields)


def sends(procedure: Driver) -> list[str]:
    sent = [effect for effect in procedure.new if isinstance(effect, fx.SendRequest)]
    return [procedure.state.requests[send.request_id].kind for send in sent]


def test_unverified_it_only_opens_a_task_to_verify() -> None:
    procedure = Driver()
    hold = procedure.stopped()
    before = procedure.state
    withdrawal = ask(procedure, hold)
    assert procedure.task_kinds(withdrawal) == {"verify_withdrawal"}
    assert (procedure.state.holds, procedure.state.requests) == (before.holds, before.requests)
    assert "not verified" in procedure.refuses(decided(procedure, withdrawal))


def test_verified_and_approved_by_two_persons_it_releases_and_ends_when_the_bank_confirmed() -> None:
    procedure = Driver()
    hold = procedure.stopped()
    withdrawal = ask(procedure, hold)
    verify(procedure, withdrawal)
    assert procedure.task_kinds(withdrawal) == {"decide_withdrawal"}
    assert "same person" in procedure.refuses(decided(procedure, withdrawal, by="officer"))
    procedure.send(decided(procedure, withdrawal))
    assert sends(procedure) == ["release"]
    release = procedure.request_of(hold, "release")
    procedure.deliver(release.id)
    assert procedure.hold(hold).state == "stopped", "it ends with the bank's word, not with ours"
    procedure.answer(release.id, "released")
    assert procedure.hold(hold).state == "released"


def test_an_order_that_was_not_delivered_is_taken_back() -> None:
    procedure = Driver()
    hold = procedure.claim()
    withdrawal = ask(procedure, hold)
    verify(procedure, withdrawal)
    procedure.send(decided(procedure, withdrawal))
    assert procedure.hold(hold).state == "dropped"
    assert sends(procedure) == []


def test_what_another_report_claims_stays() -> None:
    procedure = Driver()
    kept, gone = procedure.stopped(), procedure.stopped()
    withdrawal = ask(procedure, kept, gone)
    verify(procedure, withdrawal)
    procedure.send(decided(procedure, withdrawal, kept=(kept,)))
    assert procedure.hold(kept).void is None
    assert procedure.hold(gone).void == "withdrawn"
    assert sends(procedure) == ["release"]


def test_money_under_a_lawful_freeze_is_forwarded_and_not_released() -> None:
    procedure = Driver()
    hold = procedure.frozen()
    withdrawal = ask(procedure, hold)
    verify(procedure, withdrawal)
    procedure.send(decided(procedure, withdrawal))
    assert sends(procedure) == []
    assert procedure.hold(hold).state == "frozen"
    assert "forward_withdrawal" in procedure.task_kinds(hold)


def test_refused_it_leaves_everything_as_it_is() -> None:
    procedure = Driver()
    hold = procedure.stopped()
    withdrawal = ask(procedure, hold)
    procedure.send(decided(procedure, withdrawal, by="officer", approved=False))
    assert procedure.hold(hold).void is None
    assert not procedure.task_kinds(withdrawal)
    assert procedure.state.withdrawals[withdrawal].stage == "refused"


def test_only_the_reporters_side_may_withdraw() -> None:
    procedure = Driver()
    hold = procedure.stopped()
    event = ev.WithdrawalAsked(
        id=procedure.uuid(),
        at=procedure.at,
        withdrawal_id=procedure.uuid(),
        report_id=procedure.uuid(),
        hold_ids=(hold,),
        side="bank",
        by="officer",
    )
    assert "may not withdraw" in procedure.refuses(event)


def test_a_later_report_of_the_same_payment_is_a_new_claim() -> None:
    procedure = Driver()
    hold = procedure.claim()
    withdrawal = ask(procedure, hold)
    verify(procedure, withdrawal)
    procedure.send(decided(procedure, withdrawal))
    old = procedure.hold(hold)
    new = procedure.claim(account_id=old.account_id, receipt_id=old.receipt_id)
    assert procedure.hold(new).state == "asked"
    assert sends(procedure) == ["stop"]


def release_asked(procedure: Driver, hold: UUID) -> UUID:
    return procedure.approve(procedure.ask(hold, "release"))


def held_back(procedure: Driver, request_id: UUID) -> None:
    procedure.send(
        ev.ReleaseHeldBack(id=procedure.uuid(), at=procedure.at, request_id=request_id, claims=(procedure.uuid(),))
    )


def test_a_release_that_others_stand_against_waits_for_a_decision_with_a_clock() -> None:
    procedure = Driver()
    hold = procedure.stopped()
    request_id = release_asked(procedure, hold)
    held_back(procedure, request_id)
    assert procedure.state.requests[request_id].stage == "withdrawn"
    assert fx.StopSending(request_id=request_id) in procedure.new
    task = procedure.task("decide_release", hold)
    assert procedure.has_clock("task", task.id)


def test_the_decision_lets_the_release_go_or_keeps_the_money() -> None:
    for go in (True, False):
        procedure = Driver()
        hold = procedure.stopped()
        held_back(procedure, release_asked(procedure, hold))
        procedure.send(ev.ReleaseDecided(id=procedure.uuid(), at=procedure.at, hold_id=hold, by="leader", go=go))
        assert sends(procedure) == (["release"] if go else [])
        assert "decide_release" not in procedure.task_kinds(hold)
        if go:
            release = procedure.request_of(hold, "release")
            assert release.despite_others
            held_back(procedure, release.id)
            assert procedure.state.requests[release.id].stage == "queued", "decided is decided"
        else:
            assert procedure.hold(hold).state == "stopped"
