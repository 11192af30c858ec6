"""Zones from the pinned `tzdata` package, never from the machine, so that two machines compute the same instant.

A local time that happens twice means the first of the two; one that never
happens moves forward by what was skipped.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import metadata, resources
from zoneinfo import ZoneInfo

_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*", re.ASCII)
_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)


class UnknownZone(ValueError):
    """The zone is not in the pinned zone data."""


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


def instant_of(day: date, at: time, where: ZoneInfo) -> datetime:
    """Return the instant of a local time in UTC: the first of two, or moved forward where it never happens."""
    # fold=0 is the earlier of two, and the offset before a gap: the reading that moves forward.
    return datetime.combine(day, at.replace(fold=0), tzinfo=where).astimezone(UTC)


def end_of_day(day: date, where: ZoneInfo) -> datetime:
    """Return the last microsecond of a local day in UTC, whatever its clocks did that night.

    A day that never happened ends where its local times move to, a day later.
    """
    ends = instant_of(day + _DAY, time(), where) - _TICK
    if ends.astimezone(where).date() < day:
        return instant_of(day, time.max, where)
    return ends


def offset_if_ambiguous(at: datetime, where: ZoneInfo) -> str | None:
    """Return the UTC offset of an instant, such as ``+02:00``, where its local time happens twice; else None."""
    local = at.astimezone(where)
    other = local.replace(fold=1 - local.fold)
    if local.utcoffset() == other.utcoffset():
        return None
    # The two readings differ in a gap as well; but no instant has a local time in a gap.
    return local.isoformat()[-6:]
