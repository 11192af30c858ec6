"""By hand-made SQL under another centre's or another bank's credential, nothing is there to be seen or changed."""

# ruff: noqa: S608 - the names come from the catalogue and from these tests

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.db import sqlstate
from antifraud.installation import Installation
from antifraud.watching.reading import Memory
from antifraud.watching.service import look
from tests.factories.cases import HELD, Story, seal_all

APPEND_ONLY = (
    "entries",
    "leaves",
    "tree_heads",
    "attempts",
    "documents",
    "facts",
    "snapshots",
    "signature_refusals",
    "definitions",
    "watch_counts",
    "statements",
    "return_notices",
    "rates",
    "valuations",
)
# What belongs to the installation and to no centre.
OPEN = {"assets", "centres", "definitions", "signature_refusals", "heartbeats", "sign_in_failures", "alembic_version"}
CAME_FROM_OUTSIDE = {"reports", "replies"}
OF_A_BANK = {"requests", "holds", "replies", "nonces", "outbox", "attempts", "institution_keys", "data_keys"}
# Nobody may update these at all, whatever the rows: tested below.
WITHOUT_UPDATE = {*APPEND_ONLY, "nonces"}
FORBIDDEN = "42501"


@pytest.fixture
def story(installation: Installation, drill: Centre, clock: FrozenClock) -> Story:
    """A frozen case with rows in most tables."""
    story = Story(installation, drill, clock).stopped()
    story.file()
    freeze = story.asked("freeze", amount_minor=HELD)
    story.deliver(freeze)
    story.answer(freeze, "frozen", held_minor=HELD)
    story.pass_time(timedelta(minutes=1))
    seal_all(installation, drill)
    with installation.database.begin(drill.id) as connection:
        look(connection, drill.id, clock.now(), Memory())
    return story


def tenant_tables(connection: Connection) -> list[str]:
    return list(
        connection.scalars(
            text(
                "SELECT c.table_name FROM information_schema.columns c JOIN pg_class p ON p.relname = c.table_name"
                " WHERE c.table_schema = 'public' AND c.column_name = 'centre_id' AND NOT p.relispartition ORDER BY 1"
            )
        )
    )


def test_every_table_is_of_a_centre_or_known_to_be_open(installation: Installation, drill: Centre) -> None:
    with installation.database.begin(drill.id) as connection:
        tables = set(
            connection.scalars(
                text(
                    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                    " AND relkind IN ('r', 'p') AND NOT relispartition"
                )
            )
        )
        assert tables - set(tenant_tables(connection)) == OPEN


@pytest.mark.parametrize("credential", ["another centre", "no centre", "a centre that is none"])
def test_under_another_credential_no_row_of_any_tenant_table_is_seen_or_changed(
    installation: Installation, drill: Centre, live: Centre, story: Story, credential: str
) -> None:
    other: UUID | None = {"another centre": live.id, "no centre": None}.get(credential, uuid4())
    with installation.database.begin(drill.id) as connection:
        tables = tenant_tables(connection)
        filled = {
            table
            for table in tables
            if connection.scalar(text(f"SELECT count(*) FROM {table} WHERE centre_id = :id"), {"id": drill.id})
        }
    assert len(filled) > 20, "the story leaves too few tables filled to prove anything"
    for table in tables:
        with installation.database.begin(other) as connection:
            seen = connection.scalar(text(f"SELECT count(*) FROM {table} WHERE centre_id = :id"), {"id": drill.id})
            assert seen == 0, table
            if table not in WITHOUT_UPDATE:
                changed = connection.execute(
                    text(f"UPDATE {table} SET {changeable(table)} = {changeable(table)} WHERE centre_id = :id"),
                    {"id": drill.id},
                ).rowcount
                assert changed == 0, table


def changeable(table: str) -> str:
    """Return a column that the processes may write: of what came from outside, only what became of it."""
    return "state" if table in CAME_FROM_OUTSIDE else "centre_id"


@pytest.mark.parametrize("column", ["raw_cipher", "key_id"])
@pytest.mark.parametrize("table", ["reports", "replies"])
def test_what_came_from_outside_is_never_changed(
    installation: Installation, drill: Centre, story: Story, table: str, column: str
) -> None:
    with pytest.raises(DBAPIError) as refused, installation.database.begin(drill.id) as connection:
        connection.execute(text(f"UPDATE {table} SET {column} = {column}"))
    assert sqlstate(refused.value) == FORBIDDEN


