"""Deadlines that fall due together, and how fast they are loaded, beside APScheduler's SQL job store (B8, B9).

Ours are real ones: each belongs to a case of its own, and firing it advances that case, writes its state, a task and
the log. The store only makes a call.
"""

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from psycopg import sql

from antifraud.deadlines import service as waits
from antifraud.foundation.clock import ControlledClock, FrozenClock
from tests.bench.place import Copy, Place, drill_of, run_script
from tests.factories import reports

_OF_A_CASE: Final = ("cases", "procedures", "holds", "requests", "deadlines")
_BATCH: Final = 200
_LONGEST_SECONDS: Final = 180.0
_FAR: Final = timedelta(days=30)
_AHEAD: Final = timedelta(days=1)
_FILLED: Final = "bench_timers_filled"


def filled(place: Place, *, due: int, pending: int) -> datetime:
    """Prepare what `fire` copies: ``due`` of ``pending`` deadlines fall due at the instant that is returned."""
    return _clone(place.copy(_FILLED), due, pending)


def fire(place: Place, instant: datetime, *, due: int, pending: int) -> dict[str, Any]:
    """Let ``due`` of ``pending`` deadlines fall due at one instant, with one worker; tell how late the last one was."""
    copy = place.copy("bench_timers", _FILLED)
    copy.settings = replace(copy.settings, clock="controlled")
    clock = ControlledClock(copy.settings.clock_path)
    try:
        with copy.worker(), copy.connect() as db:
            time.sleep(1.0)
            began = time.monotonic()
            clock.set(instant)
            # One look into an index: counting what was fired took a whole processor from those who fire.
            left = "SELECT 1 FROM deadlines WHERE state = 'running' AND due_at <= %s LIMIT 1"
            while db.execute(left, (instant,)).fetchone() and time.monotonic() - began < _LONGEST_SECONDS:
                time.sleep(0.02)
            last = time.monotonic()
            fired, own = db.execute(
                "SELECT count(*), max(late_by_seconds) FROM deadlines WHERE state = 'fired'"
            ).fetchone() or (0, None)
        if fired != due:
            message = f"{fired} of {due} deadlines were fired in {_LONGEST_SECONDS:.0f} s"
            raise RuntimeError(message)
    finally:
        copy.settings.clock_path.unlink(missing_ok=True)
    return {
        "due": due,
        "pending": pending,
        "fired": fired,
        "latest_seconds": last - began,
        "recorded_seconds": float(own) if own is not None else None,
    }


def load(place: Place, *, number: int) -> float:
    """Return deadlines written per second by the call that ships, a thousand in one transaction."""
    copy = place.copy("bench_load")
    with copy.installation() as installation:
        drill = drill_of(installation)
        reports.submit(installation, drill, reports.report(installation.clock.now()))
        with copy.connect() as db:
            found = db.execute("SELECT row_to_json(d) FROM deadlines AS d LIMIT 1").fetchone()
        if found is None:
            message = "a report left no deadline"
            raise RuntimeError(message)
        left = ("ended_at", "late_by_seconds", "caught_up")
        row = {name: value for name, value in found[0].items() if name not in left}
        rows = iter([{**row, "id": uuid.uuid4()} for _ in range(number)])
        began = time.monotonic()
        while batch := list(islice(rows, 1000)):
            with installation.database.begin(drill.id) as connection:
                work = installation.work(connection, drill.id, "loop:deadlines")
                waits.start(work, batch)
                work.write()
        return number / (time.monotonic() - began)


def store(place: Place, *, due: int, idle: int) -> dict[str, Any]:
    """Return the same two figures of APScheduler's SQL job store."""
    dsn = place.empty("bench_apscheduler")
    told: dict[str, Any] = run_script(["-m", "tests.bench.peers", "apscheduler", dsn, str(idle), str(due)])
    if told["fired"] != due:
        message = f"the store fired {told['fired']} of {due}"
        raise RuntimeError(message)
    return told


def _clone(copy: Copy, cases: int, pending: int) -> datetime:
    """Fill the database with copies of one reported case; return the instant at which each has its first deadline."""
    with copy.installation() as opened, copy.connect() as db:
        # Reported tomorrow, so that nothing falls due before a round says so.
        installation = replace(opened, clock=FrozenClock(opened.clock.now() + _AHEAD))
        reports.submit(installation, drill_of(installation), reports.report(installation.clock.now()))
        # Nothing is to be sent: the deadlines alone are measured.
        db.execute("UPDATE outbox SET state = 3")
        texts, own = _template(db)
        numbers = iter(range(cases - 1))
        while batch := list(islice(numbers, _BATCH)):
            with db.transaction():
                db.execute("SET LOCAL synchronous_commit = off")
                copies = [_renamed(texts, own, number) for number in batch]
                for table in _OF_A_CASE:
                    rows = "[" + ",".join(piece for one in copies for piece in one[table]) + "]"
                    query = sql.SQL("INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, %s::json)")
                    db.execute(query.format(sql.Identifier(table)), (rows,))
        known = db.execute("SELECT count(*), min(due_at) FROM deadlines").fetchone()
        if known is None or known[1] is None:
            message = "a report left no deadline"
            raise RuntimeError(message)
        names = [column.name for column in db.execute("SELECT * FROM deadlines LIMIT 0").description or ()]
        kept = sql.SQL(", ").join(sql.Identifier(name) for name in names if name not in ("id", "due_at"))
        query = sql.SQL(
            "INSERT INTO deadlines (id, due_at, {0}) SELECT gen_random_uuid(), due_at + %s, {0}"
            " FROM (SELECT * FROM deadlines LIMIT 1) AS one, generate_series(1, %s)"
        )
        db.execute(query.format(kept), (_FAR, max(0, pending - known[0])))
        db.execute("VACUUM ANALYZE")
        instant: datetime = known[1]
        return instant


def _template(db: Any) -> tuple[dict[str, list[str]], list[str]]:  # noqa: ANN401 - a connection
    texts: dict[str, list[str]] = {}
    own: list[str] = []
    for table in _OF_A_CASE:
        rows = db.execute(sql.SQL("SELECT row_to_json(one)::text FROM {} AS one").format(sql.Identifier(table)))
        texts[table] = [text for (text,) in rows]
        own += [json.loads(text)["id"] for text in texts[table]]
    return texts, own


def _renamed(texts: dict[str, list[str]], own: list[str], number: int) -> dict[str, list[str]]:
    """Return the rows with every id of their own made anew, in state and columns alike."""
    fresh = [(old, str(uuid.uuid4())) for old in own]
    return {table: list(_each(rows, fresh, number)) for table, rows in texts.items()}


def _each(rows: list[str], fresh: list[tuple[str, str]], number: int) -> Iterator[str]:
    for row in rows:
        text = row
        for old, new in fresh:
            text = text.replace(old, new)
        document = json.loads(text)
        if "no" in document:
            document["no"] = f"B{number}"
        yield json.dumps(document)
