"""Tables: fraud reports as they came, the answers kept for repeated keys, and drafts that people are still typing."""

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from antifraud.foundation.db import metadata

reports = Table(
    "reports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("no", Text, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("source_ref_hash", LargeBinary),
    Column("profile", Text, nullable=False),
    Column("channel", Text),
    Column("origin", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("case_id", Uuid),
    Column("key_id", Uuid, nullable=False),
    Column("raw_cipher", LargeBinary, nullable=False),
    Column("raw_digest", LargeBinary, nullable=False),
    Column("reported_earliest_at", DateTime(timezone=True)),
    Column("reported_latest_at", DateTime(timezone=True)),
    Column("flags", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("accepted_at", DateTime(timezone=True), nullable=False),
    # Grows with every report of the installation: a look at two of them bounds how many came between.
    Column("seq", BigInteger, nullable=False, server_default=text("nextval('report_seq'::regclass)")),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("source_id", Uuid, primary_key=True),
    Column("key_hash", LargeBinary, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("body_digest", LargeBinary, nullable=False),
    Column("report_id", Uuid, nullable=False),
    Column("key_id", Uuid, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("answer_cipher", LargeBinary, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("no", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_by", Uuid, nullable=False),
    Column("editor_id", Uuid, nullable=False),
    Column("key_id", Uuid, nullable=False),
    Column("fields_cipher", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("marks", JSONB, nullable=False, server_default=text("'{}'")),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("report_id", Uuid),
)
