"""`[definition]`, and the short tables for the whole scheme: who asks, what is stopped, how it is followed."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from workflows.clocks import Length, UnknownZone, zone_of
from workflows.language.reading import Reading
from workflows.scheme import STATUSES
from workflows.tables import NOTHING

WATCH = (
    *("task", "confirm", "lead", "other", "conflict", "amount", "executed_at", "clock_wrong"),
    *("stopped_after_end", "gap", "limit", "release", "review", "papers", "appeal", "differ", "quarantine"),
)
"""The doubts that `[watch]` must give a task to."""


class Heading(NamedTuple):
    """What `[definition]` says."""

    id: str
    version: int
    title_zh: str
    title_en: str
    status: str
    jurisdiction: str


class Rules(NamedTuple):
    """What the short tables say."""

    who_may_ask: tuple[str, ...]
    scope: str
    money_in: bool
    skew: Length
    follow: str
    chase_depth: int
    chase_task: str
    watch: Mapping[str, str]


def heading(reading: Reading) -> Heading:
    """Read `[definition]`; from here on boxes carry the definition's name and zone."""
    table = reading.root.table("definition")
    read = Heading(
        id=table.text("id"),
        version=table.whole("version", 1, 9999),
        title_zh=table.text("title_zh"),
        title_en=table.text("title_en"),
        status=table.text("status", STATUSES),
        jurisdiction=table.text("jurisdiction"),
    )
    zone = table.text("zone")
    table.take("checked_on", date, date.min)
    table.close()
    reading.name = f"{read.id}.v{read.version}"
    try:
        zone_of(zone)
        reading.zone = zone
    except UnknownZone as error:
        table.fault("zone", str(error))
    return read


def rules(reading: Reading) -> Rules:
    """Read `[asking]`, `[measure]`, `[skew]`, `[follow]` and `[watch]`."""
    tables = [reading.root.table(key) for key in ("asking", "measure", "skew", "follow", "watch")]
    asking, measure, skew, follow, watch = tables
    read = Rules(
        who_may_ask=asking.texts("who"),
        scope=measure.text("scope", {"whole", "amount"}),
        money_in=measure.take("money_in", bool, default=True),
        skew=skew.length("ahead") or NOTHING,
        follow=follow.text("mode", {"automatic", "person"}),
        chase_depth=follow.whole("depth", 0, 100),
        chase_task=follow.text("task"),
        watch=MappingProxyType({key: watch.text(key) for key in WATCH}),
    )
    for table in tables:
        reading.sourced(table)
        table.close()
    return read
