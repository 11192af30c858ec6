"""`[tasks.<kind>]`: what a person must do, and by when."""

from workflows.language.boxes import box, read_box
from workflows.language.reading import Reading
from workflows.scheme import TaskKind
from workflows.tables import Table


def tasks(reading: Reading) -> dict[str, TaskKind]:
    """Read `[tasks]`."""
    return {kind: _task(reading, table, kind) for kind, table in reading.coded("tasks")}


def _task(reading: Reading, table: Table, kind: str) -> TaskKind:
    sourced = reading.sourced(table)
    due = read_box(
        table,
        definition=reading.name,
        zone=reading.zone,
        source=sourced.source,
        confidence=sourced.confidence,
        rule=table.at("due"),
        key="due",
        default_calendar="absolute",
    )
    again = table.length("again", optional=True)
    decided = table.take("decided", bool, default=False, optional=True)
    done = table.take("done", str, "", optional=True) or None
    if done not in {None, "lapse_confirmed"}:
        table.fault("done", f"{done!r} is none of lapse_confirmed")
    if again is not None and not again.seconds and not again.days:
        table.fault("again", "must be longer than nothing")
    titles = table.words("title_zh"), table.words("title_en")
    table.close()
    return TaskKind(
        kind=kind,
        due=due,
        again=None if again is None else box(reading, table.at("again"), again, "absolute", sourced),
        decided=decided,
        done=done,
        title_zh=titles[0],
        title_en=titles[1],
    )
