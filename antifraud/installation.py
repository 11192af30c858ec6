"""What every process of the product holds: settings, clock, database, keys, and how messages look."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from sqlalchemy import Connection

from antifraud.auth.service import Centre, all_centres
from antifraud.cases.calendars import adopt_from
from antifraud.cases.messages import Mail
from antifraud.cases.orders import Authority
from antifraud.foundation.clock import Clock
from antifraud.foundation.db import Database
from antifraud.foundation.settings import Settings, SettingsError
from antifraud.vault.keyring import KeyRing
from antifraud.vault.service import Vault
from antifraud.work import Work


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation as one of its processes sees it; built once per process and handed down."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault

    @classmethod
    def open(cls, settings: Settings, *, pool_size: int = 8, process: str = "antifraud") -> Self:
        """Open the keys and the database as the role of the running processes.

        Raises:
            SettingsError: No database is named, or a calendar of the installation is none.
            KeysMissing: The set-up has not run, or keys were lost.
        """
        if settings.app_database_url is None:
            message = (
                "no database: start the service with `make run`, or set DATABASE_URL and run `antifraud db prepare`"
            )
            raise SettingsError(message)
        adopt_from(settings.home)
        return cls(
            settings=settings,
            clock=settings.build_clock(),
            database=Database(settings.app_database_url, pool_size=pool_size, application_name=process),
            vault=Vault(KeyRing.open(settings.keys_path)),
        )

    def centres(self) -> list[Centre]:
        """Return every centre, the live ones first."""
        return all_centres(self.database)

    def mail(self, centre: Centre) -> Mail:
        """Return how the centre's messages look."""
        return Mail(public_url=self.settings.public_url, authority=Authority(name=centre.name))

    def work(self, connection: Connection, centre_id: UUID, actor: str) -> Work:
        """Return the hands for a transaction that is already bound to the centre."""
        return Work(connection=connection, clock=self.clock, centre_id=centre_id, actor=actor, vault=self.vault)
