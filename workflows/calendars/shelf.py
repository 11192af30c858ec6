"""The calendars at hand: those that come with the product, and newer ones that were adopted at start."""

import re
from functools import cache
from importlib import resources

from workflows.calendars.day_calendar import DayCalendar, UnknownCalendar, read_calendar

_FILE = re.compile(r"(?P<name>[A-Z][A-Z0-9_]*)\.toml", re.ASCII)
_adopted: dict[str, DayCalendar] = {}


@cache
def _bundled() -> frozenset[str]:
    found = (_FILE.fullmatch(entry.name) for entry in resources.files("workflows.calendars").joinpath("data").iterdir())
    return frozenset(match["name"] for match in found if match)


def names() -> tuple[str, ...]:
    """Return the names of all calendars, sorted."""
    return tuple(sorted(_bundled() | _adopted.keys()))


@cache
def bundled_calendar(name: str) -> DayCalendar:
    """Return a calendar as it came with the product.

    Raises:
        UnknownCalendar: There is none of that name.
        InvalidCalendar: Its file was changed by hand.
    """
    if name not in _bundled():
        msg = f"there is no calendar {name!r}; there are {', '.join(names())}"
        raise UnknownCalendar(msg)
    return read_calendar(resources.files("workflows.calendars").joinpath("data", f"{name}.toml").read_text("utf-8"))


def calendar_named(name: str) -> DayCalendar:
    """Return the calendar of that name, the adopted one before the bundled one.

    Raises:
        UnknownCalendar: There is none of that name.
    """
    return _adopted.get(name) or bundled_calendar(name)


def adopt(calendar: DayCalendar | None, name: str | None = None) -> None:
    """Count with this calendar from now on, in this process; None with a name goes back to the bundled one.

    For the start of a process, before anything is counted: open waits keep
    their due instants until they are counted again by a recorded event.
    """
    if calendar is not None:
        _adopted[calendar.name] = calendar
    elif name is not None:
        _adopted.pop(name, None)
