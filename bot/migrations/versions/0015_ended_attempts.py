"""texts in whose place another goes out

Revision ID: 0015
Revises: 0014

A message that is sent again has two texts at Twilio; what is told about the first must not end the second.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None yet."""
    op.create_table(
        "ended_attempt",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_ended_attempt_message_id_message")
        ),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_ended_attempt")),
    )


def downgrade() -> None:
    """Late news of them is then taken for news of their messages."""
    op.drop_table("ended_attempt")
