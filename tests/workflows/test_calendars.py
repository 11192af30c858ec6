"""Calendars of days: what they say of published dates, where they end, and what is no calendar."""

from datetime import date, timedelta

import pytest

from tests.workflows.calendar_writer import DATA, PLANS, days_of, written
from workflows.calendars import (
    WEEK,
    CalendarDoesNotReach,
    DayCalendar,
    InvalidCalendar,
    UnknownCalendar,
    adopt,
    bundled_calendar,
    calendar_named,
    names,
    read_calendar,
    version_of,
)

SMALL = """
name = "XX"
title_zh = "测试"
title_en = "Test"
years = [2026, 2026]
rest_days = ["saturday", "sunday"]
source = "made up"
confidence = "low"
checked_on = 2026-11-25
version = "{version}"
[holidays]
2026-05-01 = "May"
[workdays]
2026-05-09 = "make-up"
"""


def small(version: str = "", **changes: str) -> str:
    text = SMALL.format(version=version or true_version())
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def true_version() -> str:
    with pytest.raises(InvalidCalendar) as refused:
        read_calendar(SMALL.format(version="none"))
    return str(refused.value).rsplit(" ", 1)[1]


def test_the_six_calendars_are_there_and_say_where_they_come_from() -> None:
    assert names() == ("CN", "ENGLAND", "IN", "SG", "TARGET", "US")
    for name in names():
        calendar = calendar_named(name)
        assert calendar.source
        assert calendar.title_zh
        assert calendar.title_en
        assert calendar.confidence in {"high", "medium", "low"}
        assert calendar.covers(date(2026, 11, 25))


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_file_is_what_the_locked_packages_give(plan: object) -> None:
    one = next(known for known in PLANS if known is plan)
    assert (DATA / f"{one.name}.toml").read_text("utf-8") == written(one), (
        "run python -m tests.workflows.calendar_writer"
    )


@pytest.mark.parametrize(
    ("name", "day", "counts"),
    [
        # 国务院办公厅关于2024年部分节假日安排的通知 (国办发明电〔2023〕7号): 10月1日至7日放假, 9月29日、10月12日上班
        ("CN", "2024-09-29", True),
        ("CN", "2024-10-01", False),
        ("CN", "2024-10-07", False),
        ("CN", "2024-10-08", True),
        ("CN", "2024-10-12", True),
        ("CN", "2024-10-13", False),
        # 2024年春节: 2月10日至17日放假, 2月4日、18日上班
        ("CN", "2024-02-04", True),
        ("CN", "2024-02-16", False),
        ("CN", "2024-02-18", True),
        # 国务院办公厅关于2025年部分节假日安排的通知 (国办发明电〔2024〕12号): 10月1日至8日放假, 9月28日、10月11日上班
        ("CN", "2025-09-28", True),
        ("CN", "2025-10-08", False),
        ("CN", "2025-10-11", True),
        # 2023-01-22 to 29 with the lunar new year; the Saturday after works
        ("CN", "2023-01-27", False),
        ("CN", "2023-01-28", True),
        # TARGET: Good Friday, Easter Monday, 1 May, 25 and 26 December, 1 January, and no others
        ("TARGET", "2024-03-29", False),
        ("TARGET", "2024-04-01", False),
        ("TARGET", "2027-03-26", False),
        ("TARGET", "2027-03-29", False),
        ("TARGET", "2025-05-01", False),
        ("TARGET", "2025-05-29", True),
        ("TARGET", "2025-12-26", False),
        ("TARGET", "2025-12-24", True),
        # England: substitute days, the coronation, the late Queen's funeral and platinum jubilee
        ("ENGLAND", "2022-06-03", False),
        ("ENGLAND", "2022-09-19", False),
        ("ENGLAND", "2023-05-08", False),
        ("ENGLAND", "2026-12-28", False),
        ("ENGLAND", "2027-12-27", False),
        ("ENGLAND", "2027-12-28", False),
        ("ENGLAND", "2020-05-08", False),
        ("ENGLAND", "2020-05-04", True),
        # Federal Reserve: Sunday moves to Monday, Saturday does not move
        ("US", "2026-07-03", True),
        ("US", "2027-07-05", False),
        ("US", "2021-06-18", True),
        ("US", "2022-06-20", False),
        ("US", "2026-11-26", False),
        # India: Republic Day, Diwali; banks rest on the second and the fourth Saturday, and work on the others
        ("IN", "2026-01-26", False),
        ("IN", "2026-11-14", False),
        ("IN", "2026-11-28", False),
        ("IN", "2026-11-07", True),
        ("IN", "2026-11-21", True),
        ("IN", "2026-08-29", True),
        # Singapore: National Day on a Sunday gives the Monday
        ("SG", "2026-08-10", False),
        ("SG", "2026-02-18", False),
        ("SG", "2026-02-19", True),
    ],
)
def test_a_published_date_counts_as_published(name: str, day: str, counts: bool) -> None:
    assert calendar_named(name).is_working_day(date.fromisoformat(day)) is counts


