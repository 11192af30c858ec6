"""One calendar of counted days, and how its TOML file is read."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, TypeVar

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""The days of the week as they are written in a calendar and in a derivation; their order is `date.weekday()`."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,31}", re.ASCII)
_KEYS = frozenset(
    {
        *("name", "title_zh", "title_en", "years", "rest_days", "source", "confidence"),
        *("checked_on", "version", "holidays", "workdays", "written_from"),
    }
)
_T = TypeVar("_T")


class UnknownCalendar(LookupError):
    """No calendar of that name is known."""


class InvalidCalendar(ValueError):
    """The file is no calendar, or its dates are not those that its version was made of."""


class CalendarDoesNotReach(LookupError):
    """The calendar has no data for the year: nothing may be counted there."""

    def __init__(self, calendar: str, year: int) -> None:
        """Keep which calendar lacks which year."""
        self.calendar, self.year = calendar, year
        super().__init__(f"calendar {calendar} does not reach the year {year}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCalendar:
    """Which dates count, from `first` to `last`, both whole years.

    `rest_days` are the weekdays that do not count (`date.weekday()` numbers),
    `holidays` further dates that do not count, `workdays` dates on a rest day
    that count all the same (调休); both by date, with a name.
    """

    name: str
    title_zh: str
    title_en: str
    first: date
    last: date
    rest_days: frozenset[int]
    holidays: Mapping[date, str]
    workdays: Mapping[date, str]
    source: str
    confidence: str
    checked_on: date
    version: str

    def covers(self, day: date) -> bool:
        """Tell whether the calendar has data for a date."""
        return self.first <= day <= self.last

    def is_working_day(self, day: date) -> bool:
        """Tell whether a date counts.

        Raises:
            CalendarDoesNotReach: There is no data for its year.
        """
        if not self.first <= day <= self.last:
            raise CalendarDoesNotReach(self.name, day.year)
        if day.weekday() in self.rest_days:
            return day in self.workdays
        return day not in self.holidays


def version_of(
    name: str, years: Iterable[int], rest_days: Iterable[int], holidays: Iterable[date], workdays: Iterable[date]
) -> str:
    """Return the content hash: what the calendar counts, not what its days are called."""
    content = [
        name,
        list(years),
        [WEEK[number] for number in sorted(rest_days)],
        [day.isoformat() for day in sorted(holidays)],
        [day.isoformat() for day in sorted(workdays)],
    ]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()[:16]


def read_calendar(text: str) -> DayCalendar:
    """Read a calendar's TOML text.

    Raises:
        InvalidCalendar: A key is missing, unknown or of another kind, a date lies outside the years or
            contradicts the rest days, or `version` is not the hash of the dates.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"the calendar is not TOML: {error}"
        raise InvalidCalendar(msg) from error
    unknown = sorted(document.keys() - _KEYS)
    if unknown:
        msg = f"not a key of a calendar: {', '.join(unknown)}"
        raise InvalidCalendar(msg)
    years = _need(document, "years", list)
    rest = _need(document, "rest_days", list)
    if len(years) != len(("first", "last")) or not all(isinstance(year, int) for year in years) or years[0] > years[1]:
        msg = "years must be the first and the last whole year"
        raise InvalidCalendar(msg)
    if not set(rest) < set(WEEK):
        msg = f"rest_days must be some of {', '.join(WEEK)}, and never all"
        raise InvalidCalendar(msg)
    read = DayCalendar(
        name=_need(document, "name", str),
        title_zh=_need(document, "title_zh", str),
        title_en=_need(document, "title_en", str),
        first=date(years[0], 1, 1),
        last=date(years[1], 12, 31),
        rest_days=frozenset(WEEK.index(day) for day in rest),
        holidays=_dates(document, "holidays"),
        workdays=_dates(document, "workdays"),
        source=_need(document, "source", str),
        confidence=_need(document, "confidence", str),
        checked_on=_need(document, "checked_on", date),
        version=_need(document, "version", str),
    )
    _check(read)
    return read


def _check(read: DayCalendar) -> None:
    if not _NAME.fullmatch(read.name):
        msg = f"{read.name!r} is no name of a calendar: capitals, digits and _"
        raise InvalidCalendar(msg)
    for day in (*read.holidays, *read.workdays):
        if not read.covers(day):
            msg = f"{read.name}: {day} lies outside the years that the calendar covers"
            raise InvalidCalendar(msg)
    wrong = [day for day in read.holidays if day.weekday() in read.rest_days]
    wrong += [day for day in read.workdays if day.weekday() not in read.rest_days]
    if wrong:
        msg = f"{read.name}: {min(wrong)} is a holiday on a rest day, or a make-up workday on none"
        raise InvalidCalendar(msg)
    years = (read.first.year, read.last.year)
    version = version_of(read.name, years, read.rest_days, read.holidays, read.workdays)
    if read.version != version:
        msg = f"{read.name}: version is {read.version}, but the dates give {version}"
        raise InvalidCalendar(msg)


def _need(document: Mapping[str, Any], key: str, kind: type[_T]) -> _T:
    value = document.get(key)
    if not isinstance(value, kind):
        msg = f"{key} is missing or not {kind.__name__}"
        raise InvalidCalendar(msg)
    return value


def _dates(document: Mapping[str, Any], key: str) -> Mapping[date, str]:
    found = {}
    for text, name in _need(document, key, dict).items():
        try:
            found[date.fromisoformat(text)] = str(name)
        except ValueError as error:
            msg = f"{key}.{text} is no date"
            raise InvalidCalendar(msg) from error
    return MappingProxyType(found)
