"""Waits that newer data move, and waits that no data could count: in a procedure, through its whole life."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.workflows.driver import Driver
from tests.workflows.test_clocks_pauses import with_dates
from workflows import AnyEvent, Definition, ProcedureState, advance, as_recorded, event_from_json, event_to_json, parse
from workflows import events as ev
from workflows.calendars import adopt, calendar_named
from workflows.clocks import supersedes
from workflows.codec import instant_from_text
from workflows.library import text_of
from workflows.state import Clock

PLAIN = text_of("cn_emergency_stop", 1)


def counted(table: str, length: str, days: str) -> str:
    """Return the scheme with one clock counted in working days."""
    head, _, rest = PLAIN.partition(f"[{table}]\n")
    old, _, tail = rest.partition('calendar = "absolute"\n')
    assert old.startswith("length")
    return f'{head}[{table}]\nlength = "{length}"\ncalendar = "working_days"\ndays = "{days}"\n{tail}'


ANSWER = parse(counted("clocks.answer.urgent", "P2D", "CN"))
TERM = parse(counted("clocks.stop_term", "P3D", "CN"))
TARGET = parse(counted("clocks.answer.urgent", "P2D", "TARGET").replace("Asia/Shanghai", "Europe/Berlin", 1))
BEFORE_EASTER = datetime(2027, 3, 24, 9, tzinfo=UTC)
YEARS_END = datetime(2026, 12, 30, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def bundled_again() -> Iterator[None]:
    yield
    for name in ("CN", "TARGET"):
        adopt(None, name)


def closing(day: str) -> None:
    adopt(with_dates(calendar_named("TARGET"), holidays=(day,)))


def china_of_2027() -> None:
    adopt(with_dates(calendar_named("CN"), holidays=("2027-01-01",), last_year=2027))


def superseded(procedure: Driver, clock: Clock) -> ev.ClockSuperseded:
    now = supersedes(clock.derivation)
    assert now is not None
    return ev.ClockSuperseded(id=procedure.uuid(), at=procedure.at, clock_id=clock.id, was=clock.derivation, now=now)


def awaited(definition: Definition = TARGET, at: datetime = BEFORE_EASTER) -> tuple[Driver, Clock]:
    """Return a procedure that waits for an answer, and the wait."""
    procedure = Driver(definition, at=at)
    request = procedure.request_of(procedure.claim())
    procedure.deliver(request.id)
    return procedure, procedure.clock("answer", request.id)


def test_an_answer_counted_in_working_days_is_late_after_them_and_not_before() -> None:
    procedure, clock = awaited()
    assert clock.due_at == BEFORE_EASTER + timedelta(days=6, seconds=2) - timedelta(hours=1), "Tuesday, summer time"
    assert clock.derivation.counting is not None
    assert clock.derivation.counting.skipped == ("2027-03-26", "2027-03-29")
    procedure.run_until(clock.due_at - timedelta(microseconds=1))
    assert not procedure.state.requests[clock.subject_id].late
    procedure.run_until(clock.due_at)
    assert procedure.state.requests[clock.subject_id].late


def test_a_new_closing_day_moves_the_wait_and_what_hangs_on_it_by_one_recorded_event() -> None:
    procedure, clock = awaited()
    reminder = procedure.clock("reminder", clock.subject_id)
    closing("2027-03-30")
    event = superseded(procedure, clock)
    procedure.send(event)
    moved = procedure.clock("answer", clock.subject_id)
    assert moved.due_at == clock.due_at + timedelta(days=1)
    assert moved.id != clock.id
    assert event.was.due_at == clock.due_at, "what was counted stays written"
    assert procedure.state.requests[clock.subject_id].answer_due_at == moved.due_at
    assert procedure.clock("reminder", clock.subject_id).due_at > reminder.due_at
    procedure.run_until(clock.due_at)
    assert not procedure.state.requests[clock.subject_id].late
    procedure.run_until(moved.due_at)
    assert procedure.state.requests[clock.subject_id].late


def test_a_wait_that_is_over_or_was_counted_otherwise_since_never_moves() -> None:
    procedure, clock = awaited()
    closing("2027-03-30")
    event = superseded(procedure, clock)
    procedure.send(event)
    state = procedure.state
    again = ev.ClockSuperseded(id=procedure.uuid(), at=procedure.at, clock_id=clock.id, was=event.was, now=event.now)
    assert procedure.send(again) == ()
    wrong = ev.ClockSuperseded(
        id=procedure.uuid(),
        at=procedure.at,
        clock_id=procedure.clock("answer", clock.subject_id).id,
        was=event.was,
        now=event.was,
    )
    assert procedure.send(wrong) == ()
    assert procedure.state == state


def test_elapsed_waits_of_the_same_procedure_stay() -> None:
    procedure, _clock = awaited()
    closing("2027-03-30")
    moving = [clock.kind for clock in procedure.state.clocks.values() if supersedes(clock.derivation)]
    assert moving == ["answer"]


def test_a_term_that_moves_takes_the_hold_s_end_and_its_warnings_along() -> None:
    procedure = Driver(TERM, at=datetime(2026, 9, 29, 2, tzinfo=UTC))
    hold_id = procedure.stopped()
    end = procedure.clock("stop_end", hold_id)
    assert end.due_at.date().isoformat() == "2026-10-09", "30 September, 8 and 9 October"
    adopt(with_dates(calendar_named("CN"), holidays=("2026-10-08",)))
    procedure.send(superseded(procedure, end))
    moved = procedure.clock("stop_end", hold_id)
    assert moved.due_at == end.due_at + timedelta(days=1), "Saturday 10 October is a make-up workday"
    assert procedure.hold(hold_id).ends_at == moved.due_at
    assert procedure.clock("stop_warning", hold_id).due_at == moved.due_at - timedelta(hours=24)


# -- no data


def test_a_wait_that_no_calendar_counts_is_an_alarm_and_never_a_verdict() -> None:
    procedure, clock = awaited(ANSWER, YEARS_END)
    assert clock.derivation.is_uncounted
    request_id = clock.subject_id
    task = procedure.task("read_calendar", request_id)
    assert task.due_at == procedure.at
    procedure.pass_time(days=3)
    assert not procedure.state.requests[request_id].late
    assert procedure.verdicts("answer", request_id) == []
    assert "read_calendar" in procedure.task_kinds(request_id), "asked again until somebody did it"
    waiting = procedure.clock("answer", request_id)
    assert waiting.derivation.is_uncounted
    assert procedure.at < waiting.due_at <= procedure.at + timedelta(days=1)


def test_a_hold_whose_end_no_calendar_counts_does_not_lapse() -> None:
    procedure = Driver(TERM, at=YEARS_END)
    hold_id = procedure.stopped()
    procedure.pass_time(days=10)
    assert procedure.hold(hold_id).state == "stopped"
    assert "read_calendar" in procedure.task_kinds(hold_id)


def test_it_is_counted_by_itself_when_the_data_are_there() -> None:
    procedure, clock = awaited(ANSWER, YEARS_END)
    procedure.pass_time(hours=30)
    china_of_2027()
    procedure.pass_time(hours=24)
    counted_now = procedure.clock("answer", clock.subject_id)
    assert not counted_now.derivation.is_uncounted
    assert counted_now.derivation.started_at == clock.derivation.started_at
    assert counted_now.due_at.date().isoformat() == "2027-01-04"
    procedure.run_until(counted_now.due_at)
    assert procedure.state.requests[clock.subject_id].late


def test_it_is_counted_at_once_when_somebody_has_the_waits_counted_again() -> None:
    procedure, clock = awaited(ANSWER, YEARS_END)
    china_of_2027()
    procedure.send(superseded(procedure, clock))
    assert procedure.clock("answer", clock.subject_id).due_at.date().isoformat() == "2027-01-04"


# -- the log


def test_the_log_gives_the_same_state_under_newer_calendars() -> None:
    procedure, clock = awaited()
    log = []
    state = ProcedureState()
    for document in procedure.log:
        event = read(document)
        state, effects = advance(TARGET, state, event)
        log.append(event_to_json(as_recorded(event, effects)))
    assert state == procedure.state
    assert any("counted" in document for document in log)
    assert not all("counted" in document for document in log), "an event that counted nothing says nothing"
    closing("2027-03-30")
    replayed = again(log)
    assert replayed == procedure.state
    assert replayed.clocks[clock.id].due_at == clock.due_at
    bare = again([{key: value for key, value in document.items() if key != "counted"} for document in log])
    assert bare != procedure.state, "without what was recorded the newer calendar would have moved it"


def again(log: list[dict[str, Any]]) -> ProcedureState:
    state = ProcedureState()
    for document in log:
        state, _ = advance(TARGET, state, read(document))
    return state


def read(document: dict[str, Any]) -> AnyEvent:
    return event_from_json(document["type"], UUID(document["id"]), instant_from_text(document["at"]), document)
