"""The spine: every table of the first release, row security, and the second role."""

from pathlib import Path

from alembic import op
from sqlalchemy import text

revision = "0001_spine"
down_revision = None
branch_labels = None
depends_on = None

APP_ROLE = "antifraud_app"

# Rows of these tables carry the institution that may see them; a bank's
# credential narrows them further. All other tenant tables are closed to it.
SEEN_BY_INSTITUTION = ("requests", "holds", "replies", "nonces", "outbox", "attempts", "institution_keys")

# A credential is looked up before its centre is known: the row whose hash or
# key id the caller presented, and no other, is visible then.
LOOKED_UP_BY_CREDENTIAL = {
    "sources": "encode(token_hash, 'hex')",
    "institution_keys": "key_id",
}

APPEND_ONLY = (
    "entries",
    "leaves",
    "tree_heads",
    "attempts",
    "documents",
    "facts",
    "snapshots",
    "signature_refusals",
    "definitions",
)
NOT_TENANT = ("assets", "centres", "definitions", "signature_refusals", "heartbeats")
# Rows that may be taken away: spent nonces, dead processes.
DELETABLE = ("nonces", "heartbeats")
# Made by the set-up as the owner; the processes only read them.
SET_UP_ONLY = ("assets", "centres")
# What came from outside is never changed: only what became of it is written later.
UPDATED_IN_PART = {
    "reports": ("state", "case_id", "channel", "origin", "reported_earliest_at", "reported_latest_at", "flags"),
    "replies": ("state", "reason", "applied_at", "answer_cipher"),
}
WITHOUT_UPDATE = (*APPEND_ONLY, "assets", "centres", "nonces")


def upgrade() -> None:
    """Create the schema, then close it: grants, row security, policies."""
    connection = op.get_bind()
    connection.exec_driver_sql(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
    tables = [
        name
        for (name,) in connection.execute(
            text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')")
        )
        if name not in ("alembic_version", "entries_other")
    ]
    for table in sorted(tables):
        rights = ["SELECT"] if table in SET_UP_ONLY else ["SELECT", "INSERT"]
        if table in UPDATED_IN_PART:
            rights.append(f"UPDATE ({', '.join(UPDATED_IN_PART[table])})")
        elif table not in WITHOUT_UPDATE:
            rights.append("UPDATE")
        if table in DELETABLE:
            rights.append("DELETE")
        op.execute(f"GRANT {', '.join(rights)} ON {table} TO {APP_ROLE}")
        if table not in NOT_TENANT:
            close(table)
    op.execute(f"GRANT SELECT ON alembic_version TO {APP_ROLE}")


def close(table: str) -> None:
    """Row security: only the centre of the transaction, and only the bank's own rows under a bank's credential."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    own_centre = "centre_id = nullif(current_setting('antifraud.centre', true), '')::uuid"
    op.execute(f"CREATE POLICY own_centre ON {table} USING ({own_centre}) WITH CHECK ({own_centre})")
    no_bank = "coalesce(current_setting('antifraud.institution', true), '') = ''"
    if table in SEEN_BY_INSTITUTION:
        own_bank = "institution_id = nullif(current_setting('antifraud.institution', true), '')::uuid"
        rule = f"{no_bank} OR {own_bank}"
    elif table == "data_keys":
        # A bank's raw reply is encrypted under its own credential; the keys are wrapped.
        return
    else:
        rule = no_bank
    op.execute(f"CREATE POLICY own_institution ON {table} AS RESTRICTIVE USING ({rule}) WITH CHECK ({rule})")
    if table in LOOKED_UP_BY_CREDENTIAL:
        presented = "nullif(current_setting('antifraud.presented', true), '')"
        op.execute(
            f"CREATE POLICY presented ON {table} FOR SELECT USING ({LOOKED_UP_BY_CREDENTIAL[table]} = {presented})"
        )


def downgrade() -> None:
    """Refuse: the first schema holds the only copy of the record."""
    message = "0001_spine cannot be undone: it would drop every case. Drop the database instead."
    raise RuntimeError(message)
