"""Silences that channels wanted, and their times: mutes, quiet hours, threads that are off. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.demo.fake_hms import Session

POLL_S = 8.0
"""The longest that a poll takes which says it is of its beginning, a stop in the middle included: what people set
meanwhile counts, and what held as it began and ends by itself still does."""
CALM_S = 30.0
"""In so long without silence what there is to tell is told: by a poll that is good, in spite of kills and faults."""


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
        """True if it may have some moment in common with that time."""
        return self.first <= until and since <= self.last

    def cut(self, first: float, answered: float) -> Span:
        """Ended by a command that was typed at `first`, where it had not ended before."""
        return Span(self.first, self.since, min(self.until, first - POLL_S), min(self.last, answered))


@dataclass(frozen=True, slots=True)
class Silence:
    """`room_id` None is any room, `session_id` "" any session; `replies`: of replies alone."""

    channel: str
    span: Span
    room_id: str | None = None
    session_id: str = ""
    replies: bool = False

    def about(self, session: Session) -> bool:
        return self.room_id in (None, session.room_id) and self.session_id in ("", session.id)


class Silences:
    """Those of one channel. Moments are epoch seconds; one of a message is when it was queued."""

    def __init__(self, some: Iterable[Silence]) -> None:
        self._all = list(some)

    def surely(self, session: Session, at: float, *, reply: bool = False) -> bool:
        """True if the channel can't have wanted to hear of the session then."""
        return any(each.span.surely(at) for each in self._about(session, reply=reply))

    def deaf(self, at: float) -> bool:
        """True if the channel can't have wanted to hear of anything then."""
        return any(
            each.span.surely(at) and (each.room_id, each.session_id, each.replies) == (None, "", False)
            for each in self._all
        )

    def free(self, session: Session, since: float, until: float, *, reply: bool = False) -> bool:
        """True if the channel wanted to hear of it all that time."""
        return not any(each.span.perhaps(since - POLL_S, until) for each in self._about(session, reply=reply))

    def heard(self, session: Session) -> bool:
        """True if the channel was to be told of the session: it is live, and every silence is over; or a poll came,
        while it was live or after its end, before any silence; or a silence ended well before it did."""
        if session.active:
            return True
        began, over = session.created_at, session.updated_at
        if self.free(session, began, began + CALM_S if began + CALM_S <= over else over + CALM_S):
            return True
        ends = [each.span.last + POLL_S + 0.001 for each in self._about(session)]
        return any(began < end <= over - CALM_S and self.free(session, end, end + CALM_S) for end in ends)

    def heard_end(self, session: Session) -> bool:
        """True if the channel was to be told that the session ended, as far as silence goes."""
        over = session.updated_at
        return self.free(session, max(session.created_at, over - CALM_S), over + CALM_S)

    def told(self, since: float, until: float) -> str:
        """Those that may have held then, for a finding."""
        return "; ".join(
            f"{'replies' if each.replies else 'all'} {each.room_id or each.session_id} "
            f"{each.span.first:.3f} to {each.span.until:.3f} or {each.span.last:.3f}"
            for each in self._all
            if each.span.perhaps(since - CALM_S, until + CALM_S)
        )

    def unexplained(self, recaps: Iterable[float]) -> list[float]:
        """Of the moments of recaps those at which no silence had just ended: each end has one at most."""
        ends = sorted((each.span for each in self._all if not each.replies), key=lambda span: span.until)
        unexplained = []
        for at in sorted(recaps):
            fits = next((span for span in ends if span.until <= at <= span.last + CALM_S), None)
            if fits is None:
                unexplained.append(at)
            else:
                ends.remove(fits)
        return unexplained

    def _about(self, session: Session, *, reply: bool = False) -> Sequence[Silence]:
        return [each for each in self._all if each.about(session) and (reply or not each.replies)]
