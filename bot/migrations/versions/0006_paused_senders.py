"""senders that are paused

Revision ID: 0006
Revises: 0005

An error of a sender's set-up at Twilio must stop a broadcast, not burn through it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody is paused."""
    op.add_column("sender", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sender", sa.Column("paused_reason", sa.Text(), nullable=True))
    op.add_column("sender", sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Every sender sends."""
    for column in ("resumed_at", "paused_reason", "paused_at"):
        op.drop_column("sender", column)
