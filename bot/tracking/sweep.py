"""What one poll has read, held against what the last good one knew."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot import log
from bot.alerts.matching import CLOCKS_MS, Matcher
from bot.errors import HmsBadReply
from bot.hms.wire import Entry
from bot.query.times import ms
from bot.sessions.diff import same, track
from bot.sessions.model import Session
from bot.sessions.tracked import Tracked
from bot.store import Snapshot


@dataclass(frozen=True, slots=True)
class News:
    """What finds sessions that are news though nothing happened to them. `longer`: for those who wait for longer
    sessions. `young`: for those who have just subscribed, the first at `since_ms`; sessions that began then may have
    done so while that was being stored. `held`: the ids of those that a channel may want to hear of now, and didn't."""

    longer: Matcher
    young: Matcher
    since_ms: int
    held: Collection[str] = ()

    def may_have(self, tracked: Tracked) -> bool:
        """False where nothing that is kept of it can make it news."""
        return tracked.live and (
            tracked.session_id in self.held
            or self.longer.concerns(tracked.room_id)
            or (tracked.started_ms >= self.since_ms - CLOCKS_MS and self.young.concerns(tracked.room_id))
        )

    def has(self, session: Session) -> bool:
        return session.active and bool(
            self.longer.matching(session) or (self._began(session) and self.young.matching(session))
        )

    def undecided(self, session: Session) -> bool:
        """True where the session's room would have to be known."""
        return session.active and (
            self.longer.undecided(session.room_id) or (self._began(session) and self.young.undecided(session.room_id))
        )

    def _began(self, session: Session) -> bool:
        return ms(session.started_at) >= self.since_ms - CLOCKS_MS


MANY = 500
"""Changes that are stored at once: an account's sessions with all their peers are large, and so is what they make of
channels and messages."""


@dataclass(frozen=True, slots=True)
class Part:
    """The part seen since the one before: sessions that changed, sessions that are news as they are, and what is to
    be kept of all of them."""

    changed: list[Session]
    ripe: list[Session]
    tracked: list[Tracked]


class Seen:
    """A session that is as it was is let go, as most are: an account's sessions with all their peers are large. Nor is
    it read where its bytes are as they were; `before` has their fingerprints, and the ids of the sessions."""

    def __init__(self, known: Snapshot, before: Mapping[int, str], news: News, now_ms: int) -> None:
        self._known = known
        self._before = before
        self._news = news
        self._now_ms = now_ms
        self.ids: set[str] = set()
        self.fingerprints: dict[int, str] = {}
        """Of what was seen and is known now: `before` of the next poll."""
        self.tracked: dict[str, Tracked] = {}
        """What is to be kept of those that aren't as they were."""
        self.changed: list[Session] = []
        """These, but for the first poll of all, which tells nothing; as `ripe` since the last `take`."""
        self.ripe: list[Session] = []
        self.undecided: list[Session] = []
        """Those that may be `ripe`, once their rooms are known."""
        self._fresh: list[Tracked] = []
        self.held: dict[str, Session] = {}
        """By id, the live ones of which a channel may want to hear now, and didn't."""

    @property
    def full(self) -> bool:
        """True where there is enough for a part."""
        return len(self.changed) + len(self.ripe) + len(self.undecided) >= MANY

    def take(self) -> Part:
        """The next part, which is let go here."""
        part = Part(self.changed, self.ripe, self._fresh)
        self.changed, self.ripe, self._fresh = [], [], []
        return part

    def cast(self, cast: Callable[[Session], Session]) -> None:
        """Give sessions that aren't taken yet the roles of rooms that weren't known when they were read."""
        others = {
            each.id: other
            for each in (*self.changed, *self.ripe, *self.undecided)
            if (other := cast(each)).roles != each.roles
        }
        if not others:
            return
        for some in (self.changed, self.ripe, self.undecided):
            some[:] = [others.get(each.id, each) for each in some]
        self.held |= {key: others[key] for key in self.held.keys() & others.keys()}
        anew = {key: track(others[key], self._now_ms) for key in self.tracked.keys() & others.keys()}
        self.tracked |= anew
        self._fresh = [anew.get(each.session_id, each) for each in self._fresh]

    def decide(self) -> None:
        """Tell what is `ripe` of those whose rooms weren't known, as far as they are now; the next poll sees the others
        again."""
        self.ripe += [each for each in self.undecided if not self._news.undecided(each) and self._news.has(each)]
        self.undecided = []

    def postpone(self, session_ids: Collection[str]) -> None:
        """As if these hadn't been read: the next poll finds in them what this one did."""
        self.changed = [each for each in self.changed if each.id not in session_ids]
        self.ripe = [each for each in self.ripe if each.id not in session_ids]
        self._fresh = [each for each in self._fresh if each.session_id not in session_ids]
        self.tracked = {key: each for key, each in self.tracked.items() if key not in session_ids}
        self.fingerprints = {key: each for key, each in self.fingerprints.items() if each not in session_ids}

    def page(self, entries: Sequence[Entry]) -> None:
        """One that can't be read costs no other."""
        ids = [session_id for entry in entries if (session_id := self._unchanged(entry) or self._read(entry))]
        if len(ids) < len(entries):
            log.warning("unreadable_entries", count=len(entries) - len(ids), of=len(entries))

    def add(self, sessions: Iterable[Session]) -> None:
        """One that was seen already counts as it was then: the live ones are read first."""
        for session in sessions:
            if session.id in self.ids:
                continue
            self.ids.add(session.id)
            if self._news.undecided(session):
                self.undecided.append(session)
            elif self._news.has(session):
                self.ripe.append(session)
            if session.active and session.id in self._news.held:
                self.held[session.id] = session
            before = self._known.sessions.get(session.id)
            if before is not None and same(before, session):
                continue
            self.tracked[session.id] = tracked = track(session, self._now_ms)
            self._fresh.append(tracked)
            if self._known.good_ms is not None:
                self.changed.append(session)

    def _unchanged(self, entry: Entry) -> str:
        """Its id, where it need not be read, else ""."""
        session_id = self._before.get(entry.fingerprint, "")
        tracked = self._known.sessions.get(session_id)
        if tracked is None or session_id in self.ids or self._news.may_have(tracked):
            return ""
        self.ids.add(session_id)
        self.fingerprints[entry.fingerprint] = session_id
        return session_id

    def _read(self, entry: Entry) -> str:
        """Its id, or "" where it can't be read."""
        try:
            session = entry.read()
        except HmsBadReply:
            return ""
        if session.id not in self.ids:
            self.fingerprints[entry.fingerprint] = session.id
            self.add([session])
        return session.id
