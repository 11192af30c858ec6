"""`[requests.<kind>]`: what may be asked of an institution."""

from workflows.language.reading import Reading
from workflows.scheme import APPROVALS, HOLD_STATES, RequestKind
from workflows.tables import Table


def requests(reading: Reading) -> dict[str, RequestKind]:
    """Read `[requests]`."""
    return {kind: _request(reading, table, kind) for kind, table in reading.coded("requests")}


def _request(reading: Reading, table: Table, kind: str) -> RequestKind:
    from_states = table.texts("from")
    for index, state in enumerate(from_states):
        if state not in HOLD_STATES:
            table.fault(f"from[{index}]", f"{state!r} is not a state of a hold")
    read = RequestKind(
        kind=kind,
        approval=table.text("approval", APPROVALS),
        filing=table.take("filing", bool, default=False),
        from_states=frozenset(from_states),
        counts_term=table.take("counts_term", bool, default=False),
        needs_amount=table.take("needs_amount", bool, default=False),
        scope=table.text("scope", {"whole", "amount"}),
        rank=table.whole("rank", 0, 1000),
    )
    reading.sourced(table)
    table.close()
    return read
