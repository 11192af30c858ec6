"""A time box: how long a wait may last, and how it is counted."""

from dataclasses import dataclass
from datetime import time

from workflows.clocks.lengths import Length

CALENDARS = frozenset({"absolute", "calendar", "working_days", "banking_days"})
"""How a length is counted: seconds of UTC, the wall clock of a zone, or days that count in a calendar of days."""
COUNTED = frozenset({"working_days", "banking_days"})
"""Those that need a calendar of days (`TimeBox.days`)."""
SAME_TIME, END_OF_DAY = "same_time", "end_of_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBox:
    """How long a wait may last: `rule` is its path in the definition.

    `days` names the calendar of days. A start at or after `cutoff` (local time)
    counts as made on the next day. With `counts_start_day` the day of the start
    is the first of the days. `ends` is `same_time` (as the start had),
    `end_of_day` (the last microsecond of the local day) or a local time such as
    `17:00`. `hard_end` is counted from the same start in the same way, and no
    pause moves it.
    """

    rule: str
    definition: str
    length: Length
    calendar: str
    zone: str
    source: str
    confidence: str
    days: str | None = None
    cutoff: time | None = None
    counts_start_day: bool = False
    ends: str = SAME_TIME
    hard_end: Length | None = None

    @property
    def is_plain(self) -> bool:
        """Tell whether the due instant is just the start and an elapsed time."""
        return self.calendar == "absolute" and self.hard_end is None
