"""Open waits under newer calendars: what would move is said, what moves is recorded, and the log still proves it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from antifraud.auth.service import Centre
from antifraud.cases import definitions
from antifraud.cases.derivations import explain
from antifraud.deadlines.models import deadlines
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.cases import Story
from tests.factories.commands import run
from tests.workflows.test_clocks_pauses import with_dates
from tests.workflows.test_recounts import counted
from workflows.calendars import adopt, calendar_named


@pytest.fixture(autouse=True)
def bundled_again() -> Iterator[None]:
    yield
    adopt(None, "CN")


def awaiting(installation: Installation, centre: Centre, clock: FrozenClock, length: str) -> Story:
    """Return a case whose stop was delivered, under a scheme that counts the answer in working days of China."""
    with installation.database.begin(centre.id) as connection:
        work = installation.work(connection, centre.id, "user:approver")
        stored = definitions.store(work, counted("clocks.answer.urgent", length, "CN"))
        definitions.put_in_force(work, stored.content_hash, approver=None)
    story = Story(installation, centre, clock)
    story.deliver(story.request())
    return story


def answers(installation: Installation, centre: Centre) -> list[tuple[str, str]]:
    """Return state and local due time of every wait for an answer, in the order in which they began."""
    with installation.database.begin(centre.id) as connection:
        rows = connection.execute(
            select(deadlines).where(deadlines.c.kind == "answer").order_by(deadlines.c.due_at)
        ).all()
        for row in rows:
            found = explain(connection, row.id)
            assert found is not None
            assert found.agrees, "recomputed from its own printed fields, whatever the calendars say by now"
    return [(row.state, row.due_at.date().isoformat()) for row in rows]


def test_a_newer_calendar_moves_an_open_wait_by_a_recorded_event(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = awaiting(installation, drill, clock, "P2D")
    assert answers(installation, drill) == [("running", "2026-11-26")]
    adopt(with_dates(calendar_named("CN"), holidays=("2026-11-26",)))
    said = run(installation, "deadline", "recount", "--dry-run")
    assert said.exit_code == 0, said.output
    assert "1 would move" in said.output
    assert answers(installation, drill) == [("running", "2026-11-26")]
    done = run(installation, "deadline", "recount", "--centre", "drill")
    assert done.exit_code == 0, done.output
    assert "1 moved" in done.output
    assert "2 working days, CN, without 26 November" in done.output
    assert answers(installation, drill) == [("void", "2026-11-26"), ("running", "2026-11-27")]
    assert story.value("SELECT count(*) FROM entries WHERE kind = 'ClockSuperseded'") == 1
    again = run(installation, "deadline", "recount")
    assert "0 moved" in again.output
    verified = run(installation, "verify")
    assert verified.exit_code == 0, verified.output


def test_the_log_proves_the_state_though_the_calendar_changed_since(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    awaiting(installation, drill, clock, "P2D")
    adopt(with_dates(calendar_named("CN"), holidays=("2026-11-26",)))
    verified = run(installation, "verify")
    assert verified.exit_code == 0, verified.output


def test_a_wait_that_no_calendar_counts_is_a_task_now_and_is_counted_when_the_data_come(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = awaiting(installation, drill, clock, "P40D")
    assert story.value("SELECT count(*) FROM tasks WHERE kind = 'read_calendar' AND state = 'open'") == 1
    adopt(with_dates(calendar_named("CN"), holidays=("2027-01-01",), last_year=2027))
    done = run(installation, "deadline", "recount")
    assert "1 moved" in done.output
    assert "calendar CN has no data for 2027" in done.output
    assert [state for state, _ in answers(installation, drill)] == ["void", "running"]
    verified = run(installation, "verify")
    assert verified.exit_code == 0, verified.output


def test_nobody_approves_a_scheme_whose_first_wait_could_not_be_counted(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "user:approver")
        stored = definitions.store(work, counted("clocks.answer.urgent", "P40D", "CN"))
        with pytest.raises(definitions.CalendarMissing, match="does not reach the year 2027"):
            definitions.put_in_force(work, stored.content_hash, approver="approver")
