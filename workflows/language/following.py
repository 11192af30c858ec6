"""`[follow]`: how money that moved on is followed, how far, and by whom."""

from typing import NamedTuple

from workflows.clocks import TimeBox
from workflows.language.limits import inner_box
from workflows.language.reading import Reading
from workflows.scheme_rules import CHAINS, FOLLOWING, Extension
from workflows.tables import Table

_DEEPEST = 100


class Following(NamedTuple):
    """What `[follow]` says."""

    follow: str
    chase_depth: int
    chase_task: str
    chain: str
    told: TimeBox | None
    extension: Extension | None


def following(reading: Reading) -> Following:
    """Read `[follow]`."""
    table = reading.root.table("follow")
    sourced = reading.sourced(table)
    chain = table.text("chain", CHAINS, default="centre")
    told = inner_box(reading, table, "told", sourced)
    if chain == "bank_to_bank" and told is None:
        table.fault("told", "is missing: how long the next institution may take before the centre asks it itself")
    if chain == "centre" and told is not None:
        table.fault("told", "has no place where the centre asks every institution itself")
    depth, task = table.whole("depth", 0, _DEEPEST), table.text("task")
    read = Following(
        follow=table.text("mode", FOLLOWING),
        chase_depth=depth,
        chase_task=task,
        chain=chain,
        told=told,
        extension=_extension(table, depth, task) if table.has("extension") else None,
    )
    table.close()
    return read


def _extension(table: Table, depth: int, task: str) -> Extension:
    inside = table.table("extension")
    read = Extension(
        by=inside.whole("by", 1, _DEEPEST),
        limit=inside.whole("limit", 1, _DEEPEST),
        approval=inside.text("approval", {"before", "none"}, default="before"),
        task=inside.words("task") or task,
    )
    if read.limit <= depth:
        inside.fault("limit", f"must be deeper than the depth, {depth}")
    inside.close()
    return read
