"""Calendars of counted days as data: which dates banks and offices work, in the years that somebody published.

A calendar says nothing about a year that it does not reach: it refuses, so that
an unknown year never counts as one without holidays. `version` is the hash of
the dates, checked when a file is read; it stands in every derivation.
"""

from workflows.calendars.day_calendar import (
    WEEK,
    CalendarDoesNotReach,
    DayCalendar,
    InvalidCalendar,
    UnknownCalendar,
    read_calendar,
    version_of,
)
from workflows.calendars.shelf import adopt, bundled_calendar, calendar_named, names

__all__ = [
    "WEEK",
    "CalendarDoesNotReach",
    "DayCalendar",
    "InvalidCalendar",
    "UnknownCalendar",
    "adopt",
    "bundled_calendar",
    "calendar_named",
    "names",
    "read_calendar",
    "version_of",
]
