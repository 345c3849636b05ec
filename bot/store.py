"""`Store`: the one door to the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Literal

from bot.alerts import store as subscriptions
from bot.alerts.backlog import Backlog, Catchup
from bot.alerts.store import SUBSCRIPTIONS_MOST
from bot.alerts.subscription import Subscription
from bot.channel import store as moving
from bot.db import leases
from bot.db.database import BUSY_S, Database
from bot.db.leases import POLLER
from bot.db.migrate import REVISIONS, revision_of
from bot.db.problems import StoreError
from bot.db.setting_change import SettingChange
from bot.digests import store as digests
from bot.digests.model import Digest
from bot.digests.store import DIGESTS_MOST
from bot.health import store as states
from bot.outbox import audit_log as changes
from bot.outbox import cards, claims, counts, threads, workspaces
from bot.outbox import channel_pause as pausing
from bot.outbox import conversations as channels
from bot.outbox import store as outbox
from bot.outbox.card import Card
from bot.outbox.channel import Channel
from bot.outbox.message import Outgoing
from bot.outbox.prune import prune
from bot.outbox.records import Counts, Fence, How, PollState, RoomWalk, Row, Snapshot, Stopped
from bot.rooms import store as rooms
from bot.sessions.model import Room
from bot.sessions.tracked import Tracked
from bot.silence import mute_store as mutes
from bot.silence import quiet_store as quiets
from bot.silence.mute import Mute
from bot.silence.mute_store import MUTES_MOST
from bot.silence.quiet_hours import QuietHours
from bot.silence.quiet_store import QUIETS_MOST
from bot.slack import store as begun
from bot.tracking import store as polls

__all__ = [
    "DIGESTS_MOST",
    "MUTES_MOST",
    "POLLER",
    "QUIETS_MOST",
    "REVISIONS",
    "SUBSCRIPTIONS_MOST",
    "Fence",
    "PollState",
    "RoomWalk",
    "Row",
    "Snapshot",
    "Store",
    "StoreError",
]


class Store:
    """Every method is one transaction: all of it is stored, or nothing, and then StoreError is raised. Times, and
    lengths of time, are milliseconds; `now_ms` is the caller's clock. What a channel has set has a number, which is
    never given again there. `by`: who changes a setting, which is kept together with the change, where there is one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._run = database.run

    @classmethod
    async def open(cls, url: str = "", *, busy_s: float = BUSY_S) -> Store:
        """The database of a DATABASE_URL (`address.read_address`), at the newest revision. `busy_s`: how long to wait
        for another program that has an SQLite file locked. Raises ConfigError."""
        return cls(await Database.open(url, busy_s=busy_s))

    @classmethod
    async def look(cls, url: str) -> Store | None:
        """The database as it is, of whatever revision, and only to read; None where it is a file that isn't there.
        Raises ConfigError."""
        database = await Database.look(url)
        return cls(database) if database is not None else None

    async def close(self) -> None:
        await self._database.close()

    @property
    def single(self) -> bool:
        """Whether no other process uses the database: an SQLite file."""
        return self._database.single

    @property
    def exposed(self) -> bool:
        """True where other users of this machine may read or write an SQLite file."""
        return self._database.exposed

    async def revision(self) -> str:
        """The one that the database is at, or "" where it is empty. `REVISIONS` are those that this program knows."""
        return await self._run(revision_of)

    async def running(self) -> bool:
        """Whether a process of the bot, this one or another, works with the database."""
        return self._database.served if self.single else await self._run(leases.lasts)

    # Subscriptions

    async def subscribe(
        self,
        new: Subscription,
        silent: Sequence[str],
        first: Outgoing,
        changed: Outgoing | None = None,
        *,
        by: SettingChange | None = None,
    ) -> tuple[Subscription, How]:
        """Store it, silent cards for the sessions that it shall not announce, and its first message. The same query
        again is the same subscription: with other kinds it gets these and their maker, and its message is `changed`
        where that is given; with equal ones nothing is stored. Raises TooMany."""
        return await self._run(lambda db: subscriptions.subscribe(db, new, silent, first, changed, by))

    async def subscriptions(self, team_id: str, channel_id: str | None = None) -> list[Subscription]:
        """By number."""
        return await self._run(lambda db: subscriptions.read(db, team_id, channel_id))

    async def unsubscribe(
        self, team_id: str, channel_id: str, numbers: Sequence[int], by: SettingChange
    ) -> list[Subscription]:
        """Those of these numbers that were there, and are no longer."""
        return await self._run(lambda db: subscriptions.unsubscribe(db, team_id, channel_id, numbers, by))

    async def last_told(self, team_id: str, channel_id: str) -> dict[int, int]:
        """When the newest message about a session of each subscription was sent, as far as cards are kept (seven days),
        by number."""
        return await self._run(lambda db: subscriptions.last_told(db, team_id, channel_id))

    # Channels, and what is in their way

    async def channel(self, team_id: str, channel_id: str) -> Channel:
        """How it is with it."""
        return await self._run(lambda db: channels.read(db, team_id, channel_id))

    async def pause(
        self, team_id: str, channel_id: str, reason: str, now_ms: int, tell: Callable[[str], Outgoing]
    ) -> None:
        """The channel can't be written to: its messages are held, and each of the `makers` gets what `tell` makes for
        them, once per pause. One that is in flight is held too; if its sender learns what became of it, that still
        counts, and else it is looked for after `resume`: for one that was refused call `again` before."""
        await self._run(lambda db: pausing.pause(db, team_id, channel_id, reason, now_ms, tell))

    async def move(self, team_id: str, old_id: str, new_id: str) -> bool:
        """Slack has given the channel another id: everything that is stored of it has that one from now on. True if
        there was anything."""
        return await self._run(lambda db: moving.move(db, team_id, old_id, new_id))

    async def told(self, team_id: str) -> set[str]:
        """The conversations that have a subscription or a digest."""
        return await self._run(lambda db: pausing.told(db, team_id))

    async def troubled(self, team_id: str) -> dict[str, Channel]:
        """The conversations that are paused, or have messages of which nobody knows whether they arrived: here `held`
        counts those alone."""
        return await self._run(lambda db: pausing.troubled(db, team_id))

    async def makers(self, team_id: str, channel_id: str) -> list[str]:
        """The people who asked for what the channel gets: its subscriptions and digests."""
        return await self._run(lambda db: pausing.makers(db, team_id, channel_id))

    async def resume(self, team_id: str, channel_id: str) -> bool:
        """What the pause held is to be sent again; whether the channel was paused."""
        return await self._run(lambda db: pausing.resume(db, team_id, channel_id))

    async def try_paused(self, team_id: str, now_ms: int) -> None:
        """Let the next message go in each channel that was paused for long enough: what becomes of it shows whether
        the channel still refuses. A message that is sent ends the pause."""
        await self._run(lambda db: pausing.try_paused(db, team_id, now_ms))

    async def workspace_refused(self, team_id: str, cause: str, now_ms: int) -> bool:
        """The workspace refuses the bot, for `cause`, as Slack's codes or events say: nothing is sent there until
        `workspace_taken`. False where that is known already."""
        return await self._run(lambda db: workspaces.refused(db, team_id, cause, now_ms))

    async def workspace_stopped(self, team_id: str) -> Stopped | None:
        """Since when, and why, it refuses the bot; None where it doesn't. "" for whichever does."""
        return await self._run(lambda db: workspaces.stopped(db, team_id))

    async def workspace_probe(self, team_id: str, now_ms: int) -> Stopped | None:
        """The same where it is the caller's turn to ask auth.test: after 30 seconds, then once a minute."""
        return await self._run(lambda db: workspaces.probe(db, team_id, now_ms))

    async def workspace_taken(self, team_id: str, since_ms: int | None = None) -> bool:
        """The refusal since then, or any, is over; whether there was one."""
        return await self._run(lambda db: workspaces.taken(db, team_id, since_ms))

    async def states(self, team_id: str) -> dict[str, int]:
        """The states that operators were told of and that aren't over: since when, by name."""
        return await self._run(lambda db: states.read(db, team_id))

    async def tell_states(
        self,
        team_id: str,
        began: Mapping[str, int],
        over: Sequence[str],
        outgoing: Sequence[Outgoing],
        now_ms: int,
        fence: Fence,
    ) -> bool:
        """Keep which began and are over, together with the messages of that. False, and nothing is stored, where the
        fence's lease has a new owner."""
        return await self._run(lambda db: states.tell(db, team_id, began, over, outgoing, now_ms, fence))

    async def release(self, team_id: str, channel_id: str) -> None:
        """A person wants to have sent what is held because nobody can tell whether it is there."""
        await self._run(lambda db: pausing.release(db, team_id, channel_id))

    # Digests

    async def add_digest(self, new: Digest, by: SettingChange, first: Outgoing | None = None) -> tuple[Digest, How]:
        """Store it, to be made from its next date on, and of a new one its `first` message. The same schedule and query
        again is the same digest: with another `empty` it gets this one and its maker, and one that is paused goes on.
        Raises TooMany."""
        return await self._run(lambda db: digests.add(db, new, by, first))

    async def digests(self, team_id: str, channel_id: str | None = None) -> list[Digest]:
        """By number."""
        return await self._run(lambda db: digests.read(db, team_id, channel_id))

    async def remove_digest(self, team_id: str, channel_id: str, number: int, by: SettingChange) -> Digest | None:
        """The one removed, or None where the channel has none of that number. What is unsent of it is taken back, as
        when it is paused."""
        return await self._run(lambda db: digests.remove(db, team_id, channel_id, number, by))

    async def pause_digest(
        self, team_id: str, channel_id: str, number: int, paused: bool, by: SettingChange
    ) -> Digest | None:
        """Pause it, or let it go on at its next date; what it missed meanwhile isn't made. As it is from now
        on, or None where the channel has none of that number."""
        return await self._run(lambda db: digests.pause(db, team_id, channel_id, number, paused, by))

    async def due_digests(self, team_id: str, now_ms: int) -> list[Digest]:
        """Those whose time has come, the longest due first; none of a channel that is paused."""
        return await self._run(lambda db: digests.due(db, team_id, now_ms))

    async def send_digest(
        self,
        digest: Digest,
        day: date,
        outgoing: Sequence[Outgoing],
        now_ms: int,
        fence: Fence | None = None,
    ) -> bool:
        """That date's digest, or nothing where it is skipped. False, and nothing is
        stored, where that date or another is done with since `digest` was read, the digest is gone, it or its channel
        is paused, or the fence's lease has a new owner."""
        return await self._run(lambda db: digests.send(db, digest, day, outgoing, now_ms, fence))

    async def digest_failed(
        self, digest: Digest, problem: str, notice: Sequence[Outgoing] = (), now_ms: int = 0
    ) -> None:
        """Why it can't be made yet, which counts as a try; it stays due. `notice` tells its channel of that."""
        await self._run(lambda db: digests.failed(db, digest, problem, notice, now_ms))

    # Silence

    async def add_mute(self, new: Mute, by: SettingChange, *, longer: bool = False) -> tuple[Mute, How, Mute | None]:
        """The same query and session again, while it holds, is the same mute with this end, or with the later one where
        it may only get `longer`. Also the mute as it was before, if it was there. Raises TooMany."""
        return await self._run(lambda db: mutes.add(db, new, by, longer=longer))

    async def mutes(self, team_id: str, now_ms: int, channel_id: str | None = None) -> list[Mute]:
        """Those that hold, by number."""
        return await self._run(lambda db: mutes.read(db, team_id, now_ms, channel_id))

    async def remove_mutes(
        self, team_id: str, channel_id: str, numbers: Sequence[int], by: SettingChange
    ) -> list[Mute]:
        """Those that held until now, by number."""
        return await self._run(lambda db: mutes.remove(db, team_id, channel_id, numbers, by))

    async def add_quiet(
        self, team_id: str, channel_id: str, quiet: QuietHours, by: SettingChange
    ) -> Literal["new", "same"]:
        """Raises Overlaps or TooMany."""
        return await self._run(lambda db: quiets.add(db, team_id, channel_id, quiet, by))

    async def quiets(self, team_id: str, channel_id: str | None = None) -> dict[str, list[tuple[QuietHours, str]]]:
        """The quiet hours of each channel that has any, with who made them; the oldest first."""
        return await self._run(lambda db: quiets.read(db, team_id, channel_id))

    async def clear_quiets(
        self, team_id: str, channel_id: str, by: SettingChange, only: QuietHours | None = None
    ) -> list[QuietHours]:
        """All, or `only` those. Those removed."""
        return await self._run(lambda db: quiets.clear(db, team_id, channel_id, by, only))

    async def set_threads(self, team_id: str, channel_id: str, on: bool, by: SettingChange) -> bool:
        """Whether the channel gets replies; they are on at first. True where that changed."""
        return await self._run(lambda db: threads.turn(db, team_id, channel_id, on, by))

    async def unthreaded(self, team_id: str) -> set[str]:
        """The channels that get no replies."""
        return await self._run(lambda db: threads.off(db, team_id))

    async def changes(self, team_id: str, channel_id: str, most: int = 20) -> list[SettingChange]:
        """The newest changes of a channel's settings, the newest first."""
        return await self._run(lambda db: changes.read(db, team_id, channel_id, most))

    # Polls

    async def snapshot(self, team_id: str) -> Snapshot:
        return await self._run(lambda db: polls.snapshot(db, team_id))

    async def commit_poll(
        self,
        team_id: str,
        seq: int,
        now_ms: int,
        *,
        changed: Sequence[Tracked],
        cards: Sequence[Card],
        outgoing: Sequence[Outgoing],
        fence: Fence | None = None,
        known: Mapping[str, int] | None = None,
        naming: str = "",
        read_ms: int | None = None,
        backlog: Backlog | None = None,
        catchups: Mapping[str, Catchup] | None = None,
        good: bool = True,
    ) -> bool:
        """A good poll that began from snapshot `seq`: its facts and messages; `naming`, `read_ms` and `backlog` are the
        next snapshot's, and `catchups` those from now on, where they are given. A part of a poll, which isn't `good`
        yet, is the same but for when the last good one was. False, and nothing is stored, where another poll was stored
        since, the fence's lease has a new owner, or the settings of a channel that is told of something have changed
        since they were `known`, as `settings_known` says."""
        return await self._run(
            lambda db: polls.commit(
                db,
                team_id,
                seq,
                now_ms,
                naming=naming,
                read_ms=read_ms,
                backlog=backlog,
                good=good,
                catchups=catchups,
                changed=changed,
                changed_cards=cards,
                outgoing=outgoing,
                fence=fence,
                known=known,
            )
        )

    async def catchups(self, team_id: str) -> dict[str, Catchup]:
        """Each channel's progress with a backlog; none where there is nothing to catch up with."""
        return await self._run(lambda db: polls.read_catchups(db, team_id))

    async def settings_known(self, team_id: str) -> dict[str, int]:
        """A mark for each channel that changes with its settings."""
        return await self._run(lambda db: changes.counts(db, team_id))

    async def poll_failed(self, team_id: str, now_ms: int, cause: str) -> None:
        await self._run(lambda db: polls.failed(db, team_id, now_ms, cause))

    async def poll_state(self, team_id: str) -> PollState:
        return await self._run(lambda db: polls.state(db, team_id))

    async def tracked(self, team_id: str, session_ids: Iterable[str]) -> dict[str, Tracked]:
        """What the last good poll knew of these sessions, of those that ended for a week."""
        ids = list(session_ids)
        return await self._run(lambda db: polls.tracked(db, team_id, ids))

    async def cards(self, team_id: str, session_ids: Iterable[str]) -> list[Card]:
        """Those of all channels."""
        ids = list(session_ids)
        return await self._run(lambda db: cards.read(db, team_id, ids))

    async def hushed(self, team_id: str) -> list[Card]:
        """Those of all channels whose announcement is withheld, of sessions that are live."""
        return await self._run(lambda db: cards.hushed(db, team_id))

    async def hushed_ended(self, team_id: str, now_ms: int, hushed: Callable[[str], bool]) -> list[Card]:
        """The same of sessions that have ended, where they may be told: their time has come, or their channel isn't
        `hushed` any more. Of the others there may be very many."""
        return await self._run(lambda db: cards.hushed_ended(db, team_id, now_ms, hushed))

    async def card(self, row: Row) -> Card | None:
        """The card whose message an edit changes, or a post is; None once it is forgotten."""
        return await self._run(lambda db: cards.of_key(db, row.key.removesuffix(":edit")))

    # Rooms

    async def rooms(self, team_id: str, room_ids: Iterable[str]) -> list[Room]:
        """Those of them that are known."""
        ids = list(room_ids)
        return await self._run(lambda db: rooms.by_id(db, team_id, ids))

    async def rooms_called(self, team_id: str, folded: str) -> list[Room]:
        """The rooms of that name, as names are compared."""
        return await self._run(lambda db: rooms.called(db, team_id, folded))

    async def rooms_having(self, team_id: str, folded: str, most: int) -> list[Room]:
        """The newest rooms with that in their name."""
        return await self._run(lambda db: rooms.having(db, team_id, folded, most))

    async def rooms_beginning(self, team_id: str, folded: str) -> int:
        """The number of rooms whose name begins so."""
        return await self._run(lambda db: rooms.beginning(db, team_id, folded))

    async def rooms_newest(self, team_id: str, most: int) -> list[Room]:
        return await self._run(lambda db: rooms.newest(db, team_id, most))

    async def keep_rooms(self, team_id: str, some: Iterable[Room]) -> None:
        kept = list(some)
        await self._run(lambda db: rooms.keep(db, team_id, kept))

    async def room_walk(self, team_id: str) -> RoomWalk:
        return await self._run(lambda db: rooms.walk(db, team_id))

    async def set_room_walk(self, team_id: str, far: RoomWalk) -> None:
        await self._run(lambda db: rooms.set_walk(db, team_id, far))

    async def forget_rooms(self, team_id: str) -> None:
        """All of them, some at a time: nobody waits long for the others."""
        while await self._run(lambda db: rooms.forget(db, team_id)):
            pass

    # The outbox

    async def claim(self, team_id: str, now_ms: int, lease_ms: int, limit: int) -> list[Row]:
        """Messages to send now: the next one of each channel of the team that may be written to, oldest first. They are
        this process's for `lease_ms`."""
        return await self._run(lambda db: claims.claim(db, team_id, now_ms, lease_ms, limit))

    async def overdue(self, team_id: str, before_ms: int, limit: int, now_ms: int, lease_ms: int) -> list[Row]:
        """Messages of which nobody knows whether they were sent: their lease ended before `before_ms`. Claimed
        anew."""
        return await self._run(lambda db: claims.overdue(db, team_id, before_ms, limit, now_ms, lease_ms))

    async def sent(self, rows: Sequence[tuple[Row, str]], now_ms: int, gap_ms: int = 1000) -> None:
        """They are there, each under its ts. What waited for one may go; the channel's next message waits `gap_ms`. An
        edit of which there is a newer state meanwhile is to be sent again."""
        await self._run(lambda db: outbox.sent(db, rows, now_ms, gap_ms))

    async def no_thread(self, row: Row) -> None:
        """A reply that is certainly not there, as the card's message was deleted: it waits for the card's next one,
        which the card's next change makes."""
        await self._run(lambda db: outbox.no_thread(db, row))

    async def slow_down(self, row: Row, until_ms: int) -> None:
        """It is certainly not there, and Slack asks to wait: with posts in its channel, or with all edits."""
        await self._run(lambda db: outbox.slow_down(db, row, until_ms))

    async def again(self, row: Row) -> None:
        """It is certainly not there: to be sent at once."""
        await self._run(lambda db: outbox.again(db, row))

    async def later(self, row: Row, until_ms: int) -> None:
        """It is certainly not there, and the refusal says nothing for sure: to be sent again then."""
        await self._run(lambda db: outbox.later(db, row, until_ms))

    async def no_threads(self, row: Row, cause: str, notice: Outgoing, by: SettingChange) -> None:
        """A reply that will never be sent, as the channel takes none: threads are off there, and `notice` says so,
        where they were on."""
        await self._run(lambda db: outbox.no_threads(db, row, cause, notice, by))

    async def unsure(self, row: Row, until_ms: int, cause: str) -> None:
        """It may be there. Its lease ends at `until_ms`, and `overdue` gives it out."""
        await self._run(lambda db: outbox.unsure(db, row, until_ms, cause))

    async def held(self, row: Row, cause: str) -> None:
        """A person must act: it is kept until `release`, or `resume` where it has another cause."""
        await self._run(lambda db: outbox.held(db, row, cause))

    async def dead(self, row: Row, cause: str, untold_ms: int = 0) -> None:
        """It will never be sent as it is, nor what waits for it. A card's newer state is tried once more. With
        `untold_ms`, the end of a card's session is withheld until then, if it has ended."""
        await self._run(lambda db: outbox.dead(db, row, cause, untold_ms))

    async def replaced(self, row: Row, card: Card, post: Outgoing) -> None:
        """The message that `row` would edit was deleted: it is dead, and `card`, its `gen` one higher than before, gets
        the new message `post`, whose key is the card's. It shows the newest state that the store knows."""
        await self._run(lambda db: outbox.replaced(db, row, card, post))

    async def dropped_ms(self, team_id: str, cause: str, since_ms: int) -> int | None:
        """When the newest message that was given up for this cause was first tried, None where none was since then."""
        return await self._run(lambda db: outbox.dropped_ms(db, team_id, cause, since_ms))

    async def status(self, key: str) -> str:
        """pending, sending, sent, held or dead; "" for a message that isn't there."""
        return await self._run(lambda db: outbox.status(db, key))

    async def send(self, outgoing: Sequence[Outgoing], now_ms: int) -> None:
        """Messages that belong to no poll."""
        await self._run(lambda db: outbox.add(db, outgoing, now_ms))

    # Requests

    async def begin(self, team_id: str, what: str, now_ms: int, kept_ms: int) -> bool:
        """True for the first to begin with `what`; whoever else would within `kept_ms` gets False."""
        return await self._run(lambda db: begun.begin(db, team_id, what, now_ms, kept_ms))

    async def withdraw(self, team_id: str, what: str) -> None:
        """It wasn't done: the next one is the first again."""
        await self._run(lambda db: begun.withdraw(db, team_id, what))

    # Leases

    async def time(self) -> float:
        """Epoch seconds by the clock that all processes share: PostgreSQL's. A file has one process, whose own will
        do."""
        return time.time() if self.single else await self._run(leases.time_s)

    async def lead(self, name: str, owner: str, ttl_ms: int) -> Fence | None:
        """Take or renew a lease; None while another owner has it."""
        return await self._run(lambda db: leases.take(db, name, owner, ttl_ms, single=self.single))

    # All of it

    async def counts(self, team_id: str = "", now_ms: int | None = None) -> Counts:
        """Counts of what waits now in all channels of a team; "" for all teams. None is now by the database's clock."""
        at_ms = int(await self.time() * 1000) if now_ms is None else now_ms
        return await self._run(lambda db: counts.read(db, at_ms, team_id))

    async def stuck(self, team_id: str, before_ms: int) -> dict[str, int]:
        """For each channel that isn't paused and has a message that was first tried before then: when that was."""
        return await self._run(lambda db: counts.stuck(db, team_id, before_ms))

    async def prune(self, team_id: str, now_ms: int) -> None:
        """Forget what was sent or given up, closed cards and ended sessions seven days before the last good poll, mutes
        seven days after their end, and who changed what after a year."""
        while await self._run(lambda db: prune(db, team_id, now_ms)):
            pass
