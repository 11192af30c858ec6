"""Tables: the directory of institutions, their channels and keys, spent nonces."""

from sqlalchemy import Boolean, Column, DateTime, LargeBinary, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from antifraud.foundation.db import metadata

institutions = Table(
    "institutions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("code", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("country", Text),
    Column("kind", Text, nullable=False),
    Column("bic", Text),
    Column("cnaps", Text),
    Column("bin_prefixes", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("local_code", Text),
    Column("is_simulated", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("agreed_answer", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

channels = Table(
    "channels",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("institution_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("url", Text),
    Column("allowed_networks", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("connections", SmallInteger, nullable=False, server_default=text("8")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("retired_at", DateTime(timezone=True)),
)

institution_keys = Table(
    "institution_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("institution_id", Uuid, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("not_before", DateTime(timezone=True), nullable=False),
    Column("not_after", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
)

nonces = Table(
    "nonces",
    metadata,
    Column("centre_id", Uuid, nullable=False),
    Column("institution_id", Uuid, nullable=False),
    Column("key_id", Text, primary_key=True),
    Column("nonce", Text, primary_key=True),
    Column("seen_at", DateTime(timezone=True), nullable=False),
)

signature_refusals = Table(
    "signature_refusals",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
    Column("body_digest", LargeBinary, nullable=False),
)