def test_a_row_cannot_be_given_to_another_centre(
    installation: Installation, drill: Centre, live: Centre, story: Story
) -> None:
    with installation.database.begin(drill.id) as connection:
        tables = [table for table in tenant_tables(connection) if table not in WITHOUT_UPDATE]
        filled = [table for table in tables if connection.scalar(text(f"SELECT count(*) FROM {table}"))]
    assert len(filled) > 15
    for table in filled:
        with pytest.raises(DBAPIError) as refused, installation.database.begin(drill.id) as connection:
            connection.execute(text(f"UPDATE {table} SET centre_id = :other"), {"other": live.id})
        assert sqlstate(refused.value) == FORBIDDEN, table


def test_under_another_banks_credential_nothing_is_seen_or_changed(
    installation: Installation, drill: Centre, story: Story
) -> None:
    mine = story.id_of("SELECT institution_id FROM requests WHERE case_id = :case LIMIT 1")
    other = story.id_of(f"SELECT id FROM institutions WHERE is_simulated AND id <> '{mine}' LIMIT 1")
    with installation.database.begin(drill.id) as connection:
        tables = tenant_tables(connection)
    for table in tables:
        with installation.database.begin(drill.id, institution_id=other) as connection:
            if table == "data_keys":
                continue  # wrapped: of use only together with a row that the bank may see
            rows = connection.execute(text(f"SELECT * FROM {table}")).mappings().all()
            assert all(row["institution_id"] == other for row in rows), table
            assert table in OF_A_BANK or not rows, table
            if table not in WITHOUT_UPDATE:
                changed = connection.execute(
                    text(f"UPDATE {table} SET {changeable(table)} = {changeable(table)}")
                ).rowcount
                assert changed == len(rows), table
    with installation.database.begin(drill.id, institution_id=mine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM requests")) == 2
        assert connection.scalar(text("SELECT count(*) FROM replies")) == 2
        assert connection.scalar(text("SELECT count(*) FROM cases")) == 0


def test_a_bank_cannot_write_for_another_bank(installation: Installation, drill: Centre, story: Story) -> None:
    mine = story.id_of("SELECT institution_id FROM requests WHERE case_id = :case LIMIT 1")
    other = story.id_of(f"SELECT id FROM institutions WHERE is_simulated AND id <> '{mine}' LIMIT 1")
    with (
        pytest.raises(DBAPIError) as refused,
        installation.database.begin(drill.id, institution_id=other) as connection,
    ):
        connection.execute(
            text("INSERT INTO nonces VALUES (:centre, :bank, 'key', 'nonce', :at)"),
            {"centre": drill.id, "bank": mine, "at": installation.clock.now()},
        )
    assert sqlstate(refused.value) == FORBIDDEN


def test_the_processes_role_cannot_lift_row_security_nor_change_what_is_append_only(
    installation: Installation, drill: Centre, story: Story
) -> None:
    with installation.database.begin(drill.id) as connection:
        role = connection.execute(text("SELECT * FROM pg_roles WHERE rolname = current_user")).mappings().one()
        assert not role["rolsuper"]
        assert not role["rolbypassrls"]
        assert not role["rolcreaterole"]
        assert (
            connection.scalar(text("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user")) == 0
        )
    for table in APPEND_ONLY:
        column = "reason" if table == "signature_refusals" else "id" if table == "definitions" else "centre_id"
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        ):
            with pytest.raises(DBAPIError) as refused, installation.database.begin(drill.id) as connection:
                connection.execute(text(statement))
            assert sqlstate(refused.value) == FORBIDDEN, statement


def test_a_partition_of_the_log_is_no_way_around_its_security(
    installation: Installation, drill: Centre, story: Story
) -> None:
    with installation.database.begin(drill.id) as connection:
        partitions = list(
            connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"))
        )
    assert len(partitions) > 12
    for partition in partitions:
        with pytest.raises(DBAPIError) as refused, installation.database.begin(drill.id) as connection:
            connection.execute(text(f"SELECT 1 FROM {partition}"))
        assert sqlstate(refused.value) == FORBIDDEN, partition
