"""Short ways to make what the store keeps, and to play a sender."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.db.leases import Fence
from bot.db.setting_change import SettingChange
from bot.digests.model import Digest, Empty
from bot.outbox import claims
from bot.outbox import store as outbox_store
from bot.outbox.card import Card
from bot.outbox.message import Claimed, Outgoing
from bot.query.parse import parse
from bot.query.schedule_parser import read_schedule
from bot.sessions.tracked import Tracked
from bot.silence.mute import Mute
from bot.tracking import store as tracking_store

NOW = 1_764_000_000_000
"""Monday 2025-11-24, 16:00 UTC."""
HOUR = 3_600_000
TEAM = "T1"
LEASE = 20_000
PEOPLE = {"p1": ("Ada", "host")}


def subscription(
    channel: str = "C1", line: str = "active", kinds: Sequence[str] = ("start", "end"), by: str = "U1"
) -> Subscription:
    return Subscription(TEAM, channel, parse(line), frozenset(kinds), by, NOW)


def digest(
    channel: str = "C1", line: str = "all", when: str = "daily 09:00 UTC", empty: Empty = "say", by: str = "U1"
) -> Digest:
    schedule, _ = read_schedule(when, "UTC")
    return Digest(TEAM, channel, parse(line), schedule, empty, by, NOW)


def next_ms(of: Digest, after_ms: int = NOW) -> int:
    """When the first digest after that moment is due."""
    (day,) = of.schedule.next(datetime.fromtimestamp(after_ms / 1000, UTC))
    return int(of.schedule.at(day).timestamp() * 1000)


def mute(
    channel: str = "C1", line: str = "active", session: str = "", until_ms: int = NOW + HOUR, by: str = "U1"
) -> Mute:
    return Mute(TEAM, channel, parse(line), session, until_ms, by, NOW)


def by(line: str = "a line", who: str = "U1", at_ms: int = NOW) -> SettingChange:
    return SettingChange(at_ms, who, line)


def tracked(name: str, *, live: bool = True, seen_ms: int = NOW) -> Tracked:
    return Tracked(name, "room", live, NOW - 60_000, seen_ms, PEOPLE)


def card(channel: str = "C1", session: str = "s1", status: str = "posted", gen: int = 1, **more: Any) -> Card:
    return Card(TEAM, channel, session, status, gen, **more)


def post(of: Card, text: str = "opened") -> Outgoing:
    return Outgoing(of.key, TEAM, of.channel_id, "post", text, [{"type": "divider"}])


def edit(of: Card, text: str = "changed") -> Outgoing:
    return Outgoing(f"{of.key}:edit", TEAM, of.channel_id, "edit", text, [], of.key)


def reply(of: Card, key: str, text: str = "came") -> Outgoing:
    return Outgoing(key, TEAM, of.channel_id, "reply", text, [], of.key)


def message(key: str, channel: str = "C1", text: str = "hello") -> Outgoing:
    return Outgoing(key, TEAM, channel, "post", text, [])


async def poll(
    store: Database,
    seq: int,
    *outgoing: Outgoing,
    cards: Sequence[Card] = (),
    changed: Sequence[Tracked] = (),
    now_ms: int = NOW,
    fence: Fence | None = None,
) -> bool:
    """A good poll that began after so many; False where it doesn't count."""
    return await tracking_store.commit(
        store, TEAM, seq, now_ms, changed=changed, cards=cards, outgoing=outgoing, fence=fence, known=None
    )


async def commit(store: Database, *outgoing: Outgoing, **facts: Any) -> None:
    """The next good poll; `facts` as those of `poll`."""
    assert await poll(store, (await tracking_store.state(store, TEAM)).seq, *outgoing, **facts)


async def posted(store: Database, now_ms: int = NOW) -> Card:
    """A card whose message is there."""
    made = card()
    await commit(store, post(made), cards=[made])
    assert await send(store, now_ms) == [("post", "opened", None)]
    return made


async def take(store: Database, now_ms: int = NOW) -> Claimed:
    """The one row that is due."""
    rows = await claims.claim(store, TEAM, now_ms, LEASE, 100)
    assert len(rows) == 1, rows
    return rows[0]


async def send(store: Database, now_ms: int = NOW) -> list[tuple[str, str, str | None]]:
    """Send what is due: (kind, text, target) of each row; its ts is `ts-<text>`."""
    rows = await claims.claim(store, TEAM, now_ms, LEASE, 100)
    await outbox_store.sent(store, [(row, f"ts-{row.text}") for row in rows], now_ms)
    return [(row.kind, row.text, row.target_ts) for row in rows]
