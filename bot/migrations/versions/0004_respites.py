"""respites: announcements leave somebody alone while we wait for their answer

Revision ID: 0004
Revises: 0003

Somebody who says "enough" may mean us. Until they answer, no announcement may reach them, whatever becomes of
the queues.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has been asked yet."""
    op.create_table(
        "respite",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_point_id", sa.Uuid(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_point.id"], name=op.f("fk_respite_contact_point_id")
        ),
        sa.ForeignKeyConstraint(["sender_id"], ["sender.id"], name=op.f("fk_respite_sender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_respite")),
    )
    op.create_index(
        "ix_respite_contact_point_id", "respite", ["contact_point_id", "sender_id", "began_at"], unique=False
    )
    op.create_index(
        "uq_respite_in_force",
        "respite",
        ["contact_point_id", "sender_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    """What waits goes out at the moment that its rows name."""
    op.drop_index("uq_respite_in_force", table_name="respite")
    op.drop_index("ix_respite_contact_point_id", table_name="respite")
    op.drop_table("respite")
