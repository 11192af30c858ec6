"""Reads of what institutions sent, for others: what came and how it was signed, never what it said."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from antifraud.channel.models import replies


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """One message of an institution; `is_signed` tells that its signature was checked and holds.

    `state` is stored, applied or quarantined (kept without effect, for `reason`).
    """

    id: UUID
    request_id: UUID
    via: str
    is_signed: bool
    received_at: datetime
    state: str
    reason: str | None


def replies_about(connection: Connection, request_ids: Collection[UUID]) -> list[Came]:
    """Return what came about these requests, in its order."""
    if not request_ids:
        return []
    rows = connection.execute(
        select(
            replies.c.id,
            replies.c.request_id,
            replies.c.via,
            replies.c.signing_key_id,
            replies.c.received_at,
            replies.c.state,
            replies.c.reason,
        )
        .where(replies.c.request_id.in_(request_ids))
        .order_by(replies.c.received_at, replies.c.id)
    )
    return [
        Came(
            id=row.id,
            request_id=row.request_id,
            via=row.via,
            is_signed=row.signing_key_id is not None,
            received_at=row.received_at,
            state=row.state,
            reason=row.reason,
        )
        for row in rows
    ]
