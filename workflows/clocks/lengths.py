"""Lengths as they are written: ISO 8601 durations, in months, days and seconds apart from each other."""

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

_LENGTH = re.compile(
    r"P(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.ASCII,
)
_MONTHS_A_YEAR = 12


class InvalidLength(ValueError):
    """The text is not an ISO 8601 duration that the calendar can count."""


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
        return _elapsed(self.days, self.seconds)

    def counted_days(self) -> int:
        """Return how many counted days it has: weeks, months and years cannot be counted in working days.

        Raises:
            InvalidLength: The length has weeks, months or years.
        """
        if self.months or "W" in self.text:
            msg = f"{self.text} has weeks, months or years: say how many working or banking days it has"
            raise InvalidLength(msg)
        return self.days


_elapsed = lru_cache(maxsize=1024)(timedelta)
"""The same few lengths are asked for with every event."""


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
