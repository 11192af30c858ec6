"""The tables that a scheme may leave out: `[accounts]`, `[obligations]`, `[objection]`, `[split]`, `[marks]`."""

from typing import NamedTuple

from workflows.language.limits import inner_box
from workflows.language.reading import Reading
from workflows.scheme_rules import (
    ACCOUNT_KINDS,
    FACTS,
    OBJECTION_EFFECTS,
    OBJECTORS,
    OBLIGED,
    OCCASIONS,
    SPLITS,
    Objection,
    Obligation,
    Split,
)
from workflows.tables import Table


class Duties(NamedTuple):
    """What the tables say."""

    refuse_whole: frozenset[str]
    obligations: tuple[Obligation, ...]
    objection: Objection | None
    split: Split | None
    counts: frozenset[str]


def duties(reading: Reading) -> Duties:
    """Read the tables."""
    root = reading.root
    found = reading.coded("obligations") if root.has("obligations") else []
    return Duties(
        refuse_whole=_refuse_whole(reading) if root.has("accounts") else frozenset(),
        obligations=tuple(_obligation(reading, table, code) for code, table in found),
        objection=_objection(reading) if root.has("objection") else None,
        split=_split(reading) if root.has("split") else None,
        counts=_counts(reading) if root.has("marks") else FACTS,
    )


def _refuse_whole(reading: Reading) -> frozenset[str]:
    table = reading.root.table("accounts")
    kinds = frozenset(table.texts("refuse_whole", ACCOUNT_KINDS))
    _end(reading, table)
    return kinds


def _obligation(reading: Reading, table: Table, code: str) -> Obligation:
    read = Obligation(
        code=code, to=table.text("to", OBLIGED), when=table.text("when", OCCASIONS), task=table.text("task")
    )
    _end(reading, table)
    return read


def _objection(reading: Reading) -> Objection:
    table = reading.root.table("objection")
    read = Objection(
        who=table.texts("who", OBJECTORS),
        task=table.text("task"),
        effect=table.text("effect", OBJECTION_EFFECTS, default="release"),
    )
    if not read.who and not any(path.startswith("objection.who") for path, _ in reading.faults):
        table.fault("who", "must name who may object; leave the table out where nobody may")
    _end(reading, table)
    return read


def _split(reading: Reading) -> Split:
    table = reading.root.table("split")
    sourced = reading.sourced(table)
    read = Split(method=table.text("method", SPLITS), notice=inner_box(reading, table, "notice", sourced))
    table.close()
    return read


def _counts(reading: Reading) -> frozenset[str]:
    table = reading.root.table("marks")
    kinds = frozenset(table.texts("counts", FACTS))
    _end(reading, table)
    return kinds


def _end(reading: Reading, table: Table) -> None:
    reading.sourced(table)
    table.close()
