"""A time is the span of instants that it may mean, and never more precise than it was written."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.foundation.problems import InvalidValue, Problem
from antifraud.foundation.times import Precision, parse_time, tz_version, zone

ZONES = [
    "Asia/Shanghai",
    "Europe/London",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Apia",
]
SPELLINGS = {
    "year": "%Y",
    "month": "%Y-%m",
    "day": "%Y-%m-%d",
    "hour": "%Y-%m-%dT%H",
    "minute": "%Y-%m-%dT%H:%M",
    "second": "%Y-%m-%dT%H:%M:%S",
}
ANYTHING = st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.lists(st.text(max_size=3), max_size=2)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "earliest", "latest", "precision"),
    [
        ("2026-11-24T22:41:07+08:00", "2026-11-24T14:41:07", "2026-11-24T14:41:08", "second"),
        ("2026-11-24T14:41Z", "2026-11-24T14:41", "2026-11-24T14:42", "minute"),
        ("2026-11-24 14:41:07.25Z", "2026-11-24T14:41:07.250", "2026-11-24T14:41:07.250001", "microsecond"),
        ("２０２６-11-24T22:41:07+0800", "2026-11-24T14:41:07", "2026-11-24T14:41:08", "second"),
        ({"local": "2016-09-24T14:18", "zone": "Asia/Shanghai"}, "2016-09-24T06:18", "2016-09-24T06:19", "minute"),
        ({"local": "2022-05-09T08", "zone": "Asia/Shanghai"}, "2022-05-09T00:00", "2022-05-09T01:00", "hour"),
        ({"local": "2023-06-28", "zone": "Asia/Shanghai"}, "2023-06-27T16:00", "2023-06-28T16:00", "day"),
        ({"local": "2026-11", "zone": "Asia/Shanghai"}, "2026-10-31T16:00", "2026-11-30T16:00", "month"),
        ({"local": "2026", "zone": "Asia/Shanghai"}, "2025-12-31T16:00", "2026-12-31T16:00", "year"),
        # the clocks of London: 25 hours on 2026-10-25, the hour from one to two twice
        ({"local": "2026-10-25", "zone": "Europe/London"}, "2026-10-24T23:00", "2026-10-26T00:00", "day"),
        ({"local": "2026-10-25T01", "zone": "Europe/London"}, "2026-10-25T00:00", "2026-10-25T02:00", "hour"),
        ({"local": "2026-10-25T01:30", "zone": "Europe/London"}, "2026-10-25T00:30", "2026-10-25T01:31", "minute"),
        ({"local": "2026-10-25T00", "zone": "Europe/London"}, "2026-10-24T23:00", "2026-10-25T00:00", "hour"),
        # the day of São Paulo that began at one o'clock
        ({"local": "2018-11-04", "zone": "America/Sao_Paulo"}, "2018-11-04T03:00", "2018-11-05T02:00", "day"),
        # half an hour is skipped on Lord Howe: the hour from two to three has only its second half
        ({"local": "2026-10-04T02", "zone": "Australia/Lord_Howe"}, "2026-10-03T15:30", "2026-10-03T16:00", "hour"),
    ],
)
def test_a_time_is_the_span_that_it_may_mean(value: object, earliest: str, latest: str, precision: Precision) -> None:
    bounds = parse_time(value)
    assert (bounds.earliest, bounds.latest, bounds.precision) == (utc(earliest), utc(latest), precision)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("2026-11-24T22:41:07", "without a zone"),
        ("2016-12-31T23:59:60Z", "leap second"),
        ("2026-02-30T10:00Z", "no such date"),
        ("2026-11-24T24:00Z", "no such date"),
        ("0001-01-01T00:00Z", "the year"),
        ("2026-11-24T10+08:00", "hours and minutes"),
        ("2026-11-24+08:00", "not a time"),
        ("2026-11-24T22:41:07+25:00", "an offset"),
        ("yesterday", "not a time"),
        ("", "not a time"),
        (1764000000, "not a time"),
        (None, "not a time"),
        ({"local": "2026-11-24"}, "without a zone"),
        ({"zone": "Asia/Shanghai"}, "a partial time"),
        ({"local": "2026-11-24", "zone": "Asia/Shanghai", "more": 1}, "a partial time"),
        ({"local": "2026-11-24", "zone": "Asia/Nowhere"}, "unknown time zone"),
        ({"local": "2026-11-24", "zone": "../../etc/passwd"}, "unknown time zone"),
        ({"local": "2026-11-24", "zone": "America"}, "unknown time zone"),
        ({"local": "2026-11-24T10:00+08:00", "zone": "Asia/Shanghai"}, "one of the two"),
        ({"local": "2026-11-24", "zone": "Asia/Shanghai", "precision": "minute"}, "precision"),
        ({"local": "2026-03-29T01:30", "zone": "Europe/London"}, "skipped"),
        ({"local": "2011-12-30", "zone": "Pacific/Apia"}, "skipped"),
    ],
)
def test_what_is_no_time_is_refused_with_a_sentence(value: object, says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        parse_time(value)


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 -- hypothesis wants naive bounds
    st.sampled_from(ZONES),
    st.sampled_from(sorted(SPELLINGS)),
)
def test_every_instant_lies_in_the_span_of_its_own_spelling(naive: datetime, name: str, precision: str) -> None:
    at = naive.replace(tzinfo=UTC)
    local = at.astimezone(ZoneInfo(name)).strftime(SPELLINGS[precision])
    bounds = parse_time({"local": local, "zone": name})
    assert bounds.earliest <= at < bounds.latest
    assert bounds.precision == precision
    assert parse_time(bounds.to_json()) == bounds


@given(
    ANYTHING | st.dictionaries(st.sampled_from(["local", "zone", "precision"]), ANYTHING),
    st.none() | st.text(max_size=20),
)
def test_no_value_gives_anything_but_a_span_or_a_problem(value: object, default: str | None) -> None:
    with suppress(Problem):
        assert parse_time(value, default).earliest.tzinfo is UTC


@given(
    st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?\Z"),
    st.sampled_from(ZONES),
)
def test_no_spelling_like_a_time_gives_anything_but_a_span_or_a_problem(text: str, name: str) -> None:
    with suppress(Problem):
        bounds = parse_time(text, name)
        assert bounds.earliest < bounds.latest


def test_more_than_two_minutes_ahead_is_the_future() -> None:
    now = utc("2026-11-24T14:00")
    assert not parse_time("2026-11-24T14:02Z").is_future(now)
    assert parse_time("2026-11-24T14:02:01Z").is_future(now)
    assert not parse_time({"local": "2026-11-24", "zone": "UTC"}).is_future(now - timedelta(minutes=2))


def test_only_times_known_to_the_minute_are_exact() -> None:
    assert parse_time("2026-11-24T14:02Z").is_exact()
    assert not parse_time({"local": "2026-11-24T14", "zone": "UTC"}).is_exact()


def test_zones_come_from_the_pinned_package_with_its_version() -> None:
    assert tz_version()[:2] == "20"
    assert str(zone("Asia/Shanghai").utcoffset(datetime(2026, 1, 1))) == "8:00:00"  # noqa: DTZ001 -- a local time
