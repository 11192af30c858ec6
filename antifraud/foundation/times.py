"""Instants as people and systems write them: exact, or known only to the hour, the day, the month.

A time becomes the half-open span of UTC instants that it may mean. Nothing is made more precise than it was written,
and a time without a zone is refused: twelve hours of doubt is another day.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from importlib import metadata, resources
from typing import Final, Literal, cast, get_args
from zoneinfo import ZoneInfo

from antifraud.foundation.problems import InvalidValue
from antifraud.foundation.texts import narrow

Precision = Literal["microsecond", "second", "minute", "hour", "day", "month", "year"]
PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)
FUTURE_ALLOWANCE: Final = timedelta(minutes=2)
"""Clocks differ; more than this after now is refused (domain rule for report and transfer times)."""
EXAMPLE: Final = (
    'write "2026-11-24T22:41:07+08:00", or {"local": "2026-11-24T22", "zone": "Asia/Shanghai"} when only part is known'
)
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2199
_LEAP: Final = 60
_TICK: Final = timedelta(microseconds=1)
_PATTERN = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[T ](?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,6})\d{0,3})?)?)?"
    r"(?P<offset>Z|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """The span ``[earliest, latest)`` in UTC, and the time as it was given.

    ``zone`` is the IANA name or the offset that was written; ``precision`` the smallest unit that was known.
    """

    earliest: datetime
    latest: datetime
    local: str
    zone: str
    precision: Precision

    def is_exact(self) -> bool:
        """Return whether the time is known to the minute or better: only then may durations be made of it."""
        return self.precision in {"microsecond", "second", "minute"}

    def is_future(self, now: datetime) -> bool:
        """Return whether the whole span lies more than two minutes after ``now``."""
        return self.earliest > now + FUTURE_ALLOWANCE

    def to_json(self) -> dict[str, str]:
        """Return ``{local, zone, precision}``; ``parse_time`` reads it back to the same bounds."""
        return {"local": self.local, "zone": self.zone, "precision": self.precision}


@functools.cache
def _zone_names() -> frozenset[str]:
    listed = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii")
    return frozenset(listed.split())


@functools.cache
def zone(name: str) -> ZoneInfo:
    """Return the zone from the pinned ``tzdata`` package, never from the machine's own files.

    Raises:
        InvalidValue: No such IANA zone; capitals matter.
    """
    if name not in _zone_names():
        msg = 'an unknown time zone: write an IANA name, for example "Asia/Shanghai"'
        raise InvalidValue(msg)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def tz_version() -> str:
    """Return the version of the zone rules in use, for derivations."""
    return metadata.version("tzdata")


def parse_time(value: object, zone_default: str | None = None) -> TimeBounds:
    """Return the span of instants that ``value`` may mean.

    Args:
        value: ISO 8601 text, or ``{"local": ..., "zone": ...}`` for local time, down to a year alone.
        zone_default: IANA zone for a text without offset; without it such a text is refused.

    Raises:
        InvalidValue: Not a time, no zone, a leap second, or a local time that the zone's clocks skipped.
    """
    given_zone = zone_default
    text = value
    if isinstance(value, Mapping):
        unknown = sorted(str(key) for key in value if key not in {"local", "zone", "precision"})
        if unknown or "local" not in value:
            msg = f'a partial time has "local" and "zone" only: {EXAMPLE}'
            raise InvalidValue(msg)
        text = value["local"]
        given_zone = value.get("zone") or zone_default
    if not isinstance(text, str) or not (given_zone is None or isinstance(given_zone, str)):
        msg = f"not a time: {EXAMPLE}"
        raise InvalidValue(msg)
    local = narrow(text)
    found = _PATTERN.fullmatch(local)
    if found is None:
        msg = f"not a time: {EXAMPLE}"
        raise InvalidValue(msg)
    start, precision = _start(found)
    _check_precision(value, precision)
    offset = found["offset"]
    if offset is None:
        if given_zone is None:
            msg = f"a local time without a zone: {EXAMPLE}"
            raise InvalidValue(msg)
        return _local_bounds(start, local, given_zone, precision)
    if isinstance(value, Mapping) and value.get("zone") not in {None, offset}:
        msg = "a time with an offset beside a zone: give one of the two"
        raise InvalidValue(msg)
    if found["minute"] is None:
        msg = f"an offset needs hours and minutes before it: {EXAMPLE}"
        raise InvalidValue(msg)
    earliest = start.replace(tzinfo=_offset(offset)).astimezone(UTC)
    return TimeBounds(earliest, earliest + _LENGTHS[precision], local, offset, precision)


_LENGTHS: Final[dict[str, timedelta]] = {
    "microsecond": _TICK,
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


def _start(found: re.Match[str]) -> tuple[datetime, Precision]:
    parts = {name: int(text) for name, text in found.groupdict().items() if text and name not in {"offset", "fraction"}}
    if parts.get("second") == _LEAP:
        msg = "a leap second (…:60) is not taken: write the second before it, …:59"
        raise InvalidValue(msg)
    if not _FIRST_YEAR <= parts["year"] <= _LAST_YEAR:
        msg = f"the year must lie between {_FIRST_YEAR} and {_LAST_YEAR}"
        raise InvalidValue(msg)
    fraction = found["fraction"]
    precision = cast("Precision", "microsecond" if fraction else list(parts)[-1])
    try:
        start = datetime(  # noqa: DTZ001 -- a local time: its zone is looked at afterwards
            parts["year"],
            parts.get("month", 1),
            parts.get("day", 1),
            parts.get("hour", 0),
            parts.get("minute", 0),
            parts.get("second", 0),
            int((fraction or "0").ljust(6, "0")),
        )
    except ValueError:
        msg = f"there is no such date or time of day: {EXAMPLE}"
        raise InvalidValue(msg) from None
    return start, precision


def _check_precision(value: object, precision: Precision) -> None:
    if isinstance(value, Mapping) and value.get("precision", precision) != precision:
        msg = f'"precision" does not fit "local", which is known to the {precision}: leave it out'
        raise InvalidValue(msg)


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:  # noqa: PLR2004 -- the widest offset in use is +14:00
        msg = "an offset from UTC lies between -14:00 and +14:00"
        raise InvalidValue(msg)
    span = timedelta(hours=hours, minutes=minutes)
    return timezone(-span if text[0] == "-" else span)


def _local_bounds(start: datetime, local: str, zone_name: str, precision: Precision) -> TimeBounds:
    where = zone(zone_name)
    match precision:
        case "year":
            end = start.replace(year=start.year + 1)
        case "month":
            end = (start + timedelta(days=32)).replace(day=1)
        case _:
            end = start + _LENGTHS[precision]
    # The clock may show a time twice or skip it: the first instant at or after the start, the last before the end.
    earliest = _instant(start, where, fold=0)
    latest = _instant(end - _TICK, where, fold=1) + _TICK
    if latest <= earliest:
        msg = f"the clocks of {zone_name} skipped this time: check it"
        raise InvalidValue(msg)
    return TimeBounds(earliest, latest, local, zone_name, precision)


def _exists(local: datetime, where: ZoneInfo) -> bool:
    return local.replace(tzinfo=where).astimezone(UTC).astimezone(where).replace(tzinfo=None) == local


def _instant(local: datetime, where: ZoneInfo, *, fold: int) -> datetime:
    at = local.replace(tzinfo=where, fold=fold).astimezone(UTC)
    if _exists(local, where):
        return at
    before, after = sorted(local.replace(tzinfo=where, fold=one).astimezone(UTC) for one in (0, 1))
    was = before.astimezone(where).utcoffset()
    while after - before > _TICK:
        middle = before + (after - before) // 2
        if middle.astimezone(where).utcoffset() == was:
            before = middle
        else:
            after = middle
    return after if fold == 0 else before
