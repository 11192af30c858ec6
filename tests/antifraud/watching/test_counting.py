"""The auditor counts from the log what should have fired, what did, and how late."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from antifraud.auth.service import Centre
from antifraud.cases.firing import fire_due
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.db import Database, bind
from antifraud.installation import Installation
from antifraud.watching import reading
from antifraud.watching.reading import Memory
from antifraud.watching.service import Looked, look
from antifraud.worker import Worker
from tests.conftest import NOW
from tests.factories.cases import Story
from tests.processes.procs import wait_for


class Auditor:
    """One auditor of a centre: what it remembers between its looks."""

    def __init__(self, installation: Installation, centre: Centre, clock: FrozenClock) -> None:
        self.installation, self.centre, self.clock = installation, centre, clock
        self.memory = Memory()

    def look(self) -> Looked:
        with self.installation.database.begin(self.centre.id) as connection:
            found = look(connection, self.centre.id, self.clock.now(), self.memory)
        assert found is not None
        return found

    def counts(self) -> list[tuple[int, int, int, int]]:
        """Return should, did, late and difference of each counted minute."""
        found = self.rows("SELECT should, did, late, difference FROM watch_counts ORDER BY minute")
        return [(row.should, row.did, row.late, row.difference) for row in found]

    def rows(self, sql: str) -> list[Any]:
        with self.installation.database.begin(self.centre.id) as connection:
            return list(connection.execute(text(sql)))

    def one(self, sql: str) -> Any:  # noqa: ANN401 - any column
        ((value,),) = self.rows(sql)
        return value


@pytest.fixture
def auditor(installation: Installation, drill: Centre, clock: FrozenClock) -> Auditor:
    return Auditor(installation, drill, clock)


@pytest.fixture
def story(installation: Installation, drill: Centre, clock: FrozenClock) -> Story:
    return Story(installation, drill, clock)


def fire(installation: Installation) -> None:
    worker = Worker(installation)
    while worker.deadlines.body():
        pass


def looked_out(auditor: Auditor) -> Looked:
    """Look until the end of the log is reached; what keeps the auditor from it ends the test."""
    found = auditor.look()
    for _ in range(100):
        found = auditor.look() if found.is_behind else found
    return found


def due_now(auditor: Auditor, now: datetime) -> int:
    return int(auditor.one(f"SELECT count(*) FROM deadlines WHERE state = 'running' AND due_at <= '{now.isoformat()}'"))  # noqa: S608 - an instant of ours


def test_the_books_hold_exactly_the_waits_that_run(auditor: Auditor, story: Story) -> None:
    auditor.look()
    books = "SELECT id, due_at FROM watched_waits ORDER BY id"
    table = "SELECT id, due_at FROM deadlines WHERE state = 'running' ORDER BY id"
    assert auditor.rows(books) == auditor.rows(table) != []
    story.stopped()
    auditor.look()
    assert auditor.rows(books) == auditor.rows(table) != []


def test_what_does_not_fire_stays_in_the_difference_until_it_does_and_counts_as_late(
    auditor: Auditor, story: Story, clock: FrozenClock
) -> None:
    assert auditor.look().difference == 0
    clock.advance(timedelta(minutes=10))
    should = due_now(auditor, clock.now())
    assert should > 0
    found = auditor.look()
    assert (found.difference, found.has_counted) == (should, True)
    first = auditor.one("SELECT min(due_at) FROM deadlines")
    assert found.oldest_due_at == first
    clock.advance(timedelta(minutes=1))
    before = due_now(auditor, clock.now())
    fire(auditor.installation)
    assert due_now(auditor, clock.now()) == 0
    found = auditor.look()
    assert (found.difference, found.oldest_due_at) == (0, None)
    fired = auditor.one("SELECT count(*) FROM deadlines WHERE state = 'fired'")
    counts = auditor.counts()
    assert counts[0] == (0, 0, 0, 0)
    assert counts[1] == (should, 0, 0, should)
    assert counts[2][3] == 0
    assert sum(row[0] for row in counts) == sum(row[1] for row in counts) == fired >= before
    late = auditor.one("SELECT count(*) FROM deadlines WHERE state = 'fired' AND late_by_seconds > 60")
    assert sum(row[2] for row in counts) == late > 0


def test_what_fires_in_its_time_between_two_looks_is_counted_and_never_in_the_difference(
    auditor: Auditor, story: Story, clock: FrozenClock
) -> None:
    auditor.look()
    story.pass_time(timedelta(hours=2))
    found = auditor.look()
    fired = auditor.one("SELECT count(*) FROM deadlines WHERE state = 'fired'")
    assert fired > 0
    assert found.difference == 0
    assert auditor.counts()[-1] == (fired, fired, 0, 0)


def test_what_ends_before_its_instant_was_never_to_fire(auditor: Auditor, story: Story) -> None:
    auditor.look()
    story.stopped()
    auditor.look()
    assert auditor.one("SELECT count(*) FROM deadlines WHERE state IN ('met', 'void')") > 0
    assert auditor.rows("SELECT should, did FROM watch_positions") == [(0, 0)]


def test_a_row_that_claims_to_have_fired_without_an_entry_of_the_log_deceives_nobody(
    auditor: Auditor, story: Story, clock: FrozenClock
) -> None:
    auditor.look()
    clock.advance(timedelta(minutes=10))
    due = due_now(auditor, clock.now())
    owner = create_engine(auditor.installation.settings.database_url or "")
    with owner.begin() as connection:
        bind(connection, auditor.centre.id)
        connection.execute(text("UPDATE deadlines SET state = 'fired', ended_at = due_at"))
    owner.dispose()
    assert due_now(auditor, clock.now()) == 0
    assert auditor.look().difference == due > 0


def test_a_wait_whose_row_is_missing_is_still_missed(auditor: Auditor, story: Story, clock: FrozenClock) -> None:
    owner = create_engine(auditor.installation.settings.database_url or "")
    with owner.begin() as connection:
        bind(connection, auditor.centre.id)
        assert connection.execute(text("DELETE FROM deadlines")).rowcount > 0
    owner.dispose()
    clock.advance(timedelta(minutes=10))
    assert auditor.look().difference > 0


def test_a_minute_is_counted_once_and_one_row_stands_for_those_when_nobody_looked(
    auditor: Auditor, story: Story, clock: FrozenClock
) -> None:
    auditor.look()
    clock.advance(timedelta(seconds=30))
    auditor.look()
    assert len(auditor.counts()) == 1
    clock.advance(timedelta(minutes=7))
    assert auditor.look().has_counted
    assert auditor.rows("SELECT minute, since, counted_at FROM watch_counts ORDER BY minute")[-1] == (
        NOW + timedelta(minutes=7), NOW, NOW + timedelta(minutes=7, seconds=30),
    )  # fmt: skip


def test_two_auditors_by_turns_count_as_one(
    auditor: Auditor, installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    other = Auditor(installation, drill, clock)
    for number in range(12):
        story = Story(installation, drill, clock, source_ref=f"t-{number}")
        if number == 0:
            story.stopped()
        (auditor if number % 3 else other).look()
        if number % 4 == 0:
            fire(installation)
        clock.advance(timedelta(minutes=4))
    fire(installation)
    for one in (auditor, other):
        assert one.look().difference == 0
    to_fire = "SELECT count(*) FROM deadlines WHERE state = 'fired' OR ended_at > due_at"
    assert auditor.rows("SELECT should, did FROM watch_positions") == [(auditor.one(to_fire), auditor.one(to_fire))]
    assert auditor.one(to_fire) > 6


def test_while_one_auditor_looks_another_does_nothing(auditor: Auditor, story: Story, drill: Centre) -> None:
    with auditor.installation.database.begin(drill.id) as connection:
        assert look(connection, drill.id, NOW, Memory()) is not None
        with auditor.installation.database.begin(drill.id) as second:
            assert look(second, drill.id, NOW, Memory()) is None


class _UndoneError(Exception):
    """What ends a transaction that must leave nothing."""


def test_a_look_that_came_to_nothing_leaves_no_trace(auditor: Auditor, story: Story, clock: FrozenClock) -> None:
    auditor.look()
    story.pass_time(timedelta(hours=1))
    with suppress(_UndoneError), auditor.installation.database.begin(auditor.centre.id) as connection:
        look(connection, auditor.centre.id, clock.now(), auditor.memory)
        raise _UndoneError
    # Even with a memory that is ahead of the books.
    auditor.look()
    books = "SELECT id, due_at FROM watched_waits ORDER BY id"
    assert auditor.rows(books) == auditor.rows("SELECT id, due_at FROM deadlines WHERE state = 'running' ORDER BY id")
    fired = auditor.one("SELECT count(*) FROM deadlines WHERE state = 'fired'")
    assert auditor.rows("SELECT should, did FROM watch_positions") == [(fired, fired)]
    assert fired > 0


def test_a_log_that_is_far_ahead_is_read_in_parts_and_nothing_is_said_before_its_end(
    auditor: Auditor,
    installation: Installation,
    drill: Centre,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "ENTRIES_AT_ONCE", 5)
    for number in range(4):
        Story(installation, drill, clock, source_ref=f"p-{number}")
    clock.advance(timedelta(minutes=10))
    fire(installation)
    # Numbers of transactions are the server's: one that is open in another database keeps these from being settled.
    unsettled = "SELECT count(*) FROM entries WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())"
    wait_for("what was written is settled", lambda: auditor.one(unsettled) == 0, 60)
    looks = [auditor.look()]
    while looks[-1].is_behind:
        assert auditor.counts() == []
        looks.append(auditor.look())
        assert len(looks) < 100
    assert len(looks) > 2
    assert looks[-1].difference == 0
    assert auditor.one("SELECT should FROM watch_positions") == auditor.one(
        "SELECT count(*) FROM deadlines WHERE state = 'fired'"
    )


@pytest.fixture
def open_writer(installation: Installation, drill: Centre) -> Iterator[None]:
    """Somebody's transaction that has written and does not end."""
    database = Database(installation.settings.app_database_url or "", pool_size=1)
    with database.begin(drill.id) as connection:
        connection.execute(text("SELECT pg_current_xact_id()"))
        yield
    database.close()


