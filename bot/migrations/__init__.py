"""Table changes, in order; each goes up, down and up again on data."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config


def configuration() -> Config:
    """Alembic's configuration, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(revision: str = "head") -> None:
    """Bring the database to ``revision``."""
    command.upgrade(configuration(), revision)


def downgrade(revision: str) -> None:
    """Take the database back to ``revision`` (``base``: before the first)."""
    command.downgrade(configuration(), revision)
