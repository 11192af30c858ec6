"""The tables against the replay: each row that the log gives stands there, column by column, and no other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from antifraud.cases import definitions, models
from antifraud.deadlines.models import deadlines
from antifraud.verification.findings import Difference, Scope, shown
from antifraud.verification.replay import Replay, Rows
from antifraud.verification.streams import CASE, Stream
from workflows import Definition, InvalidDefinition, parse

CHECK = "replay"
SENTENCE = "folding the log by each procedure's definition gives the stored state and every projected row"
TABLES: Mapping[str, Table] = {
    "procedures": models.procedures,
    "holds": models.holds,
    "requests": models.requests,
    "deadlines": deadlines,
    "tasks": models.tasks,
    "approvals": models.approvals,
    "facts": models.facts,
}


def check(scope: Scope, streams: Sequence[Stream]) -> Iterator[Difference]:
    """Replay the cases of a batch of streams and compare them with the tables."""
    cases = {UUID(stream.name.removeprefix(CASE)): stream for stream in streams if stream.name.startswith(CASE)}
    if not cases:
        return
    stored = {name: _rows(scope, table, list(cases)) for name, table in TABLES.items()}

    def definition(content_hash: str) -> Definition:
        try:
            return definitions.by_hash(scope.connection, content_hash)
        except InvalidDefinition as unreadable:
            message = f"definition {content_hash} cannot be read: {unreadable}"
            raise LookupError(message) from unreadable

    for case_id, stream in cases.items():
        replay = Replay(scope.centre.id, case_id, definition)
        breaks = list(replay.run(stream.entries))
        for found in breaks:
            yield Difference(
                check=CHECK,
                where=f"stream {stream.name} seq {found.seq}",
                what="event",
                expected=found.expected,
                found=found.found,
            )
        if breaks:
            continue  # what follows from a broken log cannot be compared
        for name in TABLES:
            yield from _compare(name, case_id, replay.expected.table(name), stored[name].get(case_id, {}))


def definitions_as_stored(scope: Scope) -> Iterator[Difference]:
    """Yield every stored definition whose text is no longer what its content hash says."""
    for row in scope.connection.execute(select(models.definitions).order_by(models.definitions.c.content_hash)):
        try:
            found = parse(row.text).content_hash
        except InvalidDefinition:
            found = "a text that is no definition"
        if found != row.content_hash:
            where = f"definition {row.id} version {row.version}"
            yield Difference(
                check="definitions", where=where, what="content_hash", expected=row.content_hash, found=found
            )


def _rows(scope: Scope, table: Table, case_ids: list[UUID]) -> dict[UUID, Rows]:
    by_case: dict[UUID, Rows] = {}
    for row in scope.connection.execute(select(table).where(table.c.case_id.in_(case_ids))).mappings():
        by_case.setdefault(row["case_id"], {})[row["id"]] = dict(row)
    return by_case


def _compare(table: str, case_id: UUID, expected: Rows, found: Rows) -> Iterator[Difference]:
    for row_id in sorted(expected.keys() - found.keys()):
        yield _difference(table, case_id, row_id, "row", "one", None)
    for row_id in sorted(found.keys() - expected.keys()):
        yield _difference(table, case_id, row_id, "row", None, "one that the log does not know")
    for row_id in sorted(expected.keys() & found.keys()):
        for column in expected[row_id]:
            value, there = _comparable(expected[row_id][column]), _comparable(found[row_id][column])
            if there != value:
                yield _difference(table, case_id, row_id, *_deepest(column, value, there))


def _comparable(value: Any) -> Any:  # noqa: ANN401 - any column
    """Return a value without the zone data's version: a newer one gives the same instant, or another that shows."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items() if key != "tzdata"}
    return value


def _deepest(path: str, expected: Any, found: Any) -> tuple[str, Any, Any]:  # noqa: ANN401 - JSON has no narrower type
    """Return the first place inside a JSON column where the two differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            if expected.get(key) != found.get(key):
                return _deepest(f"{path}.{key}", expected.get(key), found.get(key))
    return path, expected, found


def _difference(table: str, case_id: UUID, row_id: UUID, what: str, expected: Any, found: Any) -> Difference:  # noqa: ANN401 - any column
    return Difference(
        check=CHECK,
        where=f"{table} {row_id} of stream {CASE}{case_id}",
        what=what,
        expected=shown(expected),
        found=shown(found),
    )
