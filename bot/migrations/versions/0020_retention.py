"""words that are redacted after a while

Revision ID: 0020
Revises: 0019

Each index holds only rows that still have words, the oldest first, so that looking for what is old costs by
what is left to do.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

#: Index, its table, the column that tells the age, and which rows still have words.
INDEXES = (
    ("ix_inbound_with_words", "inbound", "id", "redacted_at IS NULL"),
    ("ix_rendering_with_words", "rendering", "id", "redacted_at IS NULL"),
    ("ix_announcement_with_words", "announcement", "id", "redacted_at IS NULL"),
    ("ix_conversation_remembering", "conversation", "expires_at", "flow IS NOT NULL"),
    ("ix_prompt_remembering", "prompt", "id", "memory IS NOT NULL"),
    ("ix_media_with_url", "media", "id", "url <> ''"),
)


def upgrade() -> None:
    """Everything still has its words."""
    for table in ("inbound", "rendering", "announcement"):
        op.add_column(table, sa.Column("redacted_at", sa.DateTime(timezone=True), nullable=True))
    for name, table, column, condition in INDEXES:
        op.create_index(name, table, [column], postgresql_where=sa.text(condition))


def downgrade() -> None:
    """What was redacted stays without words; only that it was is forgotten."""
    for name, table, _column, _condition in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    for table in ("announcement", "rendering", "inbound"):
        op.drop_column(table, "redacted_at")
