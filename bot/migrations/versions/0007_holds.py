"""what is held

Revision ID: 0007
Revises: 0006

One row holds a whole source. A column of the chunks would miss those that are still to be written, and would
be thousands of rows to change while a client waits for the reply to PAUSE.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is held yet."""
    op.create_table(
        "hold",
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source_type", "source_id", name=op.f("pk_hold")),
    )


def downgrade() -> None:
    """What was held goes out."""
    op.drop_table("hold")
