"""DATABASE_URL, read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from bot.errors import ConfigError

DEFAULT = "sqlite:///sessions-bot.db"
_POSTGRES = ("postgresql", "postgres")
_NONE = "DATABASE_URL is not a database's URL such as postgresql://user:password@host/name or sqlite:///path."


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A file; `path` has no links in it."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server's database; `dsn` as libpq takes it."""

    dsn: str

    def __str__(self) -> str:
        parts = urlsplit(self.dsn)
        host = _hosts(parts) or dict(parse_qsl(parts.query)).get("host", "localhost")
        return f"{host}{parts.path}"


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
    if kind in _POSTGRES:
        return _read_server(rest)
    raise ConfigError(_NONE)


def _read_server(rest: str) -> Postgres:
    if re.search("[/?#@]", rest.rpartition("@")[0]):  # who reads on would take a part of the password for the host
        raise ConfigError(
            "DATABASE_URL has more than one @, or a /, ? or # before it: percent-encode the password, and an @ "
            "anywhere else, as in application_name=bot%40prod: @ is %40, / is %2F, ? is %3F and # is %23."
        )
    try:
        parts = urlsplit(f"postgresql://{rest}")
    except ValueError:
        raise ConfigError(_NONE) from None
    named = dict(parse_qsl(parts.query))
    if not (parts.netloc or named.get("host")):
        raise ConfigError(_NONE)
    hosts = (_hosts(parts) or "localhost").split(",") + [f"host:{port}" for port in named.get("port", "").split(",")]
    try:
        good = all(each and urlsplit(f"//{each}").port != 0 for each in hosts)
    except ValueError:
        good = False
    if not good:
        raise ConfigError(
            "DATABASE_URL: a host is followed by nothing or by a port from 1 to 65535, as in "
            "postgresql://user:password@host:5432/name."
        )
    return Postgres(parts.geturl())


def _hosts(parts: SplitResult) -> str:
    """With their ports; several have commas between them."""
    return parts.netloc.rpartition("@")[2]