def test_a_transaction_that_stays_open_does_not_keep_the_auditor_from_counting(
    open_writer: None, auditor: Auditor, story: Story, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ENTRIES_AT_ONCE", 1)
    clock.advance(timedelta(minutes=10))
    fire(auditor.installation)
    found = looked_out(auditor)
    assert (found.is_behind, found.difference) == (False, 0)
    assert auditor.counts()[-1][:2] == (auditor.one("SELECT count(*) FROM deadlines WHERE state = 'fired'"),) * 2


def test_what_a_slow_transaction_writes_behind_others_is_read_when_it_ends(
    auditor: Auditor,
    story: Story,
    installation: Installation,
    drill: Centre,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "ENTRIES_AT_ONCE", 1)
    looked_out(auditor)
    clock.advance(timedelta(minutes=10))
    with installation.database.begin(drill.id) as slow:
        slow.execute(text("SELECT pg_current_xact_id()"))
        for number in range(3):
            Story(installation, drill, clock, source_ref=f"s-{number}")
        # Transactions of other databases on the same server hold the look back as well.
        wait_for("the others are counted", lambda: auditor.look().difference > 0, 20)
        work = installation.work(slow, drill.id, "loop:deadlines")
        assert fire_due(work, installation.mail(drill), 10, only=story.case_id) > 0
    assert looked_out(auditor).difference == 0


def test_a_case_whose_log_cannot_be_folded_is_said_and_stops_no_other(
    auditor: Auditor, story: Story, installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    owner = create_engine(installation.settings.database_url or "")
    with owner.begin() as connection:
        bind(connection, drill.id)
        connection.execute(text("UPDATE entries SET payload = payload - 'claim' WHERE kind = 'ClaimAdded'"))
    owner.dispose()
    Story(installation, drill, clock, source_ref="other")
    clock.advance(timedelta(minutes=10))
    assert auditor.look().difference > 0
    assert auditor.rows("SELECT case_id FROM watched_cases WHERE NOT is_readable") == [(story.case_id,)]
