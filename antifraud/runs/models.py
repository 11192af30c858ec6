"""Tables: planned runs of the machinery and the signs of life of its processes."""

from sqlalchemy import Column, DateTime, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from antifraud.foundation.db import metadata

planned_runs = Table(
    "planned_runs",
    metadata,
    Column("centre_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("due_at", DateTime(timezone=True), primary_key=True),
    Column("state", Text, nullable=False),
    Column("done_at", DateTime(timezone=True)),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("process", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("loops", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)
