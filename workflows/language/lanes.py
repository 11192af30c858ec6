"""`[lanes.<code>]`: which claims a scheme takes in which way. A gate leads a claim elsewhere, it never drops one."""

from collections.abc import Mapping
from types import MappingProxyType

from workflows.language.reading import Reading
from workflows.scheme import APPROVALS
from workflows.scheme_rules import ACCOUNT_KINDS, LANE_MODES, ONLY_LANE, SCOPES, Gates, Lane
from workflows.tables import Table


def lanes(reading: Reading, assets: frozenset[str]) -> Mapping[str, Lane]:
    """Read `[lanes]`, in the order of the file; a scheme without it has one lane that takes every claim.

    Args:
        reading: The document.
        assets: What the scheme is for, any where it names none; a gate on another asset can never hold.
    """
    if not reading.root.has("lanes"):
        return MappingProxyType({ONLY_LANE.code: ONLY_LANE})
    read: dict[str, Lane] = {}
    for code, table in reading.coded("lanes"):
        lane = _lane(reading, table, code, assets)
        twin = next((other.code for other in read.values() if other.gates == lane.gates), None)
        if twin is not None:
            table.fault("", f"can never be taken: lanes.{twin} before it has the same gates")
        read[code] = lane
    if not read or not list(read.values())[-1].gates.open:
        reading.root.fault("lanes", "the last lane must have no gates, so that every claim has one")
    for lane in list(read.values())[:-1]:
        if lane.gates.open:
            reading.root.fault(f"lanes.{lane.code}", "only the last lane may be without gates")
    return MappingProxyType(read or {ONLY_LANE.code: ONLY_LANE})


def _lane(reading: Reading, table: Table, code: str, assets: frozenset[str]) -> Lane:
    mode = table.text("mode", LANE_MODES, default="order")
    read = Lane(
        code=code,
        gates=_gates(table, assets),
        mode=mode,
        first=table.words("first") or None,
        scope=table.text("scope", SCOPES) if table.has("scope") else None,
        money_in=table.take("money_in", bool, default=True) if table.has("money_in") else None,
        approval=table.text("approval", APPROVALS) if table.has("approval") else None,
        task=table.text("task") if mode == "elsewhere" else None,
        title_zh=table.words("title_zh"),
        title_en=table.words("title_en"),
    )
    if mode == "elsewhere":
        sent = {"first": read.first, "scope": read.scope, "money_in": read.money_in, "approval": read.approval}
        for key, value in sent.items():
            if value is not None:
                table.fault(key, "has no place in a lane from which nothing is sent")
    reading.sourced(table)
    table.close()
    return read


def _gates(table: Table, assets: frozenset[str]) -> Gates:
    low, high = _amounts(table, "amount_from", assets), _amounts(table, "amount_to", assets)
    for asset in low.keys() & high.keys():
        if low[asset] > high[asset]:
            table.fault(f"amount_from.{asset}", f"can never hold: it is more than amount_to, {high[asset]}")
    within = table.length("paid_within", optional=True)
    if within is not None and not within.absolute():
        table.fault("paid_within", "must be longer than nothing")
    return Gates(
        amount_from=low,
        amount_to=high,
        paid_within=within,
        cross_border=table.take("cross_border", bool, default=False) if table.has("cross_border") else None,
        reasons=_some(table, "reasons"),
        references=_some(table, "references"),
        account_kinds=_some(table, "account_kinds", ACCOUNT_KINDS),
    )


def _amounts(table: Table, key: str, assets: frozenset[str]) -> Mapping[str, int]:
    inside = table.table(key, optional=True)
    found = {asset: inside.whole(asset, 0, 10**30) for asset in inside.codes()}
    for asset in found:
        if assets and asset not in assets:
            inside.fault(asset, f"can never hold: the scheme is for {', '.join(sorted(assets))}")
    return MappingProxyType(found)


def _some(table: Table, key: str, choices: frozenset[str] | None = None) -> frozenset[str]:
    if not table.has(key):
        return frozenset()
    known = len(table.faults)
    found = table.coded(key) if choices is None else table.texts(key, choices)
    if not found and len(table.faults) == known:
        table.fault(key, "can never hold: it is empty; leave it out where everything may pass")
    return frozenset(found)
