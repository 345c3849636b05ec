"""DATABASE_URL, read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from bot.errors import ConfigError

DEFAULT = "sqlite:///sessions-bot.db"
_POSTGRES = ("postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A file; `path` has no links in it."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server's database; `dsn` as asyncpg takes it."""

    dsn: str

    def __str__(self) -> str:
        rest = self.dsn.partition(":")[2].removeprefix("//")
        place, _, query = rest.rpartition("@")[2].partition("?")  # a password may have any of /?#
        host, slash, name = place.partition("/")
        return f"{host or dict(parse_qsl(query)).get('host', 'localhost')}{slash}{name}"


def read_address(url: str) -> SqliteFile | Postgres:
    """ "" is the file sessions-bot.db in the working folder, `sqlite:///path` another, relative to it, and
    `sqlite:////path` one from the root. A driver in the scheme is ignored. Raises ConfigError."""
    url = url.strip() or DEFAULT
    scheme, _, rest = url.partition("://")
    kind = scheme.lower().partition("+")[0]
    if kind == "sqlite":
        path = unquote(rest.partition("?")[0].removeprefix("/"))
        if rest.startswith("/") and path and not path.startswith(":"):
            try:
                return SqliteFile(Path(path).resolve())
            except (OSError, ValueError):
                pass
        raise ConfigError("DATABASE_URL names no file: say sqlite:///path, or leave it empty.")
    try:
        parts = urlsplit(f"postgresql://{rest}")
        host = parts.netloc or dict(parse_qsl(parts.query)).get("host")
    except ValueError:
        host = None
    if kind not in _POSTGRES or not host:
        raise ConfigError(
            "DATABASE_URL is not a database's URL such as postgresql://user:password@host/name or sqlite:///path."
        )
    # asyncpg would hand what libpq alone knows to the server as settings, which refuses them
    query = [(key, value) for key, value in parse_qsl(parts.query) if key not in ("channel_binding", "connect_timeout")]
    return Postgres(parts._replace(query=urlencode(query)).geturl())
