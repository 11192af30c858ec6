"""Time boxes and due instants: arithmetic on the instants given, never the time of day.

Absolute lengths are counted in seconds of UTC (a day is 24 hours); calendar
lengths on the wall clock of a zone: the same local time on a later date, and
the last day of the month where the day does not exist; working and banking
days in a calendar of days (`workflows.calendars`). A due instant is the last
instant that is still in time. The parts: `lengths`, `zones`, `boxes` (what a
box says), `counting` (the arithmetic), `deriving` (due instants with how they
came about, pauses, counting again), `words` (the rule in words).
"""

from workflows.clocks.boxes import CALENDARS, COUNTED, END_OF_DAY, SAME_TIME, TimeBox
from workflows.clocks.counting import EndlessPause
from workflows.clocks.deriving import (
    derive,
    derive_before,
    derive_share,
    due_at,
    pause,
    recompute,
    recount,
    resume,
    share_of,
    supersedes,
)
from workflows.clocks.lengths import InvalidLength, Length, parse_length
from workflows.clocks.words import explain
from workflows.clocks.zones import UnknownZone, offset_if_ambiguous, tzdata_version, zone_of

__all__ = [
    "CALENDARS",
    "COUNTED",
    "END_OF_DAY",
    "SAME_TIME",
    "EndlessPause",
    "InvalidLength",
    "Length",
    "TimeBox",
    "UnknownZone",
    "derive",
    "derive_before",
    "derive_share",
    "due_at",
    "explain",
    "offset_if_ambiguous",
    "parse_length",
    "pause",
    "recompute",
    "recount",
    "resume",
    "share_of",
    "supersedes",
    "tzdata_version",
    "zone_of",
]
