"""The chain of every stream: nothing changed, nothing missing in the middle, nothing cut off at the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, select, text

from antifraud.audit.models import area_heads, entries
from antifraud.audit.rules import GENESIS, Entry
from antifraud.cases.models import cases
from antifraud.verification.findings import Difference, Scope, shown

CHECK = "chain"
SENTENCE = "every stream of the log is gap-free, hashes to what it says, and ends where its owner says"
BATCH = 2000
CASE = "case:"


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream with its entries, oldest first."""

    name: str
    entries: tuple[Row[Any], ...]


@dataclass(frozen=True, slots=True)
class Owner:
    """What the row that owns a stream knows about its end."""

    seq: int
    hash: bytes
    where: str


def walk(connection: Connection) -> Iterator[list[Stream]]:
    """Yield the streams of the centre in batches, each stream whole, without holding the log in memory."""
    rows = connection.execute(
        select(entries).order_by(entries.c.opened_month, entries.c.stream, entries.c.seq),
        execution_options={"yield_per": BATCH},
    )
    batch: list[Stream] = []
    size = 0
    for name, found in groupby(rows, key=lambda row: row.stream):
        stream = Stream(name, tuple(found))
        batch.append(stream)
        size += len(stream.entries)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def owners_of(scope: Scope, streams: list[Stream]) -> dict[str, Owner]:
    """Return the owners of streams: the case, or the head of an area."""
    case_ids = [stream.name.removeprefix(CASE) for stream in streams if stream.name.startswith(CASE)]
    areas = [stream.name for stream in streams if not stream.name.startswith(CASE)]
    owners: dict[str, Owner] = {}
    if case_ids:
        rows = scope.connection.execute(
            select(cases.c.id, cases.c.no, cases.c.last_seq, cases.c.last_hash).where(cases.c.id.in_(case_ids))
        )
        owners |= {f"{CASE}{row.id}": Owner(row.last_seq, bytes(row.last_hash), f"case {row.no}") for row in rows}
    if areas:
        rows = scope.connection.execute(select(area_heads).where(area_heads.c.stream.in_(areas)))
        owners |= {row.stream: Owner(row.last_seq, bytes(row.last_hash), "area_heads") for row in rows}
    return owners


def check(stream: Stream, owner: Owner | None) -> Iterator[Difference]:
    """Yield the first break of a stream's chain, and whatever its owner says otherwise."""
    where = f"stream {stream.name}"
    previous, seq = GENESIS, 0
    for row in stream.entries:
        seq += 1  # noqa: SIM113 - it stops where the chain breaks
        here = f"{where} seq {row.seq}"
        if row.seq != seq:
            yield Difference(check=CHECK, where=here, what="seq", expected=str(seq), found=str(row.seq))
            break
        if bytes(row.prev_hash) != previous:
            yield Difference(
                check=CHECK, where=here, what="prev_hash", expected=shown(previous), found=shown(row.prev_hash)
            )
            break
        computed = _entry(row).hash
        if computed != bytes(row.hash):
            yield Difference(check=CHECK, where=here, what="hash", expected=shown(computed), found=shown(row.hash))
            break
        previous = computed
    last = stream.entries[-1]
    if owner is None:
        yield Difference(
            check=CHECK, where=where, what="owner", expected="a case or an area that knows its end", found="nothing"
        )
    elif (owner.seq, owner.hash) != (last.seq, bytes(last.hash)):
        yield Difference(
            check=CHECK,
            where=f"{where} ({owner.where})",
            what="last entry",
            expected=f"seq {owner.seq} {owner.hash.hex()}",
            found=f"seq {last.seq} {shown(last.hash)}",
        )


def vanished(scope: Scope) -> Iterator[Difference]:
    """Yield every owner of a stream of which nothing is left."""
    rows = scope.connection.execute(
        text(
            "SELECT 'case:' || id AS stream, last_seq FROM cases c WHERE last_seq > 0 AND NOT EXISTS"
            " (SELECT 1 FROM entries e WHERE e.opened_month = c.opened_month AND e.stream = 'case:' || c.id)"
            " UNION ALL SELECT stream, last_seq FROM area_heads a WHERE last_seq > 0 AND NOT EXISTS"
            " (SELECT 1 FROM entries e WHERE e.opened_month = a.opened_month AND e.stream = a.stream)"
        )
    )
    for row in rows:
        yield Difference(
            check=CHECK,
            where=f"stream {row.stream}",
            what="last entry",
            expected=f"seq {row.last_seq}",
            found="no entry at all",
        )


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        stream=row.stream,
        seq=row.seq,
        id=row.id,
        at=row.at,
        recorded_at=row.recorded_at,
        actor=row.actor,
        kind=row.kind,
        payload=row.payload,
        cause_id=row.cause_id,
        prev_hash=bytes(row.prev_hash),
    )
