"""`[urgency]` and `[clocks]`: the waits of a request and of a hold."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from workflows.clocks import CALENDARS, Length, TimeBox
from workflows.language.boxes import box, clock
from workflows.language.reading import Reading
from workflows.scheme import Rung, Term, Urgency
from workflows.tables import NOTHING, Table

_PERCENT = 100


class Clocks(NamedTuple):
    """What `[clocks]` says."""

    dispatch: Mapping[str, TimeBox]
    receipt: Mapping[str, TimeBox]
    answer: Mapping[str, TimeBox]
    reminder_percents: tuple[int, ...]
    reminder_apart: Length
    fallback_task: str
    rungs: tuple[Rung, ...]
    rung_again: TimeBox
    stop_term: Term
    freeze_term: Term
    approval: TimeBox
    approval_task: str


def urgencies(reading: Reading) -> tuple[Urgency, ...]:
    """Read `[urgency]`."""
    table = reading.root.table("urgency")
    found = []
    for code in table.codes():
        line = table.table(code)
        found.append(Urgency(code=code, younger_than=line.length("younger_than", optional=True)))
        reading.sourced(line)
        line.close()
    if not found or found[-1].younger_than is not None:
        reading.root.fault("urgency", "the last urgency must have no younger_than, so that every payment has one")
    for urgency in found[:-1]:
        if urgency.younger_than is None:
            table.fault(urgency.code, "only the last urgency may be without younger_than")
    return tuple(found)


def clocks(reading: Reading, codes: Collection[str]) -> Clocks:
    """Read `[clocks]`; ``codes`` are the urgencies, each of which needs its own limits."""
    table = reading.root.table("clocks")
    boxes = {key: _by_urgency(reading, table, key, codes) for key in ("dispatch", "receipt", "answer")}
    reminder, fallback, approval = table.table("reminder"), table.table("fallback"), table.table("approval")
    percents, apart = _percents(reminder), reminder.length("asked_apart") or NOTHING
    fallback_task, approval_task = fallback.text("task"), approval.text("task")
    for part in (reminder, fallback):
        reading.sourced(part)
        part.close()
    rungs, rung_again = _ladder(reading, table)
    stop_term = _term(reading, table, "stop_term", limited=True)
    freeze_term = _term(reading, table, "freeze_term", limited=False)
    approval_box = clock(reading, approval)
    table.close()
    return Clocks(
        dispatch=boxes["dispatch"],
        receipt=boxes["receipt"],
        answer=boxes["answer"],
        reminder_percents=percents,
        reminder_apart=apart,
        fallback_task=fallback_task,
        rungs=rungs,
        rung_again=rung_again,
        stop_term=stop_term,
        freeze_term=freeze_term,
        approval=approval_box,
        approval_task=approval_task,
    )


def _by_urgency(reading: Reading, clocks: Table, key: str, codes: Collection[str]) -> Mapping[str, TimeBox]:
    table = clocks.table(key)
    boxes = {code: clock(reading, table.table(code)) for code in codes}
    table.close()
    return MappingProxyType(boxes)


def _percents(table: Table) -> tuple[int, ...]:
    given = table.take("at_percent", list, [])
    percents = [value for value in given if isinstance(value, int) and 0 < value < _PERCENT]
    if percents != given or percents != sorted(set(percents)):
        table.fault("at_percent", "must be whole numbers between 1 and 99, rising")
    return tuple(percents)


def _term(reading: Reading, clocks: Table, key: str, *, limited: bool) -> Term:
    table = clocks.table(key)
    calendar = table.text("calendar", CALENDARS)
    length = table.length("length", calendar=calendar) or NOTHING
    texts = table.texts("warnings")
    terms = table.whole("terms", 1, 99) if limited else None
    warning_task, lapse_task = table.text("warning_task"), table.text("lapse_task")
    sourced = reading.sourced(table)
    warnings = []
    for n, text in enumerate(texts):
        key = f"warnings[{n}]"
        warnings.append(box(reading, table.at(key), table.measured(key, text, "absolute"), "absolute", sourced))
    spans = [warning.length.absolute() for warning in warnings]
    if spans != sorted(spans, reverse=True) or len(set(spans)) != len(spans):
        table.fault("warnings", "must go from the earliest to the last, each once")
    table.close()
    return Term(
        box=box(reading, table.path, length, calendar, sourced),
        warnings=tuple(warnings),
        warning_task=warning_task,
        lapse_task=lapse_task,
        terms=terms,
    )


def _ladder(reading: Reading, clocks: Table) -> tuple[tuple[Rung, ...], TimeBox]:
    table = clocks.table("ladder")
    again = table.length("again") or NOTHING
    sourced = reading.sourced(table)
    rungs = []
    for index, item in enumerate(table.take("rungs", list, [])):
        path = table.at(f"rungs[{index}]")
        if not isinstance(item, dict):
            table.fault(f"rungs[{index}]", "must be a table")
            continue
        rung = Table(item, path, reading.faults)
        after = rung.length("after") or NOTHING
        rungs.append(Rung(after=box(reading, path, after, "absolute", sourced), task=rung.text("task")))
        rung.close()
    if not rungs:
        table.fault("rungs", "must have at least one step")
    if not again.seconds and not again.days:
        table.fault("again", "must be longer than nothing")
    table.close()
    return tuple(rungs), box(reading, table.at("again"), again, "absolute", sourced)