@pytest.mark.parametrize(("year", "workdays"), [(2024, 251), (2025, 248), (2023, 249)])
def test_china_has_as_many_working_days_as_its_notices_give(year: int, workdays: int) -> None:
    # Weekdays, less the days off on weekdays, and the make-up days: 2024 and 2025 by the State Council's notices.
    calendar = calendar_named("CN")
    assert sum(calendar.is_working_day(day) for day in days_of(year)) == workdays


@pytest.mark.parametrize("name", ["CN", "ENGLAND", "IN", "SG", "TARGET", "US"])
def test_a_year_that_a_calendar_does_not_reach_is_never_one_without_holidays(name: str) -> None:
    calendar = calendar_named(name)
    for day in (calendar.first - timedelta(days=1), calendar.last + timedelta(days=1)):
        assert not calendar.covers(day)
        with pytest.raises(CalendarDoesNotReach) as refused:
            calendar.is_working_day(day)
        assert (refused.value.calendar, refused.value.year) == (name, day.year)
    for day in (calendar.first, calendar.last):
        assert calendar.covers(day)
        assert calendar.is_working_day(day) in {True, False}


def test_an_unknown_calendar_is_refused() -> None:
    with pytest.raises(UnknownCalendar, match="ATLANTIS"):
        calendar_named("ATLANTIS")
    with pytest.raises(UnknownCalendar):
        calendar_named("../CN")


def test_a_calendar_is_adopted_before_the_bundled_one() -> None:
    calendar = read_calendar(small())
    adopt(calendar)
    try:
        assert calendar_named("XX") is calendar
        assert "XX" in names()
    finally:
        adopt(None, "XX")
    with pytest.raises(UnknownCalendar):
        calendar_named("XX")


@pytest.mark.parametrize("name", ["CN", "ENGLAND", "IN", "SG", "TARGET", "US"])
def test_a_bundled_file_has_the_hash_of_its_dates(name: str) -> None:
    assert read_calendar((DATA / f"{name}.toml").read_text("utf-8")) == bundled_calendar(name)


def test_all_that_a_file_says_is_read() -> None:
    version = version_of("XX", (2025, 2026), {5, 6}, [date(2026, 5, 1)], [date(2026, 5, 9)])
    read = read_calendar(small(version, **{"years = [2026, 2026]": "years = [2025, 2026]"}))
    assert read == DayCalendar(
        name="XX",
        title_zh="测试",
        title_en="Test",
        first=date(2025, 1, 1),
        last=date(2026, 12, 31),
        rest_days=frozenset({5, 6}),
        holidays={date(2026, 5, 1): "May"},
        workdays={date(2026, 5, 9): "make-up"},
        source="made up",
        confidence="low",
        checked_on=date(2026, 11, 25),
        version=version,
    )


def test_going_back_to_the_bundled_calendar_is_no_fault_where_nothing_was_adopted() -> None:
    before = calendar_named("TARGET")
    adopt(None, "TARGET")
    assert calendar_named("TARGET") is before


def test_the_version_follows_the_dates_and_not_their_names() -> None:
    assert read_calendar(small()).version == read_calendar(small(May="Labour Day")).version
    with pytest.raises(InvalidCalendar, match="the dates give"):
        read_calendar(small(**{"2026-05-01": "2026-05-04"}))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("years = [2026, 2026]", "years = [2026]", "^years must be the first and the last whole year$"),
        ("years = [2026, 2026]", 'years = ["a", "b"]', "^years must be the first and the last whole year$"),
        ("years = [2026, 2026]", "years = [2027, 2026]", "^years must be the first and the last whole year$"),
        (
            'rest_days = ["saturday", "sunday"]',
            'rest_days = ["sabbath"]',
            f"^rest_days must be some of {', '.join(WEEK)}, and never all$",
        ),
        ('["saturday", "sunday"]', str([*WEEK]), f"^rest_days must be some of {', '.join(WEEK)}, and never all$"),
        ('name = "XX"', 'name = "x/../y"', "name"),
        ('source = "made up"', "", "source"),
        ('source = "made up"', 'sauce = "made up"\nsalt = 1', "^not a key of a calendar: salt, sauce$"),
        ("2026-05-01", "2027-05-03", "outside the years"),
        ("2026-05-01", "2026-05-02", "holiday on a rest day"),
        ("2026-05-09", "2026-05-08", "make-up workday on none"),
        ("2026-05-09", "2026-05-32", "no date"),
        ("[holidays]", "[holidays", "TOML"),
    ],
)
def test_what_is_no_calendar_is_refused(old: str, new: str, fault: str) -> None:
    with pytest.raises(InvalidCalendar, match=fault):
        read_calendar(small(**{old: new}))
