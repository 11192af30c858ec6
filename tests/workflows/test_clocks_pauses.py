"""Waits that stand still and run on, hard ends that no pause moves, and waits that newer data move."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.test_clocks_days import at, box, counted_days
from workflows.calendars import DayCalendar, adopt, calendar_named, version_of
from workflows.clocks import (
    EndlessPause,
    derive,
    derive_before,
    parse_length,
    pause,
    recompute,
    recount,
    resume,
    share_of,
    supersedes,
    zone_of,
)
from workflows.state import Derivation

LONDON = "Europe/London"
CLAIM = box("P5D", "ENGLAND", hard_end=parse_length("P35D"), ends="end_of_day")
"""UK reimbursement: five business days, the clock may be stopped, and ends after 35 in any case."""


def begun(start: str = "2026-03-02T09:00") -> Derivation:
    return derive(CLAIM, at(start, LONDON), "E:1")


def day_of(derivation: Derivation) -> date:
    assert recompute(derivation) == derivation.due_at
    return derivation.due_at.astimezone(zone_of(derivation.zone)).date()


def test_the_clock_of_a_claim_stops_and_runs_on_with_the_days_that_were_left() -> None:
    running = begun()
    assert day_of(running) == date(2026, 3, 9)
    paused = pause(running, at("2026-03-04T11:00", LONDON))  # two of the five days have passed
    assert day_of(paused) == date(2026, 4, 22), "35 business days, without Good Friday and Easter Monday"
    assert day_of(resume(paused, at("2026-03-11T15:00", LONDON))) == date(2026, 3, 16), "three days from the 11th"


def test_a_warning_and_elapsed_time_are_not_counted_again() -> None:
    four_hours = box("PT4H", None, calendar="absolute")
    warning = derive_before(four_hours, at("2026-03-02T09:00", LONDON), "E:1")
    assert recount(warning) is warning
    elapsed = derive(four_hours, at("2026-03-02T09:00", LONDON), "E:1")
    assert recount(elapsed) is elapsed


def test_a_share_of_counted_days_is_elapsed_time_and_knows_no_calendar() -> None:
    half = share_of(begun(), 50, "r")
    assert (half.rule, half.calendar, half.tzdata, half.counting) == ("r", "absolute", None, None)


def test_a_length_by_the_calendar_is_counted_again_with_this_zone_data() -> None:
    month = derive(box("P1M", None, calendar="calendar", zone=LONDON), at("2026-03-02T09:00", LONDON), "E:1")
    assert month.counting is None
    old = replace(month, tzdata="2020a", due_at=month.due_at + timedelta(hours=1))
    assert recount(old) == month


def test_elapsed_time_with_a_hard_end_knows_no_zone() -> None:
    night = box("PT4H", None, calendar="absolute", zone="Europe/Berlin", hard_end=parse_length("PT8H"))
    due_twice = derive(night, datetime(2026, 10, 24, 21, 30, tzinfo=UTC), "E:1")  # at 02:30, which comes twice
    assert due_twice.tzdata is None
    assert due_twice.counting is not None
    assert due_twice.counting.offset is None
    day = replace(night, length=parse_length("P1D"), hard_end=parse_length("P3D"))
    start = datetime(2026, 10, 24, 21, 30, tzinfo=UTC)
    assert derive(day, start, "E:1").due_at == start + timedelta(hours=24)


def test_a_pause_by_the_calendar_adds_its_hours_or_to_the_end_of_a_day_its_days() -> None:
    hours = box("P5D", None, calendar="calendar", zone=LONDON, hard_end=parse_length("P30D"))
    running = derive(hours, at("2026-06-01T09:00", LONDON), "E:1")
    paused = pause(running, at("2026-06-02T10:00", LONDON))
    assert resume(paused, at("2026-06-02T20:00", LONDON)).due_at == at("2026-06-06T19:00", LONDON)
    whole = replace(hours, ends="end_of_day")
    running = derive(whole, at("2026-06-01T09:00", LONDON), "E:1")
    paused = pause(running, at("2026-06-02T20:00", LONDON))
    assert day_of(resume(paused, at("2026-06-03T06:00", LONDON))) == date(2026, 6, 7)


def test_a_printed_pause_that_nothing_ends_is_no_due_instant() -> None:
    paused = pause(begun(), at("2026-03-04T11:00", LONDON))
    assert paused.counting is not None
    endless = replace(paused, counting=replace(paused.counting, hard_end=None))
    with pytest.raises(EndlessPause, match=r"^a wait without hard_end cannot be paused: nothing would end it$"):
        recompute(endless)


def test_the_days_of_a_pause_are_those_of_the_zone() -> None:
    order = box("P5D", "CN", calendar="working_days", hard_end=parse_length("P35D"))
    running = derive(order, at("2026-06-01T09:00", order.zone), "E:1")
    night = pause(running, at("2026-06-03T01:00", order.zone))  # in UTC it is still the day before
    assert day_of(resume(night, at("2026-06-04T09:00", order.zone))) == date(2026, 6, 9), "one day more than the 8th"


@pytest.mark.parametrize(
    ("stopped", "resumed", "end"),
    [
        ("2026-03-04T09:00", "2026-03-04T18:00", "2026-03-09"),  # within a day: nothing moves
        ("2026-03-06T18:00", "2026-03-08T09:00", "2026-03-09"),  # over a week-end's days only
        ("2026-03-06T18:00", "2026-03-09T09:00", "2026-03-10"),
        ("2026-03-03T09:00", "2026-03-04T09:00", "2026-03-10"),
        ("2026-03-03T09:00", "2026-06-01T09:00", "2026-04-22"),  # never beyond the hard end
    ],
)
def test_a_pause_adds_the_counted_days_that_it_lasted(stopped: str, resumed: str, end: str) -> None:
    again = resume(pause(begun(), at(stopped, LONDON)), at(resumed, LONDON))
    assert day_of(again).isoformat() == end


def test_two_pauses_add_up_and_a_pause_before_the_first_counted_day_takes_nothing() -> None:
    twice = begun()
    for stopped, resumed in (("2026-03-03T09:00", "2026-03-04T09:00"), ("2026-03-05T09:00", "2026-03-06T09:00")):
        twice = resume(pause(twice, at(stopped, LONDON)), at(resumed, LONDON))
    assert day_of(twice) == date(2026, 3, 11)
    saturday = begun("2026-03-07T09:00")
    again = resume(pause(saturday, at("2026-03-07T10:00", LONDON)), at("2026-03-09T10:00", LONDON))
    assert day_of(again) == day_of(saturday) == date(2026, 3, 16)


@given(st.integers(0, 20), st.integers(0, 40), st.integers(1, 9))
def test_what_was_left_at_a_pause_is_what_runs_after_it(wait_days: int, pause_days: int, count: int) -> None:
    days = counted_days("ENGLAND")
    start = datetime(2025, 3, 3, 12, tzinfo=UTC)
    one = box(f"P{count}D", "ENGLAND", hard_end=parse_length("P200D"))
    stopped = start + timedelta(days=min(wait_days, count - 1))
    resumed = stopped + timedelta(days=pause_days)
    end = resume(pause(derive(one, start, "E:1"), stopped), resumed)
    passed = sum(start.date() < day <= stopped.date() for day in days)
    ahead = [day for day in days if day > resumed.date()]
    assert day_of(end) == (ahead[count - passed - 1] if count > passed else max(d for d in days if d <= resumed.date()))


def test_elapsed_time_is_moved_by_the_length_of_the_pause() -> None:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for calendar in ("absolute", "calendar"):
        one = box("P2D", None, calendar=calendar, zone="UTC", hard_end=parse_length("P10D"))
        paused = pause(derive(one, start, "E:1"), start + timedelta(hours=5))
        assert paused.due_at == start + timedelta(days=10)
        again = resume(paused, start + timedelta(hours=29))
        assert again.due_at == start + timedelta(days=3)
        assert recompute(again) == again.due_at
        later = resume(pause(again, again.due_at - timedelta(hours=1)), start + timedelta(days=20))
        assert later.due_at == start + timedelta(days=10), "never beyond the hard end"


def test_calendar_days_to_the_end_of_a_day_are_moved_by_whole_days() -> None:
    one = box("P7D", None, calendar="calendar", zone="Asia/Shanghai", ends="end_of_day", hard_end=parse_length("P30D"))
    running = derive(one, at("2026-03-02T09:00", "Asia/Shanghai"), "E:1")
    paused = pause(running, at("2026-03-03T23:00", "Asia/Shanghai"))
    assert day_of(resume(paused, at("2026-03-05T01:00", "Asia/Shanghai"))) == date(2026, 3, 11)


def test_a_pause_that_nothing_would_end_is_refused() -> None:
    endless = derive(box("P5D", "ENGLAND"), at("2026-03-02T09:00", LONDON), "E:1")
    with pytest.raises(EndlessPause, match=r"^a wait without hard_end cannot be paused: nothing would end it$"):
        pause(endless, endless.started_at)
    paused = pause(begun(), at("2026-03-04T11:00", LONDON))
    with pytest.raises(ValueError, match=r"^the wait is paused already$"):
        pause(paused, at("2026-03-05T11:00", LONDON))
    with pytest.raises(ValueError, match=r"^the wait is not paused$"):
        resume(begun(), at("2026-03-05T11:00", LONDON))
    with pytest.raises(ValueError, match=r"^the wait is not paused$"):
        resume(paused, at("2026-03-03T11:00", LONDON))


# -- newer data


def with_dates(calendar: DayCalendar, *, holidays: tuple[str, ...] = (), last_year: int | None = None) -> DayCalendar:
    """Return the calendar with further holidays, or with years more: what a newer version would be."""
    closed = {**calendar.holidays, **{date.fromisoformat(day): "new" for day in holidays}}
    last = date(last_year or calendar.last.year, 12, 31)
    years = (calendar.first.year, last.year)
    version = version_of(calendar.name, years, calendar.rest_days, closed, calendar.workdays)
    return replace(calendar, holidays=closed, last=last, version=version)


@pytest.fixture
def newer_target() -> Iterator[DayCalendar]:
    calendar = with_dates(calendar_named("TARGET"), holidays=("2027-04-05",))
    adopt(calendar)
    yield calendar
    adopt(None, "TARGET")


def recall() -> Derivation:
    return derive(box("P15D"), at("2027-03-15T10:00", "Europe/Berlin"), "E:1")


def test_nothing_moves_while_the_data_are_the_same() -> None:
    assert supersedes(recall()) is None
    assert recount(recall()) == recall()


def test_a_new_holiday_moves_the_waits_that_it_touches_and_no_others(request: pytest.FixtureRequest) -> None:
    touched, before = recall(), derive(box("P5D"), at("2027-03-15T10:00", "Europe/Berlin"), "E:1")
    newer = request.getfixturevalue("newer_target")
    moved = supersedes(touched)
    assert moved is not None
    assert moved.due_at == touched.due_at + timedelta(days=1)
    assert moved.counting is not None
    assert moved.counting.version == newer.version
    assert "2027-04-05" in moved.counting.skipped
    assert recompute(touched) == touched.due_at, "the old one still follows from its own printed dates"
    assert supersedes(before) is None


@pytest.mark.usefixtures("newer_target")
def test_elapsed_times_warnings_and_shares_never_move() -> None:
    start = at("2027-03-15T10:00", "Europe/Berlin")
    absolute = derive(box("P15D", None, calendar="absolute"), start, "E:1")
    warning = derive_before(box("P1D", None, calendar="absolute"), start, "E:1")
    for derivation in (absolute, warning, share_of(recall(), 50, "r")):
        assert supersedes(derivation) is None
        assert recount(derivation) == derivation


def test_a_wait_that_could_not_be_counted_is_counted_when_the_data_come() -> None:
    start = at("2026-12-30T09:00", "Asia/Shanghai")
    alarm = derive(box("P3D", "CN", zone="Asia/Shanghai"), start, "E:1")
    assert alarm.is_uncounted
    assert supersedes(alarm) is None
    adopt(with_dates(calendar_named("CN"), holidays=("2027-01-01",), last_year=2027))
    try:
        counted = supersedes(alarm)
        assert counted is not None
        assert not counted.is_uncounted
        assert day_of(counted) == date(2027, 1, 5)
    finally:
        adopt(None, "CN")
    assert supersedes(counted) is None, "a calendar that lost its data moves nothing"


def test_a_paused_wait_keeps_its_pauses_when_it_is_counted_again() -> None:
    paused = resume(pause(begun(), at("2026-03-03T09:00", LONDON)), at("2026-03-04T09:00", LONDON))
    adopt(with_dates(calendar_named("ENGLAND"), holidays=("2026-03-09",)))
    try:
        moved = supersedes(paused)
    finally:
        adopt(None, "ENGLAND")
    assert moved is not None
    assert day_of(paused) == date(2026, 3, 10)
    assert day_of(moved) == date(2026, 3, 11)
    assert moved.counting is not None
    assert paused.counting is not None
    assert moved.counting.pauses == paused.counting.pauses
