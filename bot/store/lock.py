"""One process at a time for one SQLite file."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from bot.errors import ConfigError
from bot.store.problems import READ_ONLY

WAIT_S = 1.0
"""For a process that was just stopped: its files close a moment later."""


def locked(database: Path) -> bool:
    """Whether a process holds it."""
    try:
        with _lock(database).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def check(database: Path) -> None:
    """Raises ConfigError as `lock_file` would, of a file that nobody holds, or where SQLite couldn't write to it.
    Nothing that is made here stays."""
    path = _lock(database)
    with _explained(path):
        _check_kind(database)
        if path.exists():
            path.open("r+").close()
        TemporaryFile(dir=path.parent).close()
    try:
        database.open("r+").close()
    except FileNotFoundError:
        pass
    except OSError:
        raise ConfigError(f"DATABASE_URL: {database}: {READ_ONLY}.") from None


def lock_file(database: Path) -> IO[str]:
    """Hold `<database>.lock` until the file is closed, which the system does for a killed process. Raises
    ConfigError."""
    path = _lock(database)
    with _explained(path):
        _check_kind(database)
        file = path.open("a")
    until = time.monotonic() + WAIT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < until:
                time.sleep(0.05)
                continue
            file.close()
            raise ConfigError(
                f"DATABASE_URL: another process of the bot uses {database}. An SQLite file serves one process; stop "
                "the other, or give both a postgresql:// database."
            ) from None
        except OSError as error:
            file.close()
            raise ConfigError(
                f"DATABASE_URL: {path} can't be locked ({error.strerror}): put the file on a disk of this machine."
            ) from None
        return file


def _lock(database: Path) -> Path:
    return Path(f"{database}.lock")


def _check_kind(database: Path) -> None:
    if database.exists() and not database.is_file():
        raise ConfigError(f"DATABASE_URL: {database} can't be opened: it is no regular file.")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """What goes wrong with it or its folder is a ConfigError."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"DATABASE_URL: {path} can't be opened ({error.strerror}): the bot needs a folder that is there and that "
            "it may write to."
        ) from None
