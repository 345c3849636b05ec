"""One process at a time for one SQLite file, by whatever name, and no other user's eyes on it."""

from __future__ import annotations

import fcntl
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from bot.db.problems import READ_ONLY
from bot.errors import ConfigError

WAIT_S = 1.0
"""For a process that was just stopped: its files close a moment later."""
OURS = 0o600
"""Names of people and channels are in the files."""
BESIDE = ("", "-wal", "-shm", ".lock")
"""The database's files, as SQLite and this module name them. SQLite gives its own the mode of the database."""
WHOLE = sys.platform == "linux"
"""True where flock and SQLite's record locks don't meet (flock(2)), so that the database itself can be locked."""


def locked(database: Path) -> bool:
    """True where a process holds it. Not to be asked by one that has it open: closing a file ends SQLite's locks."""
    # by name first, which says enough mostly: then the database isn't touched
    return _is_locked(_name_lock(database)) or (WHOLE and _is_locked(database))


def open_to_others(database: Path) -> bool:
    """True where other users of this machine may read or write one of its files."""
    return any(_mode(path) & ~OURS for path in _files(database))


def check(database: Path) -> None:
    """Raises ConfigError as `lock_file` would, of a file that nobody holds, or where SQLite couldn't write to it.
    Nothing that is made here stays."""
    path = _name_lock(database)
    with _explained(path):
        _check_kind(database)
        if path.exists():
            path.open("r+").close()
        TemporaryFile(dir=path.parent).close()
    with suppress(FileNotFoundError):
        _opened(database).close()


def lock_file(database: Path) -> ExitStack:
    """Hold the file, made where there is none, until the stack is closed, which the system does for a killed process.
    It must be closed after SQLite has closed the file, and be the last that does: closing any descriptor of a file ends
    SQLite's locks on it. Raises ConfigError."""
    path = _name_lock(database)
    with ExitStack() as held:
        with _explained(path):
            _check_kind(database)
            path.touch(mode=OURS)
            _lock(database, held.enter_context(path.open("a")))
            with suppress(FileExistsError):
                database.touch(mode=OURS, exist_ok=False)
        if WHOLE:
            _lock(database, held.enter_context(_opened(database)))
        for each in _files(database):
            if _mode(each) & ~OURS:
                with suppress(OSError):  # another user's: the doctor tells
                    each.chmod(OURS)
        return held.pop_all()


def _lock(database: Path, file: IO[str]) -> None:
    until = time.monotonic() + WAIT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < until:
                time.sleep(0.05)
                continue
            raise ConfigError(
                f"DATABASE_URL: another process of the bot uses {database}. An SQLite file serves one process; stop "
                "the other, or give both a postgresql:// database."
            ) from None
        except OSError as error:
            raise ConfigError(
                f"DATABASE_URL: {file.name} can't be locked ({error.strerror}): put the file on a disk of this machine."
            ) from None
        return


def _is_locked(path: Path) -> bool:
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _opened(database: Path) -> IO[str]:
    """Raises FileNotFoundError, and ConfigError where it may not be written to."""
    try:
        return database.open("r+")
    except FileNotFoundError:
        raise
    except OSError:
        raise ConfigError(f"DATABASE_URL: {database}: {READ_ONLY}.") from None


def _name_lock(database: Path) -> Path:
    return Path(f"{database}.lock")


def _files(database: Path) -> list[Path]:
    return [Path(f"{database}{end}") for end in BESIDE]


def _mode(path: Path) -> int:
    """Its permissions; 0 where there is none."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return 0


def _check_kind(database: Path) -> None:
    if database.exists() and not database.is_file():
        raise ConfigError(f"DATABASE_URL: {database} can't be opened: it is no regular file.")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Raise a ConfigError for what goes wrong with it or its folder."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"DATABASE_URL: {path} can't be opened ({error.strerror}): the bot needs a folder that is there and that "
            "it may write to."
        ) from None
