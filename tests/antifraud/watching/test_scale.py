"""With a hundred thousand open waits and a long log, a look reads what is new and nothing else."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.db import bind
from antifraud.installation import Installation
from antifraud.watching import alarms, reading
from antifraud.watching.reading import Memory
from antifraud.watching.service import look
from tests.conftest import NOW
from tests.factories.cases import Story

OLD_CASES, ENTRIES_EACH, OPEN_WAITS = 2_000, 30, 100_000
# Transactions of long ago, far below those of the test.
OLD_LOG = """
    INSERT INTO entries (opened_month, stream, seq, id, centre_id, at, recorded_at, actor, kind, payload, prev_hash,
        hash, xid)
    SELECT date '2026-11-01', 'case:' || lpad(to_hex(c), 32, '0')::uuid, s, gen_random_uuid(), :centre, :at, :at,
        'loop:test', 'ReportAccepted', '{}', '', '', (3 + c % 300)::text::xid8
    FROM generate_series(1, :cases) AS c, generate_series(1, :each) AS s
"""
BOOKS = """
    INSERT INTO watched_cases SELECT lpad(to_hex(c), 32, '0')::uuid, :centre, :each, true
    FROM generate_series(1, :cases) AS c
"""
WAITS = """
    INSERT INTO watched_waits SELECT gen_random_uuid(), :centre, lpad(to_hex(1 + w % :cases), 32, '0')::uuid,
        :at + interval '1 day' + w * interval '1 second', false FROM generate_series(1, :waits) AS w
"""
POSITION = """
    INSERT INTO watch_positions (centre_id, through_xid) VALUES (:centre, pg_snapshot_xmin(pg_current_snapshot()))
"""


@pytest.fixture
def long_log(installation: Installation, drill: Centre) -> None:
    """A centre whose books stand at the end of a long log."""
    owner = create_engine(installation.settings.database_url or "")
    values = {"centre": drill.id, "at": NOW, "cases": OLD_CASES, "each": ENTRIES_EACH, "waits": OPEN_WAITS}
    with owner.begin() as connection:
        bind(connection, drill.id)
        for statement in (OLD_LOG, BOOKS, WAITS, POSITION):
            named = set(re.findall(r":([a-z]+)\b", re.sub(r"::\w+", "", statement)))
            connection.execute(text(statement), {name: values[name] for name in named & values.keys()})
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("entries", "watched_cases", "watched_waits"):
            connection.execute(text(f"ANALYZE {table}"))
    owner.dispose()


def scans(connection: Connection, sql: str, **values: Any) -> list[str]:  # noqa: ANN401 - parameters of any kind
    """Return how a statement reads its tables, and how many rows it looked at: `Index Scan on watched_waits: 3`."""
    plan = connection.scalar(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}"), values)
    found: list[str] = []

    def walk(node: dict[str, Any]) -> None:
        if "Relation Name" in node:
            each = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            rows = int(each * node["Actual Loops"])
            found.append(f"{node['Node Type']} on {node['Relation Name']}: {rows}")
        for child in node.get("Plans", ()):
            walk(child)

    walk((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    assert found
    return found


def test_every_statement_of_a_look_reads_by_an_index_and_takes_out_what_is_new(
    installation: Installation, drill: Centre, clock: FrozenClock, long_log: None
) -> None:
    with installation.database.begin(drill.id) as connection:
        through = connection.scalar(text("SELECT through_xid::text FROM watch_positions"))
    story = Story(installation, drill, clock)
    soon = clock.now() + timedelta(hours=1)
    centre = {"centre": drill.id}
    with installation.database.begin(drill.id) as connection:
        month = connection.scalar(text("SELECT opened_month FROM cases WHERE id = :id"), {"id": story.case_id})
        own = {"months": [month], "streams": [f"case:{story.case_id}"], "seqs": [0]}
        place = scans(connection, reading.PLACE, **centre, through=through, entries=reading.ENTRIES_AT_ONCE)
        news = scans(connection, reading.NEWS, **centre, through=through, until=None)
        entries = scans(connection, reading.ENTRIES, **own)
        due = scans(
            connection,
            "SELECT id FROM watched_waits WHERE centre_id = :centre AND NOT is_due AND due_at <= :now",
            **centre,
            now=soon,
        )
        oldest = scans(connection, alarms.BOOKS, **centre)
    for found in (place, news, entries, due, oldest):
        # Partitions of other months are empty, and there are two rows of positions.
        read = [scan for scan in found if scan.startswith("Seq Scan") and not scan.endswith(": 0")]
        assert [scan for scan in read if "watch_positions" not in scan] == []
    taken = sum(int(scan.rpartition(" ")[2]) for found in (place, news, entries, due, oldest) for scan in found)
    assert taken < 200, (place, news, entries, due, oldest)


def test_a_look_at_a_long_log_folds_only_the_case_that_has_news(
    installation: Installation, drill: Centre, clock: FrozenClock, long_log: None
) -> None:
    story = Story(installation, drill, clock)
    memory = Memory()
    with installation.database.begin(drill.id) as connection:
        found = look(connection, drill.id, clock.now(), memory)
    assert found is not None
    assert (found.cases, found.is_behind, list(memory.cases)) == (1, False, [story.case_id])
    with installation.database.begin(drill.id) as connection:
        found = look(connection, drill.id, clock.now(), memory)
        waits = connection.scalar(text("SELECT count(*) FROM watched_waits"))
    assert found is not None
    assert found.cases == 0
    assert waits > OPEN_WAITS


def test_a_hundred_thousand_that_come_due_at_once_are_marked_and_counted_in_one_look(
    installation: Installation, drill: Centre, clock: FrozenClock, long_log: None
) -> None:
    clock.advance(timedelta(days=30))
    with installation.database.begin(drill.id) as connection:
        found = look(connection, drill.id, clock.now(), Memory())
    assert found is not None
    assert (found.difference, found.has_counted) == (OPEN_WAITS, True)
