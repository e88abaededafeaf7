"""what waits, by indexes of its own

Revision ID: 0008
Revises: 0007

Metrics ask every few seconds for the unknown messages and for the last day's announcements. Both are few, and
without these indexes each question would read the whole ledger.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two partial indexes."""
    op.create_index("ix_message_unknown", "message", ["updated_at"], postgresql_where=sa.text("rank = 20"))
    op.create_index(
        "ix_announcement_confirmed_at",
        "announcement",
        ["confirmed_at"],
        postgresql_where=sa.text("confirmed_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Without them."""
    op.drop_index("ix_announcement_confirmed_at", table_name="announcement")
    op.drop_index("ix_message_unknown", table_name="message")
