"""An SQLite file, looked through for damage before it is used."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlencode


def to_read(path: Path) -> Mapping[str, str]:
    """The parameters of SQLite's URI for a file that is never written to (sqlite.org/uri.html)."""
    # Nobody has a file open that has no WAL, and SQLite would leave one behind even of reading: of another owner
    return {"mode": "ro", "immutable": "0" if Path(f"{path}-wal").exists() else "1"}


def look_through(path: Path, most_s: float, *, reads: bool = False) -> None:
    """Raises sqlite3.DatabaseError where a page is broken. A file that takes longer than `most_s` is looked through as
    far as that goes, and one that another program has locked not at all. `reads`: it is never written to. SQLite must
    not have it open in this process: closing it here would end SQLite's locks."""
    parameters = urlencode(to_read(path) if reads else {})
    with closing(sqlite3.connect(f"file:{quote(str(path))}?{parameters}", uri=True, timeout=0)) as database:
        over = threading.Event()

        def interrupt() -> None:
            """Interrupt again and again: before the statement has begun it would be lost."""
            wait_s = most_s
            while not over.wait(wait_s):
                database.interrupt()
                wait_s = 0.01

        timer = threading.Thread(target=interrupt)
        timer.start()
        try:
            (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError:  # its time is over, or it is locked
            return
        finally:
            over.set()
            timer.join()
    if said != "ok":
        raise sqlite3.DatabaseError("malformed")
