"""The outbox between the real store and the strict stand-in: nothing lost, nothing twice, in order."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.db.setting_change import SettingChange
from bot.demo.fake_slack import ApiError, Dropped, Fault, HttpError, RateLimited, Stalled
from bot.demo.fake_slack.seed import ADA, BEN, BOT_USER, TEAM_ID
from bot.jobs.scheduler import Job, Scheduler
from bot.outbox import channel_pause
from bot.outbox import counts as outbox_counts
from bot.outbox.card import key_of
from bot.outbox.channel_pause import TRY_MS
from bot.outbox.conversations import outbox_of
from bot.outbox.message import Outgoing
from bot.query.parse import parse
from bot.query.schedule import EVERY_DAY
from bot.sessions.tracked import Tracked
from bot.silence import mute_store, quiet_store
from bot.silence.mute import Mute
from bot.silence.quiet_hours import QuietHours
from tests.outbox.parts import POSTING, World, invite, kick, section

OVER_S = 36.0
"""A lease and the time to settle."""

without_history = pytest.mark.parametrize("scopes", [POSTING], ids=["no history"])


# Sending


async def test_a_channels_messages_go_in_order_one_a_second_beside_other_channels(world: World) -> None:
    texts, others = [f"m{number}" for number in range(8)], ("general", "support", "incident-room")
    await world.posts(*texts)
    for channel in others:
        await world.posts(f"for {channel}", channel=channel)
    assert await world.deliver.run() == 4
    assert [world.shown(channel) for channel in others] == [[f"for {channel}"] for channel in others]
    assert await world.deliver.run() == 0
    world.clock.now += 1
    assert await world.deliver.run() == 1
    await world.until_sent()
    assert world.shown() == texts


async def test_a_slow_channel_delays_no_other(world: World) -> None:
    """Nor what becomes due in another while the slow one is waited for."""
    deliver = world.sender()
    await world.posts("slow", channel="live-ops")
    world.slack.fail("chat.postMessage", Stalled(1.5))
    running = asyncio.create_task(deliver.run())
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await world.posts("quick", channel="general")
    assert await deliver.run() == 0  # it runs already
    await world.slack.wait_for(lambda: world.shown("general"))
    assert time.monotonic() - began < 1.0
    assert world.shown("live-ops") == []
    assert await running == 2


async def test_sending_begins_when_something_is_stored_also_while_it_waits_for_slack(world: World) -> None:
    """Both ticks are an hour away."""
    scheduler = Scheduler([Job("deliver", 3_600.0, world.deliver.run, 60.0, whole=True)])

    def send() -> None:
        world.deliver.wake()
        scheduler.now("deliver")

    world.store.listen(outbox_of(TEAM_ID), send)
    scheduler.start()
    await world.posts("one")
    await world.slack.wait_for(lambda: world.shown())
    world.slack.fail("chat.postMessage", Stalled(0.5))
    await world.posts("slow", channel="support")
    await world.posts("quick", channel="general")
    await world.slack.wait_for(lambda: world.shown("general"))
    await world.slack.wait_for(lambda: world.shown("support"))
    scheduler.cut()
    await scheduler.finish(5.0)


async def test_only_so_many_at_once(world: World) -> None:
    deliver = world.sender(at_once=1)
    await world.posts("first", channel="live-ops")
    await world.posts("second", channel="general")
    world.slack.fail("chat.postMessage", Stalled(0.3))
    running = asyncio.create_task(deliver.run())
    await asyncio.sleep(0.15)
    assert world.shown("general") == []
    assert await running == 2


async def test_retry_after_is_kept(world: World) -> None:
    await world.posts("limited", channel="live-ops")
    world.slack.fail("chat.postMessage", RateLimited(7))
    assert await world.deliver.run() == 0
    await world.posts("free", channel="general")
    assert await world.deliver.run() == 1
    world.clock.now += 6.5
    assert await world.deliver.run() == 0
    world.clock.now += 0.5
    assert await world.deliver.run() == 1
    assert (world.shown("live-ops"), world.calls("chat.postMessage")) == (["limited"], 3)


async def test_retry_after_of_edits_is_the_workspaces(world: World) -> None:
    one, other = await world.opened("s1"), await world.opened("s2", "general")
    await world.edit(one, "one")
    world.slack.fail("chat.update", RateLimited(7))
    assert await world.deliver.run() == 0
    await world.edit(other, "other")
    await world.posts("a post may go")
    world.clock.now += 1
    assert await world.deliver.run() == 1
    world.clock.now += 6
    assert await world.deliver.run() == 2
    assert world.shown("general") == ["other"]


async def test_what_waits_for_a_card_waits_and_stands_in_its_thread(world: World) -> None:
    card = world.card()
    await world.open(card)
    world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    await world.deliver.run()
    await world.reply(card, "Ann came")
    await world.reply(card, "Bob came")
    await world.edit(card, "one is in")
    await world.until_sent()
    first, *replies = world.slack.messages()
    assert first.plain == "one is in"
    assert [(each.plain, each.thread_ts) for each in replies] == [("Ann came", first.ts), ("Bob came", first.ts)]


# No clear answer

AMBIGUOUS: list[Fault] = [
    Dropped(),
    Dropped(after_doing=True),
    Stalled(0.8),
    Stalled(0.8, after_doing=True),
    HttpError(500, "oops"),
    HttpError(503, "busy", after_doing=True),
    HttpError(502, "no JSON", content_type="application/json", after_doing=True),
    ApiError("internal_error"),
    ApiError("fatal_error", after_doing=True),
]


@pytest.mark.parametrize("fault", AMBIGUOUS, ids=str)
async def test_a_post_without_a_clear_answer_is_there_once(world: World, fault: Fault) -> None:
    deliver = world.sender(post_s=0.5) if isinstance(fault, Stalled) else world.deliver
    await world.posts("first", "second")
    world.slack.fail("chat.postMessage", fault)
    assert await deliver.run() == 0
    assert await deliver.reconcile() == 0  # it may yet come
    world.clock.now += 30
    await asyncio.sleep(0.4 if isinstance(fault, Stalled) else 0)
    assert await deliver.reconcile() == 0
    assert world.calls("conversations.history") == 0
    world.clock.now += OVER_S - 30
    assert await deliver.reconcile() == 1
    await world.until_sent()
    assert world.shown() == ["first", "second"]


@pytest.mark.parametrize("fault", [Dropped(after_doing=True), Dropped()], ids=str)
async def test_a_reply_and_a_direct_message_too(world: World, fault: Fault) -> None:
    card = await world.opened()
    await world.reply(card, "Ann came")
    await world.put(Outgoing(key_of("dm"), TEAM_ID, BEN, "post", "hello", section("hello")))
    world.clock.now += 1
    world.slack.fail("chat.postMessage", fault, fault)
    await world.deliver.run()
    await world.until_sent()
    assert world.shown() == ["opened", "Ann came"]
    assert world.direct(BEN) == ["hello"]


@pytest.mark.parametrize("fault", [Dropped(), Dropped(after_doing=True), HttpError(500, "")], ids=str)
async def test_an_edit_without_a_clear_answer_is_sent_again(world: World, fault: Fault) -> None:
    card = await world.opened()
    await world.edit(card, "changed")
    world.slack.fail("chat.update", fault)
    await world.until_sent()
    assert (world.shown(), world.calls("chat.update")) == (["changed"], 2)
    assert world.calls("conversations.history") == 0
    assert world.slack.messages()[0].metadata == {"event_type": "sessions_bot", "event_payload": {"key": card.key}}


async def test_history_that_fails_is_read_later(world: World) -> None:
    await world.posts("once")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    await world.deliver.run()
    fail = (ApiError("internal_error"), HttpError(503, "busy"), ApiError("service_unavailable"))
    world.slack.fail("conversations.history", *fail)
    began = world.clock()
    await world.until_sent(step_s=5.0)
    assert (world.shown(), world.calls("chat.postMessage")) == (["once"], 1)
    assert world.calls("conversations.history") == 4
    assert world.clock() - began > OVER_S + 15 + 30 + 60 - 5


@pytest.mark.parametrize("policy", ["hold", "repost"])
async def test_history_that_is_always_refused(world: World, policy: Any) -> None:
    deliver = world.sender(unsure=policy)
    await world.posts("maybe")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    await deliver.run()
    world.slack.fail("conversations.history", *[ApiError("no_such_code")] * 5)
    await world.until_sent(deliver, step_s=5.0)
    assert world.calls("conversations.history") == 5
    assert (len(world.shown()), (await world.state()).held) == ((1, 1) if policy == "hold" else (2, 0))


@without_history
async def test_hold_leaves_it_to_a_person(world: World) -> None:
    world.deliver = world.sender(unsure="hold")
    await world.posts("maybe", "next")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    await world.until_sent()
    assert world.shown() == ["maybe", "next"]
    assert ((await world.state()).paused, (await world.state()).held) == (None, 1)
    assert not await world.resume()
    kick(world)
    await world.posts("after")
    await world.until_sent()
    invite(world)
    await world.resume()  # nobody has said that it may show twice
    await world.until_sent()
    assert world.shown() == ["maybe", "next", "after"]
    await channel_pause.release(world.store, TEAM_ID, world.channel("live-ops"))  # a person wants it sent
    await world.until_sent()
    assert world.shown() == ["maybe", "next", "after", "maybe"]


@without_history
async def test_repost_says_so(world: World) -> None:
    deliver = world.sender(unsure="repost")
    await world.posts("maybe", "next")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True), RateLimited(2))
    await world.until_sent(deliver)
    first, again, after = world.slack.messages("live-ops")
    assert (first.plain, after.plain) == ("maybe", "next")
    assert again.plain.startswith("Possible repeat: ")
    assert again.plain.endswith("\nmaybe")
    assert again.metadata == first.metadata


@without_history
async def test_a_repeat_that_is_refused_is_never_sent_unmarked(world: World) -> None:
    deliver = world.sender(unsure="repost")
    await world.posts("maybe")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True), ApiError("not_in_channel"))
    await world.until_sent(deliver)
    await world.resume()
    await world.until_sent(deliver)
    first, again = world.shown()
    assert first == "maybe" and again.startswith("Possible repeat: ")


@without_history
async def test_a_repeat_without_an_answer_is_repeated_until_there_is_one(world: World) -> None:
    await world.posts("maybe", "next")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True), *[HttpError(503)] * 20)
    await world.until_sent(steps=300, step_s=10.0)
    first, again, after = world.shown()
    assert (first, after) == ("maybe", "next") and again.startswith("Possible repeat: ")


@pytest.mark.parametrize("by", ["a person", "the next try"])
async def test_kicked_out_before_the_look_up(world: World, by: str) -> None:
    """The channel pauses, and what became of the message is looked up when it goes on."""
    await world.subscribed(ADA)
    await world.posts("there", "next")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    world.clock.now += 1
    await world.deliver.run()
    kick(world)
    await world.until_sent()
    state = await world.state()
    assert (state.paused, state.held, len(world.direct(ADA))) == ("not_in_channel", 2, 1)
    invite(world)
    if by == "a person":
        await world.resume()
    else:
        world.clock.now += TRY_MS / 1000
        await world.until_sent()
    await world.until_sent()
    assert world.shown() == ["hello", "there", "next"]


# Refusals


async def test_a_deleted_card_is_posted_anew(world: World) -> None:
    card = await world.opened()
    world.delete()
    await world.edit(card, "one is in")
    await world.until_sent()
    await world.edit(card, "two are in")
    world.clock.now += 15
    await world.until_sent()
    (message,) = world.slack.messages()
    assert message.plain == "two are in"
    assert message.metadata and message.metadata["event_payload"] == {"key": replace(card, gen=1).key}


@pytest.mark.parametrize("what", ["channel", "session", "some", "hours"])
async def test_a_deleted_card_is_not_posted_anew_while_nobody_wants_it(world: World, what: str) -> None:
    card = await world.opened()
    world.delete()
    by, now_ms = SettingChange(0, "U1", "a line"), world.now_ms
    known = Tracked(card.session_id, "a" * 24, True, now_ms, now_ms, {"ann": ("Ann", "host")})
    await world.put(known=[known] if what in ("session", "some") else [])
    if what == "hours":
        now = datetime.fromtimestamp(world.clock(), UTC)
        hours = QuietHours(EVERY_DAY, now.time(), (now + timedelta(hours=1)).time(), "UTC")
        await quiet_store.add(world.store, card.team_id, card.channel_id, hours, by)
    else:
        about = card.session_id if what == "session" else ""
        query = parse("role:host" if what == "some" else "", scope="mute")
        new = Mute(card.team_id, card.channel_id, query, about, now_ms + 3_600_000, "U1", now_ms)
        await mute_store.add(world.store, new, by)
    await world.edit(card, "one is in")
    await world.until_sent()
    assert world.slack.messages() == []
    world.clock.now += 3_600
    await world.edit(card, "two are in")
    await world.until_sent()
    assert world.shown() == ["two are in"]


async def test_replies_to_a_deleted_card_keep_their_order_and_hold_up_no_other_session(world: World) -> None:
    card = await world.opened()
    world.delete()
    await world.reply(card, "Ann came")
    await world.until_sent()
    await world.reply(card, "Ben came")
    await world.open(world.card("s2"), "another opened")
    await world.until_sent()
    assert world.shown() == ["another opened"]
    await world.edit(card, "two are in")
    await world.reply(card, "Cy came")  # it goes along while its card is made anew
    await world.until_sent()
    _, new, *replies = world.slack.messages()
    assert new.plain == "two are in"
    assert {each.thread_ts for each in replies} == {new.ts}
    assert [each.plain for each in replies] == ["Ann came", "Ben came", "Cy came"]


def archive(world: World, archived: bool = True) -> None:
    world.slack.workspace.channel("live-ops").is_archived = archived


@without_history
@pytest.mark.parametrize(("reason", "told"), [("not_in_channel", "`/invite @Sessions`"), ("is_archived", "unarchive")])
async def test_a_broken_channel_pauses_and_resumes(world: World, reason: str, told: str) -> None:
    await world.subscribed(ADA, BEN)
    before = world.shown()
    (archive if reason == "is_archived" else kick)(world)
    await world.posts("first", "second")
    await world.posts("elsewhere", channel="general")
    await world.until_sent()
    channel = await world.state()
    assert (channel.paused, channel.held) == (reason, 2)
    assert (world.shown(), world.shown("general")) == (before, ["elsewhere"])
    for person in (ADA, BEN):
        (message,) = world.direct(person)
        words = told, f"<#{world.channel('live-ops')}>", "*Resume* in `/sessions subscriptions`"
        assert [word for word in words if word not in message] == []
    await world.posts("third")
    await world.until_sent()
    archive(world, False)
    invite(world)
    assert await world.resume()
    await world.until_sent()
    assert world.shown() == [*before, "first", "second", "third"]
    assert len(world.direct(ADA)) == len(world.direct(BEN)) == 1


async def test_an_edit_in_a_broken_channel_pauses_it_too(world: World) -> None:
    await world.subscribe(ADA)
    card = await world.opened()
    archive(world)
    await world.edit(card, "changed")
    await world.until_sent()
    archive(world, False)
    await world.resume()
    await world.until_sent()
    assert world.shown()[-1] == "changed"
    assert len(world.direct(ADA)) == 1


# Leases and crashes


class Doors:
    """Stands before a database or a chat, and tells of every call's beginning and end."""

    def __init__(self, inner: Any, at: Callable[[str], Any]) -> None:
        self._inner, self._at = inner, at

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def through(*args: Any, **options: Any) -> Any:
            what = args[1].rpartition(".")[2] if name == "run" else name  # a transaction has a name of its own
            await self._at(f"before {what}")
            result = await method(*args, **options)
            await self._at(f"after {what}")
            return result

        return through


