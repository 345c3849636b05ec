"""The database brought to the newest revision, by any number of processes at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bot.errors import ConfigError

PLACE = Path(__file__).parent / "migrations"
REVISIONS = sorted(path.name.partition("_")[0] for path in (PLACE / "versions").glob("[0-9]*_*.py"))
NEWEST = REVISIONS[-1]
_LOCK = 0x5E55_1045  # this program's number among PostgreSQL's advisory locks


def upgrade(connection: Connection, revision: str = NEWEST) -> None:
    """In the connection's transaction. Raises ConfigError for a database of a newer program."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    now = revision_of(connection)
    if now == revision:
        return
    from alembic import command  # 10 MB that are seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(PLACE).replace("%", "%%"))
    config.attributes["connection"] = connection
    if now and now not in REVISIONS:
        raise ConfigError(
            f"DATABASE_URL: a newer version of the bot has changed this database (revision {now}). "
            "Start that version, or give this one a database of its own."
        )
    command.upgrade(config, revision)


def revision_of(connection: Connection) -> str:
    """The one that the database is at, or "" where it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""
