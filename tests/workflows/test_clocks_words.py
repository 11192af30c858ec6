"""The rule in words beside a due instant, and derivations as they are stored: golden, and read back."""

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.test_clocks_days import at, box
from workflows.clocks import (
    TimeBox,
    derive,
    derive_before,
    derive_share,
    explain,
    parse_length,
    pause,
    recompute,
    resume,
)
from workflows.codec import derivation_from_json, value_to_json
from workflows.state import Derivation

GOLDEN = Path(__file__).parent / "golden_derivations.json"
LONDON, SHANGHAI, BERLIN = "Europe/London", "Asia/Shanghai", "Europe/Berlin"


def made(one: TimeBox, start: str) -> Derivation:
    return derive(one, at(start, one.zone), "AnswerReceived:1")


def paused_claim() -> Derivation:
    claim = box("P5D", "ENGLAND", hard_end=parse_length("P35D"), ends="end_of_day", cutoff=time(17))
    return pause(made(claim, "2026-12-21T18:00"), at("2026-12-23T12:00", LONDON))


def cases() -> dict[str, tuple[Derivation, str, str]]:
    """Count them anew: what a module makes when it is imported, `make mutants` cannot break."""
    return {
        "recall over Easter": (
            made(box("P15D"), "2027-03-15T10:00"),
            "15 banking business days, TARGET, without 26 and 29 March, Europe/Berlin",
            "15个银行营业日(TARGET), 除去3月26日和29日, Europe/Berlin",
        ),
        "one day": (
            made(box("P1D", "US"), "2026-03-02T10:00"),
            "1 banking business day, US, America/New_York",
            "1个银行营业日(US), America/New_York",
        ),
        "National Day with a make-up day": (
            made(box("P5D", "CN", calendar="working_days", ends="17:30"), "2026-09-30T09:00"),
            (
                "5 working days, CN, without 1, 2, 5, 6 and 7 October, counting the make-up workday 10 October, to "
                "17:30, Asia/Shanghai"
            ),
            "5个工作日(CN), 除去10月1日、2日、5日、6日和7日, 计入调休上班的10月10日, 至当日17:30, Asia/Shanghai",
        ),
        "over the end of the year, paused": (
            paused_claim(),
            (
                "5 banking business days, ENGLAND, without 25 and 28 December 2026; 1 January 2027, a start from 17:00 "
                "on counted as the next day (as this one), to the end of the day, Europe/London, paused since "
                "2026-12-23 12:00, at the latest 35 banking business days, ENGLAND"
            ),
            (
                "5个银行营业日(ENGLAND), 除去2026年12月25日和28日、2027年1月1日, 17:00以后开始的从次日起算(本次即是), "
                "至当日结束, Europe/London, 自2026-12-23 12:00起暂停, 最迟35个银行营业日(ENGLAND)"
            ),
        ),
        "resumed": (
            resume(paused_claim(), at("2027-01-05T12:00", LONDON)),
            (
                "5 banking business days, ENGLAND, without 25 and 28 December 2026; 1 January 2027, a start from 17:00 "
                "on counted as the next day (as this one), to the end of the day, Europe/London, paused from "
                "2026-12-23 12:00 to 2027-01-05 12:00, at the latest 35 banking business days, ENGLAND"
            ),
            (
                "5个银行营业日(ENGLAND), 除去2026年12月25日和28日、2027年1月1日, 17:00以后开始的从次日起算(本次即是), "
                "至当日结束, Europe/London, 2026-12-23 12:00至2027-01-05 12:00暂停, 最迟35个银行营业日(ENGLAND)"
            ),
        ),
        "hours after days": (
            made(box("P1DT4H"), "2026-04-02T22:00"),
            "1 banking business day, TARGET, and 4 hours, without 3 and 6 April, Europe/Berlin",
            "1个银行营业日(TARGET)再加4小时, 除去4月3日和6日, Europe/Berlin",
        ),
        "six months": (
            made(box("P6M", None, calendar="calendar", zone=SHANGHAI), "2026-08-31T10:00"),
            "6 months by the calendar, Asia/Shanghai",
            "6个月(按日历), Asia/Shanghai",
        ),
        "a year, a month and a day, the first day counted": (
            made(box("P1Y1M1D", None, calendar="calendar", zone=SHANGHAI, counts_start_day=True), "2026-08-31T10:00"),
            "1 year 1 month 1 day by the calendar, the day of the start counted, Asia/Shanghai",
            "1年1个月1天(按日历), 开始当日计入, Asia/Shanghai",
        ),
        "an hour that came twice": (
            made(box("P1D", None, calendar="calendar", zone=BERLIN), "2026-10-24T02:30"),
            "1 day by the calendar, Europe/Berlin, UTC+02:00 (this hour came twice)",
            "1天(按日历), Europe/Berlin, UTC+02:00(该时刻当日出现两次)",
        ),
        "half an hour": (made(box("PT30M", None, calendar="absolute"), "2026-08-31T10:00"), "30 minutes", "30分钟"),
        "an absolute day has 24 hours": (
            made(box("P2DT1M1S", None, calendar="absolute"), "2026-08-31T10:00"),
            "48 hours 1 minute 1 second",
            "48小时1分钟1秒",
        ),
        "at once": (made(box("PT0S", None, calendar="absolute"), "2026-08-31T10:00"), "at once", "立即"),
        "a warning": (
            derive_before(box("PT4H", None, calendar="absolute"), datetime(2026, 3, 2, 9, tzinfo=UTC), "E:1"),
            "4 hours before the end",
            "到期前4小时",
        ),
        "a reminder": (
            derive_share(box("PT30M", None, calendar="absolute"), 50, "r", datetime(2026, 3, 2, 9, tzinfo=UTC), "E:1"),
            "15 minutes",
            "15分钟",
        ),
        "no data for the year": (
            made(box("P3D", "CN", calendar="working_days"), "2026-12-30T09:00"),
            "3 working days, CN: not counted, calendar CN has no data for 2027",
            "3个工作日(CN): 无法计算, 日历CN没有2027年的数据",
        ),
        "no such calendar": (
            made(box("P3D", "ATLANTIS"), "2026-12-30T09:00"),
            "3 banking business days, ATLANTIS: not counted, no calendar ATLANTIS",
            "3个银行营业日(ATLANTIS): 无法计算, 没有日历ATLANTIS",
        ),
    }