async def test_a_lease_that_is_nearly_over_is_not_used(world: World) -> None:
    async def slow(point: str) -> None:
        await asyncio.sleep(1.0 if point == "after claim" and point not in tried else 0)
        tried.append(point)

    tried: list[str] = []
    await world.posts("late")
    deliver = world.sender(Doors(world.store, slow), post_s=4.0, lease_s=4.8)
    assert await deliver.run() == 1
    assert (world.shown(), world.calls("chat.postMessage"), tried.count("after again")) == (["late"], 1, 1)


async def test_a_lease_must_outlast_a_request(world: World) -> None:
    with pytest.raises(ValueError, match="longer"):
        world.sender(post_s=5.0, lease_s=5.0)


async def test_stop_finishes_what_is_under_way(world: World) -> None:
    await world.posts("one")
    await world.posts("two", channel="general")
    deliver = world.sender(at_once=1)
    world.slack.fail("chat.postMessage", Stalled(0.2, after_doing=True))
    running = asyncio.create_task(deliver.run())
    await world.slack.wait_for(lambda: world.slack.messages("live-ops") or world.slack.messages("general"))
    deliver.stop()
    assert await running == 1
    assert await deliver.run() == 0


async def process_ends(world: World, point: str, nth: int = 1) -> bool:
    """Send in a process that ends at the n-th passing of a point; False where it never comes to that."""
    reached = asyncio.Event()
    passed = 0

    async def end(where: str) -> None:
        nonlocal passed
        passed += where == point
        if where == point and passed >= nth:
            reached.set()
            await asyncio.Event().wait()

    doomed = world.sender(Doors(world.store, end), Doors(world.chat(), end))
    life = asyncio.create_task(world.until_sent(doomed, step_s=4.0))
    death = asyncio.create_task(reached.wait())
    await asyncio.wait([life, death], return_when=asyncio.FIRST_COMPLETED)
    life.cancel()
    death.cancel()
    await asyncio.gather(life, death, return_exceptions=True)
    return reached.is_set()


