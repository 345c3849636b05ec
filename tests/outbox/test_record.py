"""Refusals by whose they are, and what follows: the workspace stops, a channel pauses, a thread is left, a message is
dropped."""

from __future__ import annotations

from dataclasses import replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.alerts import store as alerts_store
from bot.db import leases
from bot.db.setting_change import SettingChange
from bot.demo.fake_slack import ApiError, Dropped, HttpError
from bot.demo.fake_slack.seed import ADA, BEN, TEAM_ID
from bot.health.slack_probe import SlackProbe
from bot.health.watch import Watch
from bot.outbox import counts as outbox_counts
from bot.outbox import threads, workspaces
from bot.outbox.card import key_of
from bot.outbox.settled import SETTLED_S, settled
from bot.sessions.tracked import Tracked
from tests.outbox.parts import HISTORY, POSTING, World, invite, kick

ROUNDS = 400


# The workspace's


@pytest.mark.parametrize("code", ["invalid_auth", "account_inactive", "token_revoked", "team_access_not_granted"])
async def test_a_refusal_of_the_workspace_pauses_no_channel(world: World, code: str) -> None:
    await world.subscribed(ADA)
    await world.posts("here")
    await world.posts("there", channel="general")
    world.clock.now += 1
    world.slack.fail("chat.postMessage", ApiError(code), ApiError(code))
    await world.deliver.run()
    calls = world.calls("chat.postMessage")
    stopped = await workspaces.stopped(world.store, TEAM_ID)
    assert stopped is not None and stopped.cause == code
    world.clock.now += 3_600
    await world.deliver.run()
    assert ((await world.state()).paused, (await world.state("general")).paused, world.direct(ADA)) == (None, None, [])
    assert world.calls("chat.postMessage") == calls
    assert await workspaces.taken(world.store, TEAM_ID)
    await world.until_sent()
    assert (world.shown(), world.shown("general")) == (["hello", "here"], ["there"])
    assert world.calls("conversations.history") == 0  # claims were given back


async def test_auth_test_is_asked_after_half_a_minute_then_each_minute_by_one(world: World) -> None:
    now = world.now_ms
    assert await workspaces.refused(world.store, TEAM_ID, "invalid_auth", now)
    assert not await workspaces.refused(world.store, TEAM_ID, "token_revoked", now + 1)
    assert await workspaces.probe(world.store, TEAM_ID, now + 29_999) is None
    assert await workspaces.probe(world.store, TEAM_ID, now + 30_000) is not None
    assert await workspaces.probe(world.store, TEAM_ID, now + 30_001) is None
    assert await workspaces.probe(world.store, TEAM_ID, now + 89_999) is None
    stopped = await workspaces.probe(world.store, TEAM_ID, now + 90_000)
    assert stopped is not None and (stopped.cause, stopped.since_ms) == ("invalid_auth", now)
    assert not await workspaces.taken(world.store, TEAM_ID, now + 5)  # another refusal than the one asked about
    assert await workspaces.taken(world.store, TEAM_ID, now)


async def test_one_channel_that_slack_refuses_for_the_token_pauses_alone_in_the_end(world: World) -> None:
    await world.posts("odd")
    world.slack.fail("chat.postMessage", *[ApiError("invalid_auth")] * 3)
    for _ in range(3):
        await world.deliver.run()
        await workspaces.taken(world.store, TEAM_ID)  # auth.test is answered
    assert (await world.state()).paused == "invalid_auth"


# A channel's


async def test_a_paused_channel_is_tried_by_itself_and_goes_on(world: World) -> None:
    await world.subscribed(ADA)
    kick(world)
    await world.posts("first", "second")
    await world.until_sent()
    assert (await world.state()).paused == "not_in_channel"
    calls = world.calls("chat.postMessage")
    began = world.clock.now
    while world.clock.now - began < 6 * 3_600:
        world.clock.now += 30
        await world.deliver.run()
    tries = [call.at for call in world.slack.calls[-1:]]
    assert tries and world.calls("chat.postMessage") - calls in range(9, 13)  # 1, 2, 4 … 60, 60 minutes
    assert ((await world.state()).paused, len(world.direct(ADA))) == ("not_in_channel", 1)
    invite(world)
    world.clock.now += 3_600
    await world.until_sent()
    assert ((await world.state()).paused, world.shown()) == (None, ["hello", "first", "second"])


