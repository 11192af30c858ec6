"""What is new in the log, read and folded: the auditor's books are brought to what the log now gives."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, Row, delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud.watching.folding import CannotBeFolded, Ended, Folded
from antifraud.watching.models import watched_cases, watched_waits
from workflows import Definition, parse

ENTRIES_AT_ONCE: Final = 2000
CASES_AT_ONCE: Final = 50
CASES_KEPT: Final = 300
"""Cases whose folded state is kept in memory; any other is folded again from its first entry."""
LATE_AFTER: Final = timedelta(seconds=60)
"""What ended so long after its instant counts as late."""

log = structlog.get_logger()

PLACE: Final = """
    SELECT xid::text FROM entries WHERE centre_id = :centre AND xid >= CAST(:through AS xid8)
    ORDER BY xid LIMIT 1 OFFSET :entries
"""
NEXT_PLACE: Final = "SELECT min(xid)::text FROM entries WHERE centre_id = :centre AND xid > CAST(:through AS xid8)"
NEWS: Final = """
    SELECT stream, min(opened_month) AS opened_month, max(seq) AS seq FROM entries
    WHERE centre_id = :centre AND xid >= CAST(:through AS xid8)
      AND (CAST(:until AS text) IS NULL OR xid < CAST(:until AS xid8)) AND stream LIKE 'case:%'
    GROUP BY stream
"""
ENTRIES: Final = """
    SELECT e.stream, e.seq, e.id, e.at, e.kind, e.payload
    FROM unnest(CAST(:months AS date[]), CAST(:streams AS text[]), CAST(:seqs AS bigint[])) AS w (month, stream, seq)
    JOIN entries e ON e.opened_month = w.month AND e.stream = w.stream AND e.seq > w.seq
    ORDER BY e.stream, e.seq
