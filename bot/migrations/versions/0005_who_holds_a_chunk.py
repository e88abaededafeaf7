"""who holds a chunk

Revision ID: 0005
Revises: 0004

A lease's token tells processes apart, but not whoever looks at them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Chunks that are held at this moment get their holder's name with their next lease."""
    op.add_column("chunk", sa.Column("leased_by", sa.Text(), nullable=True))


def downgrade() -> None:
    """Back to tokens alone."""
    op.drop_column("chunk", "leased_by")
