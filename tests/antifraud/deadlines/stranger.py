"""A stranger: somebody who has the printed sheet, a table of time zones, and nothing of ours.

Written from the words of the sheet alone, with the standard library; it imports nothing of the product.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LENGTH = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
NONE = "none"


class Sheet:
    """The lines of a sheet: each a label, a colon, and what stands beside it."""

    def __init__(self, text: str) -> None:
        self.lines = [line.split(": ", 1) for line in text.splitlines() if ": " in line]

    def of(self, label: str) -> str:
        return next((value for name, value in self.lines if name == label), NONE)

    def all(self, label: str) -> list[str]:
        return [value for name, value in self.lines if name == label]

    def dates(self, label: str) -> set[date]:
        text = self.of(label)
        return set() if text == NONE else {date.fromisoformat(one) for one in text.split(", ")}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def months_days_seconds(text: str) -> tuple[int, int, int]:
    found = LENGTH.fullmatch(text)
    assert found is not None, text
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return years * 12 + months, weeks * 7 + days, hours * 3600 + minutes * 60 + seconds


def due(text: str) -> datetime:
    """Compute the due instant from the sheet, without looking at what it says that it is."""
    sheet = Sheet(text)
    length, back, hard = sheet.of("Length"), sheet.of("Counted back from"), sheet.of("Hard end")
    if back != NONE:
        _, days, seconds = months_days_seconds(length.removeprefix("-"))
        return instant(back) - timedelta(days=days, seconds=seconds)
    pauses = [one.split(" / ") for one in sheet.all("Pause")]
    last = None if hard == NONE else run(sheet, hard, [])
    if pauses and pauses[-1][1] == "not resumed":
        assert last is not None
        return last
    found = run(sheet, length, [(instant(begun), instant(ended)) for begun, ended in pauses])
    return found if last is None else min(found, last)


def run(sheet: Sheet, length: str, pauses: list[tuple[datetime, datetime]]) -> datetime:
    start, calendar = instant(sheet.of("Start")), sheet.of("Calendar").split(" ")[0]
    months, days, seconds = months_days_seconds(length)
    paused = sum((ended - begun for begun, ended in pauses), timedelta())
    if calendar == "absolute":
        return start + timedelta(days=days, seconds=seconds) + paused
    zone = ZoneInfo(sheet.of("Zone"))
    local = start.astimezone(zone)
    day, cutoff, ends = local.date(), sheet.of("Cut-off"), sheet.of("Ends").split(" ")[0]
    if cutoff != NONE and local.time() >= time.fromisoformat(cutoff):
        day += DAY
    first_counts = sheet.of("Day of the start") == "counts"
    spans = [(begun.astimezone(zone).date(), ended.astimezone(zone).date()) for begun, ended in pauses]
    if calendar == "calendar":
        days -= first_counts and bool(months or days)
        if ends not in {"same_time", NONE}:
            days += sum((ended - begun).days for begun, ended in spans)
        day = later(day, months) + days * DAY
    else:
        day = counted(sheet, day, days - first_counts, spans)
    if ends == "end_of_day":
        at = datetime.combine(day + DAY, time(), zone).astimezone(UTC) - timedelta(microseconds=1)
    elif ends not in {"same_time", NONE}:
        at = datetime.combine(day, time.fromisoformat(ends), zone).astimezone(UTC)
    elif day == local.date():
        at = start
    else:
        at = datetime.combine(day, local.time().replace(fold=0), zone).astimezone(UTC)
    at += timedelta(seconds=seconds)
    return at + paused if calendar == "calendar" and ends in {"same_time", NONE} else at


def later(day: date, months: int) -> date:
    if not months:
        return day
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in range(day.day, 28, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    return date(year, month + 1, min(day.day, 28))


def counted(sheet: Sheet, day: date, left: int, spans: Iterable[tuple[date, date]]) -> date:
    resting = set(sheet.of("Weekdays that do not count").split(", "))
    skipped, worked = sheet.dates("Other dates that do not count"), sheet.dates("Dates that count all the same")

    def counts(one: date) -> bool:
        return one in worked or (WEEKDAYS[one.weekday()] not in resting and one not in skipped)

    while not counts(day):
        day += DAY
    left = max(left, 0)
    for begun, ended in spans:
        one = max(begun, day)
        while one < ended:
            one += DAY
            left += counts(one)
    while left:
        day += DAY
        left -= counts(day)
    return day
