"""files that come with texts, and pictures of announcements

Revision ID: 0009
Revises: 0008

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Texts that were rendered before have none."""
    op.create_table(
        "media",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("said_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("name", name=op.f("uq_media_name")),
        sa.UniqueConstraint(
            "source_type", "source_id", "position", name=op.f("uq_media_source_type_source_id_position")
        ),
    )
    op.create_index(
        "ix_media_wanted", "media", ["not_before", "id"], postgresql_where=sa.text("status = 'wanted'")
    )
    op.create_table(
        "picture",
        sa.Column("announcement_id", sa.Uuid(), nullable=False),
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcement.id"], name=op.f("fk_picture_announcement_id")
        ),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_picture_media_id")),
        sa.PrimaryKeyConstraint("announcement_id", "media_id", name=op.f("pk_picture")),
    )
    op.create_index("ix_picture_media_id", "picture", ["media_id"])
    op.add_column(
        "rendering",
        sa.Column("media", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    """Without media."""
    op.drop_column("rendering", "media")
    op.drop_table("picture")
    op.drop_table("media")
