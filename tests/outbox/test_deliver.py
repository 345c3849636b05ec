"""The outbox between the real store and the strict stand-in: nothing lost, nothing twice, in order."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.db.setting_change import SettingChange
from bot.demo.fake_slack import ApiError, Dropped, Fault, HttpError, Message, RateLimited, Stalled
from bot.demo.fake_slack.seed import ADA, BEN, BOT_USER, TEAM_ID
from bot.outbox import channel_pause, conversations
from bot.outbox import counts as outbox_counts
from bot.outbox.card import Card, key_of
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


async def test_messages_of_a_channel_go_in_order_one_a_second(world: World) -> None:
    texts = [f"m{number}" for number in range(8)]
    await world.posts(*texts)
    assert await world.deliver.run() == 1
    assert await world.deliver.run() == 0
    world.clock.now += 1
    assert await world.deliver.run() == 1
    await world.until_sent()
    assert world.shown() == texts


async def test_channels_go_side_by_side(world: World) -> None:
    for channel in ("live-ops", "general", "support", "incident-room"):
        await world.posts(f"for {channel}", channel=channel)
    assert await world.deliver.run() == 4
    assert [len(world.shown(channel)) for channel in ("live-ops", "general", "support", "incident-room")] == [1] * 4


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
    one, other = world.card("s1"), world.card("s2", "general")
    await world.open(one)
    await world.open(other)
    await world.until_sent()
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


async def test_edits_are_coalesced_and_the_last_state_wins(world: World) -> None:
    card = world.card()
    await world.open(card)
    await world.deliver.run()
    await world.edit(card, "one is in")
    await world.edit(card, "two are in")
    assert await world.deliver.run() == 1
    await world.edit(card, "three are in")
    world.clock.now += 14
    await world.edit(card, "over")
    assert await world.deliver.run() == 0
    assert world.shown() == ["two are in"]
    world.clock.now += 1
    assert await world.deliver.run() == 1
    assert (world.shown(), world.calls("chat.update")) == (["over"], 2)
    (message,) = world.slack.messages()
    assert message.metadata == {"event_type": "sessions_bot", "event_payload": {"key": card.key}}


async def test_a_state_that_comes_while_an_edit_is_on_its_way(world: World) -> None:
    card = world.card()
    await world.open(card)
    await world.deliver.run()
    await world.edit(card, "old")
    world.slack.fail("chat.update", Stalled(0.3))
    running = asyncio.create_task(world.deliver.run())
    await asyncio.sleep(0.1)
    await world.edit(card, "new")
    await running
    await world.until_sent()
    assert world.shown() == ["new"]


async def test_replies_stand_in_the_cards_thread(world: World) -> None:
    card = world.card()
    await world.open(card)
    await world.reply(card, "Ann came")
    await world.reply(card, "Bob came")
    await world.until_sent()
    first, *replies = world.slack.messages()
    assert [(each.plain, each.thread_ts) for each in replies] == [("Ann came", first.ts), ("Bob came", first.ts)]


async def test_what_waits_for_a_card_waits(world: World) -> None:
    card = world.card()
    await world.open(card)
    world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    await world.deliver.run()
    await world.reply(card, "Ann came")
    await world.edit(card, "one is in")
    await world.until_sent()
    assert world.shown() == ["one is in", "Ann came"]
    assert world.slack.messages()[1].thread_ts == world.slack.messages()[0].ts


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
    card = world.card()
    await world.open(card)
    await world.until_sent()
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
    card = world.card()
    await world.open(card)
    await world.deliver.run()
    await world.edit(card, "changed")
    world.slack.fail("chat.update", fault)
    await world.until_sent()
    assert (world.shown(), world.calls("chat.update")) == (["changed"], 2)
    assert world.calls("conversations.history") == 0


async def test_history_that_fails_is_read_later(world: World) -> None:
    await world.posts("once")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    await world.deliver.run()
    fail = (ApiError("internal_error"), HttpError(503, "busy"), ApiError("service_unavailable"))
    world.slack.fail("conversations.history", *fail)
    began = world.clock()
    await world.until_sent(steps=400)
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
    await world.until_sent(deliver, steps=600)
    assert world.calls("conversations.history") == 5
    channel = await conversations.read(world.store, TEAM_ID, world.channel("live-ops"))
    assert (len(world.shown()), channel.held) == ((1, 1) if policy == "hold" else (2, 0))


@without_history
async def test_hold_leaves_it_to_a_person(world: World) -> None:
    world.deliver = world.sender(unsure="hold")
    await world.posts("maybe", "next")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    await world.until_sent()
    assert world.shown() == ["maybe", "next"]
    channel = await conversations.read(world.store, TEAM_ID, world.channel("live-ops"))
    assert (channel.paused, channel.held) == (None, 1)
    kick(world)
    await world.posts("after")
    await world.until_sent()
    invite(world)
    await channel_pause.resume(
        world.store, TEAM_ID, world.channel("live-ops")
    )  # nobody has said that it may show twice
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
    await channel_pause.resume(world.store, TEAM_ID, world.channel("live-ops"))
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


async def test_kicked_out_before_the_look_up(world: World) -> None:
    """The channel pauses, and what became of the message is looked up when it resumes."""
    await world.subscribe(ADA)
    await world.until_sent()
    await world.posts("there", "next")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    world.clock.now += 1
    await world.deliver.run()
    kick(world)
    await world.until_sent()
    assert len(world.direct(ADA)) == 1
    channel = await conversations.read(world.store, TEAM_ID, world.channel("live-ops"))
    assert (channel.paused, channel.held) == ("not_in_channel", 2)
    invite(world)
    await channel_pause.resume(world.store, TEAM_ID, world.channel("live-ops"))
    await world.until_sent()
    assert world.shown() == ["hello", "there", "next"]


# Refusals


async def test_a_deleted_card_is_posted_anew(world: World) -> None:
    card = world.card()
    await world.open(card)
    await world.deliver.run()
    (message,) = world.slack.messages()
    world.slack.workspace.delete(message)
    await world.edit(card, "one is in")
    await world.until_sent()
    await world.edit(card, "two are in")
    world.clock.now += 15
    await world.until_sent()
    (message,) = world.slack.messages()
    assert message.plain == "two are in"
    assert message.metadata and message.metadata["event_payload"] == {"key": Card(**_of(card), gen=1).key}


def _of(card: Card) -> dict[str, Any]:
    return {name: getattr(card, name) for name in ("team_id", "channel_id", "session_id", "status")}


@pytest.mark.parametrize("what", ["channel", "session", "some", "hours"])
async def test_a_deleted_card_is_not_posted_anew_while_nobody_wants_it(world: World, what: str) -> None:
    card = world.card()
    await world.open(card)
    await world.until_sent()
    world.slack.workspace.delete(world.slack.messages()[0])
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


async def test_a_reply_goes_along_to_the_new_card(world: World) -> None:
    card = world.card()
    await world.open(card)
    await world.until_sent()
    world.slack.workspace.delete(world.slack.messages()[0])
    await world.reply(card, "Ann came")
    await world.edit(card, "one is in")
    await world.until_sent()
    new, reply = world.slack.messages()
    assert (new.plain, reply.plain, reply.thread_ts) == ("one is in", "Ann came", new.ts)


async def test_a_thread_that_was_deleted_holds_up_no_other_session(world: World) -> None:
    card = world.card()
    await world.open(card)
    await world.until_sent()
    world.slack.workspace.delete(world.slack.messages()[0])
    await world.reply(card, "Ann came")
    world.clock.now += 1
    await world.deliver.run()
    await world.open(world.card("s2"), "another opened")
    world.clock.now += 1
    await world.deliver.run()
    assert world.shown() == ["another opened"]
    await world.edit(card, "one is in")
    await world.until_sent()
    assert world.shown() == ["another opened", "one is in", "Ann came"]


async def test_replies_to_a_deleted_card_keep_their_order(world: World) -> None:
    card = world.card()
    await world.open(card)
    await world.until_sent()
    world.slack.workspace.delete(world.slack.messages()[0])
    await world.reply(card, "Ann came")
    await world.until_sent()
    await world.reply(card, "Ben came")
    await world.until_sent()
    assert world.shown() == []
    await world.edit(card, "two are in")
    await world.reply(card, "Cy came")
    await world.until_sent()
    assert world.shown() == ["two are in", "Ann came", "Ben came", "Cy came"]


def _archive(world: World) -> None:
    world.slack.workspace.channel("live-ops").is_archived = True


def _unarchive(world: World) -> None:
    world.slack.workspace.channel("live-ops").is_archived = False


BROKEN = pytest.mark.parametrize(
    ("break_it", "mend_it", "reason", "told"),
    [
        (kick, invite, "not_in_channel", "`/invite @Sessions`"),
        (_archive, _unarchive, "is_archived", "unarchive"),
    ],
    ids=["kicked", "archived"],
)


@without_history
@BROKEN
async def test_a_broken_channel_pauses_and_resumes(
    world: World,
    break_it: Callable[[World], None],
    mend_it: Callable[[World], None],
    reason: str,
    told: str,
) -> None:
    await world.subscribe(ADA, BEN)
    await world.until_sent()
    before = world.shown()
    break_it(world)
    await world.posts("first", "second")
    await world.posts("elsewhere", channel="general")
    await world.until_sent()
    channel = await conversations.read(world.store, TEAM_ID, world.channel("live-ops"))
    assert (channel.paused, channel.held) == (reason, 2)
    assert (world.shown(), world.shown("general")) == (before, ["elsewhere"])
    for person in (ADA, BEN):
        (message,) = world.direct(person)
        assert told in message
        assert f"<#{world.channel('live-ops')}>" in message
        assert "*Resume* in `/sessions subscriptions`" in message
    await world.posts("third")
    await world.until_sent()
    mend_it(world)
    assert await channel_pause.resume(world.store, TEAM_ID, world.channel("live-ops"))
    await world.until_sent()
    assert world.shown() == [*before, "first", "second", "third"]
    assert len(world.direct(ADA)) == len(world.direct(BEN)) == 1


async def test_an_edit_in_a_broken_channel_pauses_it_too(world: World) -> None:
    card = world.card()
    await world.subscribe(ADA)
    await world.open(card)
    await world.until_sent()
    _archive(world)
    await world.edit(card, "changed")
    await world.until_sent()
    _unarchive(world)
    await channel_pause.resume(world.store, TEAM_ID, card.channel_id)
    await world.until_sent()
    assert world.shown()[-1] == "changed"
    assert len(world.direct(ADA)) == 1


async def test_bad_blocks_leave_the_text(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.put(Outgoing(key_of("bad"), TEAM_ID, world.channel("live-ops"), "post", "text", [{"type": "blink"}]))
    await world.until_sent()
    assert world.shown() == ["text"]
    caplog.clear()  # the defect is the test's
    (violation,) = world.slack.violations
    assert "invalid_blocks" in violation
    world.slack.violations.clear()


async def test_a_message_that_slack_never_takes_stops_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.posts("bad", "good")
    world.slack.fail("chat.postMessage", ApiError("invalid_blocks"), ApiError("msg_too_long"))
    await world.until_sent()
    assert world.shown() == ["good"]
    assert (await conversations.read(world.store, TEAM_ID, world.channel("live-ops"))).paused is None
    assert "message_dropped" in [record.message for record in caplog.records]


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
    reached = asyncio.Event()
    passed = 0

    async def end(where: str) -> None:
        nonlocal passed
        passed += where == point
        if where == point and passed >= nth:
            reached.set()
            await asyncio.Event().wait()

    cards = [world.card("s1"), world.card("s2"), world.card("s3", "general")]
    await world.subscribe(ADA, channel="support")
    for card in cards:
        await world.open(card, f"{card.session_id} opened")
    await world.until_sent()
    (gone,) = (message for message in world.slack.messages("general") if message.plain == "s3 opened")
    world.slack.workspace.delete(gone)
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

    doomed = world.sender(Doors(world.store, end), Doors(world.chat(), end))
    life = asyncio.create_task(world.until_sent(doomed, step_s=4.0))
    death = asyncio.create_task(reached.wait())
    await asyncio.wait([life, death], return_when=asyncio.FIRST_COMPLETED)
    life.cancel()
    death.cancel()
    await asyncio.gather(life, death, return_exceptions=True)
    assert reached.is_set() or nth > 1
    await world.until_sent(world.sender(), step_s=4.0)

    messages = [each for each in world.slack.messages("live-ops") if each.plain != "hello"]
    assert sorted(each.plain for each in messages) == sorted(
        ["s1 changed", "s2 changed", "Ann came to s1", "Ann came to s2", *texts]
    )
    assert [each.plain for each in messages if each.plain in texts] == texts
    assert sorted(world.shown("general")) == ["Ann came to s3", "s3 changed"]
    for message in world.slack.messages():
        if message.plain.startswith("Ann"):
            assert _parent(world, message).plain == message.plain.replace("Ann came to ", "") + " changed"
    assert (await conversations.read(world.store, TEAM_ID, world.channel("support"))).paused == "not_in_channel"
    assert len(world.direct(ADA)) == 1
    world.slack.workspace.channel("support").members.add(BOT_USER)
    await channel_pause.resume(world.store, TEAM_ID, world.channel("support"))
    await world.until_sent()
    assert world.shown("support") == ["hello", "held"]


@without_history
@pytest.mark.parametrize("point", ["after again", "before pause", "after pause"])
async def test_what_was_refused_is_not_unconfirmed(world: World, point: str) -> None:
    """Also where the process ends while it writes that down."""
    reached = asyncio.Event()

    async def end(where: str) -> None:
        if where == point:
            reached.set()
            await asyncio.Event().wait()

    await world.subscribe(ADA)
    await world.until_sent()
    kick(world)
    await world.posts("first", "second")
    world.clock.now += 1
    life = asyncio.create_task(world.sender(Doors(world.store, end)).run())
    await reached.wait()
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    await world.until_sent(step_s=4.0)
    invite(world)
    await channel_pause.resume(world.store, TEAM_ID, world.channel("live-ops"))
    await world.until_sent(step_s=4.0)
    assert world.shown() == ["hello", "first", "second"]
    assert ((await outbox_counts.read(world.store)).held, len(world.direct(ADA))) == (0, 1)


def _parent(world: World, message: Message) -> Message:
    found = world.slack.workspace.find(message.channel, message.thread_ts or "")
    assert found is not None
    return found


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
        world.clock.now += dice.choice([0.5, 1, 5])
    held = [await conversations.read(world.store, TEAM_ID, world.channel(channel)) for channel in channels]
    assert [each.held for each in held] == [0] * 4
    assert {channel: world.shown(channel) for channel in channels} == texts


@without_history
async def test_whoever_asked_is_told_of_what_is_held(world: World) -> None:
    world.deliver = world.sender(unsure="hold")
    await world.subscribe(ADA, BEN)
    await world.until_sent()
    await world.posts("maybe", "perhaps")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True), Dropped(after_doing=True))
    await world.until_sent()
    for person in (ADA, BEN):
        (told,) = world.direct(person)
        assert "may not have arrived" in told
    assert (await outbox_counts.read(world.store)).held == 2
