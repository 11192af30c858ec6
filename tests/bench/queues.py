"""Our outbox beside other queues on the same server: how fast it drains, and how soon a message starts (B4, B6)."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import sql

from tests.bench.place import ROOT, Copy, Place, drill_of, run_script
from tests.factories import reports

PEERS: Final = ("pgqueuer", "procrastinate")
_PEER: Final = ["-m", "tests.bench.peers"]
_OWN: Final = ["-m", "tests.bench.own"]


def drained(place: Place, *, rounds: int, jobs: int, slow_jobs: int) -> dict[str, Any]:
    """Return jobs per second by system and number of workers, in turn; the slow peer gets fewer jobs."""
    copy = place.copy("bench_queue")
    _one_message(copy)
    addresses = {peer: place.empty(f"bench_{peer}") for peer in PEERS}
    for peer, dsn in addresses.items():
        run_script([*_PEER, peer, dsn, "install", "0"])
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for workers in (1, 2):
            _fill(copy, jobs)
            own = _together([[*_OWN, "drain"]] * workers, copy.environ())
            found.setdefault(f"own {workers}", []).append(_rate(own, jobs))
            for peer, dsn in addresses.items():
                number = jobs if peer == "pgqueuer" else slow_jobs
                run_script([*_PEER, peer, dsn, "fill", str(number)])
                told = _together([[*_PEER, peer, dsn, "drain", "0"]] * workers, {})
                found.setdefault(f"{peer} {workers}", []).append(_rate(told, number))
    return found


def started(place: Place, *, rounds: int, jobs: int) -> dict[str, Any]:
    """Return for each system the waits from commit to start, one job at a time on an idle machine."""
    copy = place.copy("bench_start")
    _one_message(copy)
    with copy.connect() as db:
        db.execute("UPDATE outbox SET state = 2")
    addresses = {peer: place.empty(f"bench_start_{peer}") for peer in PEERS}
    for peer, dsn in addresses.items():
        run_script([*_PEER, peer, dsn, "install", "0"])
    found: dict[str, list[list[float]]] = {}
    for _ in range(rounds):
        told = run_script([*_OWN, "latency", str(jobs)], copy.environ())
        found.setdefault("own", []).append(told["waits_ms"])
        for peer, dsn in addresses.items():
            told = run_script([*_PEER, peer, dsn, "latency", str(jobs)])
            found.setdefault(peer, []).append(told["waits_ms"])
    return found


def _one_message(copy: Copy) -> None:
    """Leave one real order in the outbox, of which the others are copies."""
    with copy.installation() as installation:
        reports.submit(installation, drill_of(installation), reports.report(installation.clock.now()))


def _fill(copy: Copy, jobs: int) -> None:
    """Queue copies of the one message, each about a request of its own, spread over the simulated banks."""
    with copy.connect() as db:
        _requests(db, jobs)
        db.execute("DELETE FROM attempts")
        db.execute("DELETE FROM outbox WHERE id <> request_id")
        db.execute(
            "INSERT INTO outbox (id, centre_id, institution_id, case_id, request_id, kind, channel, key_id,"
            " body_cipher, body_digest, rank, state, next_attempt_at, created_at)"
            " SELECT gen_random_uuid(), o.centre_id, banks.id, o.case_id, asked.id, o.kind, o.channel, o.key_id,"
            " o.body_cipher, o.body_digest, o.rank, 0, o.next_attempt_at, o.created_at"
            " FROM outbox AS o, (SELECT id, row_number() OVER () AS place, count(*) OVER () AS number"
            " FROM institutions WHERE is_simulated) AS banks,"
            " (SELECT id, row_number() OVER () AS n FROM requests LIMIT %s) AS asked"
            " WHERE o.id = o.request_id AND asked.n %% banks.number = banks.place - 1",
            (jobs,),
        )
        db.execute("UPDATE outbox SET state = 2 WHERE id = request_id")
        db.execute("VACUUM ANALYZE outbox, attempts")


def _requests(db: psycopg.Connection[Any], number: int) -> None:
    """Let there be so many requests at least: copies of the first."""
    names = [column.name for column in db.execute("SELECT * FROM requests LIMIT 0").description or ()]
    kept = sql.SQL(", ").join(sql.Identifier(name) for name in names if name != "id")
    query = sql.SQL(
        "INSERT INTO requests (id, {0}) SELECT gen_random_uuid(), {0} FROM (SELECT * FROM requests LIMIT 1) AS one,"
        " generate_series(1, %s - (SELECT count(*) FROM requests))"
    )
    db.execute(query.format(kept), (number,))


def _together(commands: Sequence[list[str]], environ: dict[str, str]) -> list[Any]:
    """Run workers side by side, and return what each told."""
    processes = [
        subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**Copy.surroundings(), **environ},
        )
        for command in commands
    ]
    told = [json.loads(process.communicate()[0].strip().splitlines()[-1]) for process in processes]
    if any(process.returncode for process in processes):
        message = "a worker of the comparison failed"
        raise RuntimeError(message)
    return told


def _rate(told: Sequence[Any], jobs: int) -> float:
    """Return jobs per second from the first worker's first job to the last one's last."""
    busy = [one for one in told if one["jobs"]]
    if sum(one["jobs"] for one in busy) != jobs:
        message = f"{sum(one['jobs'] for one in busy)} of {jobs} jobs were done"
        raise RuntimeError(message)
    return float(jobs / (max(one["last"] for one in busy) - min(one["first"] for one in busy)))
