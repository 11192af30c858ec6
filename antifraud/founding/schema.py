"""The schema: migrations run, rehearsed and begun; the second role; partitions and sequences."""

import importlib
import re
from pathlib import Path
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from antifraud.auth.models import centres
from antifraud.foundation.clock import Clock
from antifraud.foundation.db import metadata
from antifraud.foundation.settings import APPLICATION_ROLE

MONTHS_AHEAD: Final = 13
MIGRATIONS: Final = Path(__file__).resolve().parents[2] / "migrations"
MODELS: Final = tuple(
    f"antifraud.{capability}.models"
    for capability in (
        *("audit", "auth", "banks", "cases", "channel", "deadlines"),
        *("intake", "outbox", "runs", "timeliness", "vault", "watching"),
    )
)


def alembic_config(connection: Connection) -> Config:
    """Return the migrations' configuration, bound to an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def migrate(owner_url: str) -> None:
    """Bring the schema to the newest version, as its owner."""
    engine = create_engine(owner_url)
    try:
        with engine.connect() as connection:
            command.upgrade(alembic_config(connection), "head")
    finally:
        engine.dispose()


def is_current(owner_url: str) -> bool:
    """Tell whether the schema is at the newest version."""
    engine = create_engine(owner_url)
    try:
        with engine.connect() as connection:
            script = ScriptDirectory.from_config(alembic_config(connection))
            return MigrationContext.configure(connection).get_current_revision() == script.get_current_head()
    finally:
        engine.dispose()


def differences_from_models(owner_url: str) -> list[str]:
    """Return where the migrated schema and the tables in the code differ (columns, types, nullability)."""
    for name in MODELS:
        importlib.import_module(name)
    engine = create_engine(owner_url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "include_object": _is_compared}
            )
            return [str(difference) for difference in compare_metadata(context, metadata)]
    finally:
        engine.dispose()


def _is_compared(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:  # noqa: FBT001 - alembic's signature
    """Indexes, constraints and partitions are the migrations' own; the code knows tables and columns."""
    return kind in {"table", "column"} and not (name or "").startswith("entries_")


def new_migration(message: str) -> str:
    """Write the next numbered migration and return its path; its name says what it does."""
    script = ScriptDirectory(str(MIGRATIONS), file_template="%(rev)s")
    numbers = [int(revision.revision[:4]) for revision in script.walk_revisions()]
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    name = f"{max(numbers, default=0) + 1:04d}_{slug}"
    made = script.generate_revision(name, message[:1].upper() + message[1:])
    return str(made.path) if made else name


def make_role(owner_url: str, app_url: str) -> None:
    """Make the second role where the owner may and it is missing (an embedded server has it already)."""
    app = make_url(app_url)
    engine = create_engine(owner_url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            exists = connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": app.username})
            if not exists:
                # DDL takes no parameters: the server quotes the password itself.
                statement = connection.scalar(
                    text(
                        "SELECT format('CREATE ROLE %I LOGIN PASSWORD %L',"
                        " CAST(:name AS text), CAST(:password AS text))"
                    ),
                    {"name": app.username, "password": app.password},
                )
                connection.exec_driver_sql(statement or "")
    finally:
        engine.dispose()


def check_role(app_url: str) -> None:
    """See that the processes will get in, before anything is made.

    Raises:
        LookupError: Another user is named, or the server knows the role under another password.
    """
    if make_url(app_url).username != APPLICATION_ROLE:
        message = f"ANTIFRAUD_APP_DATABASE_URL must name the user {APPLICATION_ROLE}: row security is written for it"
        raise LookupError(message)
    engine = create_engine(app_url)
    try:
        engine.connect().close()
    except OperationalError as error:
        message = (
            f"the role {APPLICATION_ROLE} is on this server already and does not take our password:"
            " set ANTIFRAUD_APP_DATABASE_URL to its address and password"
        )
        raise LookupError(message) from error
    finally:
        engine.dispose()


def make_partitions_and_sequences(owner_url: str, clock: Clock) -> None:
    """Make the log's partitions for the coming months, and each centre's sequence of case numbers."""
    engine = create_engine(owner_url)
    first = clock.now().date().replace(day=1)
    try:
        with engine.begin() as connection:
            for ahead in range(MONTHS_AHEAD):
                months = first.year * 12 + first.month - 1 + ahead
                start, end = (first.replace(year=m // 12, month=m % 12 + 1) for m in (months, months + 1))
                connection.exec_driver_sql(
                    f"CREATE TABLE IF NOT EXISTS entries_{start:%Y_%m} PARTITION OF entries"
                    f" FOR VALUES FROM ('{start}') TO ('{end}')"
                )
            for code in connection.scalars(select(centres.c.code)):
                connection.exec_driver_sql(f"CREATE SEQUENCE IF NOT EXISTS case_no_{code}")
                connection.exec_driver_sql(f"GRANT USAGE ON SEQUENCE case_no_{code} TO antifraud_app")
            connection.exec_driver_sql("GRANT USAGE ON SCHEMA public TO antifraud_app")
    finally:
        engine.dispose()
