"""A time that isn't known to the moment, as it began and ended by commands that took a while."""

from __future__ import annotations

from dataclasses import dataclass

POLL_S = 8.0
"""The longest that a poll takes which says it is of its beginning, a stop in the middle included: what people set
meanwhile counts, and what held as it began and ends by itself still does."""


@dataclass(frozen=True, slots=True)
class Span:
    """Perhaps from `first` to `last`, and surely from `since` up to `until`, if that is later; epoch seconds."""

    first: float
    since: float
    until: float
    last: float

    def surely(self, at: float) -> bool:
        return self.since <= at < self.until

    def perhaps(self, since: float, until: float) -> bool:
        """Whether it may have some moment in common with that time."""
        return self.first <= until and since <= self.last

    def cut(self, first: float, answered: float) -> Span:
        """Ended by a command that was typed at `first`, where it had not ended before."""
        return Span(self.first, self.since, min(self.until, first - POLL_S), min(self.last, answered))
