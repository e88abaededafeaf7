"""numbers to look up in Twilio's list

Revision ID: 0016
Revises: 0015

Messages that were called and never answered are settled per number, so what is open is found by it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None yet; the first sweep notes those that are unknown."""
    op.create_table(
        "lookup",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_point_id", sa.Uuid(), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_point.id"], name=op.f("fk_lookup_contact_point_id_contact_point")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lookup")),
        sa.UniqueConstraint("contact_point_id", name=op.f("uq_lookup_contact_point_id")),
    )
    op.create_index("ix_lookup_not_before", "lookup", ["not_before", "id"])
    op.create_index(
        "ix_message_contact_point_id_open",
        "message",
        ["contact_point_id"],
        postgresql_where=sa.text("rank <= 20"),
    )
    op.drop_index("ix_message_contact_point_id_pending", table_name="message")


def downgrade() -> None:
    """Unknown stays unknown without a receipt."""
    op.create_index(
        "ix_message_contact_point_id_pending",
        "message",
        ["contact_point_id"],
        postgresql_where=sa.text("rank = 0"),
    )
    op.drop_index("ix_message_contact_point_id_open", table_name="message")
    op.drop_table("lookup")
