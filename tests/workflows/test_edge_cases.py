"""Edge cases of the emergency stop: the right behaviour, one test each."""

from datetime import UTC, datetime, timedelta

from tests.workflows.driver import START, Driver, seconds
from workflows import effects as fx
from workflows import events as ev


def test_an_answer_at_the_due_instant_is_in_time() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    procedure.deliver(request.id)
    procedure.at = procedure.clock("answer", request.id).due_at
    procedure.answer(request.id, "full", after=0, held_minor=1, executed_at=procedure.at)
    assert procedure.verdicts("answer", request.id) == ["in_time"]


def test_an_answer_a_microsecond_after_the_due_instant_is_late_and_still_used() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.at = procedure.clock("answer", request.id).due_at
    procedure.answer(request.id, "full", after=0.000001, held_minor=1, executed_at=procedure.at)
    assert procedure.verdicts("answer", request.id) == ["late"]
    assert procedure.hold(hold_id).state == "stopped"


def test_a_stop_executed_in_time_but_answered_late_counts_its_term_from_the_execution() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    executed = procedure.at + seconds(30)
    procedure.run_until(procedure.at + timedelta(hours=3))
    procedure.answer(request.id, "full", held_minor=5, executed_at=executed)
    assert procedure.verdicts("answer", request.id) == ["late", "late"]
    assert [fact.stop_at is None for fact in procedure.facts("answer", request.id)] == [True, False]
    assert procedure.hold(hold_id).ends_at == executed + timedelta(hours=48)


def test_a_bank_clock_two_minutes_ahead_is_believed_and_more_is_flagged() -> None:
    for ahead, believed in [(120, True), (121, False)]:
        procedure = Driver()
        hold_id = procedure.claim()
        request = procedure.request_of(hold_id)
        procedure.deliver(request.id)
        received = procedure.at + seconds(5)
        procedure.answer(request.id, "full", held_minor=5, executed_at=received + seconds(ahead))
        hold = procedure.hold(hold_id)
        assert hold.executed_at == (received + seconds(ahead) if believed else received)
        assert hold.end_is_provisional is not believed
        assert ("ask_executed_at" in procedure.task_kinds(hold_id)) is not believed


def test_a_bank_instant_long_before_the_request_is_not_believed() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.answer(request.id, "full", held_minor=5, executed_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert procedure.hold(hold_id).executed_at == request.created_at
    assert procedure.hold(hold_id).end_is_provisional


def test_a_success_without_its_instant_ends_at_the_earliest_possible_one_and_is_asked_for() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    delivered = procedure.at
    procedure.answer(request.id, "full", after=600, held_minor=5)
    hold = procedure.hold(hold_id)
    assert hold.ends_at == delivered + timedelta(hours=48)
    assert hold.end_is_provisional
    assert "ask_executed_at" in procedure.task_kinds(hold_id)


def test_received_and_then_nothing_is_late_and_climbs_the_ladder() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    procedure.deliver(request.id)
    procedure.answer(request.id, "received")
    procedure.run_until(procedure.clock("answer", request.id).due_at)
    assert procedure.verdicts("answer", request.id) == ["late"]
    assert "call_contact_a" in procedure.task_kinds(request.id)
    procedure.pass_time(minutes=15)
    assert "call_contact_b" in procedure.task_kinds(request.id)
    procedure.pass_time(minutes=30)
    assert procedure.task("call_head_office", request.id).level == 3
    procedure.pass_time(hours=5)
    assert procedure.task("call_head_office", request.id).level == 8
    procedure.answer(request.id, "full", held_minor=5, executed_at=procedure.at)
    assert procedure.task_kinds(request.id) == {"hand_in_papers"}
    assert not procedure.has_clock("ladder", request.id)


def test_reminders_go_out_at_half_and_at_four_fifths_of_the_box() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    procedure.deliver(request.id)
    delivered = procedure.at
    sent = []
    while procedure.has_clock("reminder", request.id):
        clock = procedure.clock("reminder", request.id)
        sent.append(
            (clock.due_at - delivered, [e.number for e in procedure.fire(clock) if isinstance(e, fx.SendReminder)])
        )
    assert sent == [(timedelta(minutes=15), [1]), (timedelta(minutes=24), [2])]


def test_a_person_may_remind_at_any_time_but_not_twice_in_a_minute() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())

    def ask() -> ev.ReminderAsked:
        return ev.ReminderAsked(id=procedure.uuid(), at=procedure.at, request_id=request.id, by="officer")

    assert "not delivered yet" in procedure.refuses(ask())
    procedure.deliver(request.id)
    wait = procedure.clock("answer", request.id)
    assert procedure.send(ask()) == (fx.SendReminder(request_id=request.id, number=0),)
    procedure.pass_time(seconds=59)
    assert "less than PT1M ago" in procedure.refuses(ask())
    procedure.pass_time(seconds=1)
    assert procedure.send(ask()) == (fx.SendReminder(request_id=request.id, number=0),)
    assert procedure.clock("answer", request.id) == wait  # no clock moves
    procedure.pass_time(minutes=14, seconds=1)
    assert "less than PT1M ago" in procedure.refuses(ask())  # one came by itself just now
    procedure.answer(request.id, "full", held_minor=5, executed_at=procedure.at)
    assert "nothing to remind of" in procedure.refuses(ask())


