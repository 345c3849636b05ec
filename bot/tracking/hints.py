"""The queue of hints: which sessions' records to read, and when. Pure: all times are seconds of one steady clock."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.hms.webhooks import Hint, shows
from bot.sessions.model import Session

WINDOW_S = 0.2
"""Minimum seconds between two reads of one session; hints that come in between share the next."""
AGAIN_S = (1.0, 3.0)
"""Seconds after the first read at which a record that doesn't show the event is read again."""
UNKNOWN_S = 60.0
"""Seconds for which hints are ignored of a session whose record was never there."""
READS_PER_S = 20
"""Reads within any second; where more are due, the next poll is brought forward."""
KEPT_S = 60.0
"""Age at which an unread hint is dropped: polls have seen more since."""
SESSIONS_MOST = 1_000
EVENTS_MOST = 20
"""Events kept of one session; a read for all of them shows the others too."""
UNKNOWN_MOST = 10_000


@dataclass(slots=True)
class _Event:
    """An event that came, the last time at `came`, and is to be looked for at `due`. `tries` reads didn't show it, the
    first of them at `first`."""

    came: float
    due: float
    tries: int = 0
    first: float = 0.0


class HintQueue:
    """Hints of one account. Holds a bounded number, whoever sends them. `crowded`: there were more than may be read, so
    a poll is wanted."""

    def __init__(self) -> None:
        self.crowded = False
        self._sessions: dict[str, dict[str, _Event]] = {}
        self._unknown_until: dict[str, float] = {}
        self._reads: deque[float] = deque(maxlen=READS_PER_S)
        self._read_at: dict[str, float] = {}
        """When a session was read last, for WINDOW_S."""
        self._covered = -math.inf

    def __len__(self) -> int:
        """Return the number of sessions with hints."""
        return len(self._sessions)

    def add(self, hint: Hint, now: float) -> None:
        """Take a hint. One too many is dropped: a poll sees what it is about."""
        if self._unknown_until.get(hint.session_id, -math.inf) > now:
            return
        events = self._sessions.get(hint.session_id)
        if events is None:
            if len(self._sessions) >= SESSIONS_MOST:
                self.crowded = True
                return
            events = self._sessions[hint.session_id] = {}
        expects = hint.expects if hint.expects in events or len(events) < EVENTS_MOST else ""
        if expects in events:
            events[expects].came = now
        else:
            events[expects] = _Event(now, max(now, self._read_at.get(hint.session_id, -math.inf) + WINDOW_S))

    def take(self, now: float) -> list[str]:
        """Return the ids of the sessions to read now. `settle` follows, or they are due again at once."""
        self._forget(now)
        due = sorted((at, key) for key, at in self._due() if at <= now)
        while self._reads and self._reads[0] <= now - 1.0:
            self._reads.popleft()
        free = READS_PER_S - len(self._reads)
        self.crowded = self.crowded or len(due) > free
        taken = [session_id for _, session_id in due[:free]]
        self._reads.extend([now] * len(taken))
        self._read_at |= dict.fromkeys(taken, now)
        return taken

    def settle(self, taken: Sequence[str], records: Mapping[str, Session | None], began: float) -> None:
        """Drop what these sessions' records, read since `began`, show; the rest is looked for again, or given up. None
        for a session that 100ms doesn't know."""
        for session_id in taken:
            events, record = self._sessions.get(session_id, {}), records.get(session_id)
            given_up = False
            for expects, event in list(events.items()):
                if event.came > began:
                    event.due = max(event.due, began + WINDOW_S)
                elif shows(record, expects) or (event.due <= began and event.tries == len(AGAIN_S)):
                    given_up |= not shows(record, expects)
                    del events[expects]
                elif event.due <= began:
                    event.first = event.first if event.tries else began
                    event.due = max(event.first + AGAIN_S[event.tries], began + WINDOW_S)
                    event.tries += 1
            if not events:
                self._sessions.pop(session_id, None)
                if given_up and record is None and session_id in records:
                    self._block(session_id, began + UNKNOWN_S)

    def polled(self, began: float) -> None:
        """Drop what a good poll that began then has seen: all hints from before it but those to be looked for again."""
        if began <= self._covered:
            return
        self._covered, self.crowded = began, False
        self._keep(lambda event: event.tries > 0 or event.came >= began)

    def drain(self, now: float) -> list[tuple[Hint, float]]:
        """Return all hints with the seconds since they came, and forget them."""
        self._forget(now)
        drained = [
            (Hint(session_id, expects), max(0.0, now - event.came))
            for session_id, events in self._sessions.items()
            for expects, event in events.items()
        ]
        self._sessions.clear()
        return drained

    def _due(self) -> Iterator[tuple[str, float]]:
        return ((key, min(event.due for event in events.values())) for key, events in self._sessions.items())

    def _block(self, session_id: str, until: float) -> None:
        if len(self._unknown_until) >= UNKNOWN_MOST:
            self._unknown_until.pop(next(iter(self._unknown_until)))
        self._unknown_until[session_id] = until

    def _forget(self, now: float) -> None:
        self._keep(lambda event: event.came > now - KEPT_S)
        self._read_at = {key: at for key, at in self._read_at.items() if at > now - WINDOW_S}
        if self._unknown_until and min(self._unknown_until.values()) <= now:
            self._unknown_until = {key: until for key, until in self._unknown_until.items() if until > now}

    def _keep(self, wanted: Callable[[_Event], bool]) -> None:
        kept = (
            (key, {expects: event for expects, event in events.items() if wanted(event)})
            for key, events in self._sessions.items()
        )
        self._sessions = {key: events for key, events in kept if events}