async def test_a_pause_is_known_at_once_to_whoever_waits_for_the_message(world: World) -> None:
    kick(world)
    await world.posts("first")
    await world.deliver.run()
    state = await world.state()
    assert (state.paused, state.tries, state.waiting) == ("not_in_channel", 1, 0)
    assert await settled(world.store, (TEAM_ID, world.channel("live-ops")), key_of("first"), SETTLED_S)


async def test_whoever_changes_something_there_makes_the_bot_try_at_once(world: World) -> None:
    await world.subscribed(ADA)
    kick(world)
    await world.posts("first")
    await world.until_sent()
    invite(world)
    await world.until_sent()
    assert (await world.state()).paused == "not_in_channel"
    by = SettingChange(world.now_ms, ADA, "threads off")
    await threads.turn(world.store, TEAM_ID, world.channel("live-ops"), False, by)
    await world.until_sent()
    await world.until_sent()
    assert ((await world.state()).paused, world.shown()) == (None, ["hello", "first"])


# A thread's


@pytest.mark.parametrize("code", ["restricted_action_non_threadable_channel", "restricted_action_thread_locked"])
async def test_a_channel_that_takes_no_replies_is_told_once_and_has_cards_alone(world: World, code: str) -> None:
    card = await world.opened()
    for who in ("Ann", "Ben", "Cy"):
        await world.reply(card, f"{who} came")
    world.slack.fail("chat.postMessage", ApiError(code))
    await world.until_sent()
    opened, notice = world.shown()
    assert opened == "opened" and code in notice and "threads on" in notice
    assert await threads.off(world.store, TEAM_ID) == {card.channel_id}
    assert (await world.state()).paused is None
    await world.edit(card, "over")
    world.clock.now += 15
    await world.until_sent()
    assert world.shown()[0] == "over"


async def test_a_reply_that_arrived_outside_its_thread_is_deleted_after_a_look_up_too(world: World) -> None:
    card = await world.opened()
    world.delete()
    await world.reply(card, "Ann came")
    world.slack.fail("chat.postMessage", Dropped(after_doing=True))
    world.clock.now += 1
    await world.deliver.run()
    assert world.shown() == ["Ann came"]
    await world.until_sent()
    assert world.shown() == []
    await world.edit(card, "one is in")
    await world.until_sent()
    new, reply = world.slack.messages()
    assert (new.plain, reply.plain, reply.thread_ts) == ("one is in", "Ann came", new.ts)


async def test_a_thread_whose_first_message_was_deleted_goes_on(world: World) -> None:
    card = world.card()
    await world.open(card)
    await world.reply(card, "Ann came")
    await world.until_sent()
    first, _ = world.slack.messages()
    world.slack.workspace.delete(first)
    await world.reply(card, "Ben came")
    await world.until_sent()
    assert [each.thread_ts for each in world.slack.messages()] == [first.ts, first.ts]


# A message's


