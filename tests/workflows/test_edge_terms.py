"""The edges of terms: the second stop, the case that is not filed, the freeze, months and weekends."""

from datetime import UTC, datetime, timedelta

from tests.workflows.driver import CN, START, Driver, seconds
from workflows import effects as fx
from workflows import events as ev


def test_a_second_stop_a_minute_before_the_end_runs_from_its_own_execution() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    first_end = procedure.hold(hold_id).ends_at
    assert first_end is not None
    procedure.run_until(first_end - timedelta(minutes=1))
    request_id = procedure.approve(procedure.ask(hold_id, "second_stop"))
    procedure.run_until(first_end + timedelta(seconds=30))
    assert procedure.hold(hold_id).state == "lapsed"
    procedure.answer(request_id, "full", held_minor=90_000, executed_at=procedure.at)
    hold = procedure.hold(hold_id)
    assert (hold.state, hold.stop_seq) == ("stopped", 2)
    assert hold.ends_at == hold.executed_at + timedelta(hours=48) if hold.executed_at else None


def test_a_third_stop_is_refused() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    request_id = procedure.approve(procedure.ask(hold_id, "second_stop"))
    procedure.deliver(request_id)
    procedure.answer(request_id, "full", held_minor=5, executed_at=procedure.at)
    for kind in ("second_stop", "extend"):
        asked = ev.MeasureAsked(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, kind=kind, by="officer")
        assert "2 stop terms" in procedure.refuses(asked)
    account = procedure.hold(hold_id).account_id
    end = procedure.hold(hold_id).ends_at
    assert end is not None
    procedure.run_until(end)
    again = procedure.claim(account_id=account)
    assert procedure.hold(again).state == "unconfirmed"
    assert procedure.task_kinds(again) == {"count_exceeded"}


def test_a_later_receipt_on_a_stopped_account_is_a_supplement_and_no_second_stop() -> None:
    procedure = Driver()
    first = procedure.stopped()
    second = procedure.claim(account_id=procedure.hold(first).account_id)
    request = procedure.request_of(second)
    assert (request.supplement, request.stop_seq) == (True, 1)
    procedure.deliver(request.id)
    procedure.answer(request.id, "full", held_minor=5, executed_at=procedure.at)
    # Both extend their stop once: the account has two terms, not three.
    for hold_id in (first, second):
        request_id = procedure.approve(procedure.ask(hold_id, "second_stop"))
        procedure.deliver(request_id)
        procedure.answer(request_id, "full", held_minor=5, executed_at=procedure.at)
        assert procedure.hold(hold_id).stop_seq == 2


def test_a_case_that_is_not_filed_releases_what_was_stopped_within_three_days() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    waiting = procedure.claim()
    doubtful = procedure.claim(doubts=("checksum",))
    procedure.pass_time(minutes=1)
    procedure.send(ev.CaseNotFiled(id=procedure.uuid(), at=procedure.at, by="officer", document="d-1"))
    task = procedure.task("release_hold", hold_id)
    assert task.due_at == procedure.at + timedelta(days=3)
    assert procedure.hold(doubtful).state == "dropped"
    assert procedure.hold(waiting).state == "dropped"
    assert any(isinstance(effect, fx.StopSending) for effect in procedure.new)
    (approval,) = procedure.state.approvals.values()
    assert approval.act == "release"
    request_id = procedure.approve(approval.id)
    procedure.deliver(request_id)
    procedure.answer(request_id, "released")
    assert procedure.hold(hold_id).state == "released"
    assert procedure.verdicts("conversion", hold_id) == ["excluded"]


def test_a_stop_confirmed_after_the_case_was_declined_is_released_too() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.send(ev.CaseNotFiled(id=procedure.uuid(), at=procedure.at, by="officer", document="d-1"))
    assert procedure.hold(hold_id).state == "asked"
    procedure.answer(request.id, "full", held_minor=5, executed_at=procedure.at)
    assert "release_hold" in procedure.task_kinds(hold_id)
    assert [approval.act for approval in procedure.state.approvals.values()] == ["release"]


def test_a_freeze_executed_after_the_stop_ended_leaves_a_gap_that_somebody_traces() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    procedure.file()
    end = procedure.hold(hold_id).ends_at
    assert end is not None
    procedure.run_until(end - timedelta(minutes=1))
    request_id = procedure.approve(procedure.ask(hold_id, "freeze", amount_minor=100_000))
    procedure.deliver(request_id)
    procedure.run_until(end + timedelta(minutes=5))
    assert procedure.hold(hold_id).state == "lapsed"
    procedure.answer(request_id, "frozen", held_minor=80_000, executed_at=procedure.at)
    assert procedure.hold(hold_id).state == "frozen"
    assert "trace_gap" in procedure.task_kinds(hold_id)
    assert "confirm_lapse" not in procedure.task_kinds(hold_id)
    assert procedure.verdicts("conversion", hold_id) == ["missing", "late"]


