"""whose chunk it is, so that clients take turns

Revision ID: 0010
Revises: 0009

Chunks were leased in the order in which they came, so that a hundred texts of one client waited behind a
hundred thousand of another.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A chunk's client is that of its messages."""
    op.add_column("chunk", sa.Column("client_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE chunk SET client_id ="
        " (SELECT message.client_id FROM message WHERE message.chunk_id = chunk.id LIMIT 1)"
    )
    op.create_foreign_key(op.f("fk_chunk_client_id"), "chunk", "client", ["client_id"], ["id"])
    op.drop_index("ix_chunk_open", table_name="chunk")
    op.create_index(
        "ix_chunk_open",
        "chunk",
        ["lane", "sender_id", sa.text("client_id NULLS FIRST"), "not_before", "id"],
        postgresql_where=sa.text("finished_at IS NULL"),
    )


def downgrade() -> None:
    """Back to first come, first sent."""
    op.drop_index("ix_chunk_open", table_name="chunk")
    op.create_index(
        "ix_chunk_open",
        "chunk",
        ["lane", "not_before", "id"],
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.drop_constraint(op.f("fk_chunk_client_id"), "chunk", type_="foreignkey")
    op.drop_column("chunk", "client_id")
