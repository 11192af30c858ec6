"""${message}."""

from alembic import op

revision = "${up_revision}"
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand: the code that runs now must work on the result."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Undo, or say why it cannot be undone."""
    ${downgrades if downgrades else "pass"}
