"""whom clients have been told of

Revision ID: 0002
Revises: 0001

Telling by a moment ("whoever joined since") forgets people whose transaction commits late, and those who join
during a STOP and come to life with START.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everybody who is there is known."""
    op.add_column("subscription", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE subscription SET told_at = joined_at")
    op.create_index(
        "ix_subscription_untold",
        "subscription",
        ["client_id"],
        postgresql_where=sa.text("told_at IS NULL AND left_at IS NULL"),
    )


def downgrade() -> None:
    """Back to telling by a moment."""
    op.drop_index("ix_subscription_untold", table_name="subscription")
    op.drop_column("subscription", "told_at")
