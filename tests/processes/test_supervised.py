"""``antifraud run`` under work: what it restarts goes on where it was, and the next run finds everything."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from antifraud.foundation.settings import Settings
from tests.processes.harness import System
from tests.processes.procs import Spawner, two_free_ports, wait_for
from tests.processes.test_run import Service

pytestmark = pytest.mark.processes

REPORTS = 24
RESTARTED_WITHIN_SECONDS = 30


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A supervisor with a home of its own, whose clock can be moved."""
    monkeypatch.setenv("ANTIFRAUD_CLOCK", "controlled")
    # Not tmp_path: as root, PostgreSQL's account could not enter pytest's own folder.
    home = Path(tempfile.mkdtemp(prefix="antifraud-supervised-"))
    running = Service(home, two_free_ports())
    yield running
    if not running.ended():
        running.send(signal.SIGTERM)
    shutil.rmtree(home)


def test_every_process_is_killed_under_work_and_the_next_run_still_has_it_all(
    service: Service, spawner: Spawner, tmp_path: Path
) -> None:
    service.start()
    with seen_from_outside(service, spawner, tmp_path) as whole:
        with ThreadPoolExecutor(1) as pool:
            documents = [whole.document("SIM-PROMPT", "SIM-HOP") for _ in range(REPORTS)]
            sent = pool.submit(whole.send_stream, documents, clients=2, pause=0.3)
            for name in ("web", "worker", "auditor", "simulator", "postgres"):
                before = service.children()[name]
                os.kill(before, signal.SIGKILL)
                another = partial(service.has_another, name, before)
                wait_for(f"{name} is started again", another, RESTARTED_WITHIN_SECONDS)
            tries = sent.result()
        assert sum(tries) > REPORTS, "a client met a dead process"
        wait_for("it is ready again", lambda: service.livez() == 200, RESTARTED_WITHIN_SECONDS)
        whole.settle(60)
        whole.assert_sound()
        acked = whole.acked
    assert service.send(signal.SIGINT) == 0

    service.start()
    with seen_from_outside(service, spawner, tmp_path) as whole:
        whole.acked = acked
        whole.settle(60)
        whole.assert_sound()
        assert len(whole.acked) == REPORTS
        whole.assert_verified()
    assert service.send(signal.SIGINT) == 0


def seen_from_outside(service: Service, spawner: Spawner, folder: Path) -> System:
    """Return the system of a supervisor that runs, read by the addresses that it left in its home."""
    settings = Settings.from_environment(
        {
            "ANTIFRAUD_HOME": str(service.home),
            "ANTIFRAUD_PORT": str(service.port),
            "ANTIFRAUD_CLOCK": "controlled",
        }
    )
    return System(settings, spawner, folder)
