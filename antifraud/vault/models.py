"""Table of the data keys; a key without `wrapped` was destroyed."""

from sqlalchemy import Column, DateTime, LargeBinary, SmallInteger, Table, Text, Uuid

from antifraud.foundation.db import metadata

data_keys = Table(
    "data_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("wrapped", LargeBinary),
    Column("master_version", SmallInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("destroyed_at", DateTime(timezone=True)),
)
