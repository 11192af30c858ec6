"""Derivations: due instants with how they came about, made from a box and made again from their own fields."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache

from workflows.calendars import WEEK, CalendarDoesNotReach, DayCalendar, UnknownCalendar, calendar_named
from workflows.clocks.boxes import COUNTED, SAME_TIME, TimeBox
from workflows.clocks.counting import Counts, EndlessPause, Rule, due_by
from workflows.clocks.lengths import InvalidLength, Length, parse_length
from workflows.clocks.zones import offset_if_ambiguous, tzdata_version, zone_of
from workflows.copying import replace
from workflows.state import Counting, Derivation, Pause

_NOTHING = Counting()


def due_at(start: datetime, length: Length, calendar: str, zone: str, days: str | None = None) -> datetime:
    """Return the instant at which a wait of ``length`` from ``start`` is over, in UTC.

    Raises:
        InvalidLength: ``calendar`` is unknown, or cannot count the length.
        UnknownCalendar: There is no calendar of days of that name.
        CalendarDoesNotReach: It has no data for a year that the wait touches.
    """
    if calendar == "absolute":
        return start + length.absolute()
    counts = calendar_named(days).is_working_day if days is not None else None
    return due_by(Rule(length=length, calendar=calendar, zone=zone), start, counts)


def derive(box: TimeBox, start: datetime, start_event: str) -> Derivation:
    """Return the due instant of ``box`` from ``start``, with how it came about.

    Where the calendar of days is unknown or has no data, the derivation says
    so (`is_uncounted`) and its due instant is the start: an alarm now, never a
    guess.
    """
    tzdata: str | None = None
    counting: Counting | None = None
    if box.is_plain:
        due = start + box.length.absolute()
    else:
        due, tzdata, counting = _counted(_rule_of(box), box.days, start)
    return Derivation(
        definition=box.definition,
        rule=box.rule,
        start_event=start_event,
        started_at=start,
        length=box.length.text,
        calendar=box.calendar,
        zone=box.zone,
        tzdata=tzdata,
        due_at=due,
        source=box.source,
        counting=counting,
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
    return share_of(derive(box, start, start_event), percent, rule)


def share_of(whole: Derivation, percent: int, rule: str) -> Derivation:
    """Return the instant at which ``percent`` of a wait has passed, counted in seconds of the whole."""
    seconds = int((whole.due_at - whole.started_at).total_seconds()) * percent // 100
    return replace(
        whole,
        rule=rule,
        length=f"PT{seconds}S",
        calendar="absolute",
        tzdata=None,
        due_at=whole.started_at + timedelta(seconds=seconds),
        counting=None,
    )


def pause(derivation: Derivation, at: datetime) -> Derivation:
    """Return the derivation of a wait that stands still from ``at``: it is due at its hard end, if nobody resumes it.

    Raises:
        EndlessPause: The wait has no hard end.
        ValueError: It is paused already.
    """
    counting = derivation.counting or _NOTHING
    if counting.pauses and counting.pauses[-1].resumed_at is None:
        msg = "the wait is paused already"
        raise ValueError(msg)
    if counting.hard_end is None:
        msg = "a wait without hard_end cannot be paused: nothing would end it"
        raise EndlessPause(msg)
    return recount(replace(derivation, counting=replace(counting, pauses=(*counting.pauses, Pause(paused_at=at)))))


def resume(derivation: Derivation, at: datetime) -> Derivation:
    """Return the derivation of a paused wait that runs on from ``at`` with what was left.

    Raises:
        ValueError: It is not paused, or was paused later than ``at``.
    """
    counting = derivation.counting or _NOTHING
    if not counting.pauses or counting.pauses[-1].resumed_at is not None or at < counting.pauses[-1].paused_at:
        msg = "the wait is not paused"
        raise ValueError(msg)
    ended = replace(counting.pauses[-1], resumed_at=at)
    return recount(replace(derivation, counting=replace(counting, pauses=(*counting.pauses[:-1], ended))))


def recount(derivation: Derivation) -> Derivation:
    """Return what the same wait gives with the calendars and the zone data of this installation."""
    if derivation.length.startswith("-") or (derivation.calendar == "absolute" and derivation.counting is None):
        return derivation
    days = derivation.counting.days if derivation.counting else None
    due, tzdata, counting = _counted(_written(derivation), days, derivation.started_at)
    return replace(derivation, tzdata=tzdata, due_at=due, counting=counting)


def supersedes(derivation: Derivation) -> Derivation | None:
    """Return the derivation that takes a running wait's place under the present data, None if its due instant stays.

    Elapsed time never moves; nor does a wait whose calendar lost its data, which keeps what was counted.
    """
    if derivation.calendar == "absolute":
        return None
    again = recount(derivation)
    if again.due_at == derivation.due_at or (again.is_uncounted and not derivation.is_uncounted):
        return None
    return again


def recompute(derivation: Derivation) -> datetime:
    """Return the due instant that the printed fields alone give, with no calendar but the dates that they name.

    Zone data is this installation's. A wait that could not be counted has its alarm, which follows from nothing.

    Raises:
        InvalidLength: The length or the calendar is none.
        UnknownZone: The zone is none.
    """
    length = derivation.length
    if length.startswith("-"):
        return derivation.started_at - parse_length(length[1:]).absolute()
    if derivation.is_uncounted:
        return derivation.due_at
    counting = derivation.counting
    counts = None if counting is None or counting.days is None else _printed(counting)
    return due_by(_written(derivation), derivation.started_at, counts)


# -- inside


@dataclass(slots=True)
class _Noted:
    """A calendar that notes which dates it was asked for did not follow from their weekday."""

    calendar: DayCalendar
    skipped: set[date] = field(default_factory=set)
    worked: set[date] = field(default_factory=set)

    def counts(self, day: date) -> bool:
        does = self.calendar.is_working_day(day)
        if does == (day.weekday() in self.calendar.rest_days):
            (self.worked if does else self.skipped).add(day)
        return does


def _counted(rule: Rule, days: str | None, start: datetime) -> tuple[datetime, str | None, Counting | None]:
    """Return the due instant, the version of the zone data, and what else it was counted with."""
    tzdata = None if rule.calendar == "absolute" else tzdata_version()
    if rule.calendar not in COUNTED:
        due = due_by(rule, start, None)
        offset = offset_if_ambiguous(due, zone_of(rule.zone)) if tzdata else None
        is_plain = rule.ends == SAME_TIME and not (offset or rule.cutoff or rule.counts_start_day or rule.hard_end)
        return due, tzdata, None if is_plain else _told(rule, offset=offset)
    if days is None:
        msg = f"{rule.calendar} need a calendar of days"
        raise InvalidLength(msg)
    try:
        noted = _Noted(calendar_named(days))
    except UnknownCalendar:
        return start, tzdata, _told(rule, days=days, unreached=days)
    version = noted.calendar.version
    try:
        due = due_by(rule, start, noted.counts)
    except CalendarDoesNotReach as error:
        return start, tzdata, _told(rule, days=days, version=version, unreached=f"{days} {error.year}")
    told = _told(
        rule,
        days=days,
        version=version,
        rest_days=_rest_days(noted.calendar.rest_days),
        skipped=tuple(day.isoformat() for day in sorted(noted.skipped)),
        worked=tuple(day.isoformat() for day in sorted(noted.worked)),
        offset=offset_if_ambiguous(due, zone_of(rule.zone)),
    )
    return due, tzdata, told


@cache
def _rest_days(numbers: frozenset[int]) -> tuple[str, ...]:
    return tuple(WEEK[number] for number in sorted(numbers))


def _told(
    rule: Rule,
    *,
    days: str | None = None,
    version: str | None = None,
    rest_days: tuple[str, ...] = (),
    skipped: tuple[str, ...] = (),
    worked: tuple[str, ...] = (),
    offset: str | None = None,
    unreached: str | None = None,
) -> Counting:
    return Counting(
        days=days,
        version=version,
        rest_days=rest_days,
        skipped=skipped,
        worked=worked,
        cutoff=rule.cutoff.isoformat("minutes") if rule.cutoff else None,
        counts_start_day=rule.counts_start_day,
        ends=rule.ends,
        hard_end=rule.hard_end.text if rule.hard_end else None,
        pauses=rule.pauses,
        offset=offset,
        unreached=unreached,
    )


@lru_cache(maxsize=1024)
def _rule_of(box: TimeBox) -> Rule:
    return Rule(
        length=box.length,
        calendar=box.calendar,
        zone=box.zone,
        cutoff=box.cutoff,
        counts_start_day=box.counts_start_day,
        ends=box.ends,
        hard_end=box.hard_end,
    )


def _written(derivation: Derivation) -> Rule:
    counting = derivation.counting or _NOTHING
    return Rule(
        length=parse_length(derivation.length),
        calendar=derivation.calendar,
        zone=derivation.zone,
        cutoff=time.fromisoformat(counting.cutoff) if counting.cutoff else None,
        counts_start_day=counting.counts_start_day,
        ends=counting.ends,
        hard_end=parse_length(counting.hard_end) if counting.hard_end else None,
        pauses=counting.pauses,
    )


def _printed(counting: Counting) -> Counts:
    rest = frozenset(WEEK.index(day) for day in counting.rest_days)
    skipped, worked = frozenset(counting.skipped), frozenset(counting.worked)

    def counts(day: date) -> bool:
        text = day.isoformat()
        return text in worked if day.weekday() in rest else text not in skipped

    return counts
