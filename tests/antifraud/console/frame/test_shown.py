"""How amounts, instants and lengths of time are written, in both languages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import force_locale

from antifraud.console.frame import shown
from antifraud.console.frame.words import word


@pytest.fixture
def request_context(app: Flask) -> Iterator[None]:
    with app.test_request_context("/"):
        yield


@pytest.mark.parametrize(
    ("minor", "asset", "written"),
    [
        (18_600_000, "CNY", "¥186,000.00"),
        (1, "CNY", "¥0.01"),
        (-5_00, "CNY", "−¥5.00"),
        (1_000, "JPY", "JPY 1,000"),
        (1_500_000, "USDT@tron", "USDT@tron 1.500000"),
        (None, "CNY", "—"),
    ],
)
def test_an_amount_is_exact(minor: int | None, asset: str, written: str) -> None:
    assert shown.money(minor, asset) == written


def test_a_total_is_in_ten_thousands_or_in_millions(request_context: None) -> None:
    assert shown.money_short(284_760_000, "CNY") == "284.76 万元"
    with force_locale("en"):
        assert shown.money_short(284_760_000, "CNY") == "CNY 2.85 m"
        assert shown.money_short(284_500_000, "CNY") == "CNY 2.84 m"  # half to even: 2.845


def test_an_instant_is_the_centres_and_has_a_year_only_where_needed(request_context: None) -> None:
    assert shown.instant(datetime(2026, 11, 24, 14, 31, 5, tzinfo=UTC)) == "11-24 22:31:05"
    assert shown.instant(datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC)) == "2025-12-31 23:59:59"
    assert shown.instant(datetime(2025, 12, 31, 16, 0, 0, tzinfo=UTC)) == "01-01 00:00:00"
    assert shown.day(datetime(2026, 11, 24, 14, 0, tzinfo=UTC)) == "11-24 周二"


def test_a_local_time_that_comes_twice_carries_its_offset(request_context: None) -> None:
    # China put its clocks back for the last time on 15 September 1991.
    first, second = (datetime(1991, 9, 14, hour, 30, tzinfo=UTC) for hour in (16, 17))
    assert shown.instant(first) == "1991-09-15 01:30:00 UTC+09:00"
    assert shown.instant(second) == "1991-09-15 01:30:00 UTC+08:00"
    assert shown.clock_time(second) == "01:30:00 UTC+08:00"
    assert shown.instant(second + timedelta(hours=1)) == "1991-09-15 02:30:00"


def test_a_due_time_names_the_centres_zone_and_the_one_it_was_counted_in(request_context: None) -> None:
    at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert shown.due_time(at, "Asia/Shanghai") == "10-25 08:30:00 Asia/Shanghai"
    assert shown.due_time(at, "Europe/Berlin") == (
        "10-25 08:30:00 Asia/Shanghai (10-25 02:30:00 UTC+02:00 Europe/Berlin)"
    )
    assert shown.due_time(at, "America/New_York").endswith("(10-24 20:30:00 America/New_York)")


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (102, "01:42"),
        (0, "00:00"),
        (6730, "1:52:10"),
        (-127, "+02:07"),
        (1.4, "00:01"),
        (-0.4, "+00:01"),
        (171_994, "47:46:34"),
    ],
)
def test_digits_of_a_countdown(seconds: float, written: str) -> None:
    assert shown.digits(timedelta(seconds=seconds)) == written


def test_a_length_in_words(request_context: None) -> None:
    assert shown.duration(timedelta(seconds=102)) == "1 分 42 秒"
    assert shown.duration(timedelta(hours=47, minutes=46)) == "1 天 23 小时"
    with force_locale("en"):
        assert shown.duration(timedelta(seconds=102)) == "1 min 42 s"


@pytest.mark.parametrize(
    ("left", "look"),
    [
        (timedelta(0), "late"),
        (timedelta(seconds=-1), "late"),
        (timedelta(minutes=5), "soon"),
        (timedelta(minutes=5, seconds=1), "wait"),
        (timedelta(minutes=30), "wait"),
        (timedelta(minutes=30, seconds=1), ""),
    ],
)
def test_a_countdown_changes_its_look_at_the_boundaries(left: timedelta, look: str, request_context: None) -> None:
    assert shown.countdown_parts(shown.now() + left, None)["look"] == look


def test_the_bar_of_a_countdown_empties(request_context: None) -> None:
    now = shown.now()
    assert shown.countdown_parts(now + timedelta(minutes=1), now - timedelta(minutes=3))["share"] == 25.0
    assert shown.countdown_parts(now, now - timedelta(minutes=3))["share"] == 100.0


def test_a_silhouette_is_hidden_from_readers_and_its_word_is_in_their_language(request_context: None) -> None:
    drawn = shown.shape("hold.stopped")
    assert 'data-shape="held"' in drawn
    assert 'aria-hidden="true"' in drawn
    assert str(word("hold", "stopped")) == "已止付"
    with force_locale("en"):
        assert str(word("hold", "stopped")) == "stopped"
    with pytest.raises(KeyError):
        shown.shape("hold.evaporated")
