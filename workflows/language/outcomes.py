"""`[outcomes.<code>]`: what an institution may answer, and what it makes of the hold."""

from collections.abc import Collection
from types import MappingProxyType

from workflows.language.reading import Reading
from workflows.scheme import AMOUNTS, EFFECTS, Outcome
from workflows.scheme_rules import MARKS
from workflows.tables import Table


def outcomes(reading: Reading, kinds: Collection[str]) -> dict[str, Outcome]:
    """Read `[outcomes]`; ``kinds`` are the requests that an outcome may answer."""
    return {code: _outcome(reading, table, code, kinds) for code, table in reading.coded("outcomes")}


def _outcome(reading: Reading, table: Table, code: str, kinds: Collection[str]) -> Outcome:
    conclusive = table.take("conclusive", bool, default=False)
    effects = table.table("hold", optional=not conclusive)
    hold = {kind: effects.text(kind, EFFECTS) for kind in kinds if kind in effects.codes()}
    effects.close()
    if conclusive and not hold:
        table.fault("hold", "a conclusive outcome must say what it makes of the hold")
    read = Outcome(
        code=code,
        conclusive=conclusive,
        amount=table.text("amount", AMOUNTS, default="none"),
        own_fault=table.take("own_fault", bool, default=False, optional=True),
        restarts=table.take("restarts", bool, default=False, optional=True),
        hold=MappingProxyType(hold),
        tasks=table.texts("tasks"),
        tasks_if_short=table.texts("tasks_if_short", optional=True),
        tasks_if_no_hop=table.texts("tasks_if_no_hop", optional=True),
        marks=frozenset(table.texts("marks", MARKS, optional=True)),
        title_zh=table.words("title_zh"),
        title_en=table.words("title_en"),
    )
    reading.sourced(table)
    table.close()
    return read
