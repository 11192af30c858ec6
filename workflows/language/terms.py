"""`[clocks.stop_term]`, `[clocks.freeze_term]`, `[conditions.*]`, `[queue]`: the waits of a hold."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from workflows.clocks import TimeBox
from workflows.language.limits import inner, inner_box, timed, warnings
from workflows.language.reading import Reading, Sourced
from workflows.scheme_clocks import (
    CONDITION_STARTS,
    ENDS,
    QUEUE_ENDS,
    TERM_LAPSES,
    TERM_STARTS,
    Condition,
    Queue,
    Renewal,
    Review,
    Term,
)
from workflows.tables import Table

_MOST = 99


class SecondClocks(NamedTuple):
    """What `[conditions]` and `[queue]` say."""

    conditions: Mapping[str, Condition]
    queue: Queue | None


def term(reading: Reading, clocks: Table, key: str, *, limited: bool) -> Term | None:
    """Read the term ``key``; a scheme without such a measure has no such table."""
    if key not in clocks.codes():
        return None
    table = clocks.table(key)
    sourced = reading.sourced(table)
    until = table.text("until", ENDS, default="length")
    length: TimeBox | None = None
    if until == "length" or (until == "order" and "length" in table.codes()):
        length = timed(reading, table, sourced)
    warned, warning_task = warnings(reading, table, sourced)
    if until == "decided" and warned:
        table.fault("warnings", "have no place where a person decides the end: there is nothing to warn of")
    read = Term(
        rule=table.path,
        box=length,
        until=until,
        starts=table.text("starts", TERM_STARTS, default="executed"),
        review=_review(reading, table, sourced),
        renewal=_renewal(reading, table, sourced),
        warnings=warned,
        warning_task=warning_task,
        on_lapse=table.text("on_lapse", TERM_LAPSES, default="lapse"),
        lapse_task=None if until == "decided" else table.text("lapse_task"),
        terms=table.whole("terms", 1, _MOST) if limited and "terms" in table.codes() else None,
    )
    if read.box is None and read.review is None:
        table.fault("review", "is missing: a hold that no length ends must be looked at again and again")
    table.close()
    return read


def _review(reading: Reading, table: Table, sourced: Sourced) -> Review | None:
    if "review" not in table.codes():
        return None
    inside = table.table("review")
    read = Review(box=timed(reading, inside, inner(reading, inside, sourced)), task=inside.text("task"))
    inside.close()
    return read


def _renewal(reading: Reading, table: Table, sourced: Sourced) -> Renewal | None:
    if "renewal" not in table.codes():
        return None
    inside = table.table("renewal")
    read = Renewal(
        box=timed(reading, inside, inner(reading, inside, sourced)),
        limit=inside.whole("limit", 0, _MOST) if "limit" in inside.codes() else None,
    )
    inside.close()
    return read


def second_clocks(reading: Reading) -> SecondClocks:
    """Read `[conditions.*]` and `[queue]`; a scheme may have neither."""
    conditions = {}
    if "conditions" in reading.root.codes():
        conditions = {code: _condition(reading, table, code) for code, table in reading.coded("conditions")}
    return SecondClocks(MappingProxyType(conditions), _queue(reading))


def _condition(reading: Reading, table: Table, code: str) -> Condition:
    sourced = reading.sourced(table)
    warned, warning_task = warnings(reading, table, sourced)
    read = Condition(
        code=code,
        needs=table.code("needs"),
        starts=table.text("starts", CONDITION_STARTS),
        applies_to=table.text("applies_to", {"stopped", "frozen"}),
        box=timed(reading, table, sourced),
        on_lapse=table.text("on_lapse", TERM_LAPSES),
        task=table.text("task"),
        warnings=warned,
        warning_task=warning_task,
        extends_to=inner_box(reading, table, "extends_to", sourced),
    )
    table.close()
    return read


def _queue(reading: Reading) -> Queue | None:
    if "queue" not in reading.root.codes():
        return None
    table = reading.root.table("queue")
    sourced = reading.sourced(table)
    read = Queue(
        on_end=table.text("on_end", QUEUE_ENDS),
        task=table.text("task"),
        review=inner_box(reading, table, "review", sourced),
        source=sourced.source,
    )
    table.close()
    return read
