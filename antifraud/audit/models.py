"""Tables: the log, its leaves and signed heads."""

from sqlalchemy import BigInteger, Column, Date, DateTime, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from antifraud.foundation.db import Xid8, metadata

entries = Table(
    "entries",
    metadata,
    Column("opened_month", Date, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("centre_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("cause_id", Uuid),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
)

area_heads = Table(
    "area_heads",
    metadata,
    Column("centre_id", Uuid, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("opened_month", Date, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_hash", LargeBinary, nullable=False),
)

leaves = Table(
    "leaves",
    metadata,
    Column("centre_id", Uuid, primary_key=True),
    Column("leaf_index", BigInteger, primary_key=True),
    Column("opened_month", Date, nullable=False),
    Column("stream", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
)

tree_heads = Table(
    "tree_heads",
    metadata,
    Column("centre_id", Uuid, primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("root", LargeBinary, nullable=False),
    Column("frontier", ARRAY(LargeBinary), nullable=False),
    Column("through_xid", Xid8, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
