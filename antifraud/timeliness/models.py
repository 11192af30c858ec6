"""Table of the published weeks."""

from sqlalchemy import Column, DateTime, LargeBinary, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from antifraud.foundation.db import metadata

snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("week", Text, nullable=False),
    Column("edition", SmallInteger, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("cut_off_at", DateTime(timezone=True), nullable=False),
    Column("measures_version", Text, nullable=False),
    Column("inputs_hash", LargeBinary, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("figures", LargeBinary, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("published_by", Text, nullable=False),
    Column("reason", Text),
)
