"""Kill -9 between two steps: what was acknowledged or sent is there once, and goes on by itself."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from tests.processes.harness import System
from tests.processes.procs import wait_for

pytestmark = pytest.mark.processes

WORKER_SEAMS = (
    "outbox.claimed",
    "outbox.sent",
    "outbox.recorded",
    "replies.applied",
    "deadlines.written",
    "deadlines.committed",
    "outbox.claimed:2",
    "outbox.sent:3",
    "outbox.recorded:2",
    "replies.applied:2",
)
WEB_SEAMS = (
    "intake.written",
    "intake.committed",
    "replies.kept",
    "replies.applied",
    "intake.written:2",
    "intake.committed:3",
    "replies.kept:2",
    "replies.applied:2",
    "intake.committed:2",
    "intake.written:3",
)
CLIENTS = 3
DIES_WITHIN_SECONDS = 20


def test_twenty_kills_between_two_steps_lose_nothing_and_repeat_nothing(whole: System) -> None:
    whole.start("simulator", "web")
    died: Counter[str] = Counter()
    for worker_seam, web_seam in zip(WORKER_SEAMS, WEB_SEAMS, strict=True):
        whole.start(worker=worker_seam)
        work_for_the_worker(whole)
        wait_for(f"the worker dies at {worker_seam}", partial(whole.died_at_seam, "worker"), DIES_WITHIN_SECONDS)
        died[worker_seam] += 1
        whole.kill("worker")

        whole.kill("web")
        whole.start("worker", web=web_seam)
        with ThreadPoolExecutor(CLIENTS) as clients:
            tries = [clients.submit(whole.submit, document) for document in called_back(whole)]
            wait_for(f"web dies at {web_seam}", partial(whole.died_at_seam, "web"), DIES_WITHIN_SECONDS)
            died[web_seam] += 1
            whole.kill("web")
            whole.start("web")
        # The fault was seen from outside: a client had no answer and asked again.
        assert not web_seam.startswith("intake") or sum(one.result() for one in tries) > CLIENTS
        whole.settle()
        whole.assert_sound()
        whole.kill("worker")
    assert len(whole.acked) == len(WEB_SEAMS) * 2 * CLIENTS
    assert died == Counter((*WORKER_SEAMS, *WEB_SEAMS)), "twenty faults that really happened"
    whole.assert_verified()


def work_for_the_worker(whole: System) -> None:
    """Give it orders to send; and when they are delivered, a limit that has passed."""
    for _ in range(CLIENTS):
        whole.submit(whole.document("SIM-PROMPT", "SIM-MUTE"))
    # No answer of the silent bank half-way to the limit: a reminder is due.
    whole.clock.advance(timedelta(minutes=16))


def called_back(whole: System) -> list[dict[str, object]]:
    """Return reports about accounts whose bank answers a moment later, at our door."""
    documents = [whole.document("SIM-SLOW") for _ in range(CLIENTS)]
    for document in documents:
        whole.script(document, after_seconds=0.2)
    return documents
