"""Tables: messages that wait to be sent, and every attempt."""

from sqlalchemy import Column, DateTime, Integer, LargeBinary, SmallInteger, Table, Text, Uuid, text

from antifraud.foundation.db import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("institution_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("key_id", Uuid, nullable=False),
    Column("body_cipher", LargeBinary, nullable=False),
    Column("body_digest", LargeBinary, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("lease_until", DateTime(timezone=True)),
    Column("fence", Integer, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("institution_id", Uuid, nullable=False),
    Column("outbox_id", Uuid, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True), nullable=False),
    Column("result", Text, nullable=False),
    Column("http_status", SmallInteger),
    Column("reason", Text),
)
