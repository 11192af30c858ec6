"""One transaction's hands: what every service takes first, and never commits."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from antifraud.foundation.clock import Clock
from antifraud.foundation.ids import new_id
from antifraud.foundation.rows import Rows
from antifraud.vault.service import Vault


@dataclass(frozen=True, slots=True)
class Work:
    """The open transaction of one centre, who acts in it, and by which clock.

    `actor` is `source:<code>`, `bank:<code>`, `loop:<name>`, `user:<name>` or
    `cli:<os user>`: it comes from a credential, never from input.
    """

    connection: Connection
    clock: Clock
    centre_id: UUID
    actor: str
    vault: Vault
    rows: Rows = field(default_factory=Rows)

    def now(self) -> datetime:
        """Return the present instant of the injected clock."""
        return self.clock.now()

    def new_id(self) -> UUID:
        """Return a fresh UUIDv7."""
        return new_id(self.clock)

    def write(self) -> None:
        """Insert the rows that were gathered; every verb that gathers some does so before it returns."""
        self.rows.write(self.connection)
