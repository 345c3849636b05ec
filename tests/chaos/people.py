"""People: they subscribe and unsubscribe, delete cards, shut the bot out of a channel and let it in again, press what
it offers. They do most of it when a process waits for what follows from it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable

from bot.demo.fake_slack import FakeSlack, Message
from tests.chaos.checker import Asked, card_of
from tests.chaos.database import Database
from tests.chaos.firings import KINDS, Alarm, Taken
from tests.chaos.hands import Hands
from tests.chaos.life import Life
from tests.chaos.replicas import Replica

BUSIEST = "live-ops"
"""Told of every session, but of nobody who joins: its cards have no threads. The bot is shut out of it, and its cards
are deleted."""
VISITED = "general"
"""Somebody subscribes here and changes their mind."""
LOOK_S = 0.2
TAKEN = 0.03
"""The share of looks at which somebody is on something wrong though no process waits for that."""
SUBSCRIBED = r"Subscribed|that is number"
NEWEST = "SELECT max(number) FROM subscriptions WHERE channel_id = '{}'"
FREE = (
    "SELECT channel_id, session_id FROM firings "
    "WHERE team_id = '{}' AND state = 'fired' AND taken_by = '' AND untold = '' ORDER BY fired_ms"
)
SOON_S = 6.0
"""The time that the bot may take for what follows from something, before people go on."""
EDITED_S = 15.0
"""A card that was edited is edited again so much later."""
STOPPED = (
    "SELECT channel_id, paused FROM channels "
    "WHERE team_id = '{0}' AND paused IS NOT NULL AND channel_id LIKE 'C%' UNION "
    "SELECT channel_id, '' FROM outbox "
    "WHERE team_id = '{0}' AND status = 'held' AND cause = 'unconfirmed' AND channel_id LIKE 'C%'"
)


class People:
    """`asked` is what they subscribed to, `alarms` what of it fires, `taken` what they are on, `deleted` which cards they
    deleted, by the channel's name."""

    def __init__(self, slack: FakeSlack, life: Life, database: Database, hands: Hands, dice: random.Random) -> None:
        self._slack, self._life, self._database, self._hands, self._dice = slack, life, database, hands, dice
        self.asked: list[Asked] = []
        self.alarms: list[Alarm] = []
        self.taken: list[Taken] = []
        self.deleted: defaultdict[str, list[Message]] = defaultdict(list)
        self._visiting = self._shut = False

    async def run(self, until: asyncio.Event) -> None:
        """Until told to stop, and then until all is as it should be."""
        async with asyncio.TaskGroup() as group:
            for act in (self._visit, self._take, self._delete, self._shut_out, self._end_an_old_session, self.mend):
                group.create_task(again(act, until))

    async def subscribe(self, channel: str, room: int | None, kinds: str) -> None:
        rooms = self._life.rooms
        room_id = rooms[room].id if room is not None else None
        await self._subscribe(channel, room_id, kinds)

    async def _subscribe(self, channel: str, room_id: str | None, kinds: str, replica: Replica | None = None) -> int:
        line = "subscribe" + (f" room:{room_id}" if room_id is not None else "") + f" on:{kinds}"
        typed = (await self._hands.type(line, channel, SUBSCRIBED, replica)).times
        lasts = replica is None
        many = 1 if lasts else typed
        self.asked.append(Asked(channel, room_id, frozenset(kinds.split(",")), time.time(), many, lasts))
        return typed

    async def watch(self, channel: str, room: int | None, wrong: str) -> None:
        """Subscribe to something wrong, for Ada."""
        rooms, person = self._life.rooms, self._slack.workspace.user(None)
        room_id = rooms[room].id if room is not None else None
        about = f" room:{room_id}" if room_id is not None else ""
        line = f"subscribe {wrong}{about} notify:<@{person.id}|{person.name}>"
        typed = await self._hands.type(line, channel, SUBSCRIBED)
        number = await self._database.number(NEWEST.format(self._slack.workspace.channel(channel).id))
        filter_, _, value = wrong.partition(":")
        least_s = 10.0 if "10s" in value else 0.0
        mention = f"<@{person.id}>"
        self.alarms.append(
            Alarm(channel, number, KINDS[filter_], least_s, room_id, typed.first, typed.answered, mention)
        )

    async def _take(self) -> None:
        """Somebody is on what is wrong, as a process waits for that or now and then."""
        replica = self._hands.waiting("alerts.firing_store.take")
        if replica is None and self._dice.random() > TAKEN:
            return
        team_id = self._slack.workspace.team_id
        if not (free := await self._database.rows(FREE.format(team_id))):
            return
        channel_id, session_id = self._dice.choice(free)
        channel = self._slack.workspace.channel(channel_id).name
        answer = "You are on it|is on it already|That is over already|Nothing is wrong"
        typed = await self._hands.type(f"acknowledge {session_id}", channel, answer, replica)
        if "are on it" in typed.answer:
            self.taken.append(Taken(channel, session_id, typed.answered))

    async def mend(self) -> None:
        """Press the button wherever messages wait for a person, but where the bot is still shut out."""
        for channel_id, _ in await self._stopped():
            name = self._slack.workspace.channel(channel_id).name
            if name != BUSIEST or not self._shut:
                await self._press(name)

    async def _stopped(self) -> list[tuple[str, str]]:
        return await self._database.rows(STOPPED.format(self._slack.workspace.team_id))

    async def _press(self, name: str) -> None:
        replica = self._hands.waiting("outbox.channel_pause.resume", "outbox.channel_pause.release")
        if answer := await self._hands.once("subscriptions", name, r"\*Paused:|held: ", replica):
            label = next((each for each in answer.labels if each in ("Resume", "Send them")), None)
            self._hands.turn_to(replica)
            if label is not None:
                await self._slack.press(answer, label)

    async def _visit(self) -> None:
        if (replica := self._hands.waiting("alerts.store.subscribe", "alerts.store.unsubscribe")) is None:
            return
        room_id = self._life.unused.id
        if self._visiting:
            await self._hands.type(
                f"unsubscribe room:{room_id}", VISITED, r"Subscription \d+ has ended|no subscription", replica
            )
        else:
            await self._subscribe(VISITED, room_id, "start,end", replica)
        self._visiting = not self._visiting

    async def _delete(self) -> None:
        """A card that will soon be edited: somebody joins."""
        if self._shut or not self._hands.waiting("outbox.store.replaced"):
            return
        cards = []
        for message in self._slack.messages(BUSIEST):
            session = self._life.account.sessions.get(card_of(message))
            edited = float((message.edited or {"ts": 0})["ts"])
            if session is not None and session.active and time.time() - edited > EDITED_S:
                cards.append(message)
        if cards:
            message = self._dice.choice(cards)
            self._slack.workspace.delete(message)
            self.deleted[BUSIEST].append(message)
            self._life.change(card_of(message))
            await asyncio.sleep(2.0)

    async def _shut_out(self) -> None:
        """Until the bot has noticed, and those whom it told have heard."""
        if not self._hands.waiting(
            "outbox.channel_pause.pause", "outbox.channel_pause.resume", "outbox.store.dead", "conversations.open"
        ):
            return
        workspace = self._slack.workspace
        place, archived = workspace.channel(BUSIEST), self._dice.random() < 0.5
        self._shut = True
        if archived:
            workspace.set_archived(place, True)
        else:
            workspace.leave(place, workspace.bot_user)
        await self._until(self._is_paused)
        await self._until(self._nobody_waits)
        if archived:
            workspace.set_archived(place, False)
            event = {"type": "channel_unarchive", "channel": place.id, "user": workspace.user(None).id}
        else:
            workspace.join(place, workspace.bot_user)
            event = {"type": "member_joined_channel", "channel": place.id, "user": workspace.bot_user}
        self._hands.turn_to(self._hands.waiting("outbox.channel_pause.resume"))
        await self._slack.event(event)
        self._shut = False

    async def _end_an_old_session(self) -> None:
        if self._hands.waiting("session"):
            self._life.end_an_old_one()
            await asyncio.sleep(2.0)

    async def _is_paused(self) -> bool:
        place = self._slack.workspace.channel(BUSIEST)
        return any(channel_id == place.id and reason for channel_id, reason in await self._stopped())

    async def _nobody_waits(self) -> bool:
        return not self._hands.waiting("outbox.channel_pause.pause", "outbox.store.dead", "conversations.open")

    async def _until(self, come: Callable[[], Awaitable[bool]]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SOON_S):
                while not await come():
                    await asyncio.sleep(LOOK_S)


async def again(act: Callable[[], Awaitable[None]], until: asyncio.Event) -> None:
    """Until told to stop, every now and then."""
    while not until.is_set():
        await act()
        await asyncio.sleep(LOOK_S)
