"""Short ways to make what the store keeps, and to play a sender."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.card import Card
from bot.core.outgoing import Outgoing
from bot.core.parse import parse
from bot.core.subscription import Subscription
from bot.core.tracked import Tracked
from bot.store.store import Fence, Row, Store

NOW = 1_764_000_000_000
TEAM = "T1"
LEASE = 20_000
PEOPLE = {"p1": ("Ada", "host")}


def subscription(
    channel: str = "C1", line: str = "active", kinds: Sequence[str] = ("start", "end"), by: str = "U1"
) -> Subscription:
    return Subscription(TEAM, channel, parse(line), frozenset(kinds), by, NOW)


def tracked(name: str, *, live: bool = True, seen_ms: int = NOW) -> Tracked:
    return Tracked(name, "room", live, NOW - 60_000, seen_ms, PEOPLE)


def card(channel: str = "C1", session: str = "s1", status: str = "live", gen: int = 1) -> Card:
    return Card(TEAM, channel, session, status, gen)


def post(of: Card, text: str = "opened") -> Outgoing:
    return Outgoing(of.key, TEAM, of.channel_id, "post", text, [{"type": "divider"}])


def edit(of: Card, text: str = "changed") -> Outgoing:
    return Outgoing(f"{of.key}:edit", TEAM, of.channel_id, "edit", text, [], of.key)


def reply(of: Card, key: str, text: str = "came") -> Outgoing:
    return Outgoing(key, TEAM, of.channel_id, "reply", text, [], of.key)


def message(key: str, channel: str = "C1", text: str = "hello") -> Outgoing:
    return Outgoing(key, TEAM, channel, "post", text, [])


async def commit(
    store: Store,
    *outgoing: Outgoing,
    cards: Sequence[Card] = (),
    changed: Sequence[Tracked] = (),
    now_ms: int = NOW,
    fence: Fence | None = None,
) -> None:
    """The next good poll."""
    seq = (await store.poll_state(TEAM)).seq
    assert await store.commit_poll(TEAM, seq, now_ms, changed=changed, cards=cards, outgoing=outgoing, fence=fence)


async def take(store: Store, now_ms: int = NOW) -> Row:
    """The one row that is due."""
    rows = await store.claim(now_ms, LEASE, 100)
    assert len(rows) == 1, rows
    return rows[0]


async def send(store: Store, now_ms: int = NOW) -> list[tuple[str, str, str | None]]:
    """Send what is due: (kind, text, target) of each row; its ts is `ts-<text>`."""
    rows = await store.claim(now_ms, LEASE, 100)
    await store.sent([(row, f"ts-{row.text}") for row in rows], now_ms)
    return [(row.kind, row.text, row.target_ts) for row in rows]
