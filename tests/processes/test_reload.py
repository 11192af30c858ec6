"""The web process under load: replaced by SIGHUP without one refused report, stopped without one lost answer."""

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from antifraud.console.frame.sessions import cookie_name
from tests.factories.people import opened, person
from tests.processes.harness import System
from tests.processes.procs import wait_for
from tests.processes.test_run import children_of

pytestmark = pytest.mark.processes

CLIENTS = 8
RELOADS = 2
BETWEEN_SECONDS = 1.5
PAUSE_SECONDS = 0.1
GONE_SECONDS = 20
"""Three where nothing else runs; the machine of the tests may be busy."""


class Sender:
    """One source's client that keeps its connection, obeys ``Connection: close``, and repeats nothing."""

    def __init__(self, whole: System) -> None:
        token = (whole.settings.home / "tokens" / "drill.110").read_text().strip()
        self.whole = whole
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.answers: list[tuple[str, int, bytes]] = []
        self.broken: list[str] = []
        self.connections = 0
        self.slowest = 0.0

    def run(self, stop: threading.Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.whole.settings.port, timeout=20)
        with closing(connection):
            while not stop.is_set():
                document = self.whole.document("SIM-PROMPT")
                headers = {**self.headers, "Idempotency-Key": f"key-{document['source_ref']}"}
                self.connections += connection.sock is None
                began = time.monotonic()
                try:
                    connection.request("POST", "/api/v1/reports", json.dumps(document).encode(), headers)
                    answer = connection.getresponse()
                    body = answer.read()
                except (OSError, http.client.HTTPException) as error:
                    self.broken.append(f"{document['source_ref']}: {type(error).__name__}")
                    connection.close()
                    stop.wait(PAUSE_SECONDS)  # as a client that was refused does
                    continue
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.answers.append((document["source_ref"], answer.status, body))


@contextmanager
def load(whole: System) -> Iterator[list[Sender]]:
    """Have every client post one report after the other, as fast as it is answered."""
    senders, stop = [Sender(whole) for _ in range(CLIENTS)], threading.Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(sender.run, stop) for sender in senders]
        try:
            wait_for("every client was answered", lambda: all(sender.answers for sender in senders), 20)
            yield senders
        finally:
            stop.set()
        for one in running:
            one.result()


def workers(whole: System) -> set[int]:
    return set(all_children(whole.running["web"].pid))


def others_serve(whole: System, old: set[int]) -> bool:
    """Tell whether none of the processes of before is left, and others are there."""
    now = workers(whole)
    return bool(now) and not now & old


def all_children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "status").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if f"\nPPid:\t{parent}\n" in status and "\nState:\tZ" not in status:
                found.append(int(folder.name))
    return found


def get(whole: System, path: str) -> Any:  # noqa: ANN401 - JSON
    return whole.request("GET", path).json()


def test_two_reloads_under_load_cost_no_report_and_no_connection(whole: System) -> None:
    whole.start("web")
    before = workers(whole)
    with load(whole) as senders:
        for _ in range(RELOADS):
            old = workers(whole)
            whole.running["web"].send(signal.SIGHUP)
            wait_for("other processes serve", partial(others_serve, whole, old), 40)
            assert get(whole, "/readyz")["status"] == "ready"
            time.sleep(BETWEEN_SECONDS)
    assert not workers(whole) & before
    answers = [answer for sender in senders for answer in sender.answers]
    assert [sender.broken for sender in senders] == [[]] * CLIENTS
    assert {status for _, status, _ in answers} == {201}
    assert len(answers) > CLIENTS * (RELOADS + 1)
    stored = {row.no for row in whole.rows("SELECT no FROM reports")}
    assert stored == {json.loads(body)["report"]["no"] for _, _, body in answers}
    assert whole.one("SELECT count(*) FROM cases") == len(answers)
    # Kept alive: a new connection only where an old process said that it goes.
    assert all(sender.connections <= 1 + 2 * RELOADS for sender in senders), [s.connections for s in senders]
    assert max(sender.slowest for sender in senders) < GONE_SECONDS
    whole.assert_verified()


def test_more_senders_than_threads_are_served_in_their_turn(whole: System) -> None:
    """A thread stays with a sender whose next report follows at once, but only while nobody else waits."""
    whole.web_threads = 2
    whole.start("web")
    with load(whole) as senders:
        time.sleep(3)
    assert [sender.broken for sender in senders] == [[]] * CLIENTS
    assert all(len(sender.answers) > 1 for sender in senders), [len(sender.answers) for sender in senders]


