"""Table of what the institutions answered, stored before it is understood."""

from sqlalchemy import Column, DateTime, LargeBinary, Table, Text, Uuid

from antifraud.foundation.db import metadata

replies = Table(
    "replies",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("institution_id", Uuid, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("signing_key_id", Text),
    Column("body_digest", LargeBinary, nullable=False),
    Column("key_id", Uuid, nullable=False),
    Column("raw_cipher", LargeBinary, nullable=False),
    Column("signature_cipher", LargeBinary),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("answer_cipher", LargeBinary),
    Column("applied_at", DateTime(timezone=True)),
)
