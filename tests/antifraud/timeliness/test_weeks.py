"""A week is Monday's first instant up to the next, whatever the zone's clocks do in between."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antifraud.foundation.problems import InvalidValue, NotFound, Problem
from antifraud.timeliness.weeks import Week

ZONES = ("Asia/Shanghai", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC")


def test_a_chinese_week_begins_on_monday_at_midnight_in_china() -> None:
    week = Week.parse("2026-W47", "Asia/Shanghai")
    assert week.start == datetime(2026, 11, 15, 16, 0, tzinfo=UTC)
    assert week.end == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    assert week.hours() == 168


@pytest.mark.parametrize(
    ("name", "hours"), [("2026-W12", 168), ("2026-W13", 167), ("2026-W43", 169), ("2027-W12", 167), ("2027-W43", 169)]
)
def test_a_week_in_which_the_clocks_change_is_an_hour_shorter_or_longer(name: str, hours: int) -> None:
    week = Week.parse(name, "Europe/Paris")
    assert week.hours() == hours
    assert week.end - week.start == timedelta(hours=hours)


def test_week_53_of_2026_ends_in_2027_and_is_followed_by_week_1() -> None:
    last = Week.parse("2026-W53", "Asia/Shanghai")
    assert last.start == datetime(2026, 12, 27, 16, 0, tzinfo=UTC)
    assert last.end == Week.parse("2027-W01", "Asia/Shanghai").start
    assert Week.of(datetime(2027, 1, 1, 12, 0, tzinfo=UTC), "Asia/Shanghai") == last


def test_a_monday_whose_midnight_the_clocks_skipped_begins_at_its_first_instant() -> None:
    # In Iran the clocks went from 00:00 to 01:00 on Monday 22 March 2021.
    week = Week.parse("2021-W12", "Asia/Tehran")
    assert week.start == datetime(2021, 3, 21, 20, 30, tzinfo=UTC)
    assert week.hours() == 167


def test_a_week_from_which_a_zone_dropped_a_day_is_a_day_shorter() -> None:
    # Samoa had no 30 December 2011.
    assert Week.parse("2011-W52", "Pacific/Apia").hours() == 168 - 24


def test_a_year_of_52_weeks_has_no_week_53() -> None:
    with pytest.raises(NotFound, match="2025 has weeks 01 to 52"):
        Week.parse("2025-W53", "Asia/Shanghai")


@pytest.mark.parametrize("text", ["2026-W00", "2026-W54", "0000-W01", "9999-W01"])
def test_a_week_that_the_calendar_does_not_have_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        Week.parse(text, "Asia/Shanghai")


@pytest.mark.parametrize(
    "text", ["2026-47", "2026W47", "2026-w47", "W47", "", "2026-W4", "2026-W047", "2026-W４７", "2026-W47\n"]
)
def test_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(Problem) as refused:
        Week.parse(text, "Asia/Shanghai")
    assert refused.value.status == 400


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InvalidValue):
        Week.parse("2026-W47", "Asia/Shangri-La")


@settings(deadline=None)
@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2190, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 -- given its zone beside
    st.sampled_from(ZONES),
)
def test_every_instant_lies_in_exactly_one_week(at: datetime, zone: str) -> None:
    week = Week.of(at, zone)
    assert week.has(at)
    assert not Week.of(week.end, zone).has(at)
    assert Week.of(week.end - timedelta(microseconds=1), zone) == week
    assert Week.of(week.start, zone) == week
    assert Week.of(week.end, zone).start == week.end


def test_the_end_of_a_week_is_not_in_it() -> None:
    week = Week.parse("2026-W47", "Asia/Shanghai")
    assert week.has(week.start)
    assert not week.has(week.end)
    assert not week.has(None)
