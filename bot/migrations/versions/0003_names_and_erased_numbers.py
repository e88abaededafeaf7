"""people's names, and numbers that are erased

Revision ID: 0003
Revises: 0002

A contact point whose number is erased stays, with its index: an opt-out must be found again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has a name yet, and nobody is erased."""
    op.add_column("person", sa.Column("name", sa.LargeBinary(), nullable=True))
    op.alter_column("contact_point", "address", nullable=True)


def downgrade() -> None:
    """Without names. An erased number becomes a value that no key reads."""
    op.execute("UPDATE contact_point SET address = '\\x0000' WHERE address IS NULL")
    op.alter_column("contact_point", "address", nullable=False)
    op.drop_column("person", "name")
