"""One poll: read what 100ms says, see what changed, commit the facts together with the messages about them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from bot import log
from bot.core.card import Card, key_of
from bot.core.diff import Change, diff, missing, track
from bot.core.filters import LIMIT_MAX
from bot.core.outgoing import Kind, Outgoing
from bot.core.route import Edit, Matcher, Post, Reply, RollUp, Task, route
from bot.core.session import Session
from bot.core.subscription import Subscription
from bot.core.times import api_time
from bot.core.tracked import Tracked
from bot.errors import HmsBadReply, HmsError, HmsNotFound, HmsRateLimited
from bot.flows.rooms import Rooms
from bot.hms.client import Hms
from bot.render.blocks import Message
from bot.render.card import final_card, live_card, roll_up, went
from bot.render.phrases import Names
from bot.store.store import Fence, Snapshot, Store

PAGES_MOST = 1_000
"""100,000 sessions; a list that goes on beyond is not read as complete."""
RECORDS_MOST = 200
"""The most single sessions asked about in one poll; the others are asked about in the next."""
RECORDS_AT_ONCE = 8
REST_S = 60.0
"""How long no poll is made after a 429 that doesn't say how long."""
OVERLAP_MS = 120_000
"""Ended sessions are listed from so long before the last good poll, for clocks that differ."""
LIFE_MOST_MS = 13 * 3_600_000
"""A session lasts 12 hours at most (100ms docs, Sessions/object): one without a record is over after that."""


