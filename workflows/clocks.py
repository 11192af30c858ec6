"""Time boxes and due instants: arithmetic on the instants given, never the time of day.

Absolute lengths are counted in seconds of UTC (a day is 24 hours); calendar
lengths are counted on the wall clock of a zone: the same local time on a later
date, and the last day of the month where the day does not exist. A local time
that happens twice means the first of the two; one that never happens moves
forward by what was skipped. Zone data comes from the pinned `tzdata` package,
never from the machine, so that two machines compute the same instant.
"""

import calendar as months
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import metadata, resources
from zoneinfo import ZoneInfo

from workflows.state import Derivation

CALENDARS = frozenset({"absolute", "calendar"})

_LENGTH = re.compile(
    r"P(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.ASCII,
)
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*", re.ASCII)
_MONTHS_A_YEAR = 12


class InvalidLength(ValueError):
    """The text is not an ISO 8601 duration that the calendar can count."""


class UnknownZone(ValueError):
    """The zone is not in the pinned zone data."""


@dataclass(frozen=True, slots=True)
class Length:
    """An ISO 8601 duration: whole months, whole days, and seconds, apart from each other."""

    text: str
    months: int
    days: int
    seconds: int

    def absolute(self) -> timedelta:
        """Return the elapsed time; a length with months has none.

        Raises:
            InvalidLength: The length has months or years.
        """
        if self.months:
            msg = f"{self.text} has months or years: count it with calendar = 'calendar'"
            raise InvalidLength(msg)
        return timedelta(days=self.days, seconds=self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBox:
    """How long a wait may last: `rule` is its path in the definition."""

    rule: str
    definition: str
    length: Length
    calendar: str
    zone: str
    source: str
    confidence: str


def parse_length(text: str) -> Length:
    """Read an ISO 8601 duration such as ``PT48H``, ``P3D`` or ``P6M``.

    Raises:
        InvalidLength: It is empty, negative, has fractions, or is no duration.
    """
    match = _LENGTH.fullmatch(text)
    if match is None or text in {"P", "PT"}:
        msg = f"{text!r} is not an ISO 8601 duration such as PT48H, P3D or P6M"
        raise InvalidLength(msg)
    part = {name: int(value or 0) for name, value in match.groupdict().items()}
    return Length(
        text,
        part["years"] * _MONTHS_A_YEAR + part["months"],
        part["weeks"] * 7 + part["days"],
        part["hours"] * 3600 + part["minutes"] * 60 + part["seconds"],
    )


@cache
def tzdata_version() -> str:
    """Return the version of the zone data that calendar lengths are counted with."""
    return metadata.version("tzdata")


@cache
def zone_of(name: str) -> ZoneInfo:
    """Load a zone from the pinned zone data.

    Raises:
        UnknownZone: There is no such zone.
    """
    if _ZONE_NAME.fullmatch(name):
        file = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
        if file.is_file():
            try:
                with file.open("rb") as data:
                    return ZoneInfo.from_file(data, key=name)
            except ValueError:  # a file of the package that is no zone, such as `zone.tab`
                pass
    msg = f"{name!r} is not a zone of tzdata {tzdata_version()}"
    raise UnknownZone(msg)


def due_at(start: datetime, length: Length, calendar: str, zone: str) -> datetime:
    """Return the instant at which a wait of ``length`` from ``start`` is over, in UTC.

    Raises:
        InvalidLength: ``calendar`` is unknown, or cannot count the length.
    """
    if calendar == "absolute":
        return start + length.absolute()
    if calendar != "calendar":
        msg = f"{calendar!r} is not a calendar; there are {', '.join(sorted(CALENDARS))}"
        raise InvalidLength(msg)
    where = zone_of(zone)
    local = start.astimezone(where)
    count = local.year * _MONTHS_A_YEAR + local.month - 1 + length.months
    year, month = divmod(count, _MONTHS_A_YEAR)
    day = min(local.day, months.monthrange(year, month + 1)[1])
    moved = local.replace(year=year, month=month + 1, day=day, tzinfo=None, fold=0) + timedelta(days=length.days)
    # fold=0 is the earlier of two, and the offset before a gap: the reading that moves forward.
    return moved.replace(tzinfo=where, fold=0).astimezone(UTC) + timedelta(seconds=length.seconds)


def derive(box: TimeBox, start: datetime, start_event: str) -> Derivation:
    """Return the due instant of ``box`` from ``start``, with how it came about."""
    return Derivation(
        definition=box.definition,
        rule=box.rule,
        start_event=start_event,
        started_at=start,
        length=box.length.text,
        calendar=box.calendar,
        zone=box.zone,
        tzdata=tzdata_version() if box.calendar == "calendar" else None,
        due_at=due_at(start, box.length, box.calendar, box.zone),
        source=box.source,
    )


def derive_before(box: TimeBox, end: datetime, start_event: str) -> Derivation:
    """Return the instant that lies ``box`` before ``end`` (a warning); the length is written negative."""
    return Derivation(
        definition=box.definition,
        rule=box.rule,
        start_event=start_event,
        started_at=end,
        length=f"-{box.length.text}",
        calendar="absolute",
        zone=box.zone,
        tzdata=None,
        due_at=end - box.length.absolute(),
        source=box.source,
    )


def derive_share(box: TimeBox, percent: int, rule: str, start: datetime, start_event: str) -> Derivation:
    """Return the instant at which ``percent`` of the wait ``box`` from ``start`` has passed (a reminder)."""
    whole = due_at(start, box.length, box.calendar, box.zone) - start
    seconds = int(whole.total_seconds()) * percent // 100
    return Derivation(
        definition=box.definition,
        rule=rule,
        start_event=start_event,
        started_at=start,
        length=f"PT{seconds}S",
        calendar="absolute",
        zone=box.zone,
        tzdata=None,
        due_at=start + timedelta(seconds=seconds),
        source=box.source,
    )
