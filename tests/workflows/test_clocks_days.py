"""Working and banking days, cut-offs, ends of days: against an oracle, published examples and the boundaries."""

import tomllib
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.calendar_writer import DATA
from workflows.clocks import InvalidLength, TimeBox, derive, due_at, parse_length, recompute, zone_of
from workflows.state import Derivation

ZONES = {"CN": "Asia/Shanghai", "TARGET": "Europe/Berlin", "ENGLAND": "Europe/London", "US": "America/New_York"}


def box(length: str, days: str | None = "TARGET", **said: Any) -> TimeBox:  # noqa: ANN401 - fields of the box
    known: dict[str, Any] = {
        "rule": "clocks.x",
        "definition": "d.v1",
        "calendar": "banking_days",
        "zone": ZONES.get(days or "", "UTC"),
        "source": "s",
        "confidence": "low",
    }
    return TimeBox(length=parse_length(length), days=days, **(known | said))


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone_of(zone)).astimezone(UTC)


def due(one: TimeBox, start: str) -> str:
    """Return the due instant in local time, and hold it against what a stranger computes from the derivation."""
    derivation = derive(one, at(start, one.zone), "E:1")
    assert not derivation.is_uncounted
    assert recompute(derivation) == derivation.due_at
    return derivation.due_at.astimezone(zone_of(one.zone)).replace(tzinfo=None).isoformat()


@cache
def counted_days(name: str) -> list[date]:
    """Return every day that counts, straight from the file: the oracle, which never walks."""
    read = tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))
    first, last = date(read["years"][0], 1, 1), date(read["years"][1], 12, 31)
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    rest = {"IN": {6}}.get(name, {5, 6})
    off = {date.fromisoformat(day) for day in read["holidays"]}
    on = {date.fromisoformat(day) for day in read["workdays"]}
    return sorted({day for day in every if day.weekday() not in rest and day not in off} | on)


STARTS = st.datetimes(datetime(2018, 1, 1), datetime(2026, 6, 30))  # noqa: DTZ001 - local times, their zone is added


@given(STARTS, st.integers(1, 60), st.sampled_from(["CN", "TARGET", "ENGLAND", "IN", "SG", "US"]), st.booleans())
def test_counted_days_agree_with_an_oracle_that_looks_them_up(
    start: datetime, count: int, name: str, counts_start_day: bool
) -> None:
    days = counted_days(name)
    begun = bisect_left(days, start.date())
    one = box(f"P{count}D", name, zone="Etc/GMT-8", counts_start_day=counts_start_day)
    expected = datetime.combine(days[begun + count - counts_start_day], start.time())
    assert due(one, start.isoformat()) == expected.isoformat()


@given(STARTS, st.integers(1, 40), st.times())
def test_a_start_at_or_after_the_cutoff_counts_as_one_on_the_next_day(
    start: datetime, count: int, cutoff: time
) -> None:
    cutoff = cutoff.replace(second=0, microsecond=0)
    moved = start + timedelta(days=start.time() >= cutoff)
    with_cutoff = box(f"P{count}D", "CN", cutoff=cutoff)
    assert due(with_cutoff, start.isoformat()) == due(box(f"P{count}D", "CN"), moved.isoformat())


@given(STARTS, st.integers(1, 40), st.sampled_from(sorted(ZONES)))
def test_more_days_and_a_later_start_never_end_earlier(start: datetime, count: int, name: str) -> None:
    shorter, longer = box(f"P{count}D", name), box(f"P{count + 1}D", name)
    assert due(shorter, start.isoformat()) < due(longer, start.isoformat())
    later = start + timedelta(hours=7)
    assert due(shorter, start.isoformat())[:10] <= due(shorter, later.isoformat())[:10]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        # EPC SCT rulebook, recall: 15 banking business days after receipt; Easter 2024 and 2027 in between.
        ("2024-03-20T10:00", "2024-04-12T10:00"),
        ("2027-03-15T10:00", "2027-04-07T10:00"),
        ("2027-03-25T16:59", "2027-04-19T16:59"),
        # Received on Good Friday, on a Saturday, on Easter Monday: as on the Tuesday.
        ("2027-03-26T10:00", "2027-04-20T10:00"),
        ("2027-03-27T10:00", "2027-04-20T10:00"),
        ("2027-03-29T10:00", "2027-04-20T10:00"),
        ("2027-03-30T10:00", "2027-04-20T10:00"),
        # Over the end of the year: 25 and 26 December, 1 January.
        ("2025-12-22T10:00", "2026-01-15T10:00"),
        # Over 29 February.
        ("2028-02-14T10:00", "2028-03-06T10:00"),
    ],
)
def test_fifteen_banking_business_days_of_target(start: str, end: str) -> None:
    assert due(box("P15D"), start) == f"{end}:00"


