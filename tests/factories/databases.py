"""Databases and homes of a test's own: copies of what the product's set-up prepared once for the whole run."""

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from antifraud.foundation.settings import Settings

ATTEMPTS = 50


@contextmanager
def database_of_its_own(template: Settings, folder: Path) -> Iterator[Settings]:
    """Give settings of a fresh database and a home in the folder; the database goes with the block."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    owner = template.database_url or ""
    _admin(owner, f'CREATE DATABASE "{name}" TEMPLATE antifraud')
    home = folder / "home"
    for part in ("keys", "tokens", "simulator"):
        shutil.copytree(Path(template.home) / part, home / part)
    (home / "logs").mkdir()
    yield replace(
        template,
        home=home,
        database_url=_at(owner, name),
        app_database_url=_at(template.app_database_url or "", name),
    )
    _admin(owner, f'DROP DATABASE "{name}" WITH (FORCE)')


def _at(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _admin(owner_url: str, statement: str) -> None:
    """Run one statement outside any transaction, connected to no database that it names.

    The server's own vacuum may be at the database that is dropped; it may not
    be interrupted, and leaves soon.
    """
    conninfo = make_url(owner_url).set(drivername="postgresql", database="postgres")
    with psycopg.connect(conninfo.render_as_string(hide_password=False), autocommit=True) as connection:
        for _ in range(ATTEMPTS):
            try:
                connection.execute(statement.encode())
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
                time.sleep(0.1)
            else:
                return
        connection.execute(statement.encode())
