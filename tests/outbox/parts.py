"""A workspace, an outbox and its sender, with a clock that the test moves on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.alerts import store as alerts_store
from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.seed import BOT_USER, TEAM_ID
from bot.outbox import counts as outbox_counts
from bot.outbox.card import Card, key_of
from bot.outbox.chat import Chat
from bot.outbox.deliver import Deliver
from bot.outbox.message import Outgoing
from bot.query.parse import parse
from bot.sessions.tracked import Tracked
from bot.tracking import store as tracking_store
from bot.tracking.withheld import withheld_until_ms

HISTORY = frozenset({"channels:history", "groups:history", "im:history", "im:write"})
POSTING = frozenset({"commands", "chat:write"})


class Clock:
    """Time that the test moves on."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


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

    def shown(self, channel: str = "live-ops") -> list[str]:
        return [message.plain for message in self.slack.messages(channel)]

    def direct(self, person: str) -> list[str]:
        return [message.plain for message in self.slack.messages(self.slack.workspace.direct(person).id)]

    def calls(self, method: str) -> int:
        return len([call for call in self.slack.calls if call.method == method])


def section(text: str) -> list[dict[str, Any]]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]


def kick(world: World) -> None:
    world.slack.workspace.channel("live-ops").members.discard(BOT_USER)


def invite(world: World) -> None:
    world.slack.workspace.channel("live-ops").members.add(BOT_USER)
