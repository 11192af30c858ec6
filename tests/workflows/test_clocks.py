"""Lengths, calendars and zones: the arithmetic of due instants."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.clocks import (
    InvalidLength,
    TimeBox,
    UnknownZone,
    derive,
    derive_before,
    derive_share,
    due_at,
    parse_length,
    tzdata_version,
    zone_of,
)

INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive by hypothesis


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone_of(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "months", "days", "seconds"),
    [
        ("PT48H", 0, 0, 172_800),
        ("P3D", 0, 3, 0),
        ("P6M", 6, 0, 0),
        ("P1Y2M3W4DT5H6M7S", 14, 25, 18_367),
        ("PT0S", 0, 0, 0),
        ("PT30M", 0, 0, 1800),
    ],
)
def test_a_length_is_read_into_months_days_and_seconds(text: str, months: int, days: int, seconds: int) -> None:
    length = parse_length(text)
    assert (length.months, length.days, length.seconds, length.text) == (months, days, seconds, text)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "48h", "-PT1H", "PT1.5H", "P1H", "PT1D", "P1DT", "pt1h", "PT１H", " PT1H", "PT1H\n"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidLength, match=r"^'.*' is not an ISO 8601 duration such as PT48H, P3D or P6M$"):
        parse_length(text)


def test_an_absolute_day_has_24_hours_across_a_clock_change() -> None:
    start = local("2026-03-28T12:00", "Europe/Berlin")
    assert due_at(start, parse_length("P1D"), "absolute", "Europe/Berlin") - start == timedelta(hours=24)


def test_a_calendar_day_keeps_the_wall_clock_across_a_clock_change() -> None:
    start = local("2026-03-28T12:00", "Europe/Berlin")
    assert due_at(start, parse_length("P1D"), "calendar", "Europe/Berlin") == local("2026-03-29T12:00", "Europe/Berlin")
    autumn = local("2026-10-24T12:00", "Europe/Berlin")
    assert due_at(autumn, parse_length("P1D"), "calendar", "Europe/Berlin") - autumn == timedelta(hours=25)


def test_a_local_time_that_happens_twice_means_the_first() -> None:
    start = local("2026-10-24T02:30", "Europe/Berlin")
    assert due_at(start, parse_length("P1D"), "calendar", "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_local_time_that_never_happens_moves_forward() -> None:
    start = local("2026-03-28T02:30", "Europe/Berlin")
    due = due_at(start, parse_length("P1D"), "calendar", "Europe/Berlin")
    assert due.astimezone(zone_of("Europe/Berlin")).isoformat() == "2026-03-29T03:30:00+02:00"


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2026-08-31T10:00", "P6M", "2027-02-28T10:00"),
        ("2027-08-31T10:00", "P6M", "2028-02-29T10:00"),
        ("2028-02-29T10:00", "P1Y", "2029-02-28T10:00"),
        ("2026-01-31T10:00", "P1M", "2026-02-28T10:00"),
        ("2026-12-31T23:59:59.999999", "P2M", "2027-02-28T23:59:59.999999"),
        ("2026-03-06T18:00", "P3D", "2026-03-09T18:00"),
        ("2026-01-30T10:00", "P1M1D", "2026-03-01T10:00"),
    ],
)
def test_months_end_on_the_last_day_where_the_day_does_not_exist(start: str, length: str, end: str) -> None:
    assert due_at(local(start, "Asia/Shanghai"), parse_length(length), "calendar", "Asia/Shanghai") == local(
        end, "Asia/Shanghai"
    )


def test_an_unknown_calendar_is_refused_and_never_counted_as_another() -> None:
    with pytest.raises(
        InvalidLength, match=r"^'lunar' is not a calendar; there are absolute, banking_days, calendar, wo"
    ):
        due_at(datetime(2026, 1, 1, tzinfo=UTC), parse_length("P1D"), "lunar", "UTC")
    with pytest.raises(InvalidLength, match=r"^banking_days need a calendar of days$"):
        due_at(datetime(2026, 1, 1, tzinfo=UTC), parse_length("P1D"), "banking_days", "UTC")


def test_months_cannot_be_counted_absolutely() -> None:
    with pytest.raises(InvalidLength, match=r"^P1M has months or years: count it with calendar = 'calendar'$"):
        due_at(datetime(2026, 1, 1, tzinfo=UTC), parse_length("P1M"), "absolute", "UTC")


@pytest.mark.parametrize(
    "name", ["Asia/Nowhere", "", "../etc/passwd", "Asia", "zone.tab", "tzdata.zi", "/etc/localtime"]
)
def test_a_zone_that_is_not_in_the_pinned_data_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone, match=f"^{name!r} is not a zone of tzdata {tzdata_version()}$"):
        zone_of(name)


@given(INSTANTS, st.integers(0, 400))
def test_calendar_days_keep_the_wall_clock_where_no_clock_changes(start: datetime, days: int) -> None:
    due = due_at(start, parse_length(f"P{days}D"), "calendar", "Etc/GMT-8")
    assert due - start == timedelta(days=days)


@given(
    INSTANTS,
    st.integers(0, 60),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe"]),
)
def test_calendar_months_agree_with_an_oracle_that_walks_the_days(start: datetime, months: int, zone: str) -> None:
    due = due_at(start, parse_length(f"P{months}M"), "calendar", zone).astimezone(zone_of(zone))
    begin = start.astimezone(zone_of(zone))
    assert due.year * 12 + due.month == begin.year * 12 + begin.month + months
    day_after = (due.replace(tzinfo=None) + timedelta(days=1)).day
    assert due.day == begin.day or (due.day < begin.day and day_after == 1)
    naive = timedelta(hours=due.hour, minutes=due.minute) - timedelta(hours=begin.hour, minutes=begin.minute)
    assert naive in {timedelta(0), timedelta(hours=1), timedelta(minutes=30)}


@given(INSTANTS, st.integers(1, 10**6))
def test_a_due_instant_can_be_recomputed_from_its_derivation_alone(start: datetime, seconds: int) -> None:
    box = TimeBox(
        rule="clocks.x",
        definition="d.v1",
        length=parse_length(f"PT{seconds}S"),
        calendar="absolute",
        zone="Asia/Shanghai",
        source="s",
        confidence="proposal",
    )
    for derivation in (derive(box, start, "E:1"), derive_share(box, 50, "clocks.x[0]", start, "E:1")):
        again = due_at(derivation.started_at, parse_length(derivation.length), derivation.calendar, derivation.zone)
        assert again == derivation.due_at
    before = derive_before(box, start, "E:1")
    assert before.length.startswith("-")
    assert before.due_at == start - timedelta(seconds=seconds)


def test_only_a_calendar_derivation_names_the_zone_data() -> None:
    box = TimeBox(
        rule="clocks.x",
        definition="d.v1",
        length=parse_length("P1D"),
        calendar="calendar",
        zone="Asia/Shanghai",
        source="s",
        confidence="proposal",
    )
    assert derive(box, datetime(2026, 1, 1, tzinfo=UTC), "E:1").tzdata == tzdata_version()