class Poll:
    """Polls of one workspace, one at a time. What the last one knew is kept here, and read again where another process
    has polled since."""

    def __init__(
        self,
        hms: Hms,
        rooms: Rooms,
        store: Store,
        team_id: Callable[[], str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._hms = hms
        self._rooms = rooms
        self._store = store
        self._team = team_id
        self._clock = clock
        self._known: Snapshot | None = None
        self._rest_until = 0.0  # in the time of time.monotonic

    async def run(self, fence: Fence | None = None) -> bool:
        """Whether the poll was good: everything read, and committed. Where 100ms asks to slow down there is none for a
        while."""
        if time.monotonic() < self._rest_until:
            return False
        team_id = self._team()
        now = self._clock()
        now_ms = _ms(now)
        state = await self._store.poll_state(team_id)
        if self._known is None or self._known.seq != state.seq:
            self._known = await self._store.snapshot(team_id)
        known = self._known
        try:
            seen = await self._read(known, now_ms)
        except HmsError as error:
            log.warning("poll_failed", outcome=type(error).__name__, cause=error.cause)
            await self._store.poll_failed(team_id, now_ms, type(error).__name__)
            if isinstance(error, HmsRateLimited):
                self._rest_until = time.monotonic() + (error.retry_after_s or REST_S)
            return False
        tracked = [track(session, now_ms) for session in seen if _differs(known.sessions.get(session.id), session)]
        cards, outgoing = ([], []) if known.good_ms is None else await self._tell(team_id, known, seen, now)
        done = await self._store.commit_poll(
            team_id, known.seq, now_ms, changed=tracked, cards=cards, outgoing=outgoing, fence=fence
        )
        if not done:
            self._known = None
            log.warning("poll_superseded")
            return False
        sessions = {**known.sessions, **{each.session_id: each for each in tracked}}
        self._known = Snapshot(known.seq + 1, now_ms, _kept(sessions, now_ms))
        return True

    async def _read(self, known: Snapshot, now_ms: int) -> list[Session]:
        """All that is live, what ended since the last good poll, and the records of what is missing. HmsError."""
        live = await self._list({"active": "true"})
        since_ms = (known.good_ms or now_ms) - OVERLAP_MS
        after = api_time(datetime.fromtimestamp(since_ms / 1000, UTC))
        ended = await self._list({"active": "false", "after": after})
        seen = {session.id: session for session in (*ended, *live)}
        for session in await self._records(missing(known.sessions, seen.values()), known, now_ms):
            seen[session.id] = session
        return list(seen.values())

    async def _list(self, params: dict[str, str]) -> list[Session]:
        sessions: list[Session] = []
        cursor: str | None = None
        for _ in range(PAGES_MOST):
            batch = await self._hms.list_sessions(params, limit=LIMIT_MAX, start=cursor)
            sessions += batch.sessions
            if batch.last:
                return sessions
            cursor = batch.sessions[-1].id
        raise HmsBadReply("100ms lists sessions without an end.", cause=f"more than {PAGES_MOST} pages")

    async def _records(self, ids: Sequence[str], known: Snapshot, now_ms: int) -> list[Session]:
        """Their own records. A session without one stays as it was, until it can't be live any more."""
        free = asyncio.Semaphore(RECORDS_AT_ONCE)

        async def record(session_id: str) -> Session | None:
            async with free:
                try:
                    return await self._hms.session(session_id)
                except HmsNotFound:
                    return _without_record(known.sessions[session_id], now_ms)

        found = await asyncio.gather(*map(record, ids[:RECORDS_MOST]), return_exceptions=True)
        for each in found:
            if isinstance(each, BaseException):
                raise each
        return [session for session in found if isinstance(session, Session)]

    async def _tell(
        self, team_id: str, known: Snapshot, seen: Sequence[Session], now: datetime
    ) -> tuple[Sequence[Card], Sequence[Outgoing]]:
        subscriptions = await self._store.subscriptions(team_id)
        changes = diff(known.sessions, seen)
        if not (changes or subscriptions):
            return [], []
        changes += _ripe(subscriptions, changes, seen, now)
        cards = await self._store.cards(team_id, [change.session.id for change in changes])
        kept, tasks = route(changes, subscriptions, cards, now)
        names = await self._rooms.names(_rooms(tasks))
        return kept, [_outgoing(task, names, known.seq) for task in tasks]


def _ripe(
    subscriptions: Iterable[Subscription], changes: Iterable[Change], seen: Iterable[Session], now: datetime
) -> list[Change]:
    """Sessions that only grew longer, where somebody waits for that."""
    waiting = [each for each in subscriptions if any(term.key == "longer" for term in each.query.terms)]
    if not waiting:
        return []
    matcher = Matcher(waiting, now)
    changed = {change.session.id for change in changes}
    return [
        Change(session, same=True)
        for session in seen
        if session.active and session.id not in changed and matcher.matching(session)
    ]


def _outgoing(task: Task, names: Names, seq: int) -> Outgoing:
    if isinstance(task, RollUp):
        key = key_of("roll-up", task.team_id, task.channel_id, str(seq))
        return _message(key, task.team_id, task.channel_id, "post", roll_up(task.opened, task.ended, names))
    card = task.card
    if isinstance(task, Reply):
        joined, left = ([name for name, _ in people] for people in (task.change.joined, task.change.left))
        key = key_of("reply", card.key, str(seq))
        message = went(task.change.session, joined, left)
        return _message(key, card.team_id, card.channel_id, "reply", message, of=card.key)
    draw = live_card if task.session.active else final_card
    message = draw(task.session, names, reopened=card.reopened)
    if isinstance(task, Post):
        return _message(card.key, card.team_id, card.channel_id, "post", message)
    return _message(f"{card.key}:edit", card.team_id, card.channel_id, "edit", message, of=card.key)


def _message(key: str, team_id: str, channel_id: str, kind: Kind, message: Message, of: str = "") -> Outgoing:
    return Outgoing(key, team_id, channel_id, kind, message.text, message.blocks, of)


def _rooms(tasks: Iterable[Task]) -> list[str]:
    rooms: list[str] = []
    for task in tasks:
        if isinstance(task, Post | Edit):
            rooms.append(task.session.room_id)
        elif isinstance(task, RollUp):
            rooms += [session.room_id for session in (*task.opened, *task.ended)]
    return rooms


def _differs(before: Tracked | None, session: Session) -> bool:
    return before is None or before.live != session.active or track(session, before.seen_ms) != before


def _without_record(tracked: Tracked, now_ms: int) -> Session | None:
    if now_ms - tracked.started_ms < LIFE_MOST_MS:
        return None
    started = datetime.fromtimestamp(tracked.started_ms / 1000, UTC)
    return Session(tracked.session_id, tracked.room_id, active=False, created_at=started, updated_at=started)


def _kept(sessions: dict[str, Tracked], now_ms: int) -> dict[str, Tracked]:
    """Without those that ended two days ago: no list of ended sessions reaches back so far."""
    return {key: each for key, each in sessions.items() if each.live or now_ms - each.seen_ms < 2 * 86_400_000}


def _ms(when: datetime) -> int:
    return int(when.timestamp() * 1000)