@pytest.mark.parametrize("codes", [["no_such_code"], ["msg_too_long"], ["invalid_blocks", "msg_too_long"]], ids=str)
async def test_a_refused_message_is_left_out_and_told_and_the_channel_goes_on(
    world: World, codes: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    await world.subscribed(ADA)
    await world.posts("bad", "good")
    world.slack.fail("chat.postMessage", *map(ApiError, codes))
    world.clock.now += 1
    await world.deliver.run()
    code = codes[-1]
    if code == "no_such_code":  # it says nothing for sure: twice more
        world.clock.now += 1
        await world.deliver.run()  # the next one goes
        for _ in range(2):
            world.slack.fail("chat.postMessage", ApiError(code))
            world.clock.now += 50
            await world.deliver.run()
    await world.until_sent()
    assert (world.shown(), (await world.state()).paused) == (["hello", "good"], None)
    (told,) = world.direct(ADA)
    assert code in told
    assert "message_dropped" in [record.message for record in caplog.records]


async def test_one_odd_refusal_loses_nothing(world: World) -> None:
    card = world.card()
    for method, put in (
        ("chat.postMessage", world.open(card)),
        ("chat.update", world.edit(card, "one is in")),
        ("chat.postMessage", world.reply(card, "Ann came")),
    ):
        await put
        world.slack.fail(method, ApiError("no_such_code"))
        await world.until_sent()
    assert (world.shown(), (await world.state()).paused) == (["one is in", "Ann came"], None)


async def test_replies_of_a_card_wait_for_one_that_is_tried_again(world: World) -> None:
    """Those of another card don't."""
    card, other = await world.opened(), await world.opened("s2")
    for text, of in (("Ann came", card), ("Ann left", card), ("Ben came", other)):
        await world.reply(of, text)
    world.slack.fail("chat.postMessage", ApiError("no_such_code"))
    await world.until_sent()
    assert world.shown()[2:] == ["Ben came", "Ann came", "Ann left"]


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message"])
@pytest.mark.parametrize("scopes", [POSTING, POSTING | HISTORY], ids=["no history", "history"])
async def test_an_edit_that_misses_its_message_once_makes_no_second_card(world: World, code: str) -> None:
    card = await world.opened()
    await world.edit(card, "one is in")
    world.slack.fail("chat.update", ApiError(code))
    await world.until_sent()
    assert world.shown() == ["one is in"]


async def test_a_card_that_can_not_be_edited_any_more_tells_the_end_anew(world: World) -> None:
    card = await world.opened()
    for text in ("one is in", "two are in"):
        await world.edit(card, text)
        world.slack.fail("chat.update", ApiError("edit_window_closed"))
        await world.until_sent()
    assert world.shown() == ["opened"]
    ended = Tracked(card.session_id, "a" * 24, False, world.now_ms, world.now_ms, {})
    await world.put(cards=[replace(card, status="final", gen=0)], known=[ended])
    await world.edit(card, "ended")
    world.slack.fail("chat.update", ApiError("edit_window_closed"))
    await world.until_sent()
    assert (world.shown(), (await world.state()).paused) == (["opened", "ended"], None)


# No answer


async def test_an_outage_of_hours_holds_nothing_and_doubles_nothing(world: World) -> None:
    card = await world.opened()
    await world.subscribe(ADA)
    methods = ("chat.postMessage", "chat.update", "conversations.history", "conversations.open", "auth.test")
    for method in methods:
        world.slack.fail(method, *[HttpError(503, "busy")] * ROUNDS)
    await world.posts("elsewhere", channel="general")
    await world.edit(card, "over")
    for _ in range(2 * 60):
        world.clock.now += 120
        await world.deliver.run()
        await world.deliver.reconcile()
    assert (await outbox_counts.read(world.store)).held == 0
    for method in methods:
        while world.slack._site.faults.take(method):
            pass
    await world.until_sent(steps=ROUNDS)
    assert (world.shown(), world.shown("general")) == (["over", "hello"], ["elsewhere"])
    assert (await outbox_counts.read(world.store)).held == 0


# Withdrawn


async def test_threads_off_withdraws_replies_that_wait(world: World) -> None:
    card = world.card()
    await world.open(card)
    await world.reply(card, "Ann came")
    await world.edit(card, "one is in")
    await threads.turn(world.store, TEAM_ID, card.channel_id, False, SettingChange(world.now_ms, ADA, "threads off"))
    await world.until_sent()
    assert world.shown() == ["one is in"]


# Told to operators


def watch(world: World, ops: str = "support") -> Watch:
    client = AsyncWebClient(world.slack.bot_token, base_url=world.slack.api_url, session=world.http, retry_handlers=[])
    where = world.channel(ops)
    return Watch(world.store, SlackProbe(client), TEAM_ID, lambda: world.now_ms, ops=where)


@pytest.fixture
def watching(world: World) -> Watch:
    return watch(world)


async def tell(world: World, watching: Watch, since_s: float | None = None) -> None:
    fence = await leases.take(world.store, "poller", "one", 60_000)
    assert fence is not None
    await watching.tell(fence, 15.0, world.clock() if since_s is None else since_s)


async def work(world: World, watching: Watch, steps: int, step_s: float) -> None:
    """Send, probe and tell so often."""
    for _ in range(steps):
        await world.deliver.run()
        await watching.probe()
        await tell(world, watching)
        world.clock.now += step_s


async def test_a_workspace_that_takes_the_bot_again_goes_on_by_itself(world: World, watching: Watch) -> None:
    await tell(world, watching)
    asked = world.calls("auth.test")
    await world.posts("waits")
    world.slack.fail("chat.postMessage", ApiError("token_revoked"))
    world.slack.fail("auth.test", ApiError("token_revoked"))
    await work(world, watching, 30, 5)
    assert world.calls("auth.test") == asked + 2  # after half a minute, then a minute later
    await world.until_sent()
    assert world.shown() == ["waits"]
    began, over = world.shown("support")
    assert "token_revoked" in began and "again" in over


async def test_one_stray_refusal_costs_one_probe_and_is_no_news(world: World, watching: Watch) -> None:
    await tell(world, watching)
    asked = world.calls("auth.test")
    await world.posts("first", "second")
    world.slack.fail("chat.postMessage", ApiError("invalid_auth"))
    await work(world, watching, 8, 5)
    await world.until_sent()
    assert (world.shown(), world.shown("support"), world.calls("auth.test") - asked) == (["first", "second"], [], 1)


async def test_operators_hear_of_a_pause_once_and_when_it_is_over(world: World, watching: Watch) -> None:
    kick(world)
    await world.posts("waits")
    await work(world, watching, 40, 60)
    (told,) = world.shown("support")
    assert f"<#{world.channel('live-ops')}>" in told and "/invite" in told
    invite(world)
    world.clock.now += 3_600
    await world.until_sent()
    await tell(world, watching)
    await tell(world, watch(world))  # another process
    await world.until_sent()
    assert len(world.shown("support")) == 2 and world.shown() == ["waits"]


async def test_operators_hear_of_a_pause_whose_only_maker_has_left(world: World, watching: Watch) -> None:
    await world.subscribed(ADA)
    await world.posts("waits")
    world.slack.fail("chat.postMessage", ApiError("not_in_channel"), ApiError("user_disabled"))
    world.clock.now += 1
    await world.deliver.run()
    await tell(world, watching)
    await world.until_sent()
    assert world.direct(ADA) == [] and "the bot isn't in the channel" in world.shown("support")[0]


@pytest.mark.parametrize("scopes", [POSTING])
async def test_operators_hear_once_of_each_message_that_is_held_or_left_out(world: World, watching: Watch) -> None:
    world.deliver = world.sender(unsure="hold", ops=world.channel("support"))
    await world.subscribed(ADA)
    await world.posts("unsure", "bad")
    world.clock.now += 1
    world.slack.fail("chat.postMessage", Dropped(after_doing=True), ApiError("msg_too_long"))
    await world.until_sent()
    await tell(world, watching)
    await world.until_sent()
    told = world.shown("support")
    assert sorted("held" in each for each in told) == [False, True]
    assert sorted("msg_too_long" in each for each in told) == [False, True]
    assert len(world.direct(ADA)) == 2


async def test_a_paused_channel_of_operators_makes_no_noise(world: World) -> None:
    kick(world)
    await world.posts("waits")
    await work(world, watch(world, "live-ops"), 10, 60)
    assert (await world.state()).held == 1


async def test_operators_hear_of_100ms_out_of_reach_and_back(world: World, watching: Watch) -> None:
    await world.put()
    await tell(world, watching)
    world.clock.now += 120
    for _ in range(3):
        await tell(world, watching, 0.0)
    await world.until_sent()
    assert [("100ms" in each) for each in world.shown("support")] == [True]
    await world.put()
    await tell(world, watching, 0.0)
    await world.until_sent()
    assert world.shown("support")[1].startswith("✅")


async def test_operators_hear_of_a_message_that_slack_neither_takes_nor_refuses(world: World, watching: Watch) -> None:
    await world.put()
    await world.open(world.card("s1"), "s1")
    tried = -1
    for _ in range(60):
        if tried != world.calls("chat.postMessage"):
            tried = world.calls("chat.postMessage")
            world.slack.fail("chat.postMessage", ApiError("internal_error"))
        await world.deliver.run()
        world.clock.now += 30
        await world.deliver.reconcile()
    assert tried > 5
    await world.put()
    await tell(world, watching)
    await world.until_sent(step_s=5.0)
    await tell(world, watching)
    await world.until_sent()
    assert [each[:1] for each in world.shown("support")] == ["⚠", "✅"]


async def test_the_end_of_a_subscription_withdraws_what_nothing_asks_for_any_more(world: World) -> None:
    await world.subscribed(ADA, BEN)  # numbers 1 and 2
    ours, shared, shown = (
        replace(world.card(name), matched=frozenset(matched))
        for name, matched in (("s1", {1}), ("s2", {1, 2}), ("s3", {1}))
    )
    await world.open(shown, "shown")
    await world.until_sent()
    await world.open(ours, "ours")
    await world.reply(ours, "Ann came to ours")
    await world.open(shared, "shared")
    await world.reply(shown, "Ann came")
    await world.edit(shown, "shown changed")
    await alerts_store.unsubscribe(
        world.store, TEAM_ID, ours.channel_id, [1], SettingChange(world.now_ms, ADA, "unsubscribe 1")
    )
    await world.until_sent()
    assert world.shown() == ["hello", "hello", "shown changed", "shared"]
