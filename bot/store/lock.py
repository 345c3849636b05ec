"""One process at a time for one SQLite file."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import IO

from bot.errors import ConfigError

WAIT_S = 1.0
"""For a process that was just stopped: its files close a moment later."""


def locked(database: Path) -> bool:
    """Whether a process holds it."""
    try:
        with Path(f"{database}.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def lock_file(database: Path) -> IO[str]:
    """Hold `<database>.lock` until the file is closed, which the system does for a killed process. Raises
    ConfigError."""
    path = f"{database}.lock"
    try:
        file = Path(path).open("a")  # noqa: SIM115 - it is held as long as the process runs
    except OSError as error:
        raise ConfigError(
            f"DATABASE_URL: {path} can't be opened ({error.strerror}): the bot needs a folder that is there and that "
            "it may write to."
        ) from None
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
