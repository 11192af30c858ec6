"""`[requests.<kind>]`: what may be asked of an institution."""

from workflows.language.limits import answer_clock
from workflows.language.reading import Reading
from workflows.scheme import APPROVALS, HOLD_STATES, RequestKind
from workflows.scheme_rules import LEAST_TOLD, ROLES, TOLD
from workflows.tables import Table


def requests(reading: Reading) -> dict[str, RequestKind]:
    """Read `[requests]`."""
    return {kind: _request(reading, table, kind) for kind, table in reading.coded("requests")}


def _request(reading: Reading, table: Table, kind: str) -> RequestKind:
    role = table.text("role", ROLES, default=kind if kind in ROLES else None)
    tells = table.texts("tells", TOLD, optional=True, default=LEAST_TOLD)
    if "account" not in tells:
        table.fault("tells", "must have account: no institution can do anything without it")
    read = RequestKind(
        kind=kind,
        role=role,
        tells=frozenset(tells),
        documents=table.coded("documents", optional=True),
        title_zh=table.words("title_zh"),
        title_en=table.words("title_en"),
        approval=table.text("approval", APPROVALS),
        filing=table.take("filing", bool, default=False),
        from_states=frozenset(table.texts("from", HOLD_STATES)),
        counts_term=table.take("counts_term", bool, default=False),
        needs_amount=table.take("needs_amount", bool, default=False),
        scope=table.text("scope", {"whole", "amount"}),
        rank=table.whole("rank", 0, 1000),
        own_clock=answer_clock(reading, table.table("own_clock")) if "own_clock" in table.codes() else None,
    )
    reading.sourced(table)
    table.close()
    return read
