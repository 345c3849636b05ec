"""Sessions that are looked at, held against what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import log
from bot.alerts.matching import Matcher, is_news
from bot.alerts.subscription import Subscription
from bot.errors import HmsBadReply
from bot.hms.wire import Entry
from bot.query.plan import NO_ROOMS
from bot.query.times import ms, ms_from
from bot.sessions.diff import missing, same, track
from bot.sessions.model import Room, Session
from bot.sessions.tracked import Tracked
from bot.tracking.store import Snapshot

MANY = 500
"""Changes that are stored at once: an account's sessions with all their peers are large, and so is what they make of
channels and messages."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The known state as this process keeps it between two sweeps. `fingerprints`: those of the bytes in which sessions
    were read, with their ids. `asked`: the subscriptions that were asked about all live sessions, also those to which
    nothing happened. `due_ms`: by id, when one of them may answer otherwise."""

    snapshot: Snapshot
    fingerprints: Mapping[int, str] = field(default_factory=dict)
    asked: frozenset[Subscription] = frozenset()
    due_ms: Mapping[str, int] = field(default_factory=dict)

    def due(self, now_ms: int, after_ms: int = -1) -> list[str]:
        """The ids of the sessions that are due, or became so after that."""
        return [session_id for session_id, at_ms in self.due_ms.items() if after_ms < at_ms <= now_ms]


@dataclass(frozen=True, slots=True)
class Part:
    """A sweep since the part before. `changed`: sessions that changed; `due`: those that are as they were and that
    subscriptions are to be asked about again; `tracked`: the records to store."""

    changed: list[Session]
    due: list[Session]
    tracked: list[Tracked]


class Sweep:
    """A look at sessions at `now`; only a `complete` one, which has all that is live, may find some missing. `asking`:
    the subscriptions whose answer may change by time alone, or that are new; of the `rooms` that are known.
    `withheld`: the ids of sessions that a channel may want to hear of now, and didn't; `again`: of those to be asked
    about again whatever they are like.

    A session that is as it was is let go, as most are: an account's sessions with all their peers are large. Nor is it
    read where its bytes are as they were, but for the first time that a subscription asks."""

    def __init__(
        self,
        memory: Memory,
        asking: frozenset[Subscription],
        withheld: Collection[str],
        now: datetime,
        rooms: Mapping[str, Room] = NO_ROOMS,
        *,
        again: Collection[str] = (),
        complete: bool = True,
    ) -> None:
        self._memory = memory
        self.known = memory.snapshot
        self._fingerprints = memory.fingerprints if asking <= memory.asked else {}
        self._asking = asking
        self._matcher = Matcher(asking, now, rooms)
        self._withheld = withheld
        self._now, self._now_ms = now, ms(now)
        self._due = frozenset((*memory.due(self._now_ms), *again))
        self._again = self._due.union(withheld)
        self._read_ids: set[str] = set()
        self.complete = complete
        self.ids: set[str] = set()
        self.fingerprints: dict[int, str] = {}
        self.due_ms: dict[str, int] = {}
        self.tracked: dict[str, Tracked] = {}
        """By id, the records to store of sessions that changed."""
        self.changed: list[Session] = []
        """These, but for the first sweep of all, which tells nothing; as `due` since the last `take`."""
        self.due: list[Session] = []
        self.undecided: list[Session] = []
        """Those that may be `due`, once their rooms are known."""
        self._fresh: list[Tracked] = []
        self.held: dict[str, Session] = {}
        """By id, the live ones of which a channel may want to hear now, and didn't."""

    @property
    def full(self) -> bool:
        """True where there is enough for a part."""
        return len(self.changed) + len(self.due) + len(self.undecided) >= MANY

    def missing(self) -> list[str]:
        """The ids of live sessions that should be here and aren't: only their own records say whether they ended."""
        return missing(self.known.sessions, self.ids) if self.complete else []

    def take(self) -> Part:
        """The next part, which is let go here."""
        part = Part(self.changed, self.due, self._fresh)
        self.changed, self.due, self._fresh = [], [], []
        return part

    def memory(self, snapshot: Snapshot) -> Memory:
        """Return the memory of this sweep, once it is stored as `snapshot`."""
        others = self._memory.due_ms.keys() - self._read_ids
        if self.complete:
            others &= self.ids
        due_ms = {key: self._memory.due_ms[key] for key in others} | self.due_ms
        if self.complete:
            return Memory(snapshot, self.fingerprints, self._asking, due_ms)
        return replace(self._memory, snapshot=snapshot, due_ms=due_ms)

    def cast(self, cast: Callable[[Session], Session]) -> None:
        """Give sessions that aren't taken yet the roles of rooms that weren't known when they were read."""
        others = {
            each.id: other
            for each in (*self.changed, *self.due, *self.undecided)
            if (other := cast(each)).roles != each.roles
        }
        if not others:
            return
        for some in (self.changed, self.due, self.undecided):
            some[:] = [others.get(each.id, each) for each in some]
        self.held |= {key: others[key] for key in self.held.keys() & others.keys()}
        anew = {key: track(others[key], self._now_ms) for key in self.tracked.keys() & others.keys()}
        self.tracked |= anew
        self._fresh = [anew.get(each.session_id, each) for each in self._fresh]

    def decide(self) -> None:
        """Ask again about those whose rooms weren't known, as far as they are now; the next sweep sees the others."""
        undecided, self.undecided = self.undecided, []
        for session in undecided:
            self._ask(session)
        self.undecided = []

    def postpone(self, session_ids: Collection[str]) -> None:
        """As if these hadn't been read: the next sweep finds in them what this one did."""
        self.changed = [each for each in self.changed if each.id not in session_ids]
        self.due = [each for each in self.due if each.id not in session_ids]
        self._fresh = [each for each in self._fresh if each.session_id not in session_ids]
        self.tracked = {key: each for key, each in self.tracked.items() if key not in session_ids}
        self.fingerprints = {key: each for key, each in self.fingerprints.items() if each not in session_ids}

    def page(self, entries: Sequence[Entry]) -> None:
        """Look at these; one that can't be read costs no other."""
        ids = [session_id for entry in entries if (session_id := self._unchanged(entry) or self._read(entry))]
        if len(ids) < len(entries):
            log.warning("unreadable_entries", count=len(entries) - len(ids), of=len(entries))

    def add(self, sessions: Iterable[Session]) -> None:
        """Look at these; one that was seen already counts as it was then: the live ones are read first."""
        for session in sessions:
            if session.id in self.ids:
                continue
            self.ids.add(session.id)
            self._read_ids.add(session.id)
            if session.active:
                self._ask(session)
            elif session.id in self._due:
                self.due.append(session)
            if session.active and session.id in self._withheld:
                self.held[session.id] = session
            before = self.known.sessions.get(session.id)
            if before is not None and same(before, session):
                continue
            self.tracked[session.id] = tracked = track(session, self._now_ms)
            self._fresh.append(tracked)
            if self.known.good_ms is not None:
                self.changed.append(session)

    def _ask(self, session: Session) -> None:
        """Tell whether the subscriptions that ask may answer otherwise by now, and when they may next."""
        if self._matcher.undecided(session.room_id):
            self.undecided.append(session)
            self.due_ms[session.id] = self._now_ms
            return
        self.due_ms.pop(session.id, None)
        if session.id in self._due or any(is_news(session, each) for each in self._matcher.matching(session)):
            self.due.append(session)
        if at := self._matcher.due(session, self._now):
            self.due_ms[session.id] = ms_from(at)

    def _unchanged(self, entry: Entry) -> str:
        """Its id, where it need not be read, else ""."""
        session_id = self._fingerprints.get(entry.fingerprint, "")
        tracked = self.known.sessions.get(session_id)
        if tracked is None or session_id in self.ids or (tracked.live and session_id in self._again):
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
