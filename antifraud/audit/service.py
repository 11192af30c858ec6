"""Append to the log, and seal it: the only writers of `entries`, `leaves` and `tree_heads`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud.audit.models import area_heads, entries, leaves, tree_heads
from antifraud.audit.rules import GENESIS, Entry, Tree, checkpoint
from antifraud.work import Work


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a stream, kept in the row that owns the stream so that a cut tail is seen."""

    stream: str
    opened_month: date
    seq: int = 0
    hash: bytes = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What is to be recorded. `payload` holds ids, codes, amounts and salted commitments, never personal data."""

    id: UUID
    at: datetime
    kind: str
    payload: dict[str, Any]
    cause_id: UUID | None = None


def append(
    work: Work, streams: Sequence[tuple[Head, Sequence[Happening]]], recorded_at: datetime | None = None
) -> list[Head]:
    """Append to streams whose owners the caller holds under lock; return their new heads, which the owners must keep.

    The entries are gathered with the caller's other rows, which it writes.
    ``recorded_at`` is now, unless the caller writes other rows of the same instant beside them.
    """
    rows: list[dict[str, Any]] = []
    at = recorded_at or work.now()
    heads = [_chain(work, head, happenings, rows, at) for head, happenings in streams]
    work.rows.add(entries, rows)
    return heads


def _chain(
    work: Work, head: Head, happenings: Sequence[Happening], rows: list[dict[str, Any]], recorded_at: datetime
) -> Head:
    for happening in happenings:
        entry = Entry(
            stream=head.stream,
            seq=head.seq + 1,
            id=happening.id,
            at=happening.at,
            recorded_at=recorded_at,
            actor=work.actor,
            kind=happening.kind,
            payload=happening.payload,
            cause_id=happening.cause_id,
            prev_hash=head.hash,
        )
        head = Head(head.stream, head.opened_month, entry.seq, entry.hash)
        rows.append(
            {
                "opened_month": head.opened_month,
                "stream": entry.stream,
                "seq": entry.seq,
                "id": entry.id,
                "centre_id": work.centre_id,
                "at": entry.at,
                "recorded_at": entry.recorded_at,
                "actor": entry.actor,
                "kind": entry.kind,
                "payload": entry.payload,
                "cause_id": entry.cause_id,
                "prev_hash": entry.prev_hash,
                "hash": head.hash,
            }
        )
    return head


def append_to_area(work: Work, area: str, happenings: Sequence[Happening]) -> Head:
    """Append to an area of the centre that is no case: `auth`, `admin`, `reads`."""
    connection, stream = work.connection, f"{area}:{work.centre_id}"
    first = Head(stream, work.now().date().replace(day=1))
    connection.execute(
        upsert(area_heads)
        .values(centre_id=work.centre_id, stream=stream, opened_month=first.opened_month, last_seq=0, last_hash=GENESIS)
        .on_conflict_do_nothing()
    )
    row = connection.execute(
        select(area_heads)
        .where(area_heads.c.centre_id == work.centre_id, area_heads.c.stream == stream)
        .with_for_update()
    ).one()
    (head,) = append(work, [(Head(stream, row.opened_month, row.last_seq, bytes(row.last_hash)), happenings)])
    work.write()
    connection.execute(
        update(area_heads)
        .where(area_heads.c.centre_id == work.centre_id, area_heads.c.stream == stream)
        .values(last_seq=head.seq, last_hash=head.hash)
    )
    return head


def seal(work: Work, origin: str) -> int:
    """Give every settled entry its leaf index and sign the new head; return how many leaves were added.

    Settled are the entries of transactions below the snapshot's `xmin`: no
    older transaction can still appear, so an index once given stays right.
    One sealer works at a time; a second one finds nothing to do.
    """
    connection = work.connection
    if not connection.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"seal:{work.centre_id}"}
    ):
        return 0
    last = connection.execute(
        select(tree_heads).where(tree_heads.c.centre_id == work.centre_id).order_by(tree_heads.c.size.desc()).limit(1)
    ).one_or_none()
    tree = Tree() if last is None else Tree(last.size, tuple(last.frontier))
    through = "0" if last is None else str(last.through_xid)
    settled = connection.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))
    rows = connection.execute(
        text(
            "SELECT opened_month, stream, seq, hash FROM entries"
            " WHERE centre_id = :centre AND xid >= CAST(:through AS xid8) AND xid < CAST(:settled AS xid8)"
            " ORDER BY xid, stream, seq"
        ),
        {"centre": work.centre_id, "through": through, "settled": settled},
    ).all()
    if not rows:
        return 0
    connection.execute(
        insert(leaves),
        [
            {
                "centre_id": work.centre_id,
                "leaf_index": tree.size + offset,
                "opened_month": row.opened_month,
                "stream": row.stream,
                "seq": row.seq,
                "leaf_hash": row.hash,
            }
            for offset, row in enumerate(rows)
        ],
    )
    tree, at = tree.grown(row.hash for row in rows), work.now()
    connection.execute(
        text(
            "INSERT INTO tree_heads (centre_id, size, root, frontier, through_xid, at, key_id, signature)"
            " VALUES (:centre, :size, :root, :frontier, CAST(:settled AS xid8), :at, :key_id, :signature)"
        ),
        {
            "centre": work.centre_id,
            "size": tree.size,
            "root": tree.root,
            "frontier": list(tree.frontier),
            "settled": settled,
            "at": at,
            "key_id": work.vault.keys.seal_key_id,
            "signature": work.vault.keys.seal.sign(checkpoint(origin, tree.size, tree.root, at)),
        },
    )
    return len(rows)
