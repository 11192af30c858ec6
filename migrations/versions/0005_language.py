"""What any scheme needs: roles of requests, lanes of holds, who a source asks as, and routes to definitions."""

from alembic import op

revision = "0005_language"
down_revision = "0003_money"
branch_labels = None
depends_on = None

APP_ROLE = "antifraud_app"
ASKERS = "'victim', 'victim_bank', 'police_centre', 'fiu', 'foreign_centre', 'bank', 'supervisor'"


def upgrade() -> None:
    """Add the columns and the table; a request written before has its kind for its role."""
    op.execute("ALTER TABLE requests ADD COLUMN role text NOT NULL DEFAULT ''")
    op.execute("UPDATE requests SET role = kind")
    # What the definition wants for it: before, after, none.
    op.execute("ALTER TABLE requests ADD COLUMN approval text NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE requests ADD COLUMN told boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE holds ADD COLUMN lane text")
    op.execute(
        f"ALTER TABLE sources ADD COLUMN asks_as text NOT NULL DEFAULT 'police_centre' CHECK (asks_as IN ({ASKERS}))"
    )
    # An ISO 8601 length, as agreed with the institution.
    op.execute("ALTER TABLE institutions ADD COLUMN agreed_answer text")
    # What goes to another definition than the centre's ordinary one: the first that fits takes a payment, in the
    # order of the positions; one that goes `beside` takes it as well.
    op.execute(
        """
        CREATE TABLE routes (
            id uuid PRIMARY KEY,
            centre_id uuid NOT NULL REFERENCES centres,
            position smallint NOT NULL CHECK (position > 0),
            jurisdiction text,
            asset text,
            cross_border boolean,
            beside boolean NOT NULL DEFAULT false,
            content_hash text NOT NULL REFERENCES definitions,
            status text NOT NULL CHECK (status IN ('example', 'active')),
            approver text,
            at timestamptz NOT NULL,
            ended_at timestamptz,
            CHECK (status = 'example' OR approver IS NOT NULL)
        )
        """
    )
    op.execute("CREATE UNIQUE INDEX routes_one_a_position ON routes (centre_id, position) WHERE ended_at IS NULL")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON routes TO {APP_ROLE}")
    op.execute("ALTER TABLE routes ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE routes FORCE ROW LEVEL SECURITY")
    own_centre = "centre_id = nullif(current_setting('antifraud.centre', true), '')::uuid"
    op.execute(f"CREATE POLICY own_centre ON routes USING ({own_centre}) WITH CHECK ({own_centre})")
    no_bank = "coalesce(current_setting('antifraud.institution', true), '') = ''"
    op.execute(f"CREATE POLICY own_institution ON routes AS RESTRICTIVE USING ({no_bank}) WITH CHECK ({no_bank})")


def downgrade() -> None:
    """Take table and columns away."""
    op.execute("DROP TABLE routes")
    op.execute("ALTER TABLE institutions DROP COLUMN agreed_answer")
    op.execute("ALTER TABLE sources DROP COLUMN asks_as")
    op.execute("ALTER TABLE holds DROP COLUMN lane")
    for column in ("told", "approval", "role"):
        op.execute(f"ALTER TABLE requests DROP COLUMN {column}")
