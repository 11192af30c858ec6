"""What breaks around the processes: notifications, an orderly stop, a worker that stands still, the database."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from antifraud.foundation.settings import Settings
from antifraud.supervisor.postgres import EmbeddedPostgres
from tests.processes.harness import LEASE, System, system
from tests.processes.procs import Spawner, wait_for

pytestmark = pytest.mark.processes

FLOOR_SECONDS = 1.0
STOPPED_WITHIN_SECONDS = 5.0
UNDER_WAY = "SELECT count(*) FROM outbox WHERE state = 1"
SLOWEST_SEND = (
    "SELECT max(extract(epoch FROM t.started_at - o.created_at)) FROM attempts t JOIN outbox o ON o.id = t.outbox_id"
)


def test_orders_leave_within_the_floor_when_every_notification_is_lost(whole: System) -> None:
    whole.start("simulator", "web", "worker")
    address = make_url(whole.settings.app_database_url or "").set(drivername="postgresql")
    stop = threading.Event()

    def cut_listeners() -> int:
        cut = 0
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND datname = %s"
        with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
            while not stop.wait(0.02):
                cut += len(connection.execute(query, [address.database]).fetchall())
        return cut

    with ThreadPoolExecutor(1) as pool:
        cutting = pool.submit(cut_listeners)
        try:
            for _ in range(12):
                whole.submit(whole.document("SIM-PROMPT"))
            wait_for(
                "every order was sent",
                lambda: whole.one("SELECT count(*) FROM requests WHERE outcome = 'full'") == 12,
                20,
            )
        finally:
            stop.set()
        cut = cutting.result()
    slowest = float(whole.one(SLOWEST_SEND))
    print(f"cut {cut} listeners; the slowest order left after {slowest:.2f} s")  # noqa: T201 - pytest shows it
    assert cut >= 2, "both loops lost their listener"
    assert slowest <= FLOOR_SECONDS + 1, "the floor, and a busy machine"
    whole.assert_sound()


def test_an_orderly_stop_under_load_is_quick_and_leaves_no_claim_even_to_a_bank_that_hangs(whole: System) -> None:
    whole.start("simulator", "web", "worker")
    whole.admin("POST", "/admin/faults", {"bank": "SIM-NO", "kind": "hang", "count": 2})
    documents = [whole.document("SIM-PROMPT", "SIM-NO") for _ in range(20)]
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(whole.send_stream, documents, clients=4, pause=0.05)
        wait_for("a bank hangs", lambda: not whole.admin("GET", "/admin/state")["faults"], 20)
        claimed = whole.one(UNDER_WAY)
        took = whole.stop("worker", 20)
        sent.result()
    print(f"{claimed} messages were under way; stopped after {took:.2f} s")  # noqa: T201 - pytest shows it
    assert claimed >= 1, "there was something under way"
    assert took <= STOPPED_WITHIN_SECONDS
    assert whole.one(UNDER_WAY) == 0

    whole.start("worker")
    wait_for("all went on without waiting for a lease", lambda: not whole.unrest(), 40)
    whole.assert_sound()
    assert whole.one("SELECT count(*) FROM requests WHERE outcome IS NOT NULL") == 40
    whole.assert_verified()


def test_a_worker_that_stood_still_past_its_lease_records_nothing_twice(whole: System) -> None:
    whole.start("simulator", "web", worker="outbox.sent:1:stop")
    whole.submit(whole.document("SIM-PROMPT"))
    asleep = whole.running["worker"]
    wait_for("the worker stands still", lambda: is_stopped(asleep.pid), 20)
    assert len(whole.ledger()) == 1, "the bank has done it, and nothing of that is recorded"
    assert whole.one("SELECT count(*) FROM attempts") == 0

    whole.start("worker-2")
    whole.clock.advance(LEASE)
    wait_for(
        "another worker did it", lambda: whole.one("SELECT count(*) FROM requests WHERE outcome = 'full'") == 1, 20
    )
    asleep.send(signal.SIGCONT)
    wait_for("the sleeper recorded its attempt", lambda: whole.one("SELECT count(*) FROM attempts") == 3, 20)
    whole.settle()
    results = sorted(row.result for row in whole.rows("SELECT result FROM attempts"))
    assert results == ["abandoned", "delivered", "delivered"]
    assert whole.one("SELECT count(*) FROM entries WHERE kind = 'RequestDelivered'") == 1
    assert whole.one("SELECT count(*) FROM entries WHERE kind = 'AnswerReceived'") == 1
    assert whole.one("SELECT count(*) FROM replies") == 1
    whole.assert_sound()
    whole.assert_verified()


@pytest.fixture
def own_server(spawner: Spawner, tmp_path: Path) -> Iterator[tuple[System, EmbeddedPostgres]]:
    """A system on a server of its own, which may be killed."""
    # Not tmp_path: as root, PostgreSQL's account could not enter pytest's own folder.
    home = Path(tempfile.mkdtemp(prefix="antifraud-crash-"))
    postgres = EmbeddedPostgres(home)
    url = postgres.start()
    (home / "logs").mkdir(exist_ok=True)
    settings = Settings(home=home, environment="test", database_url=url, app_database_url=postgres.app_url)
    try:
        with system(settings, spawner, tmp_path) as made:
            yield made, postgres
    finally:
        postgres.destroy()
        shutil.rmtree(home)


def test_a_killed_database_is_told_as_not_received_and_nothing_acknowledged_is_lost(
    own_server: tuple[System, EmbeddedPostgres],
) -> None:
    whole, postgres = own_server
    whole.start("simulator", "web", "worker")
    documents = [whole.document("SIM-PROMPT") for _ in range(40)]
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(whole.send_stream, documents, clients=4, pause=0.1)
        wait_for("some are acknowledged", lambda: len(whole.acked) >= 8, 20)
        before = len(whole.acked)
        os.kill(postmaster(whole.settings.home), signal.SIGKILL)
        wait_for("clients are told", lambda: len([one for one in whole.refusals if one.status == 503]) >= 3, 20)
        postgres.start()
        back = wait_for("reports are taken again", lambda: len(whole.acked) > before + 4, 30)
        sent.result()
    told = [one for one in whole.refusals if one.status == 503]
    print(f"{len(told)} refusals; taken again {back:.2f} s after the start")  # noqa: T201 - pytest shows it
    for one in told:
        assert one.headers["Content-Type"] == "application/problem+json"
        assert int(one.headers["Retry-After"]) >= 1
        assert "nothing was received" in one.json()["detail"]
    whole.settle(60)
    assert len(whole.acked) == len(documents)
    whole.assert_sound()
    assert whole.one("SELECT count(*) FROM requests WHERE outcome = 'full'") == len(documents)
    whole.assert_verified()


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])


def is_stopped(pid: int) -> bool:
    return "\nState:\tT" in Path(f"/proc/{pid}/status").read_text()
