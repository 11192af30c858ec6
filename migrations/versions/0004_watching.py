"""The auditor's books: how far it has read the log, which waits it found open there, and its count of each minute."""

from alembic import op

revision = "0004_watching"
down_revision = "0002_console"
branch_labels = None
depends_on = None

APP_ROLE = "antifraud_app"
RIGHTS = {
    "watch_positions": "SELECT, INSERT, UPDATE",
    "watched_cases": "SELECT, INSERT, UPDATE",
    "watched_waits": "SELECT, INSERT, UPDATE, DELETE",
    "watch_counts": "SELECT, INSERT",
}


def upgrade() -> None:
    """Create the tables, and close each as the spine's are closed."""
    op.execute(
        """
        CREATE TABLE watch_positions (
            centre_id uuid PRIMARY KEY REFERENCES centres,
            through_xid xid8 NOT NULL,
            should bigint NOT NULL DEFAULT 0,
            did bigint NOT NULL DEFAULT 0,
            late bigint NOT NULL DEFAULT 0,
            looked_at timestamptz,
            counted_minute timestamptz,
            counted_at timestamptz,
            counted_should bigint NOT NULL DEFAULT 0,
            counted_did bigint NOT NULL DEFAULT 0,
            counted_late bigint NOT NULL DEFAULT 0,
            CHECK (did <= should AND late <= did)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE watched_cases (
            case_id uuid PRIMARY KEY,
            centre_id uuid NOT NULL REFERENCES centres,
            seq bigint NOT NULL CHECK (seq > 0),
            is_readable boolean NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX watched_cases_not_readable ON watched_cases (centre_id) WHERE NOT is_readable")
    op.execute(
        """
        CREATE TABLE watched_waits (
            id uuid PRIMARY KEY,
            centre_id uuid NOT NULL REFERENCES centres,
            case_id uuid NOT NULL REFERENCES watched_cases,
            due_at timestamptz NOT NULL,
            is_due boolean NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX watched_waits_by_case ON watched_waits (case_id)")
    op.execute("CREATE INDEX watched_waits_to_come ON watched_waits (centre_id, due_at) WHERE NOT is_due")
    op.execute("CREATE INDEX watched_waits_due ON watched_waits (centre_id, due_at) WHERE is_due")
    op.execute(
        """
        CREATE TABLE watch_counts (
            centre_id uuid NOT NULL REFERENCES centres,
            minute timestamptz NOT NULL,
            since timestamptz,
            counted_at timestamptz NOT NULL,
            should bigint NOT NULL CHECK (should >= 0),
            did bigint NOT NULL CHECK (did >= 0),
            late bigint NOT NULL CHECK (late >= 0),
            difference bigint NOT NULL CHECK (difference >= 0),
            oldest_due_at timestamptz,
            PRIMARY KEY (centre_id, minute),
            CHECK ((difference = 0) = (oldest_due_at IS NULL))
        )
        """
    )
    for table, rights in RIGHTS.items():
        _close(table, rights)


def _close(table: str, rights: str) -> None:
    """Row security: only the centre of the transaction, and nothing under a bank's credential."""
    op.execute(f"GRANT {rights} ON {table} TO {APP_ROLE}")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    own_centre = "centre_id = nullif(current_setting('antifraud.centre', true), '')::uuid"
    op.execute(f"CREATE POLICY own_centre ON {table} USING ({own_centre}) WITH CHECK ({own_centre})")
    no_bank = "coalesce(current_setting('antifraud.institution', true), '') = ''"
    op.execute(f"CREATE POLICY own_institution ON {table} AS RESTRICTIVE USING ({no_bank}) WITH CHECK ({no_bank})")


def downgrade() -> None:
    """Take the books away; all of them but the counts can be made again from the log."""
    for table in ("watch_counts", "watched_waits", "watched_cases", "watch_positions"):
        op.execute(f"DROP TABLE {table}")
