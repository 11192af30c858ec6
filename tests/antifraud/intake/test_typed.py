"""What operators type: every common spelling is understood, and what could mean two things is asked about."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.banks.checksums import luhn_digit
from antifraud.intake import typed
from antifraud.intake.typed import Unclear, amount, in_capitals, in_wan, moment, spoken

NOW = datetime(2026, 11, 24, 14, 47, tzinfo=UTC)
ZONE = "Asia/Shanghai"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "4.2w",
            "4.2W",
            "4万2",
            "4w2",
            "42000",
            "４２，０００",
            "４２，０００元整",
            "42,000.00",
            "¥42,000",
            "4.2万元",
        ),
        *("肆万贰仟元整", "四万二", "四万两千", "4万2千", "42k", "人民币 42000 元", "42000块钱", "4 2 0 0 0"),
    ],
)
def test_all_of_these_are_forty_two_thousand(text: str) -> None:
    assert amount(text) == 4_200_000


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1.3亿", 13_000_000_000),
        ("1亿2", 12_000_000_000),
        ("三千五", 350_000),
        ("两百五", 25_000),
        ("四万零五", 4_000_500),
        ("4万500", 4_050_000),
        ("42.5", 4_250),
        ("四十二元五角六分", 4_256),
        ("六分", 6),
    ],
)
def test_spoken_amounts_mean_what_people_mean(text: str, minor: int) -> None:
    assert amount(text) == minor


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "amount-empty"),
        ("0", "amount-zero"),
        ("-5", "amount-negative"),
        ("5万多", "amount-approximate"),
        ("约5万", "amount-approximate"),
        ("4,2", "amount-ambiguous"),
        ("4万20", "amount-ambiguous"),
        ("4万05", "amount-ambiguous"),
        ("四二", "amount-ambiguous"),
        ("1.234", "amount-too-fine"),
        ("1e5", "amount-unreadable"),
        ("4²", "amount-unreadable"),
        ("HKD 500", "amount-other-currency"),
        ("$500", "amount-other-currency"),
        ("9" * 61, "amount-unreadable"),
    ],
)
def test_what_could_be_two_amounts_or_none_is_asked_about(text: str, code: str) -> None:
    with pytest.raises(Unclear) as caught:
        amount(text)
    assert caught.value.code == code


@given(st.integers(min_value=1, max_value=10**17))
def test_capitals_and_speech_read_back_to_the_same_amount(minor: int) -> None:
    assert amount(in_capitals(minor)) == minor
    assert amount(spoken(minor)) == minor
    number, unit = in_wan(minor)
    assert amount(number + unit) == minor


@given(st.text(max_size=80))
def test_no_text_breaks_a_field(text: str) -> None:
    for read in (amount, typed.account, typed.name, lambda one: moment(one, NOW, ZONE)):
        with suppress(Unclear):
            read(text)


@pytest.mark.parametrize(
    ("text", "local", "assumed"),
    [
        ("22:36", "2026-11-24T22:36", "today"),
        ("22：36", "2026-11-24T22:36", "today"),
        ("2236", "2026-11-24T22:36", "today"),
        ("22点36分", "2026-11-24T22:36", "today"),
        ("22点半", "2026-11-24T22:30", "today"),
        ("10:36 pm", "2026-11-24T22:36", "today"),
        ("23:36", "2026-11-23T23:36", "yesterday"),
        ("昨晚10点", "2026-11-23T22", None),
        ("昨天 22:36", "2026-11-23T22:36", None),
        ("11-24 22:36", "2026-11-24T22:36", None),
        ("11月24日22:36", "2026-11-24T22:36", None),
        ("24日22:36", "2026-11-24T22:36", None),
        ("30日23:04", "2026-10-30T23:04", "last-month"),
        ("12-25 10:00", "2025-12-25T10:00", "last-year"),
        ("刚刚", "2026-11-24T22:47", None),
        ("10分钟前", "2026-11-24T22:37", None),
        ("10 minutes ago", "2026-11-24T22:37", None),
        ("半小时前", "2026-11-24T22", None),
        ("2026-11-24 22:36:05", "2026-11-24T22:36:05", None),
        ("24 Nov 22:36", "2026-11-24T22:36", None),
    ],
)
def test_times_are_read_in_the_centres_zone_as_finely_as_they_were_said(
    text: str, local: str, assumed: str | None
) -> None:
    found = moment(text, NOW, ZONE)
    assert (found.bounds.local, found.bounds.zone, found.assumed) == (local, ZONE, assumed)


def test_a_time_that_nobody_remembers_is_a_window_of_the_day() -> None:
    found = moment("记不清", NOW, ZONE)
    assert found.is_window
    assert found.is_approximate
    assert (found.bounds.local, found.bounds.precision) == ("2026-11-24", "day")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "time-empty"),
        ("11.24", "time-ambiguous"),
        ("晚上12点", "time-ambiguous"),
        ("今天23:50", "time-future"),
        ("2026-11-25", "time-future"),
        ("25:00", "time-unreadable"),
        ("2-30", "time-unreadable"),
        ("hello", "time-unreadable"),
    ],
)
def test_times_that_are_none_or_two_are_asked_about(text: str, code: str) -> None:
    with pytest.raises(Unclear) as caught:
        moment(text, NOW, ZONE)
    assert caught.value.code == code


@given(
    st.datetimes(
        min_value=datetime(2025, 11, 25),  # noqa: DTZ001 - local times of the centre
        max_value=datetime(2026, 11, 24, 22, 47),  # noqa: DTZ001 - a local time, as before
    )
)
def test_a_time_as_the_field_shows_it_back_is_read_as_the_same_time(at: datetime) -> None:
    first = moment(f"{at:%Y-%m-%d %H:%M}", NOW, ZONE)
    assert moment(typed.shown(first.bounds, NOW), NOW, ZONE).bounds == first.bounds


def test_accounts_are_tidied_and_their_check_digit_is_told() -> None:
    last = luhn_digit("621700382141447")
    right = typed.account(f"６２１７ 0038-2141 447{last}")
    assert (right.number, right.check) == (f"621700382141447{last}", "right")
    assert right.shown == f"6217 0038 2141 447{last}"
    assert typed.account(f"621700382141447{(int(last) + 1) % 10}").check == "wrong"
    assert typed.account("13800138000").scheme == "phone"
    assert typed.account("name@wallet").scheme == "wallet"
    tail = typed.account("尾号4471")
    assert (tail.number, tail.tail) == (None, "4471")


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "account-empty"), ("李四", "account-unreadable"), ("621700382141447", "account-too-short")],
)
def test_what_is_no_account_is_said_to_be_none(text: str, code: str) -> None:
    with pytest.raises(Unclear) as caught:
        typed.account(text)
    assert caught.value.code == code
