"""How many wrong passwords are taken in a window: of one name, of the whole installation, of one known browser.

A try is counted before the password is looked at, so that many at once are
no more than the limit, and given back where it was right. A window ends by
the injected clock: nobody is locked out for longer than one.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud.auth.models import sign_in_failures as failures

WINDOW: Final = timedelta(minutes=5)
OF_ONE_NAME: Final = 10
OF_ALL: Final = 200
_KEPT: Final = timedelta(days=1)
_EPOCH: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


class TooManyFailures(Exception):
    """No password is looked at before the window ends."""

    def __init__(self, retry_after: timedelta) -> None:
        """Say how long that is."""
        super().__init__("too many wrong passwords")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Subject:
    """What is counted: a keyed hash of it, and its limit."""

    hash: bytes
    limit: int


def subjects_of(key: bytes, name: str, browser: str | None) -> tuple[Subject, ...]:
    """Return what a try counts for.

    A browser in which this name has signed in before is counted alone: a
    stranger who guesses, at this name or at many, cannot keep its owner out.
    """
    if browser is not None:
        return (Subject(_hash(key, f"browser:{browser}:{name}"), OF_ONE_NAME),)
    # In one order always: two tries never wait for each other crosswise.
    return (Subject(_hash(key, "all"), OF_ALL), Subject(_hash(key, f"name:{name}"), OF_ONE_NAME))


def name_hash(key: bytes, name: str) -> str:
    """Return how the log names a name that was tried: equal for equal names, and nothing without the key."""
    return _hash(key, f"log:{name}").hex()[:16]


def count(connection: Connection, subjects: tuple[Subject, ...], now: datetime) -> None:
    """Count one try as if it were wrong.

    Raises:
        TooManyFailures: A limit is reached; roll the transaction back, this try then counts for nothing.
    """
    window_at = window_of(now)
    for subject in subjects:
        row = upsert(failures).values(subject_hash=subject.hash, window_at=window_at, failures=1)
        counted = connection.execute(
            row.on_conflict_do_update(
                index_elements=[failures.c.subject_hash, failures.c.window_at],
                set_={"failures": failures.c.failures + 1},
                where=failures.c.failures < subject.limit,
            ).returning(failures.c.failures)
        ).one_or_none()
        if counted is None:
            raise TooManyFailures(window_at + WINDOW - now)


def forgive(connection: Connection, subjects: tuple[Subject, ...], counted_at: datetime) -> None:
    """Take a try back that was right: of the name or browser all of the window's, of the others only this one."""
    window_at = window_of(counted_at)
    for subject in subjects:
        mine = (failures.c.subject_hash == subject.hash, failures.c.window_at == window_at)
        if (
            subject.limit == OF_ALL
            and (connection.scalar(select(failures.c.failures).where(*mine).with_for_update()) or 0) > 1
        ):
            connection.execute(update(failures).where(*mine).values(failures=failures.c.failures - 1))
        else:
            connection.execute(delete(failures).where(*mine))
    connection.execute(delete(failures).where(failures.c.window_at < window_at - _KEPT))


def window_of(now: datetime) -> datetime:
    """Return when the window of an instant began."""
    return now - (now - _EPOCH) % WINDOW


def _hash(key: bytes, text: str) -> bytes:
    return hmac.new(key, f"sign-in failures|{text}".encode(), hashlib.sha256).digest()
