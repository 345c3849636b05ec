"""A workspace, an outbox and its sender, with a clock that the test moves on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.alerts import store as alerts_store
from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.seed import BOT_USER, TEAM_ID
from bot.outbox import channel_pause, conversations
from bot.outbox import counts as outbox_counts
from bot.outbox.card import Card, key_of
from bot.outbox.chat import Chat
from bot.outbox.deliver import Deliver
from bot.outbox.message import Channel, Outgoing
from bot.query.parse import parse
from bot.sessions.tracked import Tracked
from bot.tracking import store as tracking_store
from bot.tracking.withheld import withheld_until_ms
from tests.clocks import Clock
from tests.live import asked

HISTORY = frozenset({"channels:history", "groups:history", "im:history", "im:write"})
POSTING = frozenset({"commands", "chat:write"})


class World:
    """A workspace, an outbox and its sender."""

    def __init__(self, slack: FakeSlack, store: Database, clock: Clock, http: aiohttp.ClientSession) -> None:
        self.slack, self.store, self.clock, self.http = slack, store, clock, http
        self.deliver = self.sender()

    def chat(self) -> Chat:
        slack = self.slack
        return Chat(AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=self.http, retry_handlers=[]))

    def sender(self, store: Any = None, chat: Any = None, **options: Any) -> Deliver:
        options = {"clock": self.clock, **options}
        return Deliver(store or self.store, chat or self.chat(), TEAM_ID, withheld_until_ms, **options)

    @property
    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    def channel(self, name: str) -> str:
        return self.slack.workspace.channel(name).id

    def card(self, session_id: str = "s1", channel: str = "live-ops") -> Card:
        return Card(TEAM_ID, self.channel(channel), session_id, "posted")

    async def put(self, *outgoing: Outgoing, cards: Iterable[Card] = (), known: Sequence[Tracked] = ()) -> None:
        """As a poll would."""
        state = await tracking_store.state(self.store, TEAM_ID)
        assert await tracking_store.commit(
            self.store,
            TEAM_ID,
            state.seq,
            self.now_ms,
            changed=known,
            cards=list(cards),
            outgoing=outgoing,
            fence=None,
            known=None,
        )

    async def posts(self, *texts: str, channel: str = "live-ops") -> None:
        channel_id = self.channel(channel)
        await self.put(*(Outgoing(key_of(text), TEAM_ID, channel_id, "post", text, section(text)) for text in texts))

    async def open(self, card: Card, text: str = "opened") -> None:
        await self.put(Outgoing(card.key, TEAM_ID, card.channel_id, "post", text, section(text)), cards=[card])

    async def opened(self, session_id: str = "s1", channel: str = "live-ops") -> Card:
        """A card that is there."""
        card = self.card(session_id, channel)
        await self.open(card)
        await self.until_sent()
        return card

    async def edit(self, card: Card, text: str) -> None:
        key = f"{card.key}:edit"
        await self.put(Outgoing(key, TEAM_ID, card.channel_id, "edit", text, section(text), of=card.key))

    async def reply(self, card: Card, text: str) -> None:
        await self.put(Outgoing(key_of(text), TEAM_ID, card.channel_id, "reply", text, section(text), of=card.key))

    async def subscribe(self, *people: str, channel: str = "live-ops") -> None:
        for person in people:
            query = parse(f"peers:>={len(person)} user:{person}")
            made = Subscription(TEAM_ID, self.channel(channel), query, frozenset({"start"}), person, self.now_ms)
            hello = Outgoing(key_of("hello", person), TEAM_ID, made.channel_id, "post", "hello", [])
            await alerts_store.subscribe(self.store, made, [], hello, by=None)

    async def subscribed(self, *people: str) -> None:
        await self.subscribe(*people)
        await self.until_sent()

    async def until_sent(self, deliver: Deliver | None = None, steps: int = 200, step_s: float = 1.0) -> None:
        """Tick as the jobs do until the outbox is empty."""
        deliver = deliver or self.deliver
        for _ in range(steps):
            await deliver.run()
            await deliver.reconcile()
            if (await outbox_counts.read(self.store)).waiting == 0:
                return
            self.clock.now += step_s
        raise AssertionError(await outbox_counts.read(self.store))

    async def state(self, channel: str = "live-ops") -> Channel:
        return await conversations.read(self.store, TEAM_ID, self.channel(channel))

    async def resume(self, channel: str = "live-ops") -> bool:
        return await channel_pause.resume(self.store, TEAM_ID, self.channel(channel))

    def delete(self, plain: str = "opened", channel: str = "live-ops") -> None:
        """Somebody deletes the message that says this."""
        (message,) = (each for each in self.slack.messages(channel) if each.plain == plain)
        self.slack.workspace.delete(message)

    def shown(self, channel: str = "live-ops") -> list[str]:
        return [message.plain for message in self.slack.messages(channel)]

    def direct(self, person: str) -> list[str]:
        return [message.plain for message in self.slack.messages(self.slack.workspace.direct(person).id)]

    def calls(self, method: str) -> int:
        return asked(self.slack, method)


def section(text: str) -> list[dict[str, Any]]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]


def kick(world: World) -> None:
    world.slack.workspace.channel("live-ops").members.discard(BOT_USER)


def invite(world: World) -> None:
    world.slack.workspace.channel("live-ops").members.add(BOT_USER)
