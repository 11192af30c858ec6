"""A time box, wherever one stands in a definition."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time

from workflows.calendars import CalendarDoesNotReach, UnknownCalendar, calendar_named
from workflows.clocks import (
    CALENDARS,
    COUNTED,
    END_OF_DAY,
    SAME_TIME,
    InvalidLength,
    Length,
    TimeBox,
    UnknownZone,
    due_at,
    zone_of,
)
from workflows.language.reading import Reading, Sourced
from workflows.tables import NOTHING, Table

_LOCAL_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
_MOST_YEARS = 100
_PROBE = datetime(2026, 1, 1, tzinfo=UTC)


def box(reading: Reading, rule: str, length: Length, calendar: str, sourced: Sourced) -> TimeBox:
    """Return the box of a rule; ``rule`` is its TOML path."""
    return TimeBox(
        rule=rule,
        definition=reading.name,
        length=length,
        calendar=calendar,
        zone=reading.zone,
        source=sourced.source,
        confidence=sourced.confidence,
    )


def clock(reading: Reading, table: Table) -> TimeBox:
    """Read a table that is a box and nothing else."""
    sourced = reading.sourced(table)
    read = read_box(
        table, definition=reading.name, zone=reading.zone, source=sourced.source, confidence=sourced.confidence
    )
    table.close()
    return read


def read_box(
    table: Table,
    *,
    definition: str,
    zone: str,
    source: str,
    confidence: str,
    rule: str | None = None,
    key: str = "length",
    default_calendar: str | None = None,
) -> TimeBox:
    """Take a box from a table, with every fault at its path; other keys of the table are left for the caller.

    Args:
        table: Where it stands: ``key``, `calendar`, `days`, `zone`, `cutoff`, `counts_start_day`, `ends`, `hard_end`.
        definition: The definition's name and version.
        zone: The definition's zone, for a table that has none of its own.
        source: Where the rule comes from.
        confidence: How sure that is.
        rule: The TOML path of the rule, if it is not the table's.
        key: Where the length stands.
        default_calendar: What counts where the table does not say; without it `calendar` must be there.
    """
    known = len(table.faults)
    calendar = table.text("calendar", CALENDARS, default=default_calendar)
    read = TimeBox(
        rule=rule or table.path,
        definition=definition,
        length=table.length(key, calendar=calendar) or NOTHING,
        calendar=calendar,
        zone=_zone(table, zone),
        source=source,
        confidence=confidence,
        days=table.text("days") if "days" in table.codes() else None,
        cutoff=_cutoff(table),
        counts_start_day=table.take("counts_start_day", bool, default=False, optional=True),
        ends=table.text("ends", default=SAME_TIME),
        hard_end=table.length("hard_end", calendar=calendar, optional=True),
    )
    _check_days(table, read)
    _check_edges(table, read)
    if len(table.faults) == known:
        _check_lengths(table, read, key)
    return read


def boxes_of(rules: object) -> Iterator[TimeBox]:
    """Yield every box of a definition, wherever it stands."""
    if isinstance(rules, TimeBox):
        yield rules
    elif isinstance(rules, Mapping):
        for inner in rules.values():
            yield from boxes_of(inner)
    elif isinstance(rules, tuple):
        for inner in rules:
            yield from boxes_of(inner)
    elif is_dataclass(rules):
        for field in fields(rules):
            yield from boxes_of(getattr(rules, field.name))


def unreached(boxes: Iterable[TimeBox], today: date) -> list[tuple[str, str]]:
    """Return (rule, sentence) of every box that its calendar could not count if its wait began today.

    For the moment at which a definition is put in force: it is refused then,
    because its first wait would be an alarm instead of a due instant.
    """
    found = []
    for one in boxes:
        for length in (one.length, one.hard_end):
            if length is None or one.days is None:
                continue
            try:
                start = datetime(today.year, today.month, today.day, tzinfo=UTC)
                due_at(start, length, one.calendar, one.zone, one.days)
            except (CalendarDoesNotReach, UnknownCalendar) as error:
                found.append((one.rule, f"a wait of {length.text} from {today} cannot be counted: {error}"))
                break
    return found


def _zone(table: Table, zone: str) -> str:
    if "zone" not in table.codes():
        return zone
    own = table.text("zone")
    try:
        zone_of(own)
    except UnknownZone as error:
        table.fault("zone", str(error))
        return zone
    return own


def _cutoff(table: Table) -> time | None:
    if "cutoff" not in table.codes():
        return None
    text = table.text("cutoff")
    if not _LOCAL_TIME.fullmatch(text):
        table.fault("cutoff", f"{text!r} is no local time such as 17:00")
        return None
    return time.fromisoformat(text)


def _check_days(table: Table, read: TimeBox) -> None:
    if read.calendar not in COUNTED:
        if read.days is not None:
            table.fault("days", f"belongs to {' and '.join(sorted(COUNTED))}")
        return
    if read.days is None:
        table.fault("days", f"is missing: {read.calendar} are counted in a calendar of days")
        return
    try:
        calendar_named(read.days)
    except UnknownCalendar as error:
        table.fault("days", str(error))


def _check_edges(table: Table, read: TimeBox) -> None:
    if read.calendar == "absolute":
        for name, said in (("cutoff", read.cutoff), ("counts_start_day", read.counts_start_day)):
            if said:
                table.fault(name, "has no meaning for an absolute length")
        if read.ends != SAME_TIME:
            table.fault("ends", "has no meaning for an absolute length")
        return
    local = _LOCAL_TIME.fullmatch(read.ends)
    if not local and read.ends not in {SAME_TIME, END_OF_DAY}:
        table.fault("ends", f"{read.ends!r} is none of {END_OF_DAY}, {SAME_TIME}, or a local time such as 17:00")
    if local and read.counts_start_day and (read.cutoff is None or read.cutoff > time.fromisoformat(read.ends)):
        table.fault("cutoff", f"must be {read.ends} or earlier: a wait that began later would end before it began")


def _check_lengths(table: Table, read: TimeBox, key: str) -> None:
    for name, length in ((key, read.length), ("hard_end", read.hard_end)):
        if length is None:
            continue
        try:
            days = length.counted_days() if read.calendar in COUNTED else length.days + length.months
        except InvalidLength as error:
            table.fault(name, str(error))
            return
        if not days and (read.calendar in COUNTED or read.counts_start_day or read.ends != SAME_TIME):
            table.fault(name, f"{length.text} has no days to count")
        elif length.months / 12 + length.days / 365 + length.seconds / 31_536_000 > _MOST_YEARS:
            table.fault(name, f"is longer than {_MOST_YEARS} years")
            return
    if read.hard_end is not None and _probed(read.hard_end) <= _probed(read.length):
        table.fault("hard_end", f"must be longer than {read.length.text}")


def _probed(length: Length) -> datetime:
    return due_at(_PROBE, length, "calendar", "UTC")
