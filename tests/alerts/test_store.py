"""What channels asked for is kept, once each."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.db.setting_change import SettingChange
from bot.errors import TooMany
from bot.outbox.card import Card
from bot.outbox.channel import Channel
from bot.query.parse import RESOLVED_CHARS, parse
from bot.store import SUBSCRIPTIONS_MOST, Store
from tests.db.parts import LEASE, NOW, TEAM, card, commit, edit, message, post, send, subscription, take

BY = SettingChange(0, "U1", "a line")


async def test_a_new_one_has_a_number_silent_cards_and_a_first_message(store: Store) -> None:
    stored, how = await store.subscribe(subscription(), ["s1", "s2"], message("first"))
    assert (stored, how) == (replace(subscription(), number=1), "new")
    assert await store.subscriptions(TEAM, "C1") == [stored]
    cards = await store.cards(TEAM, ["s2", "s1", "s3"])
    assert sorted((each.session_id, each.status, each.gen) for each in cards) == [
        ("s1", "unannounced", 0),
        ("s2", "unannounced", 0),
    ]
    assert await send(store) == [("post", "hello", None)]
    assert await store.channel(TEAM, "C1") == Channel(last_ms=NOW)


async def test_the_same_query_again_is_the_same_one(store: Store) -> None:
    await store.subscribe(subscription(line='room:"Town hall" -user:ada peers:>=2'), [], message("a"))
    again = subscription(line="-user:ada  peers:2+ room:'Town hall'", by="U2")
    stored, how = await store.subscribe(again, [], message("b"))
    assert (stored.number, stored.created_by, how) == (1, "U1", "same")
    stored, how = await store.subscribe(replace(again, kinds=frozenset(["join"])), ["s9"], message("c"))
    assert (stored.number, stored.created_by, stored.kinds, how) == (1, "U2", {"join"}, "changed")
    assert await store.subscriptions(TEAM) == [stored]
    assert len(await store.cards(TEAM, ["s9"])) == 1
    assert [row.key for row in await store.claim(TEAM, NOW, LEASE, 10)] == ["c"]
    assert (await store.counts()).waiting == 1  # not b; and a said what is no longer so


async def test_a_first_message_that_is_unsent_goes_with_its_subscription(store: Store) -> None:
    await store.subscribe(subscription(), [], message("a", text="a"))
    await store.subscribe(subscription(line="user:b"), [], message("b", text="b"))
    await store.subscribe(subscription("C2"), [], message("c", "C2", "c"))
    await commit(store, message("d", text="d"))
    await store.unsubscribe(TEAM, "C1", [1], BY)
    assert await store.status("a") == ""
    assert sorted(text for _, text, _ in await send(store)) == ["b", "c"]
    await store.unsubscribe(TEAM, "C1", [2], BY)
    assert await store.status("b") == "sent"
    assert [text for _, text, _ in await send(store, NOW + 1000)] == ["d"]


async def test_all_are_ended_by_one_change(store: Store) -> None:
    for line in ("user:a", "user:b", "user:c"):
        await store.subscribe(subscription(line=line), [], message(line))
    gone = await store.unsubscribe(TEAM, "C1", [3, 1, 9], BY)
    assert [each.number for each in gone] == [1, 3]
    assert [each.number for each in await store.subscriptions(TEAM)] == [2]
    assert [row.key for row in await store.claim(TEAM, NOW, LEASE, 10)] == ["user:b"]
    assert len(await store.changes(TEAM, "C1")) == 1


async def test_a_first_message_that_was_refused_goes_too(store: Store) -> None:
    await store.subscribe(subscription(), [], message("a"))
    await store.again(await take(store))
    await store.pause(TEAM, "C1", "not_in_channel", NOW, lambda person: message("dm", person))
    await store.subscribe(subscription(kinds=["end"]), [], message("b"))
    assert (await store.channel(TEAM, "C1")).held == 1
    await store.unsubscribe(TEAM, "C1", [1], BY)
    await store.resume(TEAM, "C1")
    assert [row.key for row in await store.claim(TEAM, NOW, LEASE, 10)] == ["dm"]


async def test_a_first_message_that_is_on_its_way_stays(store: Store) -> None:
    await store.subscribe(subscription(), [], message("a"))
    row = await take(store)
    await store.pause(TEAM, "C1", "not_in_channel", NOW, lambda person: message("dm", person))
    await store.unsubscribe(TEAM, "C1", [1], BY)
    await store.sent([(row, "1")], NOW)
    assert await store.status("a") == "sent"


async def test_a_card_that_is_there_stays(store: Store) -> None:
    await commit(store, cards=[card()])
    await store.subscribe(subscription(), ["s1"], message("first"))
    assert await store.cards(TEAM, ["s1"]) == [card()]


async def test_the_101st_is_refused(store: Store) -> None:
    for number in range(SUBSCRIPTIONS_MOST):
        await store.subscribe(subscription(line=f"user:u{number}"), [], message(f"m{number}"))
    with pytest.raises(TooMany):
        await store.subscribe(subscription(line="user:one-more"), ["s1"], message("too many"))
    assert await store.cards(TEAM, ["s1"]) == []
    _, how = await store.subscribe(subscription(line="user:u5", kinds=["end"]), [], message("changed"))
    assert how == "changed"
    _, how = await store.subscribe(subscription(channel="C2"), [], message("elsewhere"))
    assert how == "new"


async def test_a_number_is_the_channels_own_and_never_used_again(store: Store) -> None:
    for line in ("user:a", "user:b"):
        await store.subscribe(subscription(line=line), [], message(line))
    await store.subscribe(subscription(channel="C2"), [], message("c2"))
    assert await store.unsubscribe(TEAM, "C2", [2], BY) == []
    assert await store.unsubscribe("T2", "C1", [2], BY) == []
    (removed,) = await store.unsubscribe(TEAM, "C1", [2], BY)
    assert str(removed.query) == "active user:b"
    assert await store.unsubscribe(TEAM, "C1", [2], BY) == []
    added, _ = await store.subscribe(subscription(line="user:b"), [], message("again"))
    assert added.number == 3
    assert [(each.channel_id, each.number) for each in await store.subscriptions(TEAM)] == [
        ("C1", 1),
        ("C2", 1),
        ("C1", 3),
    ]
    assert await store.subscriptions("T2") == []


async def test_the_longest_query_comes_back_as_it_was(store: Store) -> None:
    """Also in PostgreSQL, whose index takes 2,704 bytes."""
    line = " ".join(f"user:{chr(0x1F600 + n) * 40}" for n in range(12))
    query = parse(line, most_chars=RESOLVED_CHARS)
    stored, _ = await store.subscribe(replace(subscription(), query=query), [], message("m"))
    assert (await store.subscriptions(TEAM))[0].query == query == stored.query


async def test_many_at_once_are_one(store: Store) -> None:
    made = await asyncio.gather(
        *(store.subscribe(subscription(by=f"U{n}"), ["s1"], message(f"m{n}")) for n in range(8))
    )
    assert sorted(how for _, how in made) == ["new"] + ["same"] * 7
    assert {each.number for each, _ in made} == {1}
    assert (await store.counts()).waiting == 1


async def test_a_change_has_a_message_of_its_own(store: Store) -> None:
    for kinds, key in ((("start",), "a"), (("end",), "b"), (("end",), "c")):
        await store.subscribe(subscription(kinds=kinds), [], message(key), message(key, text="changed"))
        assert (
            await send(store, NOW + 10_000 * ord(key))
            == {
                "a": [("post", "hello", None)],
                "b": [("post", "changed", None)],
                "c": [],
            }[key]
        )


async def test_when_each_was_last_told(store: Store) -> None:
    def of(session_id: str, status: str, gen: int, *numbers: int, channel: str = "C1") -> Card:
        return replace(card(channel, session_id, status, gen), known=frozenset(numbers))

    posted = of("s1", "posted", 1, 1, 2)
    assert await store.last_told(TEAM, "C1") == {}
    elsewhere = of("s1", "posted", 1, 5, channel="C2")
    await commit(
        store, post(posted), post(elsewhere), cards=[posted, elsewhere, of("s2", "unannounced", 0, 1, 2, 3, 4)]
    )
    assert await store.last_told(TEAM, "C1") == {}  # not sent yet
    await send(store)
    await commit(store, message("list"), cards=[of("s3", "summarised", 0, 3)], now_ms=NOW + 5_000)
    assert await store.last_told(TEAM, "C1") == {1: NOW, 2: NOW, 3: NOW}
    await send(store, NOW + 6_000)
    changed = of("s1", "final", 1, 2)
    await commit(store, edit(changed), cards=[changed], now_ms=NOW + 60_000)
    await send(store, NOW + 61_000)
    assert await store.last_told(TEAM, "C1") == {2: NOW + 60_000, 3: NOW + 5_000}
    assert await store.last_told(TEAM, "C2") == {5: NOW}
    assert await store.last_told("T2", "C1") == {}
