"""The arithmetic of a due instant, from a start and a rule: days, cut-offs, ends of days, pauses, hard ends.

Days are counted in the zone's own dates. A start on a date that does not count
moves to the next one that does, and keeps its time of day. A pause adds as many
counted days as lie after the day on which it began, up to the day on which it
ended: what was left at the pause runs on, and a pause within one day moves
nothing. Elapsed time (absolute, or wall clock to the same time) is moved by the
length of the pause itself.
"""

import calendar as months
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from workflows.clocks.boxes import CALENDARS, COUNTED, END_OF_DAY, SAME_TIME
from workflows.clocks.lengths import InvalidLength, Length
from workflows.clocks.zones import end_of_day, instant_of, zone_of
from workflows.state import Pause

_MONTHS_A_YEAR = 12
_DAY = timedelta(days=1)

Counts = Callable[[date], bool]
"""Whether a date counts."""


class EndlessPause(ValueError):
    """A wait without a hard end was paused: nothing would ever end it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """All that a due instant follows from, beside the start and the dates that count."""

    length: Length
    calendar: str
    zone: str
    cutoff: time | None = None
    counts_start_day: bool = False
    ends: str = SAME_TIME
    hard_end: Length | None = None
    pauses: tuple[Pause, ...] = ()


def due_by(rule: Rule, start: datetime, counts: Counts | None) -> datetime:
    """Return the last instant that is still in time, in UTC.

    Args:
        rule: How it is counted.
        start: When the wait began.
        counts: Which dates count; only for calendars of days.

    Raises:
        InvalidLength: The calendar is unknown, or cannot count the length.
        EndlessPause: The last pause still lasts, and there is no hard end.
        CalendarDoesNotReach: From ``counts``.
    """
    hard = None if rule.hard_end is None else _running(rule, rule.hard_end, start, (), counts)
    if rule.pauses and rule.pauses[-1].resumed_at is None:
        if hard is None:
            msg = "a wait without hard_end cannot be paused: nothing would end it"
            raise EndlessPause(msg)
        return hard
    due = _running(rule, rule.length, start, rule.pauses, counts)
    return due if hard is None else min(due, hard)


def _running(rule: Rule, length: Length, start: datetime, pauses: tuple[Pause, ...], counts: Counts | None) -> datetime:
    if rule.calendar == "absolute":
        return start + length.absolute() + _paused_for(pauses)
    if rule.calendar not in CALENDARS:
        msg = f"{rule.calendar!r} is not a calendar; there are {', '.join(sorted(CALENDARS))}"
        raise InvalidLength(msg)
    where = zone_of(rule.zone)
    local = start.astimezone(where)
    day = _last_day(rule, length, local, pauses, counts)
    if rule.ends == END_OF_DAY:
        due = end_of_day(day, where)
    elif rule.ends != SAME_TIME:
        due = instant_of(day, time.fromisoformat(rule.ends), where)
    elif day == local.date():
        due = start.astimezone(UTC)  # its own local time may have happened twice: no wait ends before it began
    else:
        due = instant_of(day, local.time(), where)
    due += timedelta(seconds=length.seconds)
    return due + _paused_for(pauses) if _moves_by_elapsed_time(rule) else due


def _moves_by_elapsed_time(rule: Rule) -> bool:
    return rule.calendar not in COUNTED and rule.ends == SAME_TIME


def _last_day(rule: Rule, length: Length, local: datetime, pauses: tuple[Pause, ...], counts: Counts | None) -> date:
    """Return the local date on which the wait ends."""
    where, day = local.tzinfo, local.date()
    if rule.cutoff is not None and local.time() >= rule.cutoff:
        day += _DAY
    if rule.calendar not in COUNTED:
        days = length.days - (rule.counts_start_day and bool(length.days or length.months))
        if not _moves_by_elapsed_time(rule):
            days += sum(_days_within(pause, where) for pause in pauses)
        return _month_later(day, length.months) + timedelta(days=days)
    if counts is None:
        msg = f"{rule.calendar} need a calendar of days"
        raise InvalidLength(msg)
    day = _counted_day(day, counts)
    left = max(length.counted_days() - rule.counts_start_day, 0)
    for _ in range(left + sum(_counted_within(pause, day, where, counts) for pause in pauses)):
        day = _counted_day(day + _DAY, counts)
    return day


def _counted_day(day: date, counts: Counts) -> date:
    while not counts(day):
        day += _DAY
    return day


def _month_later(day: date, count: int) -> date:
    if not count:
        return day
    year, month = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + count, _MONTHS_A_YEAR)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


def _paused_for(pauses: tuple[Pause, ...]) -> timedelta:
    return sum((p.resumed_at - p.paused_at for p in pauses if p.resumed_at is not None), timedelta(0))


def _days_within(pause: Pause, where: tzinfo | None) -> int:
    first, last = _dates_of(pause, where)
    return (last - first).days


def _counted_within(pause: Pause, begun: date, where: tzinfo | None, counts: Counts) -> int:
    """Count the dates after the pause began, up to the one on which it ended; none before the wait itself began."""
    day, last = _dates_of(pause, where)
    found, day = 0, max(day, begun)
    while day < last:
        day += _DAY
        found += counts(day)
    return found


def _dates_of(pause: Pause, where: tzinfo | None) -> tuple[date, date]:
    ended = pause.resumed_at or pause.paused_at
    return pause.paused_at.astimezone(where).date(), ended.astimezone(where).date()