def test_a_freeze_at_the_very_end_of_the_stop_converts_in_time() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    procedure.file()
    end = procedure.hold(hold_id).ends_at
    request_id = procedure.approve(procedure.ask(hold_id, "freeze"))
    procedure.deliver(request_id)
    procedure.answer(request_id, "frozen", held_minor=80_000, executed_at=end, after=48 * 3600 - 30)
    assert procedure.verdicts("conversion", hold_id) == ["in_time"]
    assert "trace_gap" not in procedure.task_kinds(hold_id)


def test_a_stop_ends_on_sunday_night_by_natural_hours_with_three_warnings() -> None:
    friday = datetime(2026, 2, 13, 19, 0, tzinfo=UTC)  # Saturday 03:00 in Shanghai, the spring festival begins
    procedure = Driver(at=friday)
    hold_id = procedure.stopped()
    end = procedure.hold(hold_id).ends_at
    executed = procedure.hold(hold_id).executed_at
    assert executed is not None
    assert end == executed + timedelta(hours=48)
    seen = []
    for hours in (24, 6, 1):
        procedure.run_until(end - timedelta(hours=hours))
        seen.append(procedure.task("file_and_freeze", hold_id).level)
    assert seen == [1, 2, 3]
    procedure.run_until(end)
    hold = procedure.hold(hold_id)
    assert (hold.state, hold.held_minor, hold.lapse_confirmed) == ("lapsed", 0, False)
    task = procedure.task("confirm_lapse", hold_id)
    procedure.send(ev.TaskCompleted(id=procedure.uuid(), at=procedure.at, task_id=task.id, by="officer"))
    assert procedure.hold(hold_id).lapse_confirmed


def test_a_freeze_from_the_31st_of_august_ends_on_the_last_day_of_february() -> None:
    procedure = Driver(at=datetime(2026, 8, 31, 2, 0, tzinfo=UTC))
    hold_id = procedure.frozen()
    end = procedure.hold(hold_id).ends_at
    assert end is not None
    assert (end.year, end.month, end.day) == (2027, 2, 28)
    clock = procedure.clock("freeze_end", hold_id)
    assert (clock.derivation.length, clock.derivation.calendar) == ("P6M", "calendar")
    assert clock.derivation.tzdata
    levels = []
    for days in (30, 15, 7):
        procedure.run_until(end - timedelta(days=days))
        levels.append(procedure.task("renew_freeze", hold_id).level)
    assert levels == [1, 2, 3]
    request_id = procedure.approve(procedure.ask(hold_id, "extend"))
    procedure.deliver(request_id)
    procedure.answer(request_id, "extended")
    renewed = procedure.hold(hold_id)
    assert renewed.state == "frozen"
    assert renewed.ends_at is not None
    assert (renewed.ends_at.year, renewed.ends_at.month, renewed.ends_at.day) == (2027, 8, 28)
    assert "renew_freeze" not in procedure.task_kinds(hold_id)
    procedure.run_until(renewed.ends_at)
    assert procedure.hold(hold_id).state == "lapsed"


def test_three_natural_days_from_friday_evening_end_on_monday_evening() -> None:
    procedure = Driver(at=datetime(2026, 3, 6, 10, 0, tzinfo=UTC))
    hold_id = procedure.stopped()
    procedure.send(ev.CaseNotFiled(id=procedure.uuid(), at=procedure.at, by="officer", document="d-1"))
    assert procedure.task("release_hold", hold_id).due_at == procedure.at + timedelta(days=3)


def test_a_wrong_name_is_fixed_under_the_same_case_with_a_new_request_and_the_bank_is_not_late() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.run_until(procedure.clock("answer", request.id).due_at)
    procedure.answer(request.id, "name_mismatch")
    assert procedure.verdicts("answer", request.id) == ["late", "excluded"]
    procedure.send(ev.MeasureAsked(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, kind="stop", by="officer"))
    assert procedure.hold(hold_id).state == "asked"
    assert procedure.request_of(hold_id).id != request.id


def test_cash_that_was_drawn_is_no_failure_of_the_bank() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.answer(request.id, "gone")
    assert procedure.verdicts("answer", request.id) == ["in_time"]
    assert "trace_cash" in procedure.task_kinds(hold_id)


def test_the_limit_in_force_at_sending_stays() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    procedure.deliver(request.id)
    box = CN.answer["urgent"].length.absolute()
    assert procedure.request_of(request.hold_id).answer_due_at == procedure.at + box


def test_old_money_is_asked_for_with_the_normal_limits() -> None:
    for age, urgency in [(timedelta(hours=24) - seconds(1), "urgent"), (timedelta(hours=24), "normal")]:
        procedure = Driver()
        hold_id = procedure.claim(paid_at=START - age)
        assert procedure.hold(hold_id).urgency == urgency
    procedure = Driver()
    assert procedure.hold(procedure.claim(paid_at=None)).urgency == "urgent"