POINTS = [
    *("before claim", "after claim", "before post", "after post", "before sent", "after sent"),
    *("before edit", "after edit", "before overdue", "after overdue", "before find", "after find"),
    *("before again", "after again", "before unsure", "after unsure", "before slow_down", "after slow_down"),
    *("before pause", "after pause", "before of_message", "before replaced", "after replaced"),
]


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("point", POINTS)
async def test_the_process_ends_at(world: World, point: str, nth: int) -> None:
    """At the n-th passing of a point; another process goes on. The same work is done as without that."""
    cards = [world.card("s1"), world.card("s2"), world.card("s3", "general")]
    await world.subscribe(ADA, channel="support")
    for card in cards:
        await world.open(card, f"{card.session_id} opened")
    await world.until_sent()
    world.delete("s3 opened", "general")
    world.slack.workspace.channel("support").members.discard(BOT_USER)
    for card in cards:
        await world.edit(card, f"{card.session_id} changed")
        await world.reply(card, f"Ann came to {card.session_id}")
    texts = [f"m{number}" for number in range(4)]
    await world.posts(*texts)
    await world.posts("held", channel="support")
    world.clock.now += 16
    faults = Dropped(after_doing=True), Dropped(), RateLimited(2)
    world.slack.fail("chat.postMessage", *faults, *faults)

    assert await process_ends(world, point, nth) or nth > 1
    await world.until_sent(world.sender(), step_s=4.0)

    messages = [each for each in world.slack.messages("live-ops") if each.plain != "hello"]
    shown = {"s1 changed", "s2 changed", "Ann came to s1", "Ann came to s2", *texts}
    assert sorted(each.plain for each in messages) == sorted(shown)
    assert [each.plain for each in messages if each.plain in texts] == texts
    assert sorted(world.shown("general")) == ["Ann came to s3", "s3 changed"]
    for reply in world.slack.messages():
        if reply.plain.startswith("Ann"):
            card_shown = world.slack.workspace.find(reply.channel, reply.thread_ts or "")
            assert card_shown and card_shown.plain == reply.plain.replace("Ann came to ", "") + " changed"
    assert (await world.state("support")).paused == "not_in_channel"
    assert len(world.direct(ADA)) == 1
    world.slack.workspace.channel("support").members.add(BOT_USER)
    await world.resume("support")
    await world.until_sent()
    assert world.shown("support") == ["hello", "held"]


