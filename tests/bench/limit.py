"""The limit beside intake: pgbench inserting, in one transaction, the rows that one accepted report leaves.

The script is written from the rows themselves, read back after one report: one INSERT a table, every id and hash made
anew for each transaction. It runs in the same schema (indexes, foreign keys, checks), as the superuser, so without row
security and without anything to encrypt, hash or decide.
"""

import os
import re
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql

from tests.bench.place import Copy

# Made by the set-up, read-only afterwards, or written by the processes themselves.
_NOT_OF_A_REPORT: Final = ("alembic_version", "heartbeats", "planned_runs", "leaves", "tree_heads", "area_heads")
# Parents before children, because pgbench sends one INSERT after the other.
_ORDER: Final = (
    "data_keys",
    "cases",
    "reports",
    "idempotency",
    "procedures",
    "payments",
    "accounts",
    "parties",
    "transfers",
    "holds",
    "requests",
    "tasks",
    "deadlines",
    "facts",
    "outbox",
    "entries",
)
_TPS: Final = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


def rows_per_table(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Count the rows of every table that a report may write."""
    names = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition"
    ).fetchall()
    counts = {}
    for (name,) in names:
        if name not in _NOT_OF_A_REPORT:
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
            found = connection.execute(query).fetchone()
            counts[name] = found[0] if found else 0
    return counts


def write_script(connection: psycopg.Connection[Any], before: dict[str, int], path: Path) -> dict[str, int]:
    """Write pgbench's script from the rows that one report left since ``before``; return their number by table."""
    after = rows_per_table(connection)
    left = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    if set(left) - set(_ORDER):
        message = f"a report writes tables that the benchmark does not know: {sorted(set(left) - set(_ORDER))}"
        raise RuntimeError(message)
    tables = {name: _rows(connection, name, left[name]) for name in _ORDER if name in left}
    own = {str(row["id"][0]) for rows in tables.values() for row in rows if "id" in row}
    lines = [
        "\\set n random(1, 9000000000000000000)",
        "BEGIN;",
        *(_insert(name, rows, own) for name, rows in tables.items()),
        "COMMIT;",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return left


def run(copy: Copy, script: Path, *, clients: int, seconds: float) -> float:
    """Return pgbench's transactions per second."""
    done = subprocess.run(
        [
            copy.place.program("pgbench"),
            "--no-vacuum",
            "--protocol=prepared",
            f"--client={clients}",
            f"--jobs={min(clients, 2)}",
            f"--time={max(1, round(seconds))}",
            f"--file={script}",
            copy.dsn,
        ],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = _TPS.search(done.stdout)
    if done.returncode != 0 or found is None:
        message = f"pgbench ended with {done.returncode}: {done.stderr[-2000:]}"
        raise RuntimeError(message)
    return float(found[1])


def _rows(connection: psycopg.Connection[Any], table: str, count: int) -> list[dict[str, tuple[Any, str, str]]]:
    """Return the newest rows of a table: by column its value, its text and its type, without what is null."""
    columns = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        # What the database fills in by itself, it fills in here too.
        " AND (attrelid, attname) NOT IN (('entries'::regclass, 'xid'), ('reports'::regclass, 'seq'))",
        (table,),
    ).fetchall()
    query = sql.SQL("SELECT {} FROM {} ORDER BY xmin::text::bigint DESC LIMIT {}").format(
        sql.SQL(", ").join(
            part
            for name, _ in columns
            for part in (sql.Identifier(name), sql.SQL("{}::text").format(sql.Identifier(name)))
        ),
        sql.Identifier(table),
        count,
    )
    return [
        {
            name: (row[2 * place], row[2 * place + 1], kind)
            for place, (name, kind) in enumerate(columns)
            if row[2 * place] is not None
        }
        for row in connection.execute(query).fetchall()
    ]


def _insert(table: str, rows: list[dict[str, tuple[Any, str, str]]], own: Collection[str]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    values = ", ".join(
        "(" + ", ".join(_value(name, *row[name], own) if name in row else "NULL" for name in names) + ")"
        for row in rows
    )
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {values};"  # noqa: S608 - a script of our own rows


def _value(name: str, value: Any, text: str, kind: str, own: Collection[str]) -> str:  # noqa: ANN401 - of any column
    """Return how the script writes a value: what must be new in each transaction is computed from its number."""
    if isinstance(value, UUID) and str(value) in own:
        return f"md5('{value}' || :n::text)::uuid"
    if kind == "bytea" and name.endswith(("_hash", "_digest")):
        return f"decode(md5('{text[-8:]}' || :n::text) || md5('{text[-16:-8]}' || :n::text), 'hex')"
    if name == "no":
        return "'N' || :n::text"
    if name == "stream":
        kind_of, _, owner = text.partition(":")
        return f"{_quoted(kind_of + ':')} || md5('{owner}' || :n::text)::uuid"
    return f"{_quoted(text)}::{kind}"


def _quoted(text: str) -> str:
    """Return a literal without a colon, which pgbench would take for one of its variables."""
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a").replace("\n", "\\n")
    return f"E'{escaped}'"
