"""``antifraud run`` as a person uses it: start, look, start a second one, kill something, Ctrl-C, start again."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.processes.procs import two_free_ports

pytestmark = pytest.mark.processes

READY_SECONDS = 90.0
STOP_SECONDS = 12.0


class Service:
    """One ``antifraud run`` with a home and a port of its own."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port
        self.output = home / "terminal.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str, **environ: str) -> list[str]:
        settings = {"ANTIFRAUD_HOME": str(self.home), "ANTIFRAUD_PORT": str(self.port), **environ}
        return [
            "/usr/bin/env",
            "-u",
            "DATABASE_URL",
            "-u",
            "ANTIFRAUD_TESTS_SERVER",  # the test run's own, no setting of the product
            *(f"{name}={value}" for name, value in settings.items()),
            sys.executable,
            "-m",
            "antifraud.cli",
            *arguments,
        ]

    def start(self) -> None:
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(self.command("run"), stdout=output, stderr=subprocess.STDOUT)
        wait_for(lambda: self.said("is ready at") or self.ended(), READY_SECONDS)
        assert not self.ended(), self.output.read_text()

    def said(self, sentence: str) -> bool:
        return sentence in self.output.read_text(encoding="utf-8", errors="replace")

    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def send(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(STOP_SECONDS)

    def livez(self) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def children(self) -> dict[str, int]:
        return children_of(self.pid)

    def has_another(self, name: str, before: int) -> bool:
        return self.children().get(name, before) != before

    def kill_if_alive(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def children_of(parent: int) -> dict[str, int]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "status").read_text()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if f"\nPPid:\t{parent}\n" in status and "\nState:\tZ" not in status:
                known = ("web", "worker", "auditor", "simulator", "postgres")
                name = next((word for word in known if word in command), command)
                found[name] = int(folder.name)
    return found


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)  # between two looks, never instead of one


@pytest.fixture
def service() -> Iterator[Service]:
    # Not tmp_path: as root, PostgreSQL's account could not enter pytest's own folder.
    home = Path(tempfile.mkdtemp(prefix="antifraud-run-"))
    running = Service(home, two_free_ports())
    yield running
    running.kill_if_alive()
    wait_for(lambda: not list(home.glob("postgres/data/postmaster.pid")) or not postmaster_lives(home), STOP_SECONDS)
    shutil.rmtree(home)


def postmaster_lives(home: Path) -> bool:
    try:
        return is_alive(int((home / "postgres/data/postmaster.pid").read_text().split("\n", 1)[0]))
    except FileNotFoundError:
        return False


def test_it_starts_refuses_a_second_copy_stops_and_starts_again(service: Service) -> None:
    service.start()
    assert service.livez() == 200
    assert service.said(f"http://127.0.0.1:{service.port}")
    assert service.said("first sign-in")
    assert {"web", "worker", "auditor", "simulator", "postgres"} <= set(service.children())

    second = subprocess.run(service.command("run"), capture_output=True, text=True, check=False, timeout=30)
    assert second.returncode == 3
    assert "already runs" in second.stdout + second.stderr
    assert service.livez() == 200

    children = service.children()
    assert service.send(signal.SIGINT) == 0
    assert not [name for name, pid in children.items() if is_alive(pid)]
    assert service.livez() is None

    service.start()
    assert service.livez() == 200
    assert not service.said("first sign-in")
    assert service.send(signal.SIGTERM) == 0


def test_what_dies_is_started_again_and_nothing_outlives_a_killed_supervisor(service: Service) -> None:
    service.start()
    for name in ("web", "worker", "auditor", "simulator", "postgres"):
        before = service.children()[name]
        os.kill(before, signal.SIGKILL)
        wait_for(partial(service.has_another, name, before), 30)
    wait_for(lambda: service.livez() == 200, 30)

    wait_for(lambda: len(service.children()) >= 5, 30)
    children = service.children()
    assert service.send(signal.SIGKILL) == -signal.SIGKILL
    wait_for(lambda: not any(is_alive(pid) for pid in children.values()), STOP_SECONDS)
    service.start()
    assert service.livez() == 200
    assert service.send(signal.SIGINT) == 0


def test_a_taken_port_is_said_in_a_sentence(service: Service) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", service.port))
        taken.listen()
        refused = subprocess.run(service.command("run"), capture_output=True, text=True, check=False, timeout=30)
    assert refused.returncode == 4
    assert f"port {service.port}" in refused.stdout
    assert "ANTIFRAUD_PORT" in refused.stdout


def test_a_wrong_setting_stops_the_start_with_a_sentence(service: Service) -> None:
    refused = subprocess.run(
        service.command("run", ANTIFRAUD_CLOCK="sundial"), capture_output=True, text=True, check=False, timeout=30
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("antifraud: ANTIFRAUD_CLOCK=sundial")
    assert "Traceback" not in refused.stderr
