"""Replies that also show in the channel: told once, before edits, and as posts where they can't have their thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.db.database import Database
from bot.db.setting_change import SettingChange
from bot.demo.fake_slack import ApiError, Dropped
from bot.demo.fake_slack.model import Message
from bot.demo.fake_slack.seed import ADA, TEAM_ID
from bot.outbox import claims, threads
from bot.outbox import store as outbox_store
from bot.outbox.card import Card, key_of
from bot.outbox.message import Outgoing
from tests.db.parts import LEASE, NOW, TEAM, card, commit, edit, message, post, posted, reply, send, take
from tests.outbox.parts import World, section

EVENT = {"session_id": "s1", "subscription": 3, "state": "fired"}
FIRED = "nobody is in"
REFUSALS = ("thread_not_found", "restricted_action_thread_locked", "cannot_reply_to_message")


def firing(of: Card, text: str = FIRED) -> Outgoing:
    """A broadcast in the thread of a card."""
    return replace(reply(of, key_of(text), text), team_id=of.team_id, broadcast=True, event=EVENT)


def payload(message: Message) -> Mapping[str, str | int]:
    assert message.metadata is not None
    return message.metadata["event_payload"]  # type: ignore[no-any-return]


def alone(world: World) -> bool:
    """The last message is the firing, once, as a post of its own."""
    told = world.slack.messages("live-ops")[-1]
    assert world.shown().count(FIRED) == 1
    return (told.plain, told.thread_ts, told.broadcast) == (FIRED, None, False) and payload(told)["key"] == key_of(
        FIRED
    )


# What is sent


async def test_a_broadcast_is_a_reply_that_shows_in_the_channel(world: World) -> None:
    await world.put(firing(await world.opened()))
    await world.until_sent()
    opened, told = world.slack.messages("live-ops")
    assert (told.thread_ts, told.broadcast) == (opened.ts, True)
    assert payload(told) == {"key": key_of(FIRED), **EVENT}


async def test_a_plain_reply_is_seen_in_its_thread_alone(world: World) -> None:
    await world.reply(await world.opened(), "Ann came")
    await world.until_sent()
    told = world.slack.messages("live-ops")[-1]
    assert (told.broadcast, payload(told)) == (False, {"key": key_of("Ann came")})


async def test_an_edit_replaces_the_event_of_the_card(world: World) -> None:
    card = world.card()
    opened = Outgoing(card.key, TEAM_ID, card.channel_id, "post", FIRED, [], event=EVENT)
    await world.put(opened, cards=[card])
    await world.until_sent()
    assert payload(world.slack.messages("live-ops")[0]) == {"key": card.key, **EVENT}
    over = {**EVENT, "state": "resolved"}
    await world.put(replace(opened, key=f"{card.key}:edit", kind="edit", of=card.key, event=over))
    await world.until_sent()
    assert payload(world.slack.messages("live-ops")[0]) == {"key": card.key, **over}


async def test_a_card_that_is_posted_anew_keeps_the_event(world: World) -> None:
    card = await world.opened()
    world.delete()
    await world.put(replace(firing(card), key=f"{card.key}:edit", kind="edit", broadcast=False))
    await world.until_sent()
    assert payload(world.slack.messages("live-ops")[0]) == {"key": replace(card, gen=1).key, **EVENT}


async def test_messages_that_differ_in_their_event_alone_are_kept_apart(store: Database) -> None:
    blocks = section(FIRED)
    for_two = [replace(message(f"m{n}", f"C{n}"), blocks=blocks, event={**EVENT, "subscription": n}) for n in (1, 2)]
    await commit(store, *for_two)
    rows = await claims.claim(store, TEAM, NOW, LEASE, 10)
    assert [row.event["subscription"] for row in rows] == [1, 2]


# Its turn


async def test_a_broadcast_goes_before_edits_and_replies(store: Database) -> None:
    one, two = await posted(store), card(session="b" * 24)
    await commit(store, post(two), cards=[two])
    await send(store, NOW + 1_000)
    await commit(store, reply(one, "r"), edit(two))
    await commit(store, firing(one))
    sent = [row for n in range(3) for row in await send(store, NOW + 20_000 + n * 1_000)]
    assert sent == [("reply", FIRED, "ts-opened"), ("edit", "changed", "ts-opened"), ("reply", "came", "ts-opened")]


async def test_a_broadcast_waits_for_its_card(store: Database) -> None:
    one = card()
    await commit(store, firing(one), post(one), cards=[one])
    assert await send(store) == [("post", "opened", None)]
    assert await send(store, NOW + 1_000) == [("reply", FIRED, "ts-opened")]


async def test_threads_off_takes_back_plain_replies_alone(store: Database) -> None:
    one = await posted(store)
    await commit(store, reply(one, "r"), firing(one))
    await threads.turn(store, TEAM, one.channel_id, False, SettingChange(NOW, ADA, "threads off"))
    assert await send(store, NOW + 1_000) == [("reply", FIRED, "ts-opened")]
    assert await send(store, NOW + 2_000) == []


async def test_a_broadcast_that_is_tried_again_keeps_later_replies_waiting(store: Database) -> None:
    one, two = await posted(store), card(session="b" * 24)
    await commit(store, post(two), cards=[two])
    await send(store, NOW + 1_000)
    await commit(store, firing(one))
    await outbox_store.later(store, await take(store, NOW + 2_000), NOW + 12_000)
    await commit(store, reply(one, "r"), reply(two, "elsewhere", "Ben came"))
    sent = [row for n in range(12) for row in await send(store, NOW + 3_000 + n * 1_000)]
    assert [text for _, text, _ in sent] == ["Ben came", FIRED, "came"]


# Without its thread


@pytest.mark.parametrize("code", REFUSALS)
async def test_where_slack_refuses_the_thread_it_is_a_post_of_its_own(world: World, code: str) -> None:
    """Replies stay on: a broadcast is no join."""
    card = await world.opened()
    world.slack.fail("chat.postMessage", ApiError(code))
    await world.put(firing(card))
    await world.until_sent()
    assert alone(world)
    assert await threads.off(world.store, TEAM_ID) == set()


@pytest.mark.parametrize("confirmed", [True, False])
async def test_where_slack_posts_it_beside_a_deleted_card_it_stays(world: World, confirmed: bool) -> None:
    card = await world.opened()
    world.delete()
    if not confirmed:
        world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    await world.put(firing(card))
    await world.until_sent()
    assert alone(world)
    assert (world.calls("chat.postMessage"), world.calls("chat.delete")) == (2, 0)


async def test_a_lost_answer_is_looked_up_in_the_thread(world: World) -> None:
    card = await world.opened()
    world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    await world.put(firing(card))
    await world.until_sent()
    assert world.shown() == ["opened", FIRED]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_where_its_card_was_given_up_it_is_a_post_of_its_own(store: Database, when: str) -> None:
    one = card()
    await commit(store, post(one), cards=[one])
    row = await take(store)
    if when == "after":
        await commit(store, reply(one, "r"), firing(one))
    await outbox_store.dead(store, row, "msg_too_long")
    if when == "before":
        await commit(store, firing(one))
    assert await send(store, NOW + 1_000) == [("post", FIRED, None)]
    assert await send(store, NOW + 2_000) == []


async def test_a_broadcast_that_waits_follows_a_card_that_is_posted_anew(world: World) -> None:
    card = await world.opened()
    world.delete()
    await world.edit(card, "two are in")
    await world.put(firing(card))
    await world.until_sent()
    new, told = world.slack.messages("live-ops")
    assert (new.plain, told.plain, told.thread_ts) == ("two are in", FIRED, new.ts)