def test_two_contradicting_answers_count_nothing_until_a_person_decides() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    request = procedure.request_of(hold_id)
    procedure.answer(request.id, "gone")
    assert procedure.request_of(hold_id).conflict
    assert procedure.request_of(hold_id).outcome == "full"
    assert (procedure.hold(hold_id).state, procedure.hold(hold_id).held_minor) == ("in_question", 0)
    assert procedure.verdicts("hold", hold_id) == ["counted", "excluded"]
    assert "settle_conflict" in procedure.task_kinds(request.id)
    task = procedure.task("settle_conflict", request.id)
    assert "decision" in procedure.refuses(
        ev.TaskCompleted(id=procedure.uuid(), at=procedure.at, task_id=task.id, by="officer")
    )
    procedure.send(
        ev.AnswerSettled(
            id=procedure.uuid(),
            at=procedure.at,
            request_id=request.id,
            by="officer",
            outcome="full",
            held_minor=60_000,
            executed_at=procedure.at,
        )
    )
    assert (procedure.hold(hold_id).state, procedure.hold(hold_id).held_minor) == ("stopped", 60_000)
    assert procedure.verdicts("hold", hold_id) == ["counted", "excluded", "counted"]
    assert not procedure.request_of(hold_id).conflict


def test_a_failure_and_then_a_success_is_a_conflict_too() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.answer(request.id, "gone")
    procedure.answer(request.id, "full", held_minor=5, executed_at=procedure.at)
    assert procedure.hold(hold_id).state == "in_question"
    assert procedure.hold(hold_id).held_minor == 0


def test_received_and_then_full_is_no_contradiction() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    for outcome, held in [("received", None), ("sys_error", None), ("full", 5), ("received", None), ("full", 5)]:
        procedure.answer(request.id, outcome, held_minor=held, executed_at=START + seconds(3))
    assert not procedure.request_of(hold_id).conflict
    assert procedure.hold(hold_id).state == "stopped"
    assert len(procedure.request_of(hold_id).replies) == 5


def test_the_same_reply_twice_is_one_record() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    reply = procedure.uuid()
    procedure.answer(request.id, "full", reply_id=reply, held_minor=5, executed_at=procedure.at)
    before = procedure.state
    assert procedure.answer(request.id, "gone", reply_id=reply) == ()
    assert procedure.state is before


def test_an_answer_before_the_delivery_was_recorded_proves_the_delivery() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.answer(request.id, "full", held_minor=5, executed_at=procedure.at)
    assert procedure.request_of(hold_id).delivered_at == procedure.at
    assert not procedure.has_clock("receipt", request.id)
    procedure.deliver(request.id)
    assert procedure.request_of(hold_id).channel == "native"
    assert procedure.hold(hold_id).state == "stopped"
