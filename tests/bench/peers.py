"""The peers, each as its own documentation runs it: a script that prints one JSON line. Needs the group `bench`.

`<peer> fill N` enqueues in bulk, `<peer> drain` works until nothing is left, `<peer> latency N` enqueues one job after
another while a worker of its own waits, and tells how long each took to start. `apscheduler IDLE N` holds deadlines: N
due at once beside IDLE others.
"""

import asyncio
import json
import logging
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

PAUSE: Final = 0.05
_started: list[float] = []
_starts: dict[str, float] = {}


# -- pgqueuer -----------------------------------------------------------


async def _pgqueuer(dsn: str, act: str, number: int) -> dict[str, Any]:
    import psycopg  # noqa: PLC0415 - each peer brings its own
    from pgqueuer.db import PsycopgDriver  # noqa: PLC0415 - each peer brings its own
    from pgqueuer.qm import QueueManager  # noqa: PLC0415 - each peer brings its own
    from pgqueuer.queries import Queries  # noqa: PLC0415 - each peer brings its own
    from pgqueuer.types import QueueExecutionMode  # noqa: PLC0415 - each peer brings its own

    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        driver = PsycopgDriver(connection)
        queries = Queries(driver)
        if act == "install":
            await queries.install()
            return {}
        if act == "fill":
            await queries.enqueue(["noop"] * number, [None] * number, [0] * number)
            return {}
        manager = QueueManager(queries)

        async def noop(job: Any) -> None:  # noqa: ANN401 - the peer's own type, and it awaits jobs
            now = time.monotonic()
            _started.append(now)
            if job.payload:
                _starts[job.payload.decode()] = now

        manager.entrypoint("noop")(noop)
        if act == "drain":
            await manager.run(batch_size=100, mode=QueueExecutionMode.drain)
            return _span()

        async def enqueue(mark: str) -> None:
            await other_queries.enqueue(["noop"], [mark.encode()], [0])

        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as other:
            other_queries = Queries(PsycopgDriver(other))
            running = asyncio.create_task(manager.run(batch_size=10))
            waits = await _one_by_one(enqueue, number)
            manager.shutdown.set()
            await running
            return waits


# -- procrastinate ------------------------------------------------------


async def _procrastinate(dsn: str, act: str, number: int) -> dict[str, Any]:
    import procrastinate  # noqa: PLC0415 - each peer brings its own

    # Its task lives in this script, as it warns; in this process it is never looked up from another.
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn))

    async def noop(mark: str = "") -> None:
        now = time.monotonic()
        _started.append(now)
        _starts[mark] = now

    task = app.task(name="noop")(noop)
    async with app.open_async():
        if act == "install":
            await app.schema_manager.apply_schema_async()
            return {}
        if act == "fill":
            await task.batch_defer_async(*({} for _ in range(number)))
            return {}
        if act == "drain":
            await app.run_worker_async(concurrency=10, wait=False, install_signal_handlers=False)
            return _span()

        async def enqueue(mark: str) -> None:
            await task.defer_async(mark=mark)

        running = asyncio.create_task(app.run_worker_async(concurrency=10, install_signal_handlers=False))
        waits = await _one_by_one(enqueue, number)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return waits


async def _one_by_one(enqueue: Callable[[str], Awaitable[None]], number: int) -> dict[str, Any]:
    """Enqueue marks a pause apart, and return how long each took from its commit to its start."""
    await asyncio.sleep(1.0)
    committed: dict[str, float] = {}
    for place in range(number):
        mark = f"m{place}"
        await enqueue(mark)
        committed[mark] = time.monotonic()
        await asyncio.sleep(PAUSE)
    ends = time.monotonic() + 20
    while len(_starts) < number and time.monotonic() < ends:  # noqa: ASYNC110 - jobs of any peer set no event
        await asyncio.sleep(PAUSE)
    return {"waits_ms": [(_starts[mark] - at) * 1000 for mark, at in committed.items()]}


def _span() -> dict[str, Any]:
    return {"jobs": len(_started), "first": min(_started, default=0.0), "last": max(_started, default=0.0)}


# -- APScheduler with its SQL job store ---------------------------------


def _apscheduler(dsn: str, number: int, idle: int) -> dict[str, Any]:
    """Add jobs that are due at one instant beside ``idle`` others, and return how late the last of them fired."""
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore  # noqa: PLC0415 - each peer brings its own
    from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415 - each peer brings its own

    store = SQLAlchemyJobStore(url=dsn.replace("postgresql://", "postgresql+psycopg://", 1))
    scheduler = BackgroundScheduler(
        timezone=UTC, jobstores={"default": store}, job_defaults={"misfire_grace_time": None, "coalesce": True}
    )
    scheduler.start(paused=True)
    due = datetime.now(UTC) + timedelta(seconds=1)  # noqa: TID251 - the peer goes by the machine's clock
    began = time.monotonic()
    for place in range(number):
        scheduler.add_job(fire, "date", run_date=due, id=f"j{place}")
    loaded = number / (time.monotonic() - began)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO apscheduler_jobs SELECT 'idle' || n, next_run_time + 864000, job_state"
            " FROM apscheduler_jobs, generate_series(1, %s) AS n WHERE id = 'j0'",
            (idle,),
        )
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))  # noqa: TID251 - the peer goes by the machine's clock
    # Held back until all of them are due: from here on each is late.
    instant = time.monotonic()
    scheduler.resume()
    ends = time.monotonic() + 120
    while len(_started) < number and time.monotonic() < ends:
        time.sleep(0.05)
    scheduler.shutdown()
    return {"loaded_per_second": loaded, "fired": len(_started), "latest_seconds": max(_started) - instant}


def fire() -> None:
    """Be fired."""
    with _lock:
        _started.append(time.monotonic())


_lock = threading.Lock()


def main() -> None:
    """Do what the command line says: peer, address of its database, act, number."""
    peer, dsn, act, number = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    match peer:
        case "pgqueuer":
            told = asyncio.run(_pgqueuer(dsn, act, number))
        case "procrastinate":
            told = asyncio.run(_procrastinate(dsn, act, number))
        case _:
            told = _apscheduler(dsn, number, int(act))
    print(json.dumps(told))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
