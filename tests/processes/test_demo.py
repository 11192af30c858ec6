"""The demonstration as a person starts it, and how soon the next bank is asked once money has moved on."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from antifraud.intake.drill import DrillInstitution, completed
from antifraud.intake.profiles import published_cases
from antifraud.simulator.setup import INVENTED
from tests.processes.harness import System
from tests.processes.procs import wait_for

pytestmark = pytest.mark.processes

CASES = 8
RATE = 60
STEP = timedelta(minutes=10)
STEPS = 15
"""Longer, together, than the slowest bank of these cases takes for every hop."""
ON_THE_WIRE_WITHIN = timedelta(seconds=5)
OUTCOMES = "SELECT outcome FROM requests WHERE kind = 'stop' AND outcome IS NOT NULL"
SECOND_HOP = """
    SELECT first.hold_id, reply.received_at AS answered_at, min(attempt.started_at) AS asked_at
    FROM requests next
    JOIN holds moved ON moved.id = next.hold_id AND moved.tier = 2
    JOIN attempts attempt ON attempt.request_id = next.id
    JOIN requests first ON first.case_id = next.case_id AND first.id <> next.id
    JOIN holds origin ON origin.id = first.hold_id AND origin.tier = 1
    JOIN replies reply ON reply.request_id = first.id AND reply.answer_cipher IS NOT NULL
    WHERE next.kind = 'stop' AND first.kind = 'stop' AND first.outcome IS NOT NULL
    GROUP BY first.hold_id, next.id, reply.received_at"""


def scripted() -> Counter[str]:
    """Return how often the banks of the played cases give each answer; it depends on the cases alone."""
    banks = [DrillInstitution(bank.code, bank.bins[0]) for bank in INVENTED]
    now = datetime(2026, 11, 24, tzinfo=UTC)
    plays = [completed(case, now=now, accounts=banks) for case in published_cases()[:CASES]]
    return Counter(script.outcome for play in plays for script in play.scripts)


def outcomes(whole: System) -> Counter[str]:
    return Counter(row.outcome for row in whole.rows(OUTCOMES))


def test_the_demonstration_plays_its_cases_and_the_banks_answer_as_their_scripts_say(whole: System) -> None:
    expected = scripted()
    silent = expected.pop("silent")
    assert (silent > 0, len(expected) > 1) == (True, True), "cases of several kinds"
    whole.start("simulator", "web", "worker")
    whole.clock.run_at(RATE)
    code, said = whole.run("demo", "--cases", str(CASES), "--every", "0", seconds=90)
    assert code == 0, said
    assert whole.one("SELECT count(*) FROM cases") == CASES
    assert all(row.no in said for row in whole.rows("SELECT no FROM cases"))

    for _ in range(STEPS):
        whole.settle(60)
        if outcomes(whole).total() >= expected.total():
            break
        whole.clock.advance(STEP)
    assert outcomes(whole) == expected
    assert whole.one("SELECT count(*) FROM requests WHERE kind = 'stop' AND outcome IS NULL") == silent
    whole.clock.run_at(1)
    whole.settle(60)
    whole.assert_verified()


def test_the_account_that_an_answer_names_is_asked_within_five_seconds_of_that_answer(whole: System) -> None:
    whole.clock.run_at(1)
    whole.start("simulator", "web", "worker")
    for _ in range(3):
        whole.submit(whole.document("SIM-HOP"))

    def asked() -> int:
        return len({row.hold_id for row in whole.rows(SECOND_HOP)})

    wait_for("every next account was asked", lambda: asked() == 3, 60)
    waits = [row.asked_at - row.answered_at for row in whole.rows(SECOND_HOP)]
    assert waits
    assert min(waits) >= timedelta(0), "nobody is asked about an account before it was named"
    assert max(waits) <= ON_THE_WIRE_WITHIN
