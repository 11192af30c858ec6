"""`[definition]`, and the short tables for the whole scheme: who asks, what is stopped, whom a doubt goes to."""

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from workflows.clocks import Length, UnknownZone, zone_of
from workflows.language.reading import Reading
from workflows.scheme import STATUSES
from workflows.scheme_rules import ACCOUNTS, ASKERS, FORCES, SCOPES
from workflows.tables import NOTHING, Table

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
WATCH = (
    *("task", "confirm", "lead", "other", "conflict", "amount", "executed_at", "clock_wrong"),
    *("stopped_after_end", "gap", "limit", "release", "review", "papers", "appeal", "differ", "quarantine"),
    *("withdrawal", "withdrawal_decision", "forward", "claims_of_others", "calendar", "balance", "parts"),
)
"""The doubts that `[watch]` must give a task to."""


class Heading(NamedTuple):
    """What `[definition]` says."""

    id: str
    version: int
    title_zh: str
    title_en: str
    summary_zh: str
    summary_en: str
    status: str
    jurisdiction: str
    assets: frozenset[str]


def missing(reading: Reading) -> Mapping[str, str]:
    """Read `[missing]`: rules that nobody published, named instead of invented, each with a sentence."""
    table = reading.root.table("missing", optional=True)
    return MappingProxyType({key: table.text(key) for key in table.codes()})


class General(NamedTuple):
    """What the short tables say."""

    who_may_ask: tuple[str, ...]
    force: str
    scope: str
    money_in: bool
    account: str
    skew: Length
    clocks_differ: Length
    watch: Mapping[str, str]


def heading(reading: Reading) -> Heading:
    """Read `[definition]`; from here on boxes carry the definition's name and zone, and rules its day of checking."""
    table = reading.root.table("definition")
    read = Heading(
        id=_id(table),
        version=table.whole("version", 1, 9999),
        title_zh=table.text("title_zh"),
        title_en=table.text("title_en"),
        summary_zh=table.words("summary_zh"),
        summary_en=table.words("summary_en"),
        status=table.text("status", STATUSES),
        jurisdiction=table.text("jurisdiction"),
        assets=frozenset(table.texts("assets", optional=True)),
    )
    table.words("house")  # taken before the first table was read
    zone = table.text("zone")
    reading.checked_on = table.take("checked_on", date, date.min)
    table.close()
    reading.name = f"{read.id}.v{read.version}"
    try:
        zone_of(zone)
        reading.zone = zone
    except UnknownZone as error:
        table.fault("zone", str(error))
    return read


def general(reading: Reading) -> General:
    """Read `[asking]`, `[measure]`, `[skew]` and `[watch]`."""
    tables = [reading.root.table(key) for key in ("asking", "measure", "skew", "watch")]
    asking, measure, skew, watch = tables
    ahead = skew.length("ahead") or NOTHING
    read = General(
        who_may_ask=asking.texts("who", ASKERS),
        force=asking.text("force", FORCES, default="order"),
        scope=measure.text("scope", SCOPES),
        money_in=measure.take("money_in", bool, default=True),
        account=measure.text("account", ACCOUNTS, default="payee"),
        skew=ahead,
        clocks_differ=skew.length("between", optional=True) or ahead,
        watch=MappingProxyType({key: watch.text(key) for key in WATCH}),
    )
    if not read.who_may_ask and not any(path.startswith("asking.who") for path, _ in reading.faults):
        asking.fault("who", "must name somebody")
    for table in tables:
        reading.sourced(table)
        table.close()
    return read


def _id(table: Table) -> str:
    """Read the name of the scheme: it stands in file names, addresses and tables."""
    known, read = len(table.faults), table.text("id")
    if len(table.faults) == known and not _ID.fullmatch(read):
        table.fault("id", f"{read!r} is no name of small letters, digits, - and _")
    return read
