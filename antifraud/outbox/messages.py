"""Reads of the outbox for whoever looks at a request: the messages about it, and every attempt to deliver them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from antifraud.outbox.models import attempts, outbox
from antifraud.outbox.service import CLAIMED, DELIVERED, UNWANTED, WAITING

_STATES: Final = {WAITING: "waiting", CLAIMED: "sending", DELIVERED: "delivered", UNWANTED: "unwanted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt to deliver a message."""

    number: int
    started_at: datetime
    ended_at: datetime
    result: str
    http_status: int | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message of ours about a request; `state` is waiting, sending, delivered or unwanted."""

    id: UUID
    request_id: UUID
    case_id: UUID
    kind: str
    channel: str
    state: str
    created_at: datetime
    ended_at: datetime | None
    next_attempt_at: datetime
    tries: tuple[Try, ...]


def messages_about(connection: Connection, request_ids: Collection[UUID]) -> list[Sent]:
    """Return the messages about these requests in the order of their making, each with its attempts."""
    if not request_ids:
        return []
    rows = connection.execute(
        select(outbox).where(outbox.c.request_id.in_(request_ids)).order_by(outbox.c.created_at, outbox.c.id)
    ).all()
    tried: dict[UUID, list[Try]] = {}
    for row in connection.execute(
        select(attempts).where(attempts.c.outbox_id.in_([row.id for row in rows])).order_by(attempts.c.number)
    ):
        tried.setdefault(row.outbox_id, []).append(
            Try(
                number=row.number,
                started_at=row.started_at,
                ended_at=row.ended_at,
                result=row.result,
                http_status=row.http_status,
                reason=row.reason,
            )
        )
    return [
        Sent(
            id=row.id,
            request_id=row.request_id,
            case_id=row.case_id,
            kind=row.kind,
            channel=row.channel,
            state=_STATES[row.state],
            created_at=row.created_at,
            ended_at=row.ended_at,
            next_attempt_at=row.next_attempt_at,
            tries=tuple(tried.get(row.id, ())),
        )
        for row in rows
    ]
