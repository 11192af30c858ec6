"""Processes of the tests: started quickly, watched, killed, and waited for within a limit."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PAIRS: Final = 2_500
"""Pairs of ports for each test process."""


def wait_for(what: str, condition: Callable[[], bool], seconds: float, every: float = 0.05) -> float:
    """Return after how many seconds the condition held; fail with a sentence when it does not."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"it did not happen within {seconds:.0f} s: {what}"
        time.sleep(every)  # between two looks, never instead of one
    return time.monotonic() - began


def _pairs() -> Iterator[int]:
    """Give each pair of ports once: a system whose process is killed for a while must find its port free again."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 12_000 + worker % 4 * 2 * PAIRS
    for step in range(PAIRS):
        yield first + 2 * ((os.getpid() + step) % PAIRS)


_PAIRS = _pairs()


def two_free_ports() -> int:
    """Return a port that is free, and the next one as well, outside the range that clients are given."""
    for port in _PAIRS:
        try:
            for candidate in (port, port + 1):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", candidate))
        except OSError:
            continue
        return port
    raise AssertionError


class Spawner:
    """Our side of `spawner.py`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("spawner.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self._lock = threading.Lock()
        self._read()

    def start(self, arguments: list[str], environ: Mapping[str, str], log: Path) -> int:
        answer = self._ask({"do": "start", "arguments": arguments, "environ": dict(environ), "log": str(log)})
        return int(answer["pid"])

    def poll(self, pid: int) -> int | None:
        code: int | None = self._ask({"do": "poll", "pid": pid})["code"]
        return code

    def close(self) -> None:
        self._process.communicate()

    def _ask(self, document: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(json.dumps(document) + "\n")
            self._process.stdin.flush()
            return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@dataclass
class Running:
    """One process of the system."""

    name: str
    pid: int
    spawner: Spawner
    log: Path

    def code(self) -> int | None:
        return self.spawner.poll(self.pid)

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def ended(self) -> bool:
        return self.code() is not None

    def kill(self) -> None:
        """SIGKILL to the process alone; what it leaves behind is ended as its supervisor would."""
        if not self.ended():
            self.send(signal.SIGKILL)
            wait_for(f"{self.name} is dead", self.ended, 10, 0.01)
        end_group(self.pid)

    def stop(self, seconds: float) -> float:
        """SIGTERM; return how long it took to go."""
        self.send(signal.SIGTERM)
        return wait_for(f"{self.name} ended after SIGTERM", self.ended, seconds, 0.02)

    def words(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def end_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
