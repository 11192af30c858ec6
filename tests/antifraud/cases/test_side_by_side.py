"""Batches that fire side by side share the cases, and none waits for another."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from antifraud import worker as worker_module
from antifraud.auth.service import Centre
from antifraud.cases.casefile import Desk
from antifraud.cases.firing import fire_due
from antifraud.deadlines.service import cases_with_due
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.work import Work
from antifraud.worker import Worker
from tests.factories import reports

CASES = 7


@pytest.fixture
def due(installation: Installation, drill: Centre, clock: FrozenClock) -> list[UUID]:
    """Seven cases with a wait that is over, in the order in which it ended."""
    for number in range(CASES):
        transfers = [reports.transfer(clock.now(), reference=f"R-{number}")]
        document = reports.report(clock.now(), source_ref=f"r-{number}", transfers=transfers)
        reports.submit(installation, drill, document)
        clock.advance(timedelta(seconds=1))
    clock.advance(timedelta(minutes=3))
    with transaction(installation, drill) as work:
        found = cases_with_due(work, work.now(), 100)
    assert len(found) == CASES
    return found


@contextmanager
def transaction(installation: Installation, centre: Centre) -> Iterator[Work]:
    """Work in a transaction that gives up at once where it would have to wait for a lock."""
    with installation.database.begin(centre.id) as connection:
        connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
        yield installation.work(connection, centre.id, "loop:deadlines")


def firings(installation: Installation, centre: Centre) -> Counter[UUID]:
    """Count the waits that came due, by case."""
    query = text("SELECT case_id, id FROM deadlines WHERE state = 'fired'")
    with installation.database.begin(centre.id) as connection:
        return Counter(row.case_id for row in connection.execute(query))


def test_a_desk_takes_the_first_cases_that_nobody_works_on_and_waits_for_none(
    installation: Installation, drill: Centre, due: list[UUID]
) -> None:
    with transaction(installation, drill) as mine, transaction(installation, drill) as theirs:
        busy = Desk(theirs)
        busy.lock_all([due[0], due[2]])
        desk = Desk(mine)
        assert [file.id for file in desk.lock_idle(due, 3)] == [due[1], due[3], due[4]]
        assert all(file.procedures for file in desk.files.values())
        assert [file.id for file in desk.lock_idle(due, 3)] == [due[5], due[6]], "nothing is taken twice"
        assert busy.lock_idle(due, CASES) == []
        assert desk.lock_idle([], 3) == []


def test_two_batches_side_by_side_fire_each_wait_once(
    installation: Installation, drill: Centre, due: list[UUID]
) -> None:
    mail = installation.mail(drill)
    with transaction(installation, drill) as one, transaction(installation, drill) as other:
        first = fire_due(one, mail, 3)
        second = fire_due(other, mail, 100)
        assert (first, second) == (3, CASES - 3), "the second takes what the first has left, and waits for nothing"
    assert firings(installation, drill) == Counter(due)
    with transaction(installation, drill) as work:
        assert fire_due(work, mail, 100) == 0


def test_a_backlog_of_several_batches_is_fired_to_its_end_each_wait_once(
    installation: Installation, drill: Centre, due: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "CASES_AT_ONCE", 2)
    fired, worker = 0, Worker(installation)
    while done := worker.deadlines.body():
        fired += done
    assert fired == CASES
    assert firings(installation, drill) == Counter(due)
