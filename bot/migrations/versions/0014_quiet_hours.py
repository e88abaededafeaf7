"""places, and who may be texted when

Revision ID: 0014
Revises: 0013

Quiet hours go by where somebody is. Places are a small table of their own, so that whether a million people
may be texted now is decided a few hundred times.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody's place has been looked up yet: a sweep does, from their numbers."""
    op.create_table(
        "place",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("zones", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("zones", "region", name=op.f("uq_place_zones_region")),
    )
    op.add_column("contact_point", sa.Column("place_id", sa.Integer(), nullable=True))
    op.add_column("contact_point", sa.Column("place_source", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_contact_point_place_id_place"), "contact_point", "place", ["place_id"], ["id"]
    )
    op.create_index(
        "ix_contact_point_not_looked_up",
        "contact_point",
        ["id"],
        postgresql_where=sa.text("place_source IS NULL"),
    )
    op.add_column("chunk", sa.Column("hours", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("texts_from", sa.Time(), nullable=True))
    op.add_column("client", sa.Column("texts_until", sa.Time(), nullable=True))
    op.add_column("announcement", sa.Column("urgent_because", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Texts go out at any hour."""
    op.drop_column("announcement", "urgent_because")
    op.drop_column("client", "texts_until")
    op.drop_column("client", "texts_from")
    op.drop_column("chunk", "hours")
    op.drop_index("ix_contact_point_not_looked_up", table_name="contact_point")
    op.drop_constraint(op.f("fk_contact_point_place_id_place"), "contact_point", type_="foreignkey")
    op.drop_column("contact_point", "place_source")
    op.drop_column("contact_point", "place_id")
    op.drop_table("place")
