"""What must be there before the first process: schema, second role, keys, centres and what they begin with.

Every step looks first and makes only what is missing, so that it runs at each
start and after an upgrade.
"""

import os
import pwd
from collections.abc import Callable
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud.auth.models import centres
from antifraud.cases.models import assets
from antifraud.foundation.clock import Clock
from antifraud.foundation.db import Database, bind
from antifraud.foundation.ids import new_id
from antifraud.foundation.money import ASSETS
from antifraud.foundation.settings import Settings
from antifraud.founding.contents import DEFINITION, SOURCES, FirstLogins, fill, token_path
from antifraud.founding.schema import check_role, make_partitions_and_sequences, make_role, migrate
from antifraud.vault.keyring import KeyRing
from antifraud.vault.models import data_keys
from antifraud.vault.service import Vault
from antifraud.work import Work

__all__ = ["DEFINITION", "DRILL", "LIVE", "SOURCES", "prepare", "token_path"]

Say = Callable[[str], None]

LIVE: Final = "centre"
DRILL: Final = "drill"


def prepare(settings: Settings, clock: Clock, say: Say) -> None:
    """Do the whole set-up; what exists is left as it is.

    Raises:
        KeysMissing: Some keys of the installation are gone.
    """
    if settings.database_url is None or settings.app_database_url is None:
        message = "no database to prepare: set DATABASE_URL, or start with `make run`"
        raise LookupError(message)
    if KeyRing.create(settings.keys_path):
        say(f"keys made in {settings.keys_path}: back them up; without them the personal data cannot be read")
    make_role(settings.database_url, settings.app_database_url)
    check_role(settings.app_database_url)
    migrate(settings.database_url)
    make_partitions_and_sequences(settings.database_url, clock)
    # As the owner: the role of the processes may not make a centre. Row security binds the owner too.
    database = Database(settings.database_url, pool_size=1, application_name="antifraud-prepare")
    vault = Vault(KeyRing.open(settings.keys_path))
    try:
        with database.begin(None) as connection:
            connection.execute(
                upsert(assets).on_conflict_do_nothing(),
                [{"code": asset.code, "exponent": asset.exponent, "kind": asset.kind} for asset in ASSETS.values()],
            )
        first = _found_centre(database, vault, clock, settings, code=LIVE, name="反诈中心", kind="live")
        practice = None
        if settings.environment != "production":
            practice = _found_centre(database, vault, clock, settings, code=DRILL, name="演练中心", kind="drill")
        if first:
            names = ", ".join(first.names)
            say(f"first sign-in: {names} / {first.password}  (shown once; it must be changed at the first sign-in)")
        if practice:
            names = ", ".join(practice.names)
            say(f"practice sign-in: {names} / {practice.password}  (shown once; the drill centre)")
    finally:
        database.close()
    make_partitions_and_sequences(settings.database_url, clock)


def _found_centre(
    database: Database, vault: Vault, clock: Clock, settings: Settings, *, code: str, name: str, kind: str
) -> FirstLogins | None:
    """Make a centre with all it begins with; return its first logins if they were just made."""
    with database.begin(None) as connection:
        centre_id = connection.scalar(select(centres.c.id).where(centres.c.code == code)) or new_id(clock)
        bind(connection, centre_id)
        work = Work(connection=connection, clock=clock, centre_id=centre_id, actor=f"cli:{_os_user()}", vault=vault)
        connection.execute(
            upsert(centres).on_conflict_do_nothing(),
            {
                "id": centre_id,
                "code": code,
                "name": name,
                "kind": kind,
                "zone": "Asia/Shanghai",
                "jurisdiction": "CN",
                "currency": "CNY",
                "created_at": clock.now(),
            },
        )
        if not connection.scalar(select(data_keys.c.id).where(data_keys.c.kind == "directory")):
            vault.create(connection, centre_id, "directory", work.new_id(), clock.now())
        return fill(work, settings, code=code, kind=kind)


def _os_user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name
