"""keywords and their answers

Revision ID: 0012
Revises: 0011

"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No client has any yet."""
    op.create_table(
        "keyword",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_keyword_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keyword")),
        sa.UniqueConstraint("client_id", "word", name=op.f("uq_keyword_client_id_word")),
    )
    op.create_table(
        "keyword_answer",
        sa.Column("keyword_id", sa.Uuid(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["keyword_id"], ["keyword.id"], name=op.f("fk_keyword_answer_keyword_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("keyword_id", "locale", name=op.f("pk_keyword_answer")),
    )
    op.create_table(
        "keyword_use",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("keyword_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["keyword_id"], ["keyword.id"], name=op.f("fk_keyword_use_keyword_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keyword_use")),
    )
    op.create_index("ix_keyword_use_keyword_id", "keyword_use", ["keyword_id"])


def downgrade() -> None:
    """Without keywords."""
    op.drop_table("keyword_use")
    op.drop_table("keyword_answer")
    op.drop_table("keyword")
