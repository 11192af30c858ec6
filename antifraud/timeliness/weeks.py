"""ISO weeks in a centre's zone: from Monday's first instant up to, and without, the next Monday's."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Self

from antifraud.foundation.problems import NotFound, Problem
from antifraud.foundation.times import parse_time, zone

_NAME = re.compile(r"(?P<year>\d{4})-W(?P<number>\d{2})", re.ASCII)
_YEARS: Final = range(2000, 2199)
PUBLISHED_AFTER: Final = timedelta(hours=9)
"""A week is published so long after its end: on Monday morning, before office hours.

Whoever reads the figures finds them when the working week begins, and waits
that ended in the week's last minutes have been recorded, even if nothing ran
during the night. It moves no figure (a wait counts in the week in which it
ended), so it does not stand among the measures, whose content is hashed.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week ``name`` (``2026-W47``) of ``zone`` as the instants ``[start, end)``.

    Made once from the zone's rules and stored with what is published: a later
    version of the rules moves no week that was published.
    """

    name: str
    zone: str
    start: datetime
    end: datetime

    @classmethod
    def parse(cls, text: str, zone_name: str) -> Self:
        """Return the week that is written like ``2026-W47``.

        Raises:
            Problem: It is written otherwise (400).
            NotFound: There is no such week: most years have no week 53.
            InvalidValue: No such zone.
        """
        found = _NAME.fullmatch(text)
        if found is None:
            raise Problem("a week is written like 2026-W47: the ISO year, then W and two digits")
        year, number = int(found["year"]), int(found["number"])
        try:
            monday = date.fromisocalendar(year, number, 1) if year in _YEARS else None
        except ValueError:
            monday = None
        if monday is None:
            raise NotFound(f"there is no week {text}; {_last_of(year)}")
        return cls(
            name=text,
            zone=zone_name,
            start=_first_instant(monday, zone_name),
            end=_first_instant(monday + timedelta(days=7), zone_name),
        )

    @classmethod
    def of(cls, at: datetime, zone_name: str) -> Self:
        """Return the week in which an aware instant lies."""
        year, number, _ = at.astimezone(zone(zone_name)).isocalendar()
        return cls.parse(f"{year:04d}-W{number:02d}", zone_name)

    @classmethod
    def to_publish_at(cls, at: datetime, zone_name: str) -> Self:
        """Return the week whose `publish_at` the instant is."""
        # The instant before its end lies in the week that is over.
        return cls.of(at - PUBLISHED_AFTER - timedelta(microseconds=1), zone_name)

    @property
    def publish_at(self) -> datetime:
        """Return when the week is to be published."""
        return self.end + PUBLISHED_AFTER

    def has(self, at: datetime | None) -> bool:
        """Return whether the instant lies in the week; its end is the next week's first instant."""
        return at is not None and self.start <= at < self.end

    def hours(self) -> int:
        """Return how long the week is: 168 hours, or 167 or 169 where the zone changes its clocks."""
        return int((self.end - self.start) / timedelta(hours=1))


def _last_of(year: int) -> str:
    if year not in _YEARS:
        return f"weeks are kept from {_YEARS.start} to {_YEARS.stop - 1}"
    # 28 December always lies in the last week of its ISO year.
    return f"{year} has weeks 01 to {date(year, 12, 28).isocalendar().week}"


def _first_instant(day: date, zone_name: str) -> datetime:
    return parse_time({"local": day.isoformat(), "zone": zone_name}).earliest.astimezone(UTC)
