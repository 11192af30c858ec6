"""Due instants where clocks change: both directions, local times that happen twice or never, ends of years."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.test_clocks_days import at, box
from workflows.clocks import TimeBox, derive, recompute, zone_of
from workflows.clocks.zones import instant_of

CHANGING = ["Europe/London", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe"]
INSTANTS = st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive by hypothesis


def days(count: int, zone: str, **said: Any) -> TimeBox:  # noqa: ANN401 - fields of the box
    return box(f"P{count}D", None, calendar="calendar", zone=zone, **said)


def shown(one: TimeBox, start: str | datetime) -> str:
    begun = start if isinstance(start, datetime) else at(start, one.zone)
    derivation = derive(one, begun, "E:1")
    assert recompute(derivation) == derivation.due_at
    return derivation.due_at.astimezone(zone_of(one.zone)).isoformat()


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        # Spring: the night is an hour short; a local time that never happens moves forward by it.
        ("Europe/London", "2026-03-28T12:00", "2026-03-29T12:00:00+01:00"),
        ("Europe/London", "2026-03-28T01:30", "2026-03-29T02:30:00+01:00"),
        ("Europe/London", "2026-03-28T00:59:59.999999", "2026-03-29T00:59:59.999999+00:00"),
        ("Europe/London", "2026-03-28T01:00", "2026-03-29T02:00:00+01:00"),
        ("Europe/Berlin", "2027-03-27T02:00", "2027-03-28T03:00:00+02:00"),
        ("Europe/Berlin", "2027-03-27T02:59:59", "2027-03-28T03:59:59+02:00"),
        ("America/New_York", "2027-03-13T02:30", "2027-03-14T03:30:00-04:00"),
        # Autumn: a local time that happens twice means the first.
        ("Europe/London", "2026-10-24T01:30", "2026-10-25T01:30:00+01:00"),
        ("Europe/Berlin", "2026-10-24T02:00", "2026-10-25T02:00:00+02:00"),
        ("Europe/Berlin", "2026-10-24T03:00", "2026-10-25T03:00:00+01:00"),
        ("America/New_York", "2026-10-31T01:30", "2026-11-01T01:30:00-04:00"),
        # No clock changes: Brazil since 2019, China since 1991.
        ("America/Sao_Paulo", "2026-10-17T00:30", "2026-10-18T00:30:00-03:00"),
        ("America/Sao_Paulo", "2018-11-03T00:30", "2018-11-04T01:30:00-02:00"),
        ("Asia/Shanghai", "2026-03-28T02:30", "2026-03-29T02:30:00+08:00"),
        # Leap day and the end of the year.
        ("Asia/Shanghai", "2028-02-28T10:00", "2028-02-29T10:00:00+08:00"),
        ("Asia/Shanghai", "2028-02-29T10:00", "2028-03-01T10:00:00+08:00"),
        ("America/New_York", "2026-12-31T23:59:59.999999", "2027-01-01T23:59:59.999999-05:00"),
    ],
)
def test_a_calendar_day_later(zone: str, start: str, end: str) -> None:
    assert shown(days(1, zone), start) == end


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("Europe/London", "2026-03-28T12:00", 23),
        ("Europe/London", "2026-10-24T12:00", 25),
        ("Europe/Berlin", "2026-03-28T12:00", 23),
        ("America/New_York", "2026-10-31T12:00", 25),
        ("America/Sao_Paulo", "2018-11-03T12:00", 23),
        ("America/Sao_Paulo", "2026-11-01T12:00", 24),
        ("Asia/Shanghai", "2026-10-24T12:00", 24),
    ],
)
def test_a_calendar_day_has_the_hours_that_the_clocks_give_it_and_an_absolute_one_has_24(
    zone: str, start: str, hours: int
) -> None:
    begun = at(start, zone)
    assert derive(days(1, zone), begun, "E:1").due_at - begun == timedelta(hours=hours)
    absolute = box("P1D", None, calendar="absolute", zone=zone)
    assert derive(absolute, begun, "E:1").due_at - begun == timedelta(hours=24)


@pytest.mark.parametrize(
    ("zone", "date", "end"),
    [
        ("Europe/Berlin", "2026-03-28", "2026-03-29T23:59:59.999999+02:00"),
        # Brazil's clocks changed at midnight: a day that begins at 01:00, and a day that ends twice.
        ("America/Sao_Paulo", "2018-11-02", "2018-11-03T23:59:59.999999-03:00"),
        ("America/Sao_Paulo", "2018-02-16", "2018-02-17T23:59:59.999999-03:00"),
    ],
)
def test_the_end_of_a_day_is_its_last_instant_whatever_the_clocks_do_that_night(zone: str, date: str, end: str) -> None:
    one = days(1, zone, ends="end_of_day")
    assert shown(one, f"{date}T09:00") == end
    due = derive(one, at(f"{date}T09:00", zone), "E:1").due_at
    after = (due + timedelta(microseconds=1)).astimezone(zone_of(zone))
    assert after.date() > due.astimezone(zone_of(zone)).date()


def test_a_due_time_that_happens_twice_carries_its_offset_and_others_do_not() -> None:
    twice = derive(days(1, "Europe/Berlin"), at("2026-10-24T02:30", "Europe/Berlin"), "E:1")
    assert twice.counting is not None
    assert twice.counting.offset == "+02:00"
    once = derive(days(1, "Europe/Berlin"), at("2026-10-24T03:30", "Europe/Berlin"), "E:1")
    assert once.counting is None
    moved = derive(days(1, "Europe/Berlin"), at("2026-03-28T02:30", "Europe/Berlin"), "E:1")
    assert moved.counting is None, "a time that moved out of a gap is not ambiguous"
    counted = derive(box("P1DT30H", days="US"), at("2026-10-29T19:30", "America/New_York"), "E:1")
    assert counted.counting is not None
    assert counted.counting.offset == "-04:00", "30 hours after Friday 19:30: Sunday 01:30, the first of two"


def test_a_wait_that_begins_in_the_second_of_two_hours_does_not_end_before_it_began() -> None:
    second = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)  # 02:15+01:00 in Berlin, for the second time
    quarter = box("PT15M", None, calendar="calendar", zone="Europe/Berlin")
    assert derive(quarter, second, "E:1").due_at == second + timedelta(minutes=15)
    assert shown(days(1, "Europe/Berlin"), second) == "2026-10-26T02:15:00+01:00"


@given(INSTANTS, st.integers(0, 60), st.sampled_from(CHANGING), st.sampled_from(["same_time", "end_of_day", "17:00"]))
def test_the_local_date_is_the_one_counted_and_the_local_time_the_one_said(
    start: datetime, count: int, zone: str, ends: str
) -> None:
    where = zone_of(zone)
    due = derive(days(count, zone, ends=ends), start, "E:1").due_at
    local, begun = due.astimezone(where), start.astimezone(where)
    said = {"same_time": begun.time(), "end_of_day": time.max, "17:00": time(17)}[ends]
    # The wall reading, plus what a gap skipped: an hour at most, in the zones at hand.
    wanted = datetime.combine(begun.date() + timedelta(days=count), said)
    assert local.replace(tzinfo=None) - wanted in {timedelta(0), timedelta(minutes=30), timedelta(hours=1)}
    if local.replace(tzinfo=None) != wanted:
        back = wanted.replace(tzinfo=where).astimezone(UTC).astimezone(where)
        assert back.replace(tzinfo=None) != wanted, "only a local time that never happens moves"


@given(INSTANTS, st.integers(1, 30), st.sampled_from(CHANGING))
def test_a_stranger_recomputes_every_calendar_wait_from_its_printed_fields(
    start: datetime, count: int, zone: str
) -> None:
    shown(days(count, zone, cutoff=time(16, 30), ends="end_of_day"), start)


def test_an_instant_is_told_in_utc_wherever_the_machine_stands() -> None:
    assert instant_of(date(2026, 6, 1), time(9), zone_of("Asia/Shanghai")).tzinfo is UTC
    at_once = box("PT4H", None, calendar="calendar", zone="Asia/Shanghai")
    start = datetime(2026, 6, 1, 9, tzinfo=zone_of("Asia/Shanghai"))
    assert derive(at_once, start, "E:1").due_at.tzinfo is UTC


def test_a_day_that_never_happened_ends_a_day_later() -> None:
    """Samoa went from 29 to 31 December 2011."""
    start = datetime(2011, 12, 29, 22, 0, tzinfo=UTC)  # noon of 29 December
    assert shown(days(1, "Pacific/Apia"), start) == "2011-12-31T12:00:00+14:00"
    assert shown(days(1, "Pacific/Apia", ends="end_of_day"), start) == "2011-12-31T23:59:59.999999+14:00"
    assert shown(days(2, "Pacific/Apia", ends="end_of_day"), start) == "2011-12-31T23:59:59.999999+14:00"
    before = datetime(2011, 12, 28, 22, 0, tzinfo=UTC)
    assert shown(days(1, "Pacific/Apia", ends="end_of_day"), before) == "2011-12-29T23:59:59.999999-10:00"