NAMES = tuple(cases())


@pytest.mark.parametrize("name", NAMES)
def test_the_rule_stands_in_words_in_both_languages(name: str) -> None:
    derivation, english, chinese = cases()[name]
    assert explain(derivation) == english
    assert explain(derivation, "zh_Hans_CN") == chinese


@pytest.mark.parametrize(("start", "late"), [("16:59", False), ("17:00", True), ("17:30", True)])
def test_whether_this_start_came_after_the_cut_off_is_said_by_the_clock_of_the_zone(start: str, late: bool) -> None:
    claim = made(box("P1D", "ENGLAND", cutoff=time(17)), f"2026-06-01T{start}")  # in June London is an hour ahead
    english = "1 banking business day, ENGLAND, a start from 17:00 on counted as the next day"
    assert explain(claim) == f"{english}{' (as this one)' if late else ''}, Europe/London"
    chinese = "1个银行营业日(ENGLAND), 17:00以后开始的从次日起算"
    assert explain(claim, "zh") == f"{chinese}{'(本次即是)' if late else ''}, Europe/London"


def test_pauses_are_told_by_the_clock_of_the_zone() -> None:
    claim = made(box("P5D", "ENGLAND", hard_end=parse_length("P35D")), "2026-06-01T09:00")
    assert "paused since 2026-06-02 12:00" in explain(pause(claim, at("2026-06-02T12:00", LONDON)))


def test_minutes_and_seconds_after_counted_days_are_told_too() -> None:
    assert explain(made(box("P1DT1M2S", "US"), "2026-03-02T10:00")).startswith(
        "1 banking business day, US, and 1 minute 2 seconds, "
    )


def test_several_make_up_workdays_are_told_as_several() -> None:
    assert explain(made(box("P7D", "CN", calendar="working_days"), "2026-02-13T09:00")) == (
        "7 working days, CN, without 16, 17, 18, 19, 20 and 23 February, counting the make-up workdays 14 and 28 "
        "February, Asia/Shanghai"
    )


def printed(derivation: Derivation) -> dict[str, Any]:
    document: dict[str, Any] = value_to_json(derivation)
    document["tzdata"] = document["tzdata"] and "pinned"
    if "version" in document.get("counting", {}):
        document["counting"]["version"] = "of the data"
    return document


@pytest.mark.parametrize("name", NAMES)
def test_a_derivation_is_stored_as_it_was_recorded(name: str) -> None:
    assert printed(cases()[name][0]) == json.loads(GOLDEN.read_text("utf-8"))[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_derivation_reads_back_and_gives_its_due_instant_again(name: str) -> None:
    derivation = cases()[name][0]
    again = derivation_from_json(json.loads(json.dumps(value_to_json(derivation))))
    assert again == derivation
    assert recompute(again) == derivation.due_at


def test_an_absolute_derivation_is_as_small_as_it_can_be() -> None:
    assert "counting" not in value_to_json(cases()["half an hour"][0])
    assert len(value_to_json(cases()["half an hour"][0])) == 10


def test_a_stranger_counts_the_printed_dates_on_his_fingers() -> None:
    document = value_to_json(cases()["National Day with a make-up day"][0])
    counting = document["counting"]
    day = datetime.fromisoformat(document["started_at"]).astimezone(UTC) + timedelta(hours=8)  # Asia/Shanghai
    left = int(document["length"].strip("PD"))
    while left:
        day += timedelta(days=1)
        is_rest = day.strftime("%A").lower() in counting["rest_days"]
        date = day.date().isoformat()
        left -= date in counting.get("worked", ()) or not (is_rest or date in counting.get("skipped", ()))
    assert document["due_at"] == f"{day.date()}T09:30:00.000000Z", "17:30 in Shanghai"


if __name__ == "__main__":
    GOLDEN.write_text(
        json.dumps({name: printed(case[0]) for name, case in cases().items()}, ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
    )