def test_a_reload_into_a_program_that_cannot_start_leaves_the_old_one_serving(whole: System) -> None:
    whole.start("web")
    old = workers(whole)
    seal = whole.settings.keys_path / "seal.1.key"
    seal.rename(seal.with_suffix(".away"))
    whole.running["web"].send(signal.SIGHUP)
    wait_for("it says so", lambda: "reload_failed" in whole.running["web"].words(), 40)
    assert whole.post(whole.document("SIM-PROMPT")).status == 201
    assert workers(whole) == old
    seal.with_suffix(".away").rename(seal)
    whole.running["web"].send(signal.SIGHUP)
    wait_for("other processes serve", partial(others_serve, whole, old), 40)
    assert whole.post(whole.document("SIM-PROMPT")).status == 201


def test_a_stop_answers_what_is_under_way_and_is_not_ready_at_once(whole: System) -> None:
    whole.start("web")
    kept = http.client.HTTPConnection("127.0.0.1", whole.settings.port, timeout=10)
    with closing(kept), load(whole) as senders:
        kept.request("GET", "/readyz")
        answer = kept.getresponse()
        assert (answer.status, answer.read() != b"") == (200, True)
        whole.running["web"].send(signal.SIGTERM)
        time.sleep(0.2)
        kept.request("GET", "/readyz")
        told = kept.getresponse()
        assert (told.status, told.headers["Connection"]) == (503, "close")
        assert json.loads(told.read())["checks"]["running"] == "stopping"
        wait_for("the web process ended", whole.running["web"].ended, GONE_SECONDS)
    assert whole.running["web"].code() == 0
    # Whoever comes now finds nobody; whoever was heard got an answer.
    kinds = Counter(line.partition(": ")[2] for sender in senders for line in sender.broken)
    assert set(kinds) <= {"ConnectionRefusedError"}, kinds
    answers = [answer for sender in senders for answer in sender.answers]
    assert {status for _, status, _ in answers} == {201}
    assert whole.one("SELECT count(*) FROM reports") == len(answers)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_an_open_stream_holds_up_neither_a_reload_nor_a_stop(whole: System, number: signal.Signals) -> None:
    whole.start("web")
    (old,) = workers(whole)
    who = person(whole.installation, whole.drill)
    token = opened(whole.installation, whole.drill, who).token
    stream = http.client.HTTPConnection("127.0.0.1", whole.settings.port, timeout=GONE_SECONDS)
    with closing(stream):
        stream.request("GET", "/live", headers={"Cookie": f"{cookie_name(whole.settings.public_url)}={token}"})
        answer = stream.getresponse()
        assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, "text/event-stream")
        assert answer.readline().startswith(b"retry:")
        assert "antifraud_streams_open 1.0" in whole.request("GET", "/metrics").body.decode()
        whole.running["web"].send(number)
        answer.read()  # to its end, which comes because the process says so
    wait_for("the old process is gone", lambda: old not in workers(whole), GONE_SECONDS)
    assert "SIGKILL" not in whole.running["web"].words()


def test_a_stop_in_the_middle_of_a_reload_is_not_held_up_by_it(whole: System) -> None:
    whole.start("web")
    (old,) = workers(whole)
    whole.running["web"].send(signal.SIGHUP)
    wait_for("a new process begins", lambda: len(workers(whole)) == 1 + len({old}), 20, 0.01)
    whole.running["web"].stop(GONE_SECONDS)
    assert whole.running["web"].code() == 0


def test_a_worker_that_dies_is_replaced_and_its_master_can_be_found(whole: System) -> None:
    whole.start("web")
    assert int((whole.settings.home / "web.pid").read_text()) == whole.running["web"].pid
    (old,) = workers(whole)
    os.kill(old, signal.SIGKILL)
    wait_for("another serves", partial(others_serve, whole, {old}), 20)
    wait_for("it is ready", lambda: whole.request("GET", "/readyz").status == 200, 20)
    whole.running["web"].stop(GONE_SECONDS)
    assert not (whole.settings.home / "web.pid").exists()
    assert children_of(whole.running["web"].pid) == {}
