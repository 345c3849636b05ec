"""The one path from what a sweep saw to the store: the facts, and the messages about them, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import metrics
from bot.alerts import firing_store
from bot.alerts import store as alerts_store
from bot.alerts.backlog import Catchup, count, finish
from bot.alerts.catch_up import on_cards, release, still_wrong
from bot.alerts.decide import Decision, route
from bot.alerts.firing import Firing
from bot.alerts.messages import Messages, rooms_named
from bot.alerts.notification import Edit
from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.db.leases import Fence
from bot.outbox import audit_log
from bot.outbox import cards as card_store
from bot.outbox.card import Card
from bot.outbox.message import Outgoing
from bot.query.times import ms
from bot.rooms.names import Rooms
from bot.sessions.diff import SessionChange, diff
from bot.sessions.model import Room, Session
from bot.sessions.tracked import Tracked
from bot.silence.current import current_policy
from bot.silence.policy import SilencePolicy
from bot.tracking import store as tracking_store
from bot.tracking.room_facts import RoomFacts
from bot.tracking.store import Progress
from bot.tracking.sweep import Sweep

TELLS_MOST = 5
"""Tries to decide who is told what, if people change just that meanwhile."""


class Superseded(Exception):
    """Another sweep was stored since this one began, or another process leads now."""


@dataclass(slots=True)
class SweepWork:
    """A sweep that is being read and stored. `seq`: the snapshot that its next commit follows. `naming`: the id of the
    names that its people have; `renamed`: the last poll knew them by others. `rooms`: the known ones of the sessions
    seen so far. `put_off`: some of those sessions are left to the next poll, which reads again what comes after
    `reached`. `changes`: those stored so far."""

    team_id: str
    now: datetime
    fence: Fence | None
    sweep: Sweep
    naming: str
    renamed: bool
    rooms: dict[str, Room]
    seq: int
    reached: Progress
    put_off: bool = False
    changes: int = 0


@dataclass(frozen=True, slots=True)
class _Told:
    cards: Sequence[Card]
    firings: Sequence[Firing]
    outgoing: Sequence[Outgoing]
    catchups: Mapping[str, Catchup] | None
    """None where they are as they were."""


class Commit:
    """Stores sweeps of one workspace, one at a time."""

    def __init__(self, rooms: Rooms, room_facts: RoomFacts, store: Database) -> None:
        self._rooms = rooms
        self._room_facts = room_facts
        self._store = store

    async def part(self, work: SweepWork, progress: Progress, *, last: bool) -> None:
        """Store what was seen since the part before, with the messages about it. `last`: nothing follows. Raises
        Superseded."""
        work.put_off |= await self._room_facts.learn(work.team_id, work.sweep, work.rooms, work.now)
        if not work.put_off:
            work.reached = progress
        part, whole = work.sweep.take(), last and work.sweep.complete
        if not (part.changed or part.due or part.tracked or work.sweep.complete):
            return
        known = work.sweep.known.sessions
        changes = await asyncio.to_thread(diff, known, part.changed, renamed=work.renamed)
        tracked = part.tracked
        if whole and work.renamed:
            tracked = list({**known, **work.sweep.tracked}.values())
        for _ in range(TELLS_MOST):
            settings = await audit_log.counts(self._store, work.team_id)
            told = await self._tell(work, changes, part.due, whole=whole)
            stored = await tracking_store.commit(
                self._store,
                work.team_id,
                work.seq,
                ms(work.now),
                changed=tracked,
                cards=told.cards,
                firings=told.firings,
                outgoing=told.outgoing,
                fence=work.fence,
                known=settings,
                naming=work.naming,
                progress=work.reached,
                catchups=told.catchups,
                good=whole,
            )
            if stored:
                work.seq += 1
                work.changes += len(changes)
                _count(changes)
                return
            if await audit_log.counts(self._store, work.team_id) == settings:
                break
        raise Superseded

    async def _tell(
        self, work: SweepWork, changed: Sequence[SessionChange], due: Sequence[Session], *, whole: bool
    ) -> _Told:
        """The messages to channels, and the cards that they leave. `whole`: as in `_decide`."""
        team_id, now = work.team_id, work.now
        ids = {change.session.id for change in changed}
        changes = [*changed, *(SessionChange(session) for session in due if session.id not in ids)]
        # not before: who mutes while the sessions are read shall not hear of those that open meanwhile
        policy = await current_policy(self._store, team_id, now, work.rooms)
        held: list[Card] = []
        firings: list[Firing] = []
        if whole:
            firings += await firing_store.kept(self._store, team_id)
            held += await card_store.withheld(self._store, team_id)
            held += await card_store.withheld_ended(self._store, team_id, ms(now), policy.holds)
        before = await tracking_store.read_catchups(self._store, team_id)
        if not (changes or held or firings or before):
            return _Told([], [], [], None)
        subscriptions = await alerts_store.read(self._store, team_id)  # and who subscribes meanwhile shall
        concerned = [*(change.session.id for change in changes), *(firing.session_id for firing in firings)]
        cards = await card_store.read(self._store, team_id, concerned)
        firings += await firing_store.read(self._store, team_id, concerned)
        summarised = [card.session_id for card in held if card.status == "summarised"]
        ended = await tracking_store.tracked(self._store, team_id, summarised) if summarised else {}
        decision, catchups = await asyncio.to_thread(
            _decide, work, changes, subscriptions, cards, firings, held, ended, before, policy, whole=whole
        )
        messages = Messages(await self._rooms.names(rooms_named(decision.notifications)), work.seq)
        outgoing = await asyncio.to_thread(lambda: [messages.outgoing(each) for each in decision.notifications])
        return _Told(decision.cards, decision.firings, outgoing, catchups if catchups != before else None)


def _decide(
    work: SweepWork,
    changes: Sequence[SessionChange],
    subscriptions: Sequence[Subscription],
    cards: Sequence[Card],
    known_firings: Sequence[Firing],
    held: Sequence[Card],
    ended: Mapping[str, Tracked],
    before: Mapping[str, Catchup],
    policy: SilencePolicy,
    *,
    whole: bool,
) -> tuple[Decision, Mapping[str, Catchup]]:
    """The decision, and each channel's progress through a backlog. `whole`: all that is live has been seen, so that
    what was withheld can be judged, and what was counted be told where nothing is left to count. Pure."""
    told = {channel_id: catchup.told for channel_id, catchup in before.items()}
    routed = route(changes, subscriptions, cards, work.now, policy, told, work.rooms, known_firings, work.seq)
    kept, notifications, catchups = {card.place: card for card in routed.cards}, routed.notifications, before
    firings = {firing.place: firing for firing in routed.firings}
    if work.sweep.complete or work.reached.backlog is not None:
        notifications, catchups = count(notifications, before)
    if whole:
        waiting = [card for card in ({card.place: card for card in held} | kept).values() if card.withheld_until_ms]
        known_ended = {**ended, **work.sweep.tracked}
        freed, recaps = release(waiting, work.sweep.held, known_ended, subscriptions, work.now, policy)
        kept |= {card.place: card for card in freed}
        silent = [
            each for each in ({each.place: each for each in known_firings} | firings).values() if each.state == "kept"
        ]
        recaps, heard = still_wrong(recaps, silent, work.sweep.held, subscriptions, ms(work.now), policy, work.seq)
        firings |= {firing.place: firing for firing in heard}
        shown = {card.place: card for card in (*cards, *held)} | kept
        now = ({each.place: each for each in known_firings} | firings).values()
        edits = on_cards(heard, now, shown, work.sweep.held, subscriptions)
        anew = {edit.card.place for edit in edits}
        notifications = [each for each in notifications if not (isinstance(each, Edit) and each.card.place in anew)]
        notifications += [*recaps, *edits]
        if work.reached.backlog is None:
            channels = {subscription.channel_id for subscription in subscriptions}
            lines, catchups = finish(work.team_id, catchups, channels, policy)
            notifications += lines
    return Decision(list(kept.values()), notifications, list(firings.values())), catchups


def _count(changes: Sequence[SessionChange]) -> None:
    for change in changes:
        kinds = metrics.changes.labels
        kinds("start").inc(change.opened or change.reopened)
        kinds("end").inc(change.ended)
        kinds("join").inc(len(change.joined))
        kinds("leave").inc(len(change.left))
