"""The console: sessions, failed sign-ins, people's settings, and drafts of reports."""

from alembic import op

revision = "0002_console"
down_revision = "0001_spine"
branch_labels = None
depends_on = None

APP_ROLE = "antifraud_app"
PRESENTED = "nullif(current_setting('antifraud.presented', true), '')"


def upgrade() -> None:
    """Create the tables, and close each as the spine's are closed."""
    # One name is one login of the installation: which centre it acts for follows from it, never from what was typed.
    op.execute("ALTER TABLE users DROP CONSTRAINT users_centre_id_name_key")
    op.execute("ALTER TABLE users ADD CONSTRAINT users_one_name UNIQUE (name)")
    op.execute("ALTER TABLE users ADD COLUMN locale text CHECK (locale IN ('zh', 'en'))")
    op.execute("ALTER TABLE users ADD COLUMN theme text CHECK (theme IN ('light', 'dark'))")
    op.execute("ALTER TABLE users ADD COLUMN has_shortcuts boolean NOT NULL DEFAULT true")
    op.execute(f"CREATE POLICY presented ON users FOR SELECT USING ('name:' || name = {PRESENTED})")
    op.execute(
        """
        CREATE TABLE sessions (
            id uuid PRIMARY KEY,
            centre_id uuid NOT NULL REFERENCES centres,
            user_id uuid NOT NULL REFERENCES users,
            token_hash bytea NOT NULL UNIQUE,
            data jsonb NOT NULL DEFAULT '{}',
            opened_at timestamptz NOT NULL,
            seen_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            ended_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX sessions_by_user ON sessions (user_id) WHERE ended_at IS NULL")
    _close("sessions", "SELECT, INSERT, UPDATE")
    op.execute(f"CREATE POLICY presented ON sessions FOR SELECT USING (encode(token_hash, 'hex') = {PRESENTED})")
    # Kept by a hash of the name, known or not, so that a stranger learns nothing of which names there are.
    op.execute(
        """
        CREATE TABLE sign_in_failures (
            subject_hash bytea NOT NULL,
            window_at timestamptz NOT NULL,
            failures integer NOT NULL CHECK (failures > 0),
            PRIMARY KEY (subject_hash, window_at)
        )
        """
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_failures TO {APP_ROLE}")
    op.execute(
        """
        CREATE TABLE drafts (
            id uuid PRIMARY KEY,
            centre_id uuid NOT NULL REFERENCES centres,
            no bigint NOT NULL,
            state text NOT NULL CHECK (state IN ('open', 'sent', 'discarded')),
            opened_by uuid NOT NULL REFERENCES users,
            editor_id uuid NOT NULL REFERENCES users,
            key_id uuid NOT NULL REFERENCES data_keys,
            fields_cipher bytea NOT NULL,
            version integer NOT NULL CHECK (version > 0),
            marks jsonb NOT NULL DEFAULT '{}',
            opened_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            ended_at timestamptz,
            report_id uuid REFERENCES reports DEFERRABLE INITIALLY DEFERRED,
            UNIQUE (centre_id, no),
            CHECK ((state = 'open') = (ended_at IS NULL))
        )
        """
    )
    op.execute("CREATE INDEX drafts_open ON drafts (centre_id, opened_at) WHERE state = 'open'")
    # What few rows have of the many open tasks: costs nothing while a report is taken in.
    op.execute(
        "CREATE INDEX tasks_of_owner ON tasks (centre_id, owner_id, due_at, amount_minor DESC, id)"
        " WHERE state = 'open' AND owner_id IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX tasks_put_off ON tasks (centre_id, due_at) WHERE state = 'open' AND snoozed_until IS NOT NULL"
    )
    # How often a case's masked data was read, and the two searches that the spine had no use for.
    op.execute("CREATE INDEX entries_of_reveals ON entries ((payload->>'case_id')) WHERE kind = 'DataRevealed'")
    op.execute("CREATE INDEX transfers_by_payer ON transfers (payer_account_id) WHERE payer_account_id IS NOT NULL")
    op.execute(
        "CREATE INDEX parties_by_phone_tail ON parties (centre_id, phone_last4_hash) WHERE phone_last4_hash IS NOT NULL"
    )
    # The same money within ten minutes, looked for while a report is typed.
    op.execute("CREATE INDEX transfers_by_time ON transfers (centre_id, earliest_at)")
    # How many reports a source sent lately, told without counting them.
    op.execute("CREATE SEQUENCE report_seq")
    op.execute(f"GRANT USAGE, SELECT ON SEQUENCE report_seq TO {APP_ROLE}")
    op.execute("ALTER TABLE reports ADD COLUMN seq bigint NOT NULL DEFAULT nextval('report_seq')")
    op.execute("CREATE SEQUENCE draft_no")
    op.execute(f"GRANT USAGE ON SEQUENCE draft_no TO {APP_ROLE}")
    _close("drafts", "SELECT, INSERT, UPDATE")


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
    """Take the console's tables away; nothing of a case lies in them."""
    for table in ("drafts", "sign_in_failures", "sessions"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE draft_no")
    op.execute("ALTER TABLE reports DROP COLUMN seq")
    op.execute("DROP SEQUENCE report_seq")
    for index in (
        "tasks_put_off",
        "tasks_of_owner",
        "entries_of_reveals",
        "transfers_by_payer",
        "transfers_by_time",
        "parties_by_phone_tail",
    ):
        op.execute(f"DROP INDEX {index}")
    op.execute("DROP POLICY presented ON users")
    for column in ("locale", "theme", "has_shortcuts"):
        op.execute(f"ALTER TABLE users DROP COLUMN {column}")
    op.execute("ALTER TABLE users DROP CONSTRAINT users_one_name")
    op.execute("ALTER TABLE users ADD CONSTRAINT users_centre_id_name_key UNIQUE (centre_id, name)")
