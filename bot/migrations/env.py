"""Alembic's entry: connects with the settings' database and compares with every table."""

from alembic import context

from bot import tables
from bot.db import engine

with engine().connect() as connection:
    # A migration must not queue behind a long transaction and block every turn meanwhile.
    connection.exec_driver_sql("SET lock_timeout = '4s'")
    connection.commit()
    context.configure(connection=connection, target_metadata=tables.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
