"""Sessions on the server: a random token in the browser, its hash in a row, two limits by the injected clock."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from antifraud.auth.models import sessions, users
from antifraud.auth.people import Person, person_of
from antifraud.auth.service import token_hash
from antifraud.foundation.clock import Clock
from antifraud.foundation.db import Database, bind
from antifraud.foundation.ids import random_token
from antifraud.work import Work

IDLE: Final = timedelta(hours=12)
"""A session not used for so long is over: a shift."""
ABSOLUTE: Final = timedelta(hours=16)
"""A session is over then, however much it is used."""
SEEN_EVERY: Final = timedelta(minutes=1)
"""Use is written down no more often than this, so a session may end as much earlier."""


@dataclass(frozen=True, slots=True)
class Session:
    """An open session: whose it is, and what the console keeps in it."""

    id: UUID
    person: Person
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened, and its token, which is nowhere else."""

    session: Session
    token: str


def open_session(work: Work, person: Person) -> Opened:
    """Open a session under a new token of 256 random bits; only the token's hash is stored."""
    token, now = random_token(), work.now()
    session = Session(id=work.new_id(), person=person, data={})
    work.connection.execute(
        insert(sessions).values(
            id=session.id,
            centre_id=work.centre_id,
            user_id=person.id,
            token_hash=token_hash(token),
            opened_at=now,
            seen_at=now,
            ends_at=now + ABSOLUTE,
        )
    )
    return Opened(session, token)


def find(database: Database, clock: Clock, presented: bytes, *, is_use: bool = True) -> Session | None:
    """Return the open session of a token; None if it is unknown, ended, over a limit, or its login was disabled.

    Args:
        database: The process's own.
        clock: Both limits are by it.
        presented: ``token_hash`` of what the browser showed.
        is_use: Whether this moves the idle limit; what a page does by itself does not.
    """
    now = clock.now()
    with database.begin(None, presented=presented.hex()) as connection:
        row = connection.execute(
            select(sessions).where(
                sessions.c.token_hash == presented,
                sessions.c.ended_at.is_(None),
                sessions.c.ends_at > now,
                sessions.c.seen_at > now - IDLE,
            )
        ).one_or_none()
        if row is None:
            return None
        bind(connection, row.centre_id)
        login = connection.execute(
            select(users).where(users.c.id == row.user_id, users.c.disabled_at.is_(None))
        ).one_or_none()
        if login is None:
            return None
        if is_use and row.seen_at <= now - SEEN_EVERY:
            connection.execute(update(sessions).where(sessions.c.id == row.id).values(seen_at=now))
    return Session(row.id, person_of(login), dict(row.data))


def keep(connection: Connection, session_id: UUID, data: dict[str, Any]) -> None:
    """Store what the console keeps in a session."""
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(data=data))


def end(work: Work, session_id: UUID) -> None:
    """End one session; one that has ended stays as it was."""
    work.connection.execute(
        update(sessions).where(sessions.c.id == session_id, sessions.c.ended_at.is_(None)).values(ended_at=work.now())
    )


def end_all(work: Work, user_id: UUID) -> int:
    """End every session of a login; return how many were open."""
    return work.connection.execute(
        update(sessions).where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None)).values(ended_at=work.now())
    ).rowcount
