"""Subscriptions of channels are kept, once each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.alerts import store as alerts_store
from bot.alerts.store import SUBSCRIPTIONS_MOST
from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.db.setting_change import How, SettingChange
from bot.errors import TooMany
from bot.outbox import audit_log, channel_pause, claims, conversations
from bot.outbox import cards as card_store
from bot.outbox import counts as outbox_counts
from bot.outbox import store as outbox_store
from bot.outbox.card import Card
from bot.outbox.message import Channel, Outgoing
from bot.query.parse import RESOLVED_CHARS, parse
from tests.db.parts import LEASE, NOW, TEAM, card, commit, edit, message, post, send, subscription, take

BY = SettingChange(0, "U1", "a line")


async def subscribe(
    store: Database, new: Subscription, live: Sequence[str] = (), *messages: Outgoing
) -> tuple[Subscription, How]:
    """Make the subscription while these sessions are live, with one first message or with these."""
    return await alerts_store.subscribe(store, new, live, *(messages or [message("first")]), by=None)


async def test_a_new_one_has_a_number_silent_cards_and_a_first_message(store: Database) -> None:
    stored, how = await subscribe(store, subscription(), ["s1", "s2"])
    assert (stored, how) == (replace(subscription(), number=1), "new")
    assert await alerts_store.read(store, TEAM, "C1") == [stored]
    cards = await card_store.read(store, TEAM, ["s2", "s1", "s3"])
    assert {(each.session_id, each.status, each.gen) for each in cards} == {
        (id_, "unannounced", 0) for id_ in ("s1", "s2")
    }
    assert await send(store) == [("post", "hello", None)]
    assert await conversations.read(store, TEAM, "C1") == Channel(last_ms=NOW)


async def test_the_same_query_again_is_the_same_one(store: Database) -> None:
    await subscribe(store, subscription(line='room:"Town hall" -user:ada peers:>=2'), [], message("a"))
    again = subscription(line="-user:ada  peers:2+ room:'Town hall'", by="U2")
    stored, how = await subscribe(store, again, [], message("b"))
    assert (stored.number, stored.created_by, how) == (1, "U1", "same")
    stored, how = await subscribe(store, replace(again, kinds=frozenset(["join"])), ["s9"], message("c"))
    assert (stored.number, stored.created_by, stored.kinds, how) == (1, "U2", {"join"}, "changed")
    assert await alerts_store.read(store, TEAM) == [stored]
    assert len(await card_store.read(store, TEAM, ["s9"])) == 1
    assert [row.key for row in await claims.claim(store, TEAM, NOW, LEASE, 10)] == ["c"]
    assert (await outbox_counts.read(store)).waiting == 1  # not b; and a said what is no longer so


async def test_a_first_message_that_is_unsent_goes_with_its_subscription(store: Database) -> None:
    await subscribe(store, subscription(), [], message("a", text="a"))
    await subscribe(store, subscription(line="user:b"), [], message("b", text="b"))
    await subscribe(store, subscription("C2"), [], message("c", "C2", "c"))
    await commit(store, message("d", text="d"))
    await alerts_store.unsubscribe(store, TEAM, "C1", [1], BY)
    assert await outbox_store.status(store, "a") == ""
    assert sorted(text for _, text, _ in await send(store)) == ["b", "c"]
    await alerts_store.unsubscribe(store, TEAM, "C1", [2], BY)
    assert await outbox_store.status(store, "b") == "sent"
    assert [text for _, text, _ in await send(store, NOW + 1000)] == ["d"]


async def test_all_are_ended_by_one_change(store: Database) -> None:
    for line in ("user:a", "user:b", "user:c"):
        await subscribe(store, subscription(line=line), [], message(line))
    gone = await alerts_store.unsubscribe(store, TEAM, "C1", [3, 1, 9], BY)
    assert [each.number for each in gone] == [1, 3]
    assert [each.number for each in await alerts_store.read(store, TEAM)] == [2]
    assert [row.key for row in await claims.claim(store, TEAM, NOW, LEASE, 10)] == ["user:b"]
    assert len(await audit_log.read(store, TEAM, "C1")) == 1


async def test_a_first_message_that_was_refused_goes_too(store: Database) -> None:
    await subscribe(store, subscription(), [], message("a"))
    await outbox_store.again(store, await take(store))
    await channel_pause.pause(store, TEAM, "C1", "not_in_channel", NOW, lambda person: message("dm", person))
    await subscribe(store, subscription(kinds=["end"]), [], message("b"))
    assert (await conversations.read(store, TEAM, "C1")).held == 1
    await alerts_store.unsubscribe(store, TEAM, "C1", [1], BY)
    await channel_pause.resume(store, TEAM, "C1")
    assert [row.key for row in await claims.claim(store, TEAM, NOW, LEASE, 10)] == ["dm"]


async def test_a_first_message_that_is_on_its_way_stays(store: Database) -> None:
    await subscribe(store, subscription(), [], message("a"))
    row = await take(store)
    await channel_pause.pause(store, TEAM, "C1", "not_in_channel", NOW, lambda person: message("dm", person))
    await alerts_store.unsubscribe(store, TEAM, "C1", [1], BY)
    await outbox_store.sent(store, [(row, "1")], NOW)
    assert await outbox_store.status(store, "a") == "sent"


async def test_a_card_that_is_there_stays(store: Database) -> None:
    await commit(store, cards=[card()])
    await subscribe(store, subscription(), ["s1"])
    assert await card_store.read(store, TEAM, ["s1"]) == [card()]


async def test_the_101st_is_refused(store: Database) -> None:
    for number in range(SUBSCRIPTIONS_MOST):
        await subscribe(store, subscription(line=f"user:u{number}"), [], message(f"m{number}"))
    with pytest.raises(TooMany, match="has 100 subscriptions, which is the most"):
        await subscribe(store, subscription(line="user:one-more"), ["s1"], message("too many"))
    assert await card_store.read(store, TEAM, ["s1"]) == []
    _, how = await subscribe(store, subscription(line="user:u5", kinds=["end"]), [], message("changed"))
    assert how == "changed"
    _, how = await subscribe(store, subscription(channel="C2"), [], message("elsewhere"))
    assert how == "new"


async def test_a_number_is_the_channels_own_and_never_used_again(store: Database) -> None:
    for line in ("user:a", "user:b"):
        await subscribe(store, subscription(line=line), [], message(line))
    await subscribe(store, subscription(channel="C2"), [], message("c2"))
    assert await alerts_store.unsubscribe(store, TEAM, "C2", [2], BY) == []
    assert await alerts_store.unsubscribe(store, "T2", "C1", [2], BY) == []
    (removed,) = await alerts_store.unsubscribe(store, TEAM, "C1", [2], BY)
    assert str(removed.query) == "active user:b"
    assert await alerts_store.unsubscribe(store, TEAM, "C1", [2], BY) == []
    added, _ = await subscribe(store, subscription(line="user:b"), [], message("again"))
    assert added.number == 3
    read = await alerts_store.read(store, TEAM)
    assert [(each.channel_id, each.number) for each in read] == [("C1", 1), ("C2", 1), ("C1", 3)]
    assert await alerts_store.read(store, "T2") == []


async def test_the_longest_query_comes_back_as_it_was(store: Database) -> None:
    """Also in PostgreSQL, whose index takes 2,704 bytes."""
    line = " ".join(f"user:{chr(0x1F600 + n) * 40}" for n in range(12))
    query = parse(line, most_chars=RESOLVED_CHARS)
    stored, _ = await subscribe(store, replace(subscription(), query=query))
    assert (await alerts_store.read(store, TEAM))[0].query == query == stored.query


async def test_many_at_once_are_one(store: Database) -> None:
    made = await asyncio.gather(
        *(subscribe(store, subscription(by=f"U{n}"), ["s1"], message(f"m{n}")) for n in range(8))
    )
    assert sorted(how for _, how in made) == ["new"] + ["same"] * 7
    assert {each.number for each, _ in made} == {1}
    assert (await outbox_counts.read(store)).waiting == 1


async def test_a_change_has_a_message_of_its_own(store: Database) -> None:
    for kind, key, sent in (("start", "a", ["hello"]), ("end", "b", ["changed"]), ("end", "c", [])):
        await subscribe(store, subscription(kinds=[kind]), [], message(key), message(key, text="changed"))
        assert await send(store, NOW + 10_000 * ord(key)) == [("post", text, None) for text in sent]


async def test_when_each_was_last_told(store: Database) -> None:
    def of(session_id: str, status: str, gen: int, *numbers: int, channel: str = "C1") -> Card:
        return replace(card(channel, session_id, status, gen), matched=frozenset(numbers))

    posted = of("s1", "posted", 1, 1, 2)
    assert await alerts_store.last_told(store, TEAM, "C1") == {}
    elsewhere = of("s1", "posted", 1, 5, channel="C2")
    await commit(
        store, post(posted), post(elsewhere), cards=[posted, elsewhere, of("s2", "unannounced", 0, 1, 2, 3, 4)]
    )
    assert await alerts_store.last_told(store, TEAM, "C1") == {}  # not sent yet
    await send(store)
    await commit(store, message("list"), cards=[of("s3", "summarised", 0, 3)], now_ms=NOW + 5_000)
    assert await alerts_store.last_told(store, TEAM, "C1") == {1: NOW, 2: NOW, 3: NOW}
    await send(store, NOW + 6_000)
    changed = of("s1", "final", 1, 2)
    await commit(store, edit(changed), cards=[changed], now_ms=NOW + 60_000)
    await send(store, NOW + 61_000)
    assert await alerts_store.last_told(store, TEAM, "C1") == {2: NOW + 60_000, 3: NOW + 5_000}
    assert await alerts_store.last_told(store, TEAM, "C2") == {5: NOW}
    assert await alerts_store.last_told(store, "T2", "C1") == {}
