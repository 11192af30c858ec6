"""One look of the auditor at one centre: read what is new in the log, and count what was due against what fired.

Its place in the log is a transaction id, as the sealer's: everything below it
was there to be read at the last look. What lies above may have been read
already; the case's own place in its stream (`watched_cases.seq`) tells, so no
ending is counted twice whoever looks, and how often.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud.watching.models import watch_counts, watch_positions, watched_waits
from antifraud.watching.reading import Memory, Tally, batch_end, news_of, read

MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look found: `is_behind` tells that it did not reach the end of the log, and counted nothing."""

    is_behind: bool
    cases: int
    difference: int
    oldest_due_at: datetime | None
    has_counted: bool


def look(connection: Connection, centre_id: UUID, now: datetime, memory: Memory) -> Looked | None:
    """Look at a centre once, in the caller's transaction; return None if another auditor looks at it at this moment.

    The caller must throw ``memory`` away if the transaction does not commit.
    """
    if not connection.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"watch:{centre_id}"}
    ):
        return None
    connection.execute(upsert(watch_positions).values(centre_id=centre_id, through_xid="0").on_conflict_do_nothing())
    position = connection.execute(select(watch_positions).where(watch_positions.c.centre_id == centre_id)).one()
    # Before anything is read: what is not settled now is looked at again next time.
    settled = int(connection.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")) or 0)
    until = batch_end(connection, centre_id, str(position.through_xid))
    if until is not None and int(until) > settled:
        # What is not settled is read to its end at every look: a transaction that stays open must not stop the count.
        until = None
    news = news_of(connection, centre_id, str(position.through_xid), until)
    tally = Tally()
    read(connection, centre_id, news, memory, tally)
    is_behind = until is not None
    values: dict[str, Any] = {
        "through_xid": str(settled) if until is None else until,
        "should": position.should + tally.should,
        "did": position.did + tally.did,
        "late": position.late + tally.late,
    }
    if is_behind:
        # Somewhere ahead may stand that a wait fired: nothing can be said of it yet.
        _place(connection, centre_id, values)
        return Looked(is_behind=True, cases=len(news), difference=0, oldest_due_at=None, has_counted=False)
    values["should"] += _mark_due(connection, centre_id, now)
    values["looked_at"] = now
    oldest = _oldest(connection, centre_id)
    has_counted = _count(connection, position, values, now, oldest)
    _place(connection, centre_id, values)
    return Looked(
        is_behind=False,
        cases=len(news),
        difference=values["should"] - values["did"],
        oldest_due_at=oldest,
        has_counted=has_counted,
    )


def _mark_due(connection: Connection, centre_id: UUID, now: datetime) -> int:
    """Mark the waits whose instant has come; return how many: each should now fire."""
    marked = connection.execute(
        update(watched_waits)
        .where(watched_waits.c.centre_id == centre_id, ~watched_waits.c.is_due, watched_waits.c.due_at <= now)
        .values(is_due=True)
    )
    return marked.rowcount


def _oldest(connection: Connection, centre_id: UUID) -> datetime | None:
    found: datetime | None = connection.scalar(
        select(watched_waits.c.due_at)
        .where(watched_waits.c.centre_id == centre_id, watched_waits.c.is_due)
        .order_by(watched_waits.c.due_at)
        .limit(1)
    )
    return found


def _count(
    connection: Connection, position: Row[Any], values: dict[str, Any], now: datetime, oldest: datetime | None
) -> bool:
    """Write the row of the minute that is over, once; where nobody looked for several, one row stands for them."""
    minute = now.replace(second=0, microsecond=0)
    if position.counted_minute is not None and minute <= position.counted_minute:
        return False
    written = connection.execute(
        upsert(watch_counts)
        .values(
            centre_id=position.centre_id,
            minute=minute,
            since=position.counted_at,
            counted_at=now,
            should=values["should"] - position.counted_should,
            did=values["did"] - position.counted_did,
            late=values["late"] - position.counted_late,
            difference=values["should"] - values["did"],
            oldest_due_at=oldest,
        )
        .on_conflict_do_nothing()
        .returning(watch_counts.c.minute)
    )
    values["counted_minute"], values["counted_at"] = minute, now
    for name in ("should", "did", "late"):
        values[f"counted_{name}"] = values[name]
    return written.one_or_none() is not None


def _place(connection: Connection, centre_id: UUID, values: dict[str, Any]) -> None:
    connection.execute(update(watch_positions).where(watch_positions.c.centre_id == centre_id).values(values))
