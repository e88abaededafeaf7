"""announcements for later

Revision ID: 0019
Revises: 0018

What is planned stands in rows alone, so it goes out whatever became of Redis or a worker meanwhile.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is planned yet."""
    op.add_column("announcement", sa.Column("scheduled_for", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_announcement_scheduled",
        "announcement",
        ["scheduled_for"],
        postgresql_where=sa.text("status = 'scheduled'"),
    )


def downgrade() -> None:
    """What was planned is dropped: nobody would send it."""
    op.execute("UPDATE announcement SET status = 'discarded' WHERE status IN ('scheduled', 'missed')")
    op.drop_index("ix_announcement_scheduled", table_name="announcement")
    op.drop_column("announcement", "scheduled_for")
