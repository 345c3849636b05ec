"""One page of a list, filled from the API's pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.query.cursor import PageCursor
from bot.sessions.model import Session

READ_AHEAD_PAGES = 10
"""Most API pages read for one page of an answer when filters are checked here: 1,000 sessions at 100 each."""


@dataclass(slots=True)
class Page:
    """The page at `cursor`, read at `as_of`: its sessions, newest first. `last_id`: the last session examined, after
    which the next page starts, so that none is skipped or shown twice; None at the end of the list. `unreadable`: the
    number of sessions on the way that could not be read. `fault`: the error of 100ms before the page was full, or "".
    `names`: those of rooms and templates by id, as far as they are known."""

    cursor: PageCursor
    as_of: datetime
    sessions: list[Session] = field(default_factory=list)
    last_id: str | None = None
    examined: int = 0
    unreadable: int = 0
    ended: bool = False
    fault: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """True if it has as many sessions as the query's limit."""
        return len(self.sessions) >= self.cursor.query.limit

    @property
    def bound_reached(self) -> bool:
        """True if reading stopped before the page was full and before the list ended."""
        return not self.full and not self.ended

    @property
    def peers(self) -> int:
        """The peers of all its sessions, by which the cost of drawing grows."""
        return sum(len(session.peers or ()) for session in self.sessions)

    def take(self, batch: Sequence[Session], keep: Callable[[Session], bool] | None, *, last: bool) -> None:
        """Examine an API page, up to the session that fills this page. `last`: the list ends with `batch`."""
        for number, session in enumerate(batch, start=1):
            self.last_id = session.id
            self.examined += 1
            if keep is None or keep(session):
                self.sessions.append(session)
            if self.full:
                self.ended = last and number == len(batch)
                break
        else:
            self.ended = last
        if self.ended:
            self.last_id = None
