"""a fan-out goes on where it ended, and writes no foreign keys

Revision ID: 0017
Revises: 0016

Half the time of writing a row of ``message`` went into checking its five foreign keys, which also wrote to
every contact point. The rows that they name are never deleted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FORMER_KEYS = ("chunk", "client", "contact_point", "rendering", "sender")


def upgrade() -> None:
    """What is confirmed and has no rows yet begins at the beginning."""
    op.add_column("announcement", sa.Column("fanned_out_to", sa.Uuid(), nullable=True))
    op.add_column(
        "announcement", sa.Column("fanned_out_count", sa.Integer(), nullable=False, server_default="0")
    )
    op.alter_column("announcement", "fanned_out_count", server_default=None)
    for table in FORMER_KEYS:
        op.drop_constraint(op.f(f"fk_message_{table}_id"), "message", type_="foreignkey")
    op.create_index("ix_subscription_client_id_id", "subscription", ["client_id", "id"])
    op.create_index(
        "ix_contact_point_suppressed",
        "contact_point",
        ["person_id"],
        postgresql_where=sa.text("suppressed_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Back to all in one transaction; a fan-out under way begins anew and passes over what it has written."""
    op.drop_index("ix_contact_point_suppressed", table_name="contact_point")
    op.drop_index("ix_subscription_client_id_id", table_name="subscription")
    for table in FORMER_KEYS:
        op.create_foreign_key(op.f(f"fk_message_{table}_id"), "message", table, [f"{table}_id"], ["id"])
    op.drop_column("announcement", "fanned_out_count")
    op.drop_column("announcement", "fanned_out_to")
