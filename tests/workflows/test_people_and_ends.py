"""What is still said after the end, and what people do beside the measures."""

from datetime import timedelta

import pytest

from tests.workflows.driver import CN, Driver
from workflows import advance
from workflows import events as ev

# -- after the end


def test_an_answer_after_the_release_is_recorded_and_never_revives() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    stop = procedure.request_of(hold_id)
    release = procedure.approve(procedure.ask(hold_id, "release"))
    procedure.deliver(release)
    procedure.answer(release, "released")
    procedure.answer(stop.id, "partial", held_minor=10, executed_at=procedure.at)
    assert procedure.hold(hold_id).state == "released"
    assert len(procedure.request_of(hold_id).replies) == 2
    assert "bank_says_stopped" in procedure.task_kinds(hold_id)
    again = procedure.approve(procedure.ask(hold_id, "release"))
    procedure.deliver(again)
    procedure.answer(again, "released")
    assert procedure.hold(hold_id).state == "released"


def test_a_bank_that_confirms_the_lapse_closes_the_question() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    end = procedure.hold(hold_id).ends_at
    assert end is not None
    procedure.run_until(end)
    procedure.answer(procedure.request_of(hold_id).id, "lapsed")
    assert procedure.hold(hold_id).lapse_confirmed
    assert "confirm_lapse" not in procedure.task_kinds(hold_id)


def test_a_withdrawn_request_that_was_executed_after_all_is_seen() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.send(ev.ClaimDropped(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, by="officer", reason="wrong"))
    assert procedure.request_of(hold_id).stage == "withdrawn"
    procedure.answer(request.id, "full", held_minor=10, executed_at=procedure.at)
    assert procedure.hold(hold_id).state == "dropped"
    assert procedure.request_of(hold_id).stage == "withdrawn"
    assert "bank_says_stopped" in procedure.task_kinds(hold_id)


def test_a_procedure_closes_when_nothing_is_held_and_nothing_runs() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    request = procedure.request_of(hold_id)
    release = procedure.approve(procedure.ask(hold_id, "release"))
    procedure.deliver(release)
    procedure.answer(release, "released")
    assert procedure.state.phase == "open"
    procedure.send(ev.PapersFollowed(id=procedure.uuid(), at=procedure.at, request_id=request.id, document="form"))
    review = procedure.task("review_stop", hold_id)
    procedure.send(ev.TaskCompleted(id=procedure.uuid(), at=procedure.at, task_id=review.id, by="leader"))
    assert procedure.state.phase == "closed"


# -- people


def test_papers_follow_within_a_day_and_are_asked_for_until_they_come() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    due = procedure.task("hand_in_papers", request.id).due_at
    assert due == procedure.at + timedelta(hours=24)
    procedure.run_until(due)
    assert procedure.task("hand_in_papers", request.id).level == 1
    procedure.send(ev.PapersFollowed(id=procedure.uuid(), at=procedure.at, request_id=request.id, document="form"))
    assert "hand_in_papers" not in procedure.task_kinds(request.id)
    assert procedure.request_of(request.hold_id).documents == ("form",)


@pytest.mark.parametrize("upheld", [True, False])
def test_an_appeal_has_a_clock_and_an_upheld_one_is_released(*, upheld: bool) -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    appeal = procedure.uuid()
    procedure.send(ev.AppealReceived(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, appeal_id=appeal))
    assert "decide_appeal" in procedure.task_kinds(hold_id)
    procedure.send(ev.AppealDecided(id=procedure.uuid(), at=procedure.at, appeal_id=appeal, by="judge", upheld=upheld))
    assert "decide_appeal" not in procedure.task_kinds(hold_id)
    assert [a.act for a in procedure.state.approvals.values()] == (["release"] if upheld else [])
    assert ("release_hold" in procedure.task_kinds(hold_id)) is upheld


def test_a_live_hold_whose_last_task_is_ticked_off_gets_another_one() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.answer(request.id, "refused")
    task = procedure.task("escalate_refusal", hold_id)
    procedure.send(ev.TaskCompleted(id=procedure.uuid(), at=procedure.at, task_id=task.id, by="officer"))
    assert procedure.task_kinds(hold_id) == {"decide_hold", "review_stop"}
    task = procedure.task("decide_hold", hold_id)
    procedure.send(ev.TaskCompleted(id=procedure.uuid(), at=procedure.at, task_id=task.id, by="officer"))
    assert procedure.task("decide_hold", hold_id).id != task.id


def test_after_a_refusal_to_file_no_order_leaves_by_itself() -> None:
    procedure = Driver()
    procedure.send(ev.CaseNotFiled(id=procedure.uuid(), at=procedure.at, by="officer", document="d"))
    hold_id = procedure.claim()
    assert procedure.task("confirm_account", hold_id).reason == "not_filed"


def test_a_stop_that_belongs_to_somebody_else_keeps_the_end_that_was_named() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    ends_at = procedure.at + timedelta(hours=20)
    procedure.answer(request.id, "already_stopped", ends_at=ends_at)
    assert (procedure.hold(hold_id).state, procedure.hold(hold_id).ends_at) == ("queued_behind", ends_at)


def test_a_request_that_was_taken_back_before_it_arrived_is_not_counted() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.send(ev.ClaimDropped(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, by="officer", reason="wrong"))
    procedure.deliver(request.id)
    assert procedure.request_of(hold_id).delivered_at == procedure.at
    assert procedure.verdicts("dispatch", request.id) == procedure.verdicts("delivery", request.id) == []


def test_a_refused_event_changes_nothing() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    before = procedure.state
    procedure.refuses(ev.MeasureAsked(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, kind="freeze", by="o"))
    procedure.refuses(ev.MeasureAsked(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, kind="no_such", by="o"))
    assert procedure.state is before


def test_an_event_about_something_unknown_is_refused() -> None:
    procedure = Driver()
    unknown = procedure.uuid()
    for event in (
        ev.ClaimConfirmed(id=procedure.uuid(), at=procedure.at, hold_id=unknown, by="o"),
        ev.AnswerReceived(
            id=procedure.uuid(), at=procedure.at, reply_id=procedure.uuid(), request_id=unknown, outcome="full"
        ),
        ev.AppealDecided(id=procedure.uuid(), at=procedure.at, appeal_id=unknown, by="o", upheld=True),
    ):
        assert str(unknown) in procedure.refuses(event)


def test_an_event_seen_before_gives_the_same_state_object() -> None:
    procedure = Driver()
    claim = procedure.make_claim()
    event = ev.ClaimAdded(id=procedure.uuid(), at=procedure.at, claim=claim)
    procedure.send(event)
    state, effects = advance(CN, procedure.state, event)
    assert state is procedure.state
    assert effects == ()
