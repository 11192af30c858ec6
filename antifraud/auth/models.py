"""Tables: centres, who may report (sources), who signs in (users), and their sessions."""

from sqlalchemy import Boolean, Column, DateTime, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from antifraud.foundation.db import metadata

centres = Table(
    "centres",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("trust", Text, nullable=False),
    Column("may_send_history", Boolean, nullable=False, server_default=text("false")),
    Column("quota_per_minute", Integer, nullable=False),
    Column("token_hash", LargeBinary),
    Column("asks_as", Text, nullable=False, server_default=text("'police_centre'")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
)

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("must_change", Boolean, nullable=False, server_default=text("true")),
    Column("roles", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("disabled_at", DateTime(timezone=True)),
    Column("locale", Text),
    Column("theme", Text),
    Column("has_shortcuts", Boolean, nullable=False, server_default=text("true")),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("data", JSONB, nullable=False, server_default=text("'{}'")),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("subject_hash", LargeBinary, primary_key=True),
    Column("window_at", DateTime(timezone=True), primary_key=True),
    Column("failures", Integer, nullable=False),
)
