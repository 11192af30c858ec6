"""Boxes inside other tables, warnings before an end, and the clock of an answer with its two limits."""

from workflows.clocks import Length, TimeBox
from workflows.language.boxes import box, read_box
from workflows.language.reading import Reading, Sourced
from workflows.scheme_clocks import ANSWER_LAPSES, AnswerClock
from workflows.tables import Table

_DEEMED = "deemed"


def timed(
    reading: Reading,
    table: Table,
    sourced: Sourced,
    *,
    key: str = "length",
    rule: str | None = None,
    default_calendar: str | None = None,
) -> TimeBox:
    """Read the box whose length stands at ``key`` of a table that may say more than the box."""
    known = len(table.faults)
    read = read_box(
        table,
        definition=reading.name,
        zone=reading.zone,
        source=sourced.source,
        confidence=sourced.confidence,
        rule=rule,
        key=key,
        default_calendar=default_calendar,
    )
    if key == "length" and len(table.faults) == known and not lasts(read.length):
        table.fault(key, "must be longer than nothing")
    return read


def lasts(length: Length) -> bool:
    """Tell whether a length is any time at all."""
    return bool(length.months or length.days or length.seconds)


def inner(reading: Reading, table: Table, sourced: Sourced) -> Sourced:
    """Return where a table inside a rule comes from: its own source where it names one, else that of the rule."""
    return reading.sourced(table) if {"source", "confidence"} & set(table.codes()) else sourced


def inner_box(reading: Reading, table: Table, key: str, sourced: Sourced) -> TimeBox | None:
    """Read the optional table ``key`` that is a box and nothing else."""
    if key not in table.codes():
        return None
    inside = table.table(key)
    read = timed(reading, inside, inner(reading, inside, sourced))
    inside.close()
    return read


def warnings(reading: Reading, table: Table, sourced: Sourced) -> tuple[tuple[TimeBox, ...], str | None]:
    """Read `warnings`, absolute lengths before an end, and `warning_task`, which they need."""
    found = []
    for n, text in enumerate(table.texts("warnings", optional=True)):
        key = f"warnings[{n}]"
        found.append(box(reading, table.at(key), table.measured(key, text, "absolute"), "absolute", sourced))
    spans = [warning.length.absolute() for warning in found]
    for n, span in enumerate(spans):
        if not span and not any(path == table.at(f"warnings[{n}]") for path, _ in reading.faults):
            table.fault(f"warnings[{n}]", "must be longer than nothing: the end itself is no warning")
    if spans != sorted(spans, reverse=True) or len(set(spans)) != len(spans):
        table.fault("warnings", "must go from the earliest to the last, each once")
    task = table.text("warning_task") if found or "warning_task" in table.codes() else None
    return tuple(found), task


def answer_clock(reading: Reading, table: Table) -> AnswerClock:
    """Read a table that is the clock of an answer, and close it."""
    sourced = reading.sourced(table)
    first = timed(reading, table, sourced)
    fallback = inner_box(reading, table, "fallback", sourced)
    lapse = table.text("on_lapse", default="ladder")
    what, _, outcome = lapse.partition(":")
    if lapse not in ANSWER_LAPSES and not (what == _DEEMED and outcome):
        table.fault("on_lapse", f"{lapse!r} is none of ladder, query, deemed:<outcome>")
    pause_on, resume_on = table.texts("pause_on", optional=True), table.texts("resume_on", optional=True)
    if bool(pause_on) != bool(resume_on):
        table.fault("resume_on" if pause_on else "pause_on", "a clock that stops must say what lets it run again")
    table.close()
    return AnswerClock(
        box=first,
        fallback=fallback,
        on_lapse=what,
        deemed=outcome or None,
        pause_on=pause_on,
        resume_on=resume_on,
    )
