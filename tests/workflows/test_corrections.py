"""A wrong account of the centre's own: let go and asked anew in one act."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.workflows.driver import Driver, seconds
from workflows import effects as fx
from workflows import events as ev


def correct(procedure: Driver, hold_id: UUID, **given: Any) -> UUID:  # noqa: ANN401 - fields of the claim
    hold = procedure.hold(hold_id)
    right = procedure.make_claim(receipt_id=hold.receipt_id, since=procedure.at, **given)
    procedure.send(
        ev.ClaimCorrected(
            id=procedure.uuid(), at=procedure.at, hold_id=hold_id, claim=right, by="officer", reason="wrong_account"
        )
    )
    return right.hold_id


def sent(procedure: Driver) -> list[str]:
    sends = [effect for effect in procedure.new if isinstance(effect, fx.SendRequest)]
    return [procedure.state.requests[send.request_id].kind for send in sends]


def test_a_confirmed_stop_on_a_wrong_account_is_released_once_and_the_right_one_is_asked_once() -> None:
    procedure = Driver()
    wrong = procedure.stopped()
    right = correct(procedure, wrong)
    assert sorted(sent(procedure)) == ["release", "stop"]
    assert procedure.hold(wrong).corrected_by == right
    assert procedure.hold(right).corrects == wrong
    assert procedure.request_of(right).created_at == procedure.at


def test_the_release_goes_before_the_stop_in_the_queue() -> None:
    procedure = Driver()
    correct(procedure, procedure.stopped())
    ranks = {
        procedure.state.requests[effect.request_id].kind: effect.rank
        for effect in procedure.new
        if isinstance(effect, fx.SendRequest)
    }
    assert ranks["release"] < ranks["stop"]


def test_the_correction_within_the_grace_is_reviewed_and_after_it_approved_before() -> None:
    procedure = Driver()
    wrong = procedure.stopped()
    procedure.at = procedure.state.requests[procedure.request_of(wrong).id].created_at + timedelta(minutes=10)
    correct(procedure, wrong)
    assert "review_stop" in procedure.task_kinds(wrong)
    assert not procedure.state.approvals

    late = Driver()
    wrong = late.stopped()
    late.at = late.request_of(wrong).created_at + timedelta(minutes=10) + seconds(1)
    correct(late, wrong)
    assert [approval.act for approval in late.state.approvals.values()] == ["release"]
    assert sent(late) == ["stop"]


def test_an_order_that_was_not_delivered_is_taken_back_and_never_sent_again() -> None:
    procedure = Driver()
    wrong = procedure.claim()
    request = procedure.request_of(wrong)
    correct(procedure, wrong)
    assert procedure.hold(wrong).state == "dropped"
    assert procedure.state.requests[request.id].stage == "withdrawn"
    assert fx.StopSending(request_id=request.id) in procedure.new
    assert sent(procedure) == ["stop"]
    assert not [clock for clock in procedure.state.clocks.values() if clock.subject_id in {wrong, request.id}]


def test_what_the_institution_still_has_is_released_when_it_answers_that_it_stopped() -> None:
    procedure = Driver()
    wrong = procedure.claim()
    request = procedure.request_of(wrong)
    procedure.deliver(request.id)
    correct(procedure, wrong)
    assert sent(procedure) == ["stop"], "nothing is released that nobody confirmed"
    procedure.answer(request.id, "full", held_minor=100_000, executed_at=procedure.at)
    assert sent(procedure) == ["release"]
    release = procedure.request_of(wrong, "release")
    procedure.deliver(release.id)
    procedure.answer(release.id, "released")
    assert procedure.hold(wrong).state == "released"


def test_what_the_institution_still_has_is_dropped_when_it_answers_that_nothing_is_there() -> None:
    procedure = Driver()
    wrong = procedure.claim()
    request = procedure.request_of(wrong)
    procedure.deliver(request.id)
    correct(procedure, wrong)
    procedure.answer(request.id, "gone")
    assert procedure.hold(wrong).state in {"none", "dropped"}
    assert "query_flow" not in procedure.task_kinds(wrong), "nobody traces money that was never there"


def test_the_next_account_that_a_wrong_one_names_is_not_followed() -> None:
    procedure = Driver()
    wrong = procedure.claim()
    request = procedure.request_of(wrong)
    procedure.deliver(request.id)
    correct(procedure, wrong)
    known = len(procedure.state.holds)
    procedure.answer(request.id, "moved_on", next_hops=(procedure.make_claim(tier=2),))
    assert len(procedure.state.holds) == known


def test_the_void_request_is_out_of_the_figures_and_an_answer_that_was_late_stays_late() -> None:
    procedure = Driver()
    wrong = procedure.claim()
    request = procedure.request_of(wrong)
    procedure.deliver(request.id)
    correct(procedure, wrong)
    procedure.answer(request.id, "full", held_minor=100_000, executed_at=procedure.at)
    assert procedure.verdicts("answer", request.id) == ["excluded", "excluded"]
    assert procedure.verdicts("claim", wrong) == ["counted", "excluded"]
    assert "counted" not in procedure.verdicts("hold", wrong)

    late = Driver()
    wrong = late.claim()
    request = late.request_of(wrong)
    late.deliver(request.id)
    late.run_until(late.at + timedelta(minutes=31))
    correct(late, wrong)
    assert late.verdicts("answer", request.id) == ["late"], "a correction does not wash a delay of theirs"


def test_money_held_on_a_wrong_account_no_longer_counts() -> None:
    procedure = Driver()
    wrong = procedure.stopped()
    correct(procedure, wrong)
    assert procedure.verdicts("hold", wrong)[-1] == "excluded"


def test_a_void_hold_is_only_let_go() -> None:
    procedure = Driver()
    wrong = procedure.stopped()
    correct(procedure, wrong)
    asked = ev.MeasureAsked(id=procedure.uuid(), at=procedure.at, hold_id=wrong, kind="second_stop", by="officer")
    assert "only let go" in procedure.refuses(asked)


def test_a_correction_names_another_account_of_a_live_hold() -> None:
    procedure = Driver()
    wrong = procedure.stopped()
    hold = procedure.hold(wrong)
    same = procedure.make_claim(account_id=hold.account_id, receipt_id=hold.receipt_id)
    event = ev.ClaimCorrected(
        id=procedure.uuid(), at=procedure.at, hold_id=wrong, claim=same, by="officer", reason="wrong_account"
    )
    assert "another account" in procedure.refuses(event)
    right = correct(procedure, wrong)
    again = procedure.make_claim(receipt_id=hold.receipt_id)
    event = ev.ClaimCorrected(
        id=procedure.uuid(), at=procedure.at, hold_id=wrong, claim=again, by="officer", reason="wrong_account"
    )
    assert "nothing to correct" in procedure.refuses(event)
    assert procedure.hold(right).state == "asked"
