"""The database brought to the newest revision, by any number of processes at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.errors import ConfigError

PLACE = Path(__file__).parent / "migrations"
_LOCK = 0x5E55_1045  # this program's number among PostgreSQL's advisory locks


def configuration(connection: Connection) -> Config:
    """alembic's, without a file."""
    config = Config()
    config.set_main_option("script_location", str(PLACE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    """In the connection's transaction. Raises ConfigError for a database of a newer program."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    config = configuration(connection)
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    newer = set(MigrationContext.configure(connection).get_current_heads()) - known
    if newer:
        name = ", ".join(sorted(newer))
        raise ConfigError(
            f"DATABASE_URL: a newer version of the bot has changed this database (revision {name}). "
            "Start that version, or give this one a database of its own."
        )
    command.upgrade(config, revision)
