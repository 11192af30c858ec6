"""The simulated banks as a process of their own, ended in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from antifraud.channel.wire import parse_answer
from antifraud.foundation.clock import FrozenClock, SystemClock
from antifraud.foundation.http import Ambiguous
from tests.antifraud.simulator.sides import Banks, Centre, number_of, wait_until

pytestmark = pytest.mark.processes


class Process:
    """``antifraud simulator`` on the files and the port of ``banks``."""

    def __init__(self, banks: Banks) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("ANTIFRAUD_")}
        environ |= {"ANTIFRAUD_HOME": str(banks.home), "ANTIFRAUD_PORT": str(banks.port - 1)}
        self.banks = banks
        self.process = subprocess.Popen(
            [sys.executable, "-m", "antifraud.cli", "simulator"], env=environ, stderr=subprocess.DEVNULL
        )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        ends = time.monotonic() + 20
        with requests.Session() as session:
            session.trust_env = False
            while True:
                assert self.process.poll() is None, "it ended at once"
                assert time.monotonic() < ends, "it did not get ready"
                try:
                    if session.get(f"http://127.0.0.1:{self.banks.port}/healthz", timeout=1).status_code == 200:
                        return
                except requests.ConnectionError:
                    time.sleep(0.05)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)


@pytest.fixture
def process(tmp_path: Path, centre: Centre) -> Iterator[Process]:
    centre.clock = FrozenClock(SystemClock().now())
    banks = Banks(tmp_path, centre.clock, centre)
    banks.prepare()
    found = Process(banks)
    yield found
    if found.process.poll() is None:
        found.end(signal.SIGKILL)


def test_a_kill_loses_no_effect_and_repeats_none(process: Process, centre: Centre) -> None:
    asked = [centre.request("SIM-PROMPT", number_of("SIM-PROMPT", serial)) for serial in range(5)]
    bodies = [centre.send(one)[0].body for one in asked]
    process.end(signal.SIGKILL)
    process.process = Process(process.banks).process
    assert [centre.send(one)[0].body for one in asked] == bodies
    assert [effect["key"] for effect in process.banks.effects()] == [str(one.id) for one in asked]
    assert {parse_answer(body).outcome for body in bodies} == {"full"}


def test_it_ends_cleanly_when_asked_also_while_a_request_hangs(process: Process, centre: Centre) -> None:
    process.banks.fault("SIM-PROMPT", "hang")
    outcomes: list[str] = []

    def ask() -> None:
        try:
            centre.ask(centre.request("SIM-PROMPT"))
        except Ambiguous as ambiguous:
            outcomes.append(ambiguous.reason)

    waiting = threading.Thread(target=ask)
    waiting.start()
    # The fault is used up as soon as the request hangs.
    wait_until(lambda: process.banks.admin("state")["faults"] == {})
    assert process.end(signal.SIGTERM) == 0
    waiting.join(10)
    assert outcomes == ["connection_lost"]
