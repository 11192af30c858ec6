"""`[urgency]` and `[clocks]`: the waits of a request and of a hold."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from workflows.clocks import Length, TimeBox
from workflows.language.boxes import box
from workflows.language.limits import answer_clock, timed
from workflows.language.reading import Reading
from workflows.language.terms import term
from workflows.scheme import AnswerClock, Rung, Term, Urgency
from workflows.tables import NOTHING, Table

_PERCENT = 100


class Clocks(NamedTuple):
    """What `[clocks]` says."""

    dispatch: Mapping[str, TimeBox]
    receipt: Mapping[str, TimeBox]
    answer_clocks: Mapping[str, AnswerClock]
    reminder_percents: tuple[int, ...]
    reminder_apart: Length
    fallback_task: str
    rungs: tuple[Rung, ...]
    rung_again: TimeBox
    stop_term: Term | None
    freeze_term: Term | None
    approval: TimeBox
    approval_task: str


def urgencies(reading: Reading) -> tuple[Urgency, ...]:
    """Read `[urgency]`."""
    found = []
    for code, line in reading.coded("urgency"):
        found.append(Urgency(code=code, younger_than=line.length("younger_than", optional=True)))
        reading.sourced(line)
        line.close()
    if not found or found[-1].younger_than is not None:
        reading.root.fault("urgency", "the last urgency must have no younger_than, so that every payment has one")
    before = NOTHING
    for urgency in found[:-1]:
        if urgency.younger_than is None:
            reading.root.fault(f"urgency.{urgency.code}", "only the last urgency may be without younger_than")
        elif urgency.younger_than.absolute() <= before.absolute():
            at = f"urgency.{urgency.code}.younger_than"
            reading.root.fault(at, f"can never fit: it is no longer than {before.text} before it")
        else:
            before = urgency.younger_than
    return tuple(found)


def clocks(reading: Reading, codes: Collection[str]) -> Clocks:
    """Read `[clocks]`; ``codes`` are the urgencies, each of which needs its own limits."""
    table = reading.root.table("clocks")
    boxes = {key: _by_urgency(reading, table, key, codes) for key in ("dispatch", "receipt")}
    answers = table.table("answer")
    answer_clocks = {code: answer_clock(reading, answers.table(code)) for code in codes}
    answers.close()
    reminder, fallback, approval = table.table("reminder"), table.table("fallback"), table.table("approval")
    percents, apart = _percents(reminder), reminder.length("asked_apart") or NOTHING
    fallback_task, approval_task = fallback.text("task"), approval.text("task")
    for part in (reminder, fallback):
        reading.sourced(part)
        part.close()
    rungs, rung_again = _ladder(reading, table)
    stop_term = term(reading, table, "stop_term", limited=True)
    freeze_term = term(reading, table, "freeze_term", limited=False)
    approval_box = timed(reading, approval, reading.sourced(approval))
    approval.close()
    table.close()
    return Clocks(
        dispatch=boxes["dispatch"],
        receipt=boxes["receipt"],
        answer_clocks=MappingProxyType(answer_clocks),
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
    boxes = {}
    for code in codes:
        line = table.table(code)
        boxes[code] = timed(reading, line, reading.sourced(line))
        line.close()
    table.close()
    return MappingProxyType(boxes)


def _percents(table: Table) -> tuple[int, ...]:
    given = table.take("at_percent", list, [])
    percents = [value for value in given if type(value) is int and 0 < value < _PERCENT]
    if percents != given or percents != sorted(set(percents)):
        table.fault("at_percent", "must be whole numbers between 1 and 99, rising")
    return tuple(percents)


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
        after = timed(reading, rung, sourced, key="after", rule=path, default_calendar="absolute")
        people = rung.text("people") if "people" in rung.codes() else None
        rungs.append(Rung(after=after, task=rung.text("task"), people=people))
        rung.close()
    if not rungs:
        table.fault("rungs", "must have at least one step")
    if not again.seconds and not again.days:
        table.fault("again", "must be longer than nothing")
    table.close()
    return tuple(rungs), box(reading, table.at("again"), again, "absolute", sourced)
