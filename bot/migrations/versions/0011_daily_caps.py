"""how much a sender may send on a day

Revision ID: 0011
Revises: 0010

Carriers cap a brand's texts per day, and refuse what is over it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has a cap."""
    op.add_column("sender", sa.Column("daily_cap", sa.Integer(), nullable=True))
    op.create_table(
        "sender_day",
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["sender_id"], ["sender.id"], name=op.f("fk_sender_day_sender_id")),
        sa.PrimaryKeyConstraint("sender_id", "day", name=op.f("pk_sender_day")),
    )


def downgrade() -> None:
    """Without caps."""
    op.drop_table("sender_day")
    op.drop_column("sender", "daily_cap")
