"""What is wrong with the machinery at this moment, by the books of the auditor and by the tables, whoever asks.

The web process asks too: that no worker and no auditor lives must be seen
without either of them. Limits are about machines: on a clock that runs faster
than real time they grow with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from antifraud.auth.service import Centre
from antifraud.foundation.clock import Clock
from antifraud.foundation.db import Database
from antifraud.runs.service import ALIVE_FOR, Living, living

TOLERANCE: Final = timedelta(seconds=60)
"""How late a deadline, a look of the auditor or a message may be before it is an alarm."""
SLOW_TOLERANCE: Final = timedelta(minutes=5)
"""The same for what is done in the background: sealing the log, planned runs."""
WORKER: Final = "worker"
AUDITOR: Final = "auditor"
CODES: Final = (
    "no_worker",
    "no_auditor",
    "loop_stuck",
    "missed",
    "overdue",
    "not_readable",
    "sending",
    "sealing",
    "planned_runs",
)
OF_MACHINE: Final = frozenset({"no_worker", "loop_stuck"})
"""Those of the whole installation; any other is of a centre."""
_SENTENCES: Final = {
    "no_worker": "no worker is running: no deadline fires, nothing is sent",
    "no_auditor": "no auditor counts what fires",
    "loop_stuck": "a loop of a worker does not go round",
    "missed": "{count} deadlines should have fired and by the log did not",
    "overdue": "{count} deadlines are overdue",
    "not_readable": "the log of {count} cases cannot be followed",
    "sending": "{count} messages wait to be sent and nobody takes them",
    "sealing": "{count} entries of the log are not sealed",
    "planned_runs": "{count} planned runs were not done",
}

BOOKS: Final = """
    SELECT looked_at, should, did, late,
        (SELECT min(due_at) FROM watched_waits w WHERE w.centre_id = p.centre_id AND w.is_due) AS oldest_due_at,
        (SELECT count(*) FROM watched_cases c WHERE c.centre_id = p.centre_id AND NOT c.is_readable) AS not_readable
    FROM watch_positions p WHERE p.centre_id = :centre
"""
_OVERDUE: Final = """
    SELECT count(*) AS number, min(due_at) AS since FROM deadlines WHERE state = 'running' AND due_at < :before
"""
# What waits behind a message that is under way waits for the institution, not for us.
_SENDING: Final = """
    SELECT count(*) AS number, min(next_attempt_at) AS since FROM outbox o
    WHERE state = 0 AND channel = 'push' AND next_attempt_at < :before AND NOT EXISTS (
        SELECT 1 FROM outbox busy WHERE busy.institution_id = o.institution_id AND busy.state = 1
            AND busy.lease_until > :before)
"""
_SEALING: Final = """
    SELECT count(*) AS number, min(recorded_at) AS since FROM entries WHERE centre_id = :centre AND xid >=
        coalesce((SELECT through_xid FROM tree_heads WHERE centre_id = :centre ORDER BY size DESC LIMIT 1),
        CAST('0' AS xid8))
"""
_RUNS: Final = """
    SELECT count(*) AS number, min(due_at) AS since FROM planned_runs WHERE state = 'waiting' AND due_at < :before
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that is wrong: `code` is one of `CODES`; of the installation where `centre` is None."""

    code: str
    centre: str | None = None
    count: int = 0
    since: datetime | None = None

    def sentence(self) -> str:
        """Say it in English, for logs and machines."""
        return _SENTENCES[self.code].format(count=self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """How the auditor's books of a centre stand; `looked_at` is None where nobody ever looked to the end of the log."""

    looked_at: datetime | None
    should: int
    did: int
    late: int
    oldest_due_at: datetime | None
    not_readable: int

    @property
    def difference(self) -> int:
        """How many deadlines should have fired and did not."""
        return self.should - self.did


def books(connection: Connection, centre_id: UUID) -> Books | None:
    """Return how the auditor's books of a centre stand, or None if there are none."""
    found = connection.execute(
        text(BOOKS),
        {"centre": centre_id},
    )
    row = found.mappings().one_or_none()
    return None if row is None else Books(**row)


def alarms(database: Database, clock: Clock, centres: list[Centre]) -> list[Alarm]:
    """Return everything that is wrong now, of the installation first; an empty list means that all is well."""
    now, rate = clock.now(), max(1.0, clock.rate())
    with database.begin(None) as connection:
        found = list(of_machine(living(connection, now, ALIVE_FOR * rate)))
    for centre in centres:
        with database.begin(centre.id) as connection:
            found += of_centre(connection, centre, now, rate)
    return found


def of_machine(processes: list[Living]) -> Iterator[Alarm]:
    """Yield what is wrong with the processes that were seen lately."""
    if not any(process.name == WORKER for process in processes):
        yield Alarm(code="no_worker")
    stuck = {name for process in processes if process.name == AUDITOR for name in process.loops.get("stuck", ())}
    if stuck:
        yield Alarm(code="loop_stuck", count=len(stuck))


def of_centre(connection: Connection, centre: Centre, now: datetime, rate: float) -> Iterator[Alarm]:
    """Yield what is wrong in one centre, whose transaction it is."""
    before, long_before = now - TOLERANCE * rate, now - SLOW_TOLERANCE * rate
    found = books(connection, centre.id)
    if found is None or found.looked_at is None or found.looked_at < before:
        yield Alarm(code="no_auditor", centre=centre.code, since=found.looked_at if found else None)
    if found is not None:
        if found.oldest_due_at is not None and found.oldest_due_at < before:
            yield Alarm(code="missed", centre=centre.code, count=found.difference, since=found.oldest_due_at)
        if found.not_readable:
            yield Alarm(code="not_readable", centre=centre.code, count=found.not_readable)
    asked: dict[str, Any] = {"centre": centre.id, "before": before}
    slow = asked | {"before": long_before}
    for code, sql, values in (
        ("overdue", _OVERDUE, asked),
        ("sending", _SENDING, asked),
        ("planned_runs", _RUNS, slow),
        ("sealing", _SEALING, slow),
    ):
        row: Row[Any] = connection.execute(text(sql), values).one()
        if row.number and row.since < values["before"]:
            yield Alarm(code=code, centre=centre.code, count=row.number, since=row.since)
