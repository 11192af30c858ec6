"""Planned runs happen exactly once; a process that lives is seen."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.runs.service import ALIVE_FOR, Process, Run, beat, claim_due, gone, living, next_run_at, plan

SECOND = timedelta(seconds=1)


def test_a_run_is_planned_once_and_done_once(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    due = clock.now() + SECOND
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "loop:runs")
        assert plan(work, "publish_week", due)
        assert not plan(work, "publish_week", due)
        assert next_run_at(work) == due
        assert claim_due(work, None, clock.now()) is None
        assert claim_due(work, "another", due) is None
        assert claim_due(work, "publish_week", due) == Run("publish_week", due)
        assert claim_due(work, "publish_week", due) is None
        assert not plan(work, "publish_week", due), "what is done is not planned again"
        assert next_run_at(work) is None


def test_the_oldest_run_is_taken_first(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    now = clock.now()
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "loop:runs")
        for seconds in (3, 1, 2):
            plan(work, "sweep", now - seconds * SECOND)
        taken = [claim_due(work, None, now) for _ in range(4)]
    assert [run and run.due_at for run in taken] == [now - 3 * SECOND, now - 2 * SECOND, now - SECOND, None]


def test_a_run_whose_effect_failed_is_done_again(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    with installation.database.begin(drill.id) as connection:
        plan(installation.work(connection, drill.id, "loop:runs"), "sweep", clock.now())

    def dies_of_its_effect() -> None:
        with installation.database.begin(drill.id) as connection:
            assert claim_due(installation.work(connection, drill.id, "loop:runs"), None, clock.now()) is not None
            raise TimeoutError

    with pytest.raises(TimeoutError):
        dies_of_its_effect()
    with installation.database.begin(drill.id) as connection:
        assert claim_due(installation.work(connection, drill.id, "loop:runs"), None, clock.now()) is not None


def test_two_workers_never_take_the_same_run(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "loop:runs")
        for number in range(3):
            plan(work, f"kind_{number}", clock.now())
    both_hold_one = Barrier(2, timeout=30)
    taken: list[str] = []

    def work_once() -> None:
        with installation.database.begin(drill.id) as connection:
            run = claim_due(installation.work(connection, drill.id, "loop:runs"), None, clock.now())
            assert run is not None
            taken.append(run.kind)
            both_hold_one.wait()

    threads = [Thread(target=work_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == ["kind_0", "kind_1"]


def test_a_run_of_another_centre_is_not_taken(
    installation: Installation, drill: Centre, live: Centre, clock: FrozenClock
) -> None:
    with installation.database.begin(live.id) as connection:
        plan(installation.work(connection, live.id, "loop:runs"), "sweep", clock.now())
    with installation.database.begin(drill.id) as connection:
        assert claim_due(installation.work(connection, drill.id, "loop:runs"), None, clock.now()) is None


def test_a_process_is_alive_while_it_beats(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "loop:runs")
        process = Process(id=work.new_id(), name="worker", started_at=clock.now())
        beat(connection, process, clock.now())
        clock.advance(ALIVE_FOR)
        (seen,) = living(connection, clock.now())
        assert (seen.name, seen.pid, dict(seen.loops)) == ("worker", process.pid, {})
        assert living(connection, clock.now() + SECOND) == []
        beat(connection, process, clock.now() + SECOND, {"outbox": {"sent": 3}})
        (seen,) = living(connection, clock.now() + SECOND)
        assert seen.loops["outbox"] == {"sent": 3}
        gone(connection, process)
        assert living(connection, clock.now() + SECOND) == []


def test_a_process_that_died_is_forgotten_in_the_end(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "loop:runs")
        beat(connection, Process(id=work.new_id(), name="worker", started_at=clock.now()), clock.now())
        clock.advance(timedelta(days=2))
        beat(connection, Process(id=work.new_id(), name="worker", started_at=clock.now()), clock.now())
        assert connection.scalar(text("SELECT count(*) FROM heartbeats")) == 1
