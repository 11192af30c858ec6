"""Reads of the outbox for those who watch over it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from antifraud.outbox.models import outbox
from antifraud.outbox.service import CLAIMED, WAITING
from antifraud.work import Work


@dataclass(frozen=True, slots=True)
class Backlog:
    """Messages of the centre that a channel of ours has not yet delivered, and since when the oldest of them waits."""

    count: int
    oldest_at: datetime | None


def backlog(work: Work) -> Backlog:
    """Return what waits to be sent."""
    row = work.connection.execute(
        select(func.count(), func.min(outbox.c.created_at)).where(
            outbox.c.state.in_((WAITING, CLAIMED)), outbox.c.channel == "push"
        )
    ).one()
    return Backlog(*row)
