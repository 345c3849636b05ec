"""Run by alembic, on the connection that `bot.db.migrate` gives it."""

from __future__ import annotations

from alembic import context

from bot.db import tables

connection = context.config.attributes["connection"]
# transactional_ddl: our SQLite transactions are real ones too, so a crash on the way leaves nothing half done
context.configure(
    connection=connection, target_metadata=tables.outbox.metadata, render_as_batch=True, transactional_ddl=True
)
context.run_migrations()
