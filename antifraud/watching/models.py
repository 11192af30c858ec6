"""Tables of the auditor: its place in the log, the waits that it found open there, and its counts.

All but the counts can be taken away and are made again from the log.
"""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Table, Uuid, text

from antifraud.foundation.db import Xid8, metadata

_ZERO = text("0")

watch_positions = Table(
    "watch_positions",
    metadata,
    Column("centre_id", Uuid, primary_key=True),
    Column("through_xid", Xid8, nullable=False),
    Column("should", BigInteger, nullable=False, server_default=_ZERO),
    Column("did", BigInteger, nullable=False, server_default=_ZERO),
    Column("late", BigInteger, nullable=False, server_default=_ZERO),
    Column("looked_at", DateTime(timezone=True)),
    Column("counted_minute", DateTime(timezone=True)),
    Column("counted_at", DateTime(timezone=True)),
    Column("counted_should", BigInteger, nullable=False, server_default=_ZERO),
    Column("counted_did", BigInteger, nullable=False, server_default=_ZERO),
    Column("counted_late", BigInteger, nullable=False, server_default=_ZERO),
)

watched_cases = Table(
    "watched_cases",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("is_readable", Boolean, nullable=False),
)

watched_waits = Table(
    "watched_waits",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("is_due", Boolean, nullable=False),
)

watch_counts = Table(
    "watch_counts",
    metadata,
    Column("centre_id", Uuid, primary_key=True),
    Column("minute", DateTime(timezone=True), primary_key=True),
    Column("since", DateTime(timezone=True)),
    Column("counted_at", DateTime(timezone=True), nullable=False),
    Column("should", BigInteger, nullable=False),
    Column("did", BigInteger, nullable=False),
    Column("late", BigInteger, nullable=False),
    Column("difference", BigInteger, nullable=False),
    Column("oldest_due_at", DateTime(timezone=True)),
)
