"""What a check found: where, what was expected, what is there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from typing_extensions import override

from antifraud.auth.service import Centre
from antifraud.vault.keyring import KeyRing
from antifraud.work import Work

MAX_SHOWN = 200
"""Longest value that a difference shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it must be. A warning is worth a look and proves nothing wrong."""

    check: str
    where: str
    what: str
    expected: str
    found: str
    is_warning: bool = False

    @override
    def __str__(self) -> str:
        return f"{self.check}: {self.where}, {self.what}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one check: `looked_at` things were compared."""

    check: str
    sentence: str
    looked_at: int
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a check works with: one snapshot of one centre.

    Attributes:
        work: Its connection is read-only, and all statements see the same instant.
        centre: Whose rows row security shows.
        now: By the injected clock.
        clock_stands: A stopped clock lets due instants pass unseen; nothing is late by it.
    """

    work: Work
    centre: Centre
    now: datetime
    clock_stands: bool

    @property
    def connection(self) -> Connection:
        """Return the connection of the snapshot."""
        return self.work.connection

    @property
    def keys(self) -> KeyRing:
        """Return the keys that signed the heads of the log."""
        return self.work.vault.keys


def shown(value: Any) -> str:  # noqa: ANN401 - any column
    """Return a value as a difference names it."""
    match value:
        case None:
            text = "nothing"
        case bytes() | memoryview():
            text = bytes(value).hex()
        case datetime():
            text = value.isoformat().replace("+00:00", "Z")
        case UUID():
            text = str(value)
        case _:
            text = str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
