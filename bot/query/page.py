"""One page of an answer, filled from the API's pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.query.values import LIMIT_MAX
from bot.sessions.model import Session

READ_AHEAD_PAGES = 10
"""The most API pages read for one page of an answer when filters are checked here: 1,000 sessions at 100 each."""
PAGES_MOST = 1_000
SESSIONS_MOST = PAGES_MOST * LIMIT_MAX
"""A list that goes on beyond is not read as complete."""


@dataclass(slots=True)
class Page:
    """The sessions found, newest first. `cursor` is the last session examined: the next page starts after it, so that
    none is skipped or shown twice; it is None at the end of the list. `unreadable`: sessions on the way that could not
    be read."""

    want: int
    keep: Callable[[Session], bool] | None = None
    sessions: list[Session] = field(default_factory=list)
    cursor: str | None = None
    examined: int = 0
    unreadable: int = 0
    ended: bool = False

    @property
    def full(self) -> bool:
        return len(self.sessions) >= self.want

    @property
    def bound_reached(self) -> bool:
        """It stopped looking before it was full and before the list was."""
        return not self.full and not self.ended

    def take(self, batch: Sequence[Session], *, last: bool) -> None:
        """Examine an API page, up to the session that fills this page. `last`: the list ends with it."""
        for place, session in enumerate(batch, start=1):
            self.cursor = session.id
            self.examined += 1
            if self.keep is None or self.keep(session):
                self.sessions.append(session)
            if self.full:
                self.ended = last and place == len(batch)
                break
        else:
            self.ended = last
        if self.ended:
            self.cursor = None
