"""A time box, wherever one stands in a definition."""

from workflows.clocks import CALENDARS, Length, TimeBox
from workflows.language.reading import Reading, Sourced
from workflows.tables import NOTHING, Table


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
    calendar = table.text("calendar", CALENDARS)
    length = table.length("length", calendar=calendar) or NOTHING
    read = box(reading, table.path, length, calendar, reading.sourced(table))
    table.close()
    return read
