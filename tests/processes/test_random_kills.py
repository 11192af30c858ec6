"""Kill -9 of whatever process at whatever instant, under a stream of reports."""

import secrets

import pytest

from tests.processes.harness import System
from tests.processes.invented import BINS

pytestmark = pytest.mark.processes

REPORTS = 60
CLIENTS = 6
PAUSE_SECONDS = 1.2
KILL_EVERY_SECONDS = 0.7
LEAST_KILLS = 8
MOST_KILLS = 50


def test_random_kills_under_a_stream_of_reports_lose_nothing_and_repeat_nothing(whole: System) -> None:
    seed = secrets.randbelow(2**32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it with a failure
    names = ("web", "worker", "worker-2", "simulator")
    whole.start(*names)
    banks = list(BINS)
    documents = [whole.document(banks[n % 6], *([banks[(n + 1) % 6]] if n % 3 == 0 else [])) for n in range(REPORTS)]
    with whole.killing(names, seed, KILL_EVERY_SECONDS, MOST_KILLS):
        tries = whole.send_stream(documents, clients=CLIENTS, pause=PAUSE_SECONDS)
    print(f"killed {dict(whole.kills)}, {sum(tries) - REPORTS} of {sum(tries)} posts without an answer")  # noqa: T201 - the fault
    assert whole.kills.total() >= LEAST_KILLS
    assert sum(tries) > REPORTS, "no client ever met a dead process"

    whole.settle(60)
    whole.assert_sound()
    assert len(whole.acked) == REPORTS
    assert whole.one("SELECT count(*) FROM attempts WHERE result = 'delivered'") > REPORTS
    whole.assert_verified()