@without_history
@pytest.mark.parametrize("point", ["after again", "before pause", "after pause"])
async def test_what_was_refused_is_not_unconfirmed(world: World, point: str) -> None:
    """Also where the process ends while it writes that down."""
    await world.subscribed(ADA)
    kick(world)
    await world.posts("first", "second")
    world.clock.now += 1
    assert await process_ends(world, point)
    await world.until_sent(step_s=4.0)
    invite(world)
    await world.resume()
    await world.until_sent(step_s=4.0)
    assert world.shown() == ["hello", "first", "second"]
    assert ((await outbox_counts.read(world.store)).held, len(world.direct(ADA))) == (0, 1)


@pytest.mark.parametrize("seed", range(5))
async def test_two_senders_and_many_faults(world: World, seed: int) -> None:
    dice = random.Random(seed)
    channels = ("live-ops", "general", "support", "incident-room")
    texts = {channel: [f"{channel} {number}" for number in range(12)] for channel in channels}
    for channel, each in texts.items():
        await world.posts(*each, channel=channel)
    quick = [fault for fault in AMBIGUOUS if not isinstance(fault, Stalled)]
    for _ in range(40):
        world.slack.fail("chat.postMessage", dice.choice([*quick, RateLimited(1)]))
    world.slack.fail("conversations.history", *[ApiError("internal_error"), HttpError(503, "")] * 2)
    senders = [world.sender(), world.sender(at_once=3)]
    for _ in range(3_000):
        await asyncio.gather(*(each.run() for each in senders))
        await asyncio.gather(*(each.reconcile() for each in senders))
        if (await outbox_counts.read(world.store)).waiting == 0:
            break
        world.clock.now += dice.choice([0.5, 1, 5, 20])
    assert [(await world.state(channel)).held for channel in channels] == [0] * 4
    assert {channel: world.shown(channel) for channel in channels} == texts


@without_history
async def test_whoever_asked_is_told_of_what_is_held(world: World) -> None:
    world.deliver = world.sender(unsure="hold")
    await world.subscribed(ADA, BEN)
    await world.posts("maybe", "perhaps")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True), Dropped(after_doing=True))
    await world.until_sent(step_s=4.0)
    for person in (ADA, BEN):
        (told,) = world.direct(person)
        assert "may not have arrived" in told
    assert (await outbox_counts.read(world.store)).held == 2
