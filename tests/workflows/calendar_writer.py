"""Writes `workflows/calendars/data/*.toml` from the locked holiday packages.

Run `python -m tests.workflows.calendar_writer` after `make lock` brought newer ones.
A year is written only where its dates are fixed: published by the authority,
or given by a standing rule. A date that the package calls an estimate ends the
calendar before its year. China's days come from two packages, which must agree.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path

import chinese_calendar
import holidays

from workflows.calendars import WEEK, version_of

DATA = Path(__file__).parents[2] / "workflows" / "calendars" / "data"
CHECKED_ON = date(2026, 11, 25)
_SATURDAY, _SUNDAY = 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be written: the longest span of years that the source is asked for."""

    name: str
    title_zh: str
    title_en: str
    years: tuple[int, int]
    rest_days: tuple[int, ...] = (_SATURDAY, _SUNDAY)
    source: str
    confidence: str
    packages: tuple[str, ...] = ("holidays",)


PLANS = (
    Plan(
        name="CN",
        title_zh="中国法定节假日与调休",
        title_en="China: public holidays and make-up workdays",
        years=(2018, 2027),
        source="国务院办公厅关于部分节假日安排的通知, one a year, each in November for the year after",
        confidence="medium",
        packages=("holidays", "chinesecalendar"),
    ),
    Plan(
        name="ENGLAND",
        title_zh="英格兰银行假日",
        title_en="England and Wales: bank holidays",
        years=(2018, 2028),
        source="Banking and Financial Dealings Act 1971, and royal proclamations; published two years ahead",
        confidence="medium",
    ),
    Plan(
        name="IN",
        title_zh="印度中央政府假日及银行休息的星期六",
        title_en="India: gazetted holidays of the central government, and the Saturdays on which banks rest",
        years=(2018, 2027),
        rest_days=(_SUNDAY,),
        source="DoPT holiday circulars; banks rest on the second and fourth Saturday "
        "(RBI notice of 28 August 2015). States add holidays of their own",
        confidence="low",
    ),
    Plan(
        name="SG",
        title_zh="新加坡公共假日",
        title_en="Singapore: public holidays",
        years=(2018, 2028),
        source="Holidays Act 1998; Ministry of Manpower, published each year for the year after",
        confidence="medium",
    ),
    Plan(
        name="TARGET",
        title_zh="TARGET 营业日",
        title_en="TARGET: days on which euro payments settle",
        years=(2018, 2035),
        source="ECB, long-term calendar of TARGET closing days (press release of 14 December 2000)",
        confidence="medium",
    ),
    Plan(
        name="US",
        title_zh="美国联邦储备银行营业日",
        title_en="United States: days on which the Federal Reserve Banks work",
        years=(2018, 2030),
        source="Federal Reserve, K.8 Holidays Observed; a holiday on a Saturday is not moved",
        confidence="medium",
    ),
)


def found_by(plan: Plan, year: int) -> Mapping[date, str]:
    """Return the holidays of a year as the package has them."""
    match plan.name:
        case "TARGET":
            found = holidays.financial_holidays("XECB", years=year)
        case "US":
            found = holidays.financial_holidays("XFED", years=year)
        case "ENGLAND":
            found = holidays.country_holidays("GB", subdiv="ENG", years=year, language="en_GB")
        case _:
            found = holidays.country_holidays(plan.name, years=year, language="en_US")
    return {day: name for day, name in found.items() if day.year == year}


def days_of(year: int) -> Iterator[date]:
    """Yield every date of a year."""
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def china(year: int) -> tuple[dict[date, str], dict[date, str]] | None:
    """Return holidays and make-up workdays of China, None where the year was not announced.

    Raises:
        ValueError: The two packages differ.
    """
    if year > max(chinese_calendar.holidays).year:
        return None
    of_country = holidays.country_holidays("CN", years=year, language="en_US")
    rests, works = {}, {}
    for day in days_of(year):
        is_rest, name = day.weekday() in {_SATURDAY, _SUNDAY}, of_country.get(day)
        counts = chinese_calendar.is_workday(day)
        if counts != (day in of_country.weekend_workdays or not (is_rest or name)):
            msg = f"CN: the packages differ on {day}"
            raise ValueError(msg)
        if counts and is_rest:
            works[day] = "make-up workday"
        elif not counts and not is_rest:
            rests[day] = name or "holiday"
    return rests, works


def ordinary(plan: Plan, year: int) -> tuple[dict[date, str], dict[date, str]] | None:
    """Return the holidays of a calendar without make-up workdays, None where one of them is an estimate."""
    found = dict(found_by(plan, year))
    if any("estimated" in name for name in found.values()):
        return None
    if plan.name == "IN":
        for day in days_of(year):
            nth = (day.day - 1) // 7 + 1
            if day.weekday() == _SATURDAY and nth in {2, 4}:
                found.setdefault(day, f"{'second' if nth == 2 else 'fourth'} Saturday")
    return {day: name for day, name in found.items() if day.weekday() not in plan.rest_days}, {}


def written(plan: Plan) -> str:
    """Return the file of a calendar."""
    first, last = plan.years
    rests: dict[date, str] = {}
    works: dict[date, str] = {}
    for year in range(first, last + 1):
        found = china(year) if plan.name == "CN" else ordinary(plan, year)
        if found is None:
            last = year - 1
            break
        rests |= found[0]
        works |= found[1]
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in plan.packages)
    lines = [
        "# Written by `python -m tests.workflows.calendar_writer`: not by hand.",
        f'name = "{plan.name}"',
        f'title_zh = "{plan.title_zh}"',
        f'title_en = "{plan.title_en}"',
        f"years = [{first}, {last}]",
        f"rest_days = {json.dumps([WEEK[number] for number in plan.rest_days])}",
        f'source = "{plan.source}"',
        f'confidence = "{plan.confidence}"',
        f"checked_on = {CHECKED_ON}",
        f'written_from = "{packages}"',
        f'version = "{version_of(plan.name, (first, last), plan.rest_days, rests, works)}"',
    ]
    for key, dates in (("holidays", rests), ("workdays", works)):
        lines += ["", f"[{key}]", *(f'{day} = "{name}"' for day, name in sorted(dates.items()))]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for one in PLANS:
        (DATA / f"{one.name}.toml").write_text(written(one), encoding="utf-8")
