"""The database's revisions, in one line. `env.py` is alembic's door; `bot.db.migrate` runs it."""