"""
_CASE: Final = "case:"


@dataclass(slots=True)
class Memory:
    """What one auditor remembers between looks; all of it can be forgotten."""

    definitions: dict[str, Definition] = field(default_factory=dict)
    cases: OrderedDict[UUID, Folded] = field(default_factory=OrderedDict)

    def keep(self, case_id: UUID, folded: Folded) -> None:
        """Remember a case, and forget the one that was used longest ago."""
        self.cases[case_id] = folded
        self.cases.move_to_end(case_id)
        while len(self.cases) > CASES_KEPT:
            self.cases.popitem(last=False)


@dataclass(slots=True)
class Tally:
    """Endings counted: `should` and `did` those of waits that were to fire, `late` those of `did` that took long."""

    should: int = 0
    did: int = 0
    late: int = 0

    def settle(self, ended: Ended, *, was_due: bool) -> None:
        """Count an ending: what ended in its time otherwise than by firing was never to fire."""
        if was_due or ended.how == "fired" or ended.at > ended.due_at:
            self.should += not was_due
            self.did += 1
            self.late += ended.at - ended.due_at > LATE_AFTER


@dataclass(frozen=True, slots=True)
class News:
    """A case with entries up to `seq`, of which the books have those up to `known`."""

    case_id: UUID
    opened_month: date
    seq: int
    known: int


def batch_end(connection: Connection, centre_id: UUID, through: str) -> str | None:
    """Return the transaction before which this look stops, or None if it can read to the end."""
    asked = {"centre": centre_id, "through": through, "entries": ENTRIES_AT_ONCE}
    until: str | None = connection.scalar(text(PLACE), asked)
    if until == through:
        # One transaction alone wrote more than a batch: it is read whole.
        until = connection.scalar(text(NEXT_PLACE), asked)
    return until


def news_of(connection: Connection, centre_id: UUID, through: str, until: str | None) -> list[News]:
    """Return the cases with entries that were not folded yet."""
    asked = {"centre": centre_id, "through": through, "until": until}
    rows = {UUID(row.stream.removeprefix(_CASE)): row for row in connection.execute(text(NEWS), asked)}
    known = _known(connection, list(rows))
    return [
        News(case_id, row.opened_month, row.seq, known.get(case_id, 0))
        for case_id, row in rows.items()
        if row.seq > known.get(case_id, 0)
    ]


def _known(connection: Connection, case_ids: Sequence[UUID]) -> dict[UUID, int]:
    if not case_ids:
        return {}
    rows = connection.execute(
        select(watched_cases.c.case_id, watched_cases.c.seq).where(watched_cases.c.case_id.in_(case_ids))
    )
    return {row.case_id: row.seq for row in rows}


def read(connection: Connection, centre_id: UUID, news: Sequence[News], memory: Memory, tally: Tally) -> None:
    """Fold what is new in the cases, and bring the table of their waits to what the log now gives."""
    for start in range(0, len(news), CASES_AT_ONCE):
        _read(connection, centre_id, news[start : start + CASES_AT_ONCE], memory, tally)


def _read(connection: Connection, centre_id: UUID, news: Sequence[News], memory: Memory, tally: Tally) -> None:
    kept = {one.case_id: _remembered(memory, one) for one in news}
    entries = _entries(connection, news, kept)
    waits = _waits(connection, [one.case_id for one in news])
    cases, fresh, gone = [], [], []
    for one in news:
        folded, before = kept[one.case_id], waits.get(one.case_id, {})
        is_readable = True
        try:
            ended = folded.fold(entries.get(one.case_id, ()), _definitions(connection, memory), one.known)
        except CannotBeFolded as error:
            log.exception("case_not_audited", case_id=str(one.case_id), place=str(error))
            memory.cases.pop(one.case_id, None)
            is_readable, ended = False, []
        else:
            memory.keep(one.case_id, folded)
        cases.append(
            {
                "case_id": one.case_id,
                "centre_id": centre_id,
                "seq": max(one.seq, folded.seq),
                "is_readable": is_readable,
            }
        )
        if not is_readable:
            continue
        running = folded.running()
        for item in ended:
            tally.settle(item, was_due=item.id in before and before[item.id].is_due)
        moved = [wait_id for wait_id, row in before.items() if running.get(wait_id) != row.due_at]
        # A wait that was due and got another instant is answered for, and waited for anew; so is one whose end
        # lies in entries that could not be folded when they came.
        told = {item.id for item in ended}
        tally.did += sum(before[wait_id].is_due and wait_id not in told for wait_id in moved)
        gone += moved
        fresh += [
            {"id": wait_id, "centre_id": centre_id, "case_id": one.case_id, "due_at": due_at, "is_due": False}
            for wait_id, due_at in running.items()
            if wait_id not in before or wait_id in moved
        ]
    _write(connection, cases, gone, fresh)


def _remembered(memory: Memory, one: News) -> Folded:
    """Return the case as it is remembered; what is ahead of the books was folded in a look that came to nothing."""
    folded = memory.cases.get(one.case_id)
    return Folded() if folded is None or folded.seq > one.known else folded


def _entries(
    connection: Connection, news: Sequence[News], kept: dict[UUID, Folded]
) -> dict[UUID, list[Row[tuple[Any, ...]]]]:
    found: dict[UUID, list[Row[tuple[Any, ...]]]] = {}
    rows = connection.execute(
        text(ENTRIES),
        {
            "months": [one.opened_month for one in news],
            "streams": [f"{_CASE}{one.case_id}" for one in news],
            "seqs": [kept[one.case_id].seq for one in news],
        },
    )
    for row in rows:
        found.setdefault(UUID(row.stream.removeprefix(_CASE)), []).append(row)
    return found


def _waits(connection: Connection, case_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, Row[tuple[Any, ...]]]]:
    found: dict[UUID, dict[UUID, Row[tuple[Any, ...]]]] = {}
    for row in connection.execute(select(watched_waits).where(watched_waits.c.case_id.in_(case_ids))):
        found.setdefault(row.case_id, {})[row.id] = row
    return found


def _definitions(connection: Connection, memory: Memory) -> Callable[[str], Definition]:
    def definition_of(content_hash: str) -> Definition:
        known = memory.definitions.get(content_hash)
        if known is None:
            stored = connection.scalar(
                text("SELECT text FROM definitions WHERE content_hash = :hash"), {"hash": content_hash}
            )
            if stored is None:
                message = f"no definition {content_hash} is stored"
                raise LookupError(message)
            known = memory.definitions[content_hash] = parse(stored)
        return known

    return definition_of


def _write(connection: Connection, cases: list[dict[str, Any]], gone: list[UUID], fresh: list[dict[str, Any]]) -> None:
    statement = upsert(watched_cases)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["case_id"],
            set_={"seq": statement.excluded.seq, "is_readable": statement.excluded.is_readable},
        ),
        cases,
    )
    if gone:
        connection.execute(delete(watched_waits).where(watched_waits.c.id.in_(gone)))
    if fresh:
        connection.execute(insert(watched_waits), fresh)
