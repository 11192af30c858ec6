"""Rows that are gathered and written together: exactly what was given, in the order that the database needs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import ARRAY, JSON, Column, Connection, Integer, LargeBinary, MetaData, Numeric, Table, Text, Uuid, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import DateTime

from antifraud.foundation.rows import Rows
from antifraud.installation import Installation

METADATA = MetaData()
PARENTS = Table("parents", METADATA, Column("id", Uuid), Column("name", Text), Column("n", Integer))
CHILDREN = Table(
    "children",
    METADATA,
    Column("id", Uuid),
    Column("parent_id", Uuid),
    Column("raw", LargeBinary),
    Column("grams", ARRAY(LargeBinary)),
    Column("amount", Numeric(38, 0)),
    Column("at", DateTime(timezone=True)),
    Column("facts", JSON),
)


@pytest.fixture
def connection(installation: Installation) -> Iterator[Connection]:
    """A transaction with a table and one that refers to it, both gone at its end."""
    with installation.database.begin(None) as found:
        found.execute(
            text("CREATE TEMP TABLE parents (id uuid PRIMARY KEY, name text, n integer DEFAULT 7) ON COMMIT DROP")
        )
        found.execute(
            text(
                "CREATE TEMP TABLE children (id uuid PRIMARY KEY, parent_id uuid NOT NULL REFERENCES parents,"
                " raw bytea, grams bytea[], amount numeric(38, 0), at timestamptz, facts jsonb) ON COMMIT DROP"
            )
        )
        yield found


def child(parent_id: UUID, **changes: object) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "parent_id": parent_id,
        "raw": bytes(range(256)),
        "grams": [b'\x00\\"', b""],
        "amount": Decimal(10) ** 37 + 1,
        "at": datetime(2026, 11, 24, 14, 0, 0, 1, tzinfo=UTC),
        "facts": {"a": "\"\\'\n王", "n": 2**53, "none": None},
        **changes,
    }


def test_rows_arrive_as_they_were_given_whatever_their_type(connection: Connection) -> None:
    rows, parent_id = Rows(), uuid4()
    # The child first: what refers to it may be gathered before it.
    given = child(parent_id)
    rows.add(CHILDREN, [given, child(parent_id, raw=None, grams=[], amount=None, at=None, facts=None)])
    rows.add(PARENTS, [{"id": parent_id, "name": "王\t'"}])
    rows.write(connection)
    found = connection.execute(text("SELECT * FROM children WHERE id = :id"), {"id": given["id"]}).mappings().one()
    assert dict(found) == given
    assert connection.scalar(text("SELECT n FROM parents")) == 7, "a column that is left out has its default"
    assert connection.scalar(text("SELECT count(*) FROM children WHERE raw IS NULL AND facts IS NULL")) == 1


def test_what_was_written_is_not_written_again(connection: Connection) -> None:
    rows = Rows()
    rows.add(PARENTS, [{"id": uuid4(), "name": "one"}])
    for _ in range(2):
        rows.write(connection)
    assert connection.scalar(text("SELECT count(*) FROM parents")) == 1


def test_a_row_may_be_made_and_changed_by_one_write_and_its_first_change_counts(connection: Connection) -> None:
    rows, one, other = Rows(), uuid4(), uuid4()
    rows.change(PARENTS, [{"id": one, "name": "first"}])
    rows.change(PARENTS, [{"id": one, "name": "second"}, {"id": other, "name": None}])
    rows.add(PARENTS, [{"id": one, "name": "new", "n": 1}, {"id": other, "name": "new", "n": 2}])
    rows.write(connection)
    found = connection.execute(text("SELECT id, name, n FROM parents ORDER BY n")).all()
    assert [tuple(row) for row in found] == [(one, "first", 1), (other, None, 2)]


def test_only_the_columns_that_are_to_be_replaced_are(connection: Connection) -> None:
    rows, one = Rows(), uuid4()
    for name, n in (("old", 1), ("new", 2)):
        rows.add(PARENTS, [{"id": one, "name": name, "n": n}], replacing=("name",))
        rows.write(connection)
    assert tuple(connection.execute(text("SELECT name, n FROM parents")).one()) == ("new", 1)


def test_rows_with_other_columns_are_no_batch(connection: Connection) -> None:
    rows = Rows()
    with pytest.raises(ValueError, match="different columns"):
        rows.add(PARENTS, [{"id": uuid4(), "name": "x"}, {"id": uuid4()}])
    rows.add(PARENTS, [{"id": uuid4(), "name": "x"}])
    with pytest.raises(ValueError, match="different columns"):
        rows.add(PARENTS, [{"id": uuid4(), "n": 1}])


def test_a_row_that_refers_to_nothing_is_refused(connection: Connection) -> None:
    rows = Rows()
    rows.add(CHILDREN, [child(uuid4())])
    with pytest.raises(IntegrityError):
        rows.write(connection)
    connection.rollback()


def test_a_value_that_no_column_takes_is_refused_before_anything_is_sent(connection: Connection) -> None:
    rows = Rows()
    rows.add(PARENTS, [{"id": uuid4(), "name": object()}])
    with pytest.raises(TypeError, match="object"):
        rows.write(connection)
