"""What channels asked for is kept, once each."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.parse import RESOLVED_CHARS, parse
from bot.errors import TooMany
from bot.store.store import SUBSCRIPTIONS_MOST, Channel, Store
from tests.store.parts import NOW, TEAM, card, commit, message, send, subscription


async def test_a_new_one_has_a_number_silent_cards_and_a_first_message(store: Store) -> None:
    stored, how = await store.subscribe(subscription(), ["s1", "s2"], message("first"))
    assert (stored, how) == (replace(subscription(), number=1), "new")
    assert await store.subscriptions(TEAM, "C1") == [stored]
    cards = await store.cards(TEAM, ["s2", "s1", "s3"])
    assert sorted((each.session_id, each.status, each.gen) for each in cards) == [
        ("s1", "silent", 0),
        ("s2", "silent", 0),
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
    assert [text for _, text, _ in await send(store)] == ["hello"]
    assert (await store.depth())[0] == 1  # a and c; not b


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
    assert await store.unsubscribe(TEAM, "C2", 2) is None
    assert await store.unsubscribe("T2", "C1", 2) is None
    removed = await store.unsubscribe(TEAM, "C1", 2)
    assert removed is not None
    assert str(removed.query) == "active user:b"
    assert await store.unsubscribe(TEAM, "C1", 2) is None
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
    assert (await store.depth())[0] == 1
