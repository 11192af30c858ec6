"""Rows on their way into their tables: gathered in memory, then inserted by one statement and changed by another.

One accepted report leaves some twenty rows in fifteen tables. Sent table by
table, the client's own work per statement costs more than the rows do.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Table

from antifraud.foundation.db import ask

_Shape = tuple[str, tuple[str, ...], tuple[str, ...]]


class Rows:
    """What one transaction still has to write; `write` must follow before it is read again, and before the commit."""

    __slots__ = ("_batches", "_changes", "_notices")

    def __init__(self) -> None:
        self._changes: dict[str, dict[UUID, Mapping[str, Any]]] = {}
        self._batches: dict[str, tuple[_Shape, list[Mapping[str, Any]]]] = {}
        self._notices: list[tuple[str, str]] = []

    def add(self, table: Table, rows: Iterable[Mapping[str, Any]], *, replacing: tuple[str, ...] = ()) -> None:
        """Gather rows of one table, all with the same columns; columns left out get their default.

        Args:
            table: Where they go.
            rows: By column; UUID, bytes, instants and JSON as they are.
            replacing: Of a row whose id is there already, the columns that get the new values.
        """
        wanted = list(rows)
        if not wanted:
            return
        shape = (table.name, tuple(wanted[0]), replacing)
        known = self._batches.setdefault(table.name, (shape, []))
        if known[0] != shape or any(row.keys() != wanted[0].keys() for row in wanted[1:]):
            message = f"rows of {table.name} with different columns cannot be one batch"
            raise ValueError(message)
        known[1].extend(wanted)

    def change(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Gather new values of rows that are there already, found by their id; of one id the first values count."""
        known = self._changes.setdefault(table.name, {})
        for row in rows:
            known.setdefault(row["id"], row)

    def tell(self, channel: str, payload: str = "") -> None:
        """Gather a NOTIFY; who listens hears it at the commit."""
        self._notices.append((channel, payload))

    def write(self, connection: Connection) -> None:
        """Insert all that was gathered, in one statement, then change what is to be changed, in another.

        A change may be of a row that is inserted by the same call. Foreign
        keys between new rows are checked when all of them are there.
        """
        self._insert(connection)
        changes = {name: list(rows.values()) for name, rows in self._changes.items() if rows}
        self._changes = {}
        if changes:
            shapes = tuple((name, tuple(rows[0])) for name, rows in changes.items())
            ask(connection, _changing(shapes), [as_json(rows) for rows in changes.values()])

    def _insert(self, connection: Connection) -> None:
        if not self._batches and not self._notices:
            return
        batches, notices = list(self._batches.values()), self._notices
        self._batches, self._notices = {}, []
        # Every value travels as JSON and is read by the column's own type.
        values = [as_json(rows) for _, rows in batches]
        if notices:
            values.append(as_json(notices))
        ask(connection, _statement(tuple(shape for shape, _ in batches), bool(notices)), values)


@lru_cache(maxsize=256)
def _statement(shapes: tuple[_Shape, ...], has_notices: bool) -> str:  # noqa: FBT001 - a part of the cache's key
    inserts = ", ".join(f"t{number} AS ({_insert(number, *shape)})" for number, shape in enumerate(shapes, 1))
    last = (
        f"SELECT pg_notify(told->>0, told->>1) FROM json_array_elements(${len(shapes) + 1}::json) AS told"  # noqa: S608 - see below
        if has_notices
        else "SELECT 1"
    )
    return f"WITH {inserts} {last}" if inserts else last


def _insert(number: int, table: str, columns: tuple[str, ...], replacing: tuple[str, ...]) -> str:
    changes = ", ".join(f'"{column}" = excluded."{column}"' for column in replacing)
    return insert_of(table, columns, number) + (f" ON CONFLICT (id) DO UPDATE SET {changes}" if changes else "")


@lru_cache(maxsize=256)
def _changing(shapes: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    """Return one statement that changes each table by the rows of one value."""
    parts = []
    for number, (table, columns) in enumerate(shapes, 1):
        values = ", ".join(f'"{column}" = told."{column}"' for column in columns if column != "id")
        # Names come from our own tables, never from input.
        parts.append(
            f"t{number} AS (UPDATE {table} SET {values}"  # noqa: S608 - see above
            f" FROM json_populate_recordset(NULL::{table}, ${number}::json) AS told WHERE {table}.id = told.id)"
        )
    return f"WITH {', '.join(parts)} SELECT 1"


def insert_of(table: str, columns: Iterable[str], number: int = 1) -> str:
    """Return the INSERT of rows that are given as value ``number``, see `as_json`; they are inserted in their order."""
    names = ", ".join(f'"{column}"' for column in columns)
    # Names come from our own tables, never from input.
    return (
        f"INSERT INTO {table} ({names}) SELECT {names}"  # noqa: S608 - see above
        f" FROM json_populate_recordset(NULL::{table}, ${number}::json)"
    )


def as_json(value: object) -> str:
    """Return rows as the one value that `insert_of` takes."""
    return _WRITER.encode(value)


_TEXT: Final[dict[type, Callable[[Any], str]]] = {
    UUID: lambda value: f"{value.int:032x}",  # half the cost of its text with hyphens, and a report has 100 of them
    bytes: lambda value: f"\\x{value.hex()}",
    Decimal: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
}
"""How PostgreSQL reads a value that JSON has no word for."""


def _text(value: object) -> str:
    try:
        return _TEXT[type(value)](value)
    except KeyError:
        message = f"no column takes {type(value).__name__}"
        raise TypeError(message) from None


# What is written is made for it, so it holds no circle to look for.
_WRITER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_text, check_circular=False)