@pytest.mark.parametrize(
    ("length", "start", "end"),
    [
        # National Day 2024: 1 to 7 October off, Sunday 29 September and Saturday 12 October worked.
        ("P1D", "2024-09-27T09:00", "2024-09-29T09:00"),
        ("P3D", "2024-09-27T09:00", "2024-10-08T09:00"),
        ("P3D", "2024-09-30T09:00", "2024-10-10T09:00"),
        ("P5D", "2024-09-30T09:00", "2024-10-12T09:00"),
        ("P1D", "2024-10-12T09:00", "2024-10-14T09:00"),
        # A start on a day off counts as one on the next working day, also where that is a Saturday.
        ("P1D", "2024-10-03T09:00", "2024-10-09T09:00"),
        ("P1D", "2025-10-09T09:00", "2025-10-10T09:00"),
        ("P2D", "2025-10-09T09:00", "2025-10-11T09:00"),
        # Spring Festival 2026: 15 to 23 February off, Saturdays 14 and 28 February worked.
        ("P1D", "2026-02-13T09:00", "2026-02-14T09:00"),
        ("P2D", "2026-02-13T09:00", "2026-02-24T09:00"),
        ("P5D", "2026-02-24T09:00", "2026-03-02T09:00"),
    ],
)
def test_working_days_of_china_with_make_up_days(length: str, start: str, end: str) -> None:
    assert due(box(length, "CN", calendar="working_days"), start) == f"{end}:00"


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ({}, "2026-03-02T23:59:59", "2026-03-04T23:59:59"),
        ({"counts_start_day": True}, "2026-03-02T09:00", "2026-03-03T09:00:00"),
        ({"ends": "end_of_day"}, "2026-03-02T09:00", "2026-03-04T23:59:59.999999"),
        ({"ends": "end_of_day"}, "2026-03-02T00:00", "2026-03-04T23:59:59.999999"),
        ({"ends": "17:00"}, "2026-03-02T23:00", "2026-03-04T17:00:00"),
        ({"cutoff": time(17)}, "2026-03-02T16:59:59.999999", "2026-03-04T16:59:59.999999"),
        ({"cutoff": time(17)}, "2026-03-02T17:00", "2026-03-05T17:00:00"),
        ({"cutoff": time(17), "ends": "17:00"}, "2026-03-06T17:00", "2026-03-11T17:00:00"),
        ({"cutoff": time(17), "ends": "17:00", "counts_start_day": True}, "2026-03-06T16:00", "2026-03-09T17:00:00"),
        ({"cutoff": time(17)}, "2026-03-07T18:00", "2026-03-11T18:00:00"),
    ],
)
def test_cutoffs_starts_and_ends_of_two_days(said: dict[str, Any], start: str, end: str) -> None:
    assert due(box("P2D", "ENGLAND", **said), start) == end


def test_the_end_of_a_day_is_its_last_instant_and_the_next_one_is_late() -> None:
    ends = derive(box("P1D", "CN", ends="end_of_day"), at("2026-03-02T09:00", "Asia/Shanghai"), "E:1").due_at
    assert ends + timedelta(microseconds=1) == at("2026-03-04T00:00", "Asia/Shanghai")


def test_hours_beside_counted_days_are_added_after() -> None:
    assert due(box("P1DT4H"), "2026-04-02T22:00") == "2026-04-08T02:00:00", "the Tuesday after Easter at 22:00, and 4 h"


def test_calendar_days_may_end_with_the_day_and_count_their_first() -> None:
    week = box("P7D", None, calendar="calendar", zone="America/Sao_Paulo", ends="end_of_day")
    assert due(week, "2026-03-02T09:00") == "2026-03-09T23:59:59.999999"
    first = box("P7D", None, calendar="calendar", zone="America/Sao_Paulo", ends="end_of_day", counts_start_day=True)
    assert due(first, "2026-03-02T09:00") == "2026-03-08T23:59:59.999999"
    hours = box("PT4H", None, calendar="calendar", zone="Asia/Shanghai", counts_start_day=True)
    assert due(hours, "2026-03-02T09:00") == "2026-03-02T13:00:00", "there is no day to count"
    month = box("P1M", None, calendar="calendar", zone="Asia/Shanghai", counts_start_day=True)
    assert due(month, "2026-03-02T09:00") == "2026-04-01T09:00:00"


def test_counted_days_need_a_calendar_and_no_months_or_weeks() -> None:
    start = at("2026-03-02T09:00", "UTC")
    for length in ("P1M", "P1Y", "P2W"):
        with pytest.raises(InvalidLength, match="how many working or banking days"):
            derive(box(length), start, "E:1")
    with pytest.raises(InvalidLength, match="need a calendar of days"):
        derive(box("P1D", None), start, "E:1")
    with pytest.raises(InvalidLength, match="need a calendar of days"):
        due_at(start, parse_length("P1D"), "working_days", "UTC")


def uncounted(days: str, start: str) -> Derivation:
    return derive(box("P3D", days, zone="Asia/Shanghai"), at(start, "Asia/Shanghai"), "E:1")


def test_what_cannot_be_counted_is_an_alarm_now_and_never_a_guess() -> None:
    beyond = uncounted("CN", "2026-12-30T09:00")
    assert beyond.is_uncounted
    assert beyond.counting is not None
    assert beyond.counting.unreached == "CN 2027"
    assert beyond.due_at == beyond.started_at
    unknown = uncounted("ATLANTIS", "2026-12-30T09:00")
    assert unknown.counting is not None
    assert unknown.counting.unreached == "ATLANTIS"
    assert recompute(beyond) == beyond.due_at
    within = uncounted("CN", "2026-12-28T09:00")
    assert not within.is_uncounted, "31 December 2026 is reached"


def test_one_day_that_begins_with_its_first_ends_on_it() -> None:
    assert due(box("P1D", counts_start_day=True), "2026-03-02T10:00") == "2026-03-02T10:00:00"
    assert due(box("P2D", counts_start_day=True), "2026-03-02T10:00") == "2026-03-03T10:00:00"
