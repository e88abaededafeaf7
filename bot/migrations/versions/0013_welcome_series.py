"""what new subscribers receive

Revision ID: 0013
Revises: 0012

"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No client has a series yet."""
    op.create_table(
        "welcome_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("delay", sa.Interval(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_welcome_step_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_welcome_step")),
    )
    op.create_index(
        "uq_welcome_step_in_force",
        "welcome_step",
        ["client_id", "position"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "welcome_wording",
        sa.Column("step_id", sa.Uuid(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["welcome_step.id"], name=op.f("fk_welcome_wording_step_id")),
        sa.PrimaryKeyConstraint("step_id", "locale", name=op.f("pk_welcome_wording")),
    )
    op.create_table(
        "welcome_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("step_id", sa.Uuid(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["welcome_step.id"], name=op.f("fk_welcome_batch_step_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_welcome_batch")),
    )


def downgrade() -> None:
    """Without series."""
    op.drop_table("welcome_batch")
    op.drop_table("welcome_wording")
    op.drop_table("welcome_step")
