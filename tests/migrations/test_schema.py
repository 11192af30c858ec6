"""From empty to the newest schema, which is the one that the tables in the code say."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.dialects.postgresql.base import ischema_names

import antifraud
from antifraud.foundation.db import Xid8, metadata
from antifraud.foundation.settings import Settings
from antifraud.founding.schema import MODELS, alembic_config, is_current, migrate
from antifraud.installation import Installation

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
# Made at run time, not by a migration: the log's partitions, and Alembic's own table.
NOT_OURS = re.compile(r"entries_(\d{4}_\d{2}|other)|alembic_version")


@pytest.fixture
def owner(database_settings: Settings) -> Iterator[Connection]:
    engine = create_engine(database_settings.database_url or "")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_rehearsal_knows_every_module_of_tables() -> None:
    names = {module.name for module in pkgutil.walk_packages(antifraud.__path__, "antifraud.")}
    assert set(MODELS) == {name for name in names if name.endswith(".models")}


def test_the_tables_in_the_code_are_the_migrated_schema(owner: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    # SQLAlchemy reads a type that it does not know only by this table of its own.
    monkeypatch.setitem(ischema_names, "xid8", Xid8)
    for module in pkgutil.walk_packages(antifraud.__path__, "antifraud."):
        if module.name.endswith(".models"):
            importlib.import_module(module.name)
    assert len(metadata.tables) > 25
    context = MigrationContext.configure(
        owner,
        opts={
            "compare_type": True,
            # Indexes, checks and references are the migration's alone; the code names tables and columns.
            "include_object": lambda _thing, name, kind, _reflected, _other: (
                kind in {"table", "column"} and not (kind == "table" and NOT_OURS.fullmatch(name or ""))
            ),
        },
    )
    assert compare_metadata(context, metadata) == []


def test_the_schema_is_made_from_an_empty_database(database_settings: Settings, owner: Connection) -> None:
    owner.exec_driver_sql("DROP SCHEMA public CASCADE")
    owner.exec_driver_sql("CREATE SCHEMA public")
    owner.commit()
    url = database_settings.database_url or ""
    assert not is_current(url)
    migrate(url)
    assert is_current(url)
    assert owner.scalar(text("SELECT count(*) FROM cases")) == 0
    migrate(url)
    assert is_current(url)


def test_there_is_one_head_and_each_revision_is_named_after_its_file(owner: Connection) -> None:
    script = ScriptDirectory.from_config(alembic_config(owner))
    assert len(script.get_heads()) == 1
    revisions = {revision.revision for revision in script.walk_revisions()}
    assert revisions == {path.stem for path in VERSIONS.glob("*.py")}


def test_a_process_on_the_newest_schema_sees_its_centres(installation: Installation) -> None:
    assert {centre.code for centre in installation.centres()} == {"centre", "drill"}
