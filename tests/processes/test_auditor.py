"""A worker that stands still is seen by everybody who should see it, also outside; its lateness stays on record."""

import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from antifraud.console.frame.sessions import cookie_name
from tests.antifraud.watching.test_alarms import Outside
from tests.factories.people import opened, person
from tests.processes.harness import System
from tests.processes.procs import wait_for

pytestmark = pytest.mark.processes

SEEN_WITHIN_SECONDS = 10.0
MINUTE = timedelta(minutes=1)


@pytest.fixture
def outside() -> Iterator[Outside]:
    server = Outside()
    yield server
    server.close()


def alarms(whole: System) -> set[str]:
    """Return the alarms that /healthz names; the status must fit."""
    answer = whole.request("GET", "/healthz")
    found = {alarm["alarm"] for alarm in answer.json()["alarms"]}
    assert answer.status == (503 if found else 200)
    return found


def metric(whole: System, name: str) -> float:
    """Return a metric of the drill centre."""
    for family in text_string_to_metric_families(whole.request("GET", "/metrics").body.decode()):
        for sample in family.samples:
            if sample.name == f"antifraud_{name}" and sample.labels.get("centre") == "drill":
                return sample.value
    message = f"there is no {name}"
    raise AssertionError(message)


def header(whole: System) -> str:
    """Return a page of the console as somebody who is signed in gets it."""
    token = opened(whole.installation, whole.drill, person(whole.installation, whole.drill)).token
    name = cookie_name(whole.settings.public_url)
    page = whole.request("GET", "/", headers={"Cookie": f"{name}={token}", "Accept-Language": "en"})
    assert page.status == 200
    return page.body.decode()


def test_a_stopped_worker_is_an_alarm_here_and_silence_outside_until_it_goes_on(
    whole: System, outside: Outside
) -> None:
    whole.surroundings["ANTIFRAUD_DEADMAN_URL"] = outside.url
    whole.start("simulator", "web", "worker", "auditor")
    whole.submit(whole.document("SIM-MUTE", "SIM-PROMPT"))
    wait_for("all is well", lambda: not alarms(whole), SEEN_WITHIN_SECONDS)
    whole.clock.advance(MINUTE)
    wait_for("the outside is told", lambda: len(outside.pings) > 0, SEEN_WITHIN_SECONDS)
    assert metric(whole, "audit_difference") == 0

    whole.running["worker"].send(signal.SIGSTOP)
    stopped = whole.clock.advance(timedelta(hours=2))
    heard = len(outside.pings)
    wait_for("it is an alarm", lambda: {"missed", "overdue", "no_worker"} <= alarms(whole), SEEN_WITHIN_SECONDS)
    due = whole.one("SELECT count(*) FROM deadlines WHERE state = 'running' AND due_at <= :at", at=stopped)
    assert metric(whole, "audit_difference") == due > 0
    assert metric(whole, "audit_oldest_seconds") > 60
    said = header(whole)
    assert "No worker is running" in said
    assert f"By the log {due} deadlines should have fired and did not" in said
    for _ in range(3):
        counted = whole.one("SELECT count(*) FROM watch_counts WHERE difference > 0")
        whole.clock.advance(MINUTE)
        wait_for(
            "the minute is counted",
            lambda n=counted: whole.one("SELECT count(*) FROM watch_counts WHERE difference > 0") > n,  # type: ignore[misc]  # bound
            SEEN_WITHIN_SECONDS,
        )
    assert len(outside.pings) == heard, "the outside hears nothing while something is wrong"

    whole.running["worker"].send(signal.SIGCONT)
    wait_for("all is well again", lambda: not alarms(whole), 60)
    assert metric(whole, "audit_difference") == 0
    assert metric(whole, "audit_should_total") == metric(whole, "audit_did_total") >= due
    whole.clock.advance(MINUTE)
    wait_for("the outside is told again", lambda: len(outside.pings) > heard, SEEN_WITHIN_SECONDS)
    # A jump of the clock makes signs of life old until the next.
    wait_for("the header says so", lambda: "Machinery runs" in header(whole), SEEN_WITHIN_SECONDS)
    late = "SELECT count(*) FROM deadlines WHERE state = 'fired' AND caught_up AND late_by_seconds > 60"
    assert whole.one("SELECT sum(late) FROM watch_counts") >= whole.one(late) > 0
    whole.assert_verified()


def test_at_sixty_times_the_usual_pace_each_minute_is_counted_and_nothing_is_missed(
    whole: System, outside: Outside
) -> None:
    whole.surroundings["ANTIFRAUD_DEADMAN_URL"] = outside.url
    whole.start("simulator", "web", "worker", "auditor", "auditor-2")
    whole.submit(whole.document("SIM-MUTE", "SIM-PROMPT"))
    whole.clock.run_at(60)
    began = time.monotonic()
    wait_for("forty minutes passed", lambda: len(counts(whole)) > 40, 90)
    took = time.monotonic() - began
    assert alarms(whole) == set()
    whole.clock.run_at(0)
    found = counts(whole)
    gaps = [later.minute - earlier.minute for earlier, later in pairwise(found)]
    assert gaps.count(MINUTE) >= 0.9 * len(gaps), "nearly each minute of the clock has its row, once"
    assert all(later.since == earlier.counted_at for earlier, later in pairwise(found)), "and no instant has none"
    for before, row in pairwise(found):
        assert row.difference == before.difference + row.should - row.did
    assert sum(row.did for row in found) > 0
    assert sum(row.late for row in found) == 0
    assert len(outside.pings) >= took / 2, "about one a minute, which is a second here, from each auditor"


def counts(whole: System) -> list[Any]:
    return whole.rows("SELECT * FROM watch_counts ORDER BY minute")
