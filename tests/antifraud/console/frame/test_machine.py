"""What the header says of the machinery, read by the web process alone."""

from datetime import timedelta

from flask import Flask

from antifraud.auditor import Auditor
from antifraud.auth.service import Centre
from antifraud.console.frame.machine import Machine, Watch, read, spoken
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.runs.service import Process, beat
from tests.conftest import NOW
from tests.factories.cases import Story


def test_no_worker_is_said_until_one_beats(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    assert not read(installation, drill.id).worker_alive
    with installation.database.begin(None) as connection:
        worker = Process(id=installation.work(connection, drill.id, "cli:test").new_id(), name="worker", started_at=NOW)
        beat(connection, worker, clock.now())
    assert read(installation, drill.id).worker_alive
    clock.advance(timedelta(seconds=16))
    assert not read(installation, drill.id).worker_alive


def test_what_the_auditor_counted_is_said_and_that_nobody_counts(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    assert not read(installation, drill.id).auditor_alive
    auditor = Auditor(installation)
    auditor.once()
    Story(installation, drill, clock)
    clock.advance(timedelta(minutes=10))
    assert not read(installation, drill.id).auditor_alive
    auditor.once()
    found = read(installation, drill.id)
    assert (found.auditor_alive, found.missed > 0) == (True, True)
    assert found.missed_since == found.overdue_since


def machine(**changed: object) -> Machine:
    quiet = {"at": NOW, "worker_alive": True, "overdue_since": None, "waiting": 0, "waiting_since": None}
    return Machine(**{**quiet, **changed})  # type: ignore[arg-type]  # a test's shorthand


def test_the_worst_thing_is_said_first(app: Flask) -> None:
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        assert spoken(machine())["word"] == "Machinery runs"
        late = NOW - timedelta(minutes=2)
        assert spoken(machine(waiting=3, waiting_since=late)) == {
            "look": "soon",
            "word": "Sending is behind",
            "lines": [
                "A worker is running.",
                "Deadlines fire on time.",
                "By the log every deadline fired that should have.",
                "3 to be sent, the oldest for 2 min 0 s.",
            ],
        }
        assert spoken(machine(overdue_since=late, waiting=3, waiting_since=late))["word"] == "Deadlines fire late"
        missed = spoken(machine(overdue_since=late, missed=2, missed_since=late))
        assert (missed["look"], missed["word"]) == ("late", "Deadlines do not fire")
        assert "By the log 2 deadlines should have fired and did not, the oldest 2 min 0 s ago." in missed["lines"]
        assert spoken(machine(auditor_alive=False))["word"] == "No auditor is running"
        assert spoken(machine(worker_alive=False, overdue_since=late))["word"] == "No worker is running"
        assert spoken(None)["look"] == "late"


def test_what_waits_for_a_moment_is_no_backlog(app: Flask) -> None:
    with app.test_request_context("/"):
        assert spoken(machine(waiting=1, waiting_since=NOW - timedelta(seconds=59)))["look"] == "done"


def test_many_pages_ask_the_database_once(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    watch = Watch(installation)
    first = watch.of(drill.id)
    clock.advance(timedelta(seconds=1))
    assert watch.of(drill.id) is first
