"""Money in a trail: what institutions state of an account, notices of return, rates and the reports valued by them."""

from alembic import op

revision = "0003_money"
down_revision = "0004_watching"
branch_labels = None
depends_on = None

APP_ROLE = "antifraud_app"


def upgrade() -> None:
    """Create the tables; rows are added and never changed."""
    # One row an answer that says more of an account's money than what is held: `id` is the reply's.
    op.execute(
        """
        CREATE TABLE statements (
            id uuid PRIMARY KEY REFERENCES replies,
            centre_id uuid NOT NULL REFERENCES centres,
            case_id uuid NOT NULL REFERENCES cases,
            request_id uuid NOT NULL REFERENCES requests,
            hold_id uuid NOT NULL,
            account_id uuid REFERENCES accounts,
            asset text NOT NULL REFERENCES assets,
            balance_minor numeric(38, 0) CHECK (balance_minor >= 0),
            arrived_minor numeric(38, 0) CHECK (arrived_minor >= 0),
            held_minor numeric(38, 0) CHECK (held_minor >= 0),
            onward_minor numeric(38, 0) CHECK (onward_minor >= 0),
            withdrawn_minor numeric(38, 0) CHECK (withdrawn_minor >= 0),
            spent_minor numeric(38, 0) CHECK (spent_minor >= 0),
            left_minor numeric(38, 0) CHECK (left_minor >= 0),
            at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX statements_of_balances ON statements (account_id, at) WHERE balance_minor IS NOT NULL")
    op.execute("CREATE INDEX statements_by_case ON statements (case_id)")
    # `id` is the reply's. The reference is the institution's own and may be anything: only its keyed hash is kept.
    op.execute(
        """
        CREATE TABLE return_notices (
            id uuid PRIMARY KEY REFERENCES replies,
            centre_id uuid NOT NULL REFERENCES centres,
            case_id uuid NOT NULL REFERENCES cases,
            request_id uuid NOT NULL REFERENCES requests,
            hold_id uuid NOT NULL,
            asset text NOT NULL REFERENCES assets,
            amount_minor numeric(38, 0) NOT NULL CHECK (amount_minor >= 0),
            reference_hash bytea,
            at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX return_notices_by_hold ON return_notices (hold_id)")
    op.execute(
        "CREATE INDEX return_notices_by_reference ON return_notices (reference_hash) WHERE reference_hash IS NOT NULL"
    )
    op.execute(
        """
        CREATE TABLE rates (
            id uuid PRIMARY KEY,
            centre_id uuid NOT NULL REFERENCES centres,
            asset text NOT NULL REFERENCES assets,
            into_asset text NOT NULL REFERENCES assets,
            numerator numeric(38, 0) NOT NULL CHECK (numerator >= 0),
            denominator numeric(38, 0) NOT NULL CHECK (denominator > 0),
            source text NOT NULL CHECK (source <> ''),
            at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            recorded_by text NOT NULL,
            CHECK (asset <> into_asset)
        )
        """
    )
    op.execute("CREATE INDEX rates_by_asset ON rates (centre_id, asset, into_asset, at)")
    # By which rate a report's asset is valued: that which was known when the report was accepted, for good.
    op.execute(
        """
        CREATE TABLE valuations (
            report_id uuid NOT NULL REFERENCES reports DEFERRABLE INITIALLY DEFERRED,
            asset text NOT NULL REFERENCES assets,
            centre_id uuid NOT NULL REFERENCES centres,
            rate_id uuid NOT NULL REFERENCES rates,
            at timestamptz NOT NULL,
            PRIMARY KEY (report_id, asset)
        )
        """
    )
    for table in ("statements", "return_notices", "rates", "valuations"):
        _close(table, "SELECT, INSERT")


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
    """Take the tables away: what they say of the money is lost, the holds are not."""
    for table in ("valuations", "rates", "return_notices", "statements"):
        op.execute(f"DROP TABLE {table}")
