"""Subscriptions and what comes of them, through the real door: a person types, sessions live, the channel shows."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import httpx
import pytest

from bot.blockkit.sizes import texts
from bot.demo.fake_hms import Account, FakeHms, Status
from bot.demo.fake_hms.records import Room
from bot.demo.fake_slack import FakeSlack, Message, RateLimited
from bot.settings import Settings
from tests.clocks import Wall
from tests.live import cards, fill, opened, polls, posts, press, runs, said_soon, say, subscribe, until
from tests.work import HASTY, at_work

pytestmark = pytest.mark.polls


@pytest.fixture
def room(account: Account) -> Room:
    return account.add_room("Town hall")


async def invite(slack: FakeSlack, channel: str) -> None:
    """Let the bot into the channel, and wait for what was held for it."""
    there = slack.workspace.channel(channel)
    slack.workspace.join(there, slack.workspace.bot_user)
    await slack.event({"type": "member_joined_channel", "user": slack.workspace.bot_user, "channel": there.id})
    await until(lambda: posts(slack, channel))


async def card_of(slack: FakeSlack, channel: str = "live-ops") -> Message:
    """The channel's first card, as soon as it is there."""
    return (await until(lambda: cards(slack, channel)))[0]


async def in_private(slack: FakeSlack, word: str) -> Message:
    """The one message with this word to the person who made the subscription."""
    (told,) = await until(lambda: [each for each in slack.messages("D07QX6DM80T") if word in each.plain])
    return told


async def test_a_session_is_one_message_that_stays_true(
    bot: str, slack: FakeSlack, account: Account, room: Room, clock: Wall
) -> None:
    reply = await subscribe(slack, 'room:"Town hall" on:start,end,join,leave')
    assert "Subscribed, as number 1" in reply.plain and "Town hall" in reply.plain
    (first,) = posts(slack)
    assert "subscribed this channel" in first.plain and not first.ephemeral
    session = account.open_session(room, time.time())
    ann = account.join(session, name="Ann", role="host", user_id="ann", at=time.time())
    card = await card_of(slack)
    assert "🟢 Live" in card.plain and "Town hall" in card.plain and session.id in card.plain
    assert card.metadata["event_type"] == "sessions_bot" and card.metadata["event_payload"]["key"]
    account.join(session, name="Bob", role="guest", user_id="bob", at=time.time())
    await until(lambda: "2 in now" in cards(slack)[0].plain)
    replies = await until(
        lambda: [each for each in slack.messages("live-ops") if each.thread_ts == card.ts and each.ts != card.ts]
    )
    assert "Bob joined" in replies[0].plain
    account.leave(session, ann, time.time())
    account.end(session, time.time())
    await until(lambda: "⚪ Ended" in cards(slack)[0].plain, clock)
    (ended,) = cards(slack)
    assert "participant-minutes" in ended.plain and ended.ts == card.ts and len(posts(slack)) == 2
    shown = await press(slack, ended, "Details", user="ben")
    assert shown.ephemeral_to == slack.workspace.user("ben").id and "*Participant-minutes*" in shown.plain


async def test_what_was_live_before_opens_no_card_and_its_end_is_told(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    session = fill(account, 1)[0]
    await polls(hms)
    assert "1 is live now" in (await subscribe(slack)).plain
    account.join(session, name="Late", role="guest", user_id="late", at=time.time())
    await polls(hms)
    assert cards(slack) == []
    account.end(session, time.time())
    assert "⚪ Ended" in (await card_of(slack)).plain


async def test_open_and_over_between_two_polls(
    slack: FakeSlack, hms: FakeHms, account: Account, room: Room, settings: Settings
) -> None:
    async with at_work(settings, slack):
        await polls(hms)
        await subscribe(slack)
    now = time.time()  # nobody looks
    for number in range(2):
        session = account.open_session(room, now - 1 + number / 10)
        account.join(session, name="Ann", role="host", user_id="ann", at=now - 1)
        account.end(session, now - 0.5)
    async with at_work(settings, slack):
        await until(lambda: len(cards(slack)) == 2)
    assert all("⚪ Ended" in card.plain for card in cards(slack))


async def test_a_restart_repeats_nothing(
    slack: FakeSlack, hms: FakeHms, account: Account, room: Room, settings: Settings, clock: Wall
) -> None:
    async with at_work(settings, slack):
        await polls(hms)
        await subscribe(slack)
        session = opened(account, room)
        await until(lambda: cards(slack))
    for _ in range(2):
        async with at_work(settings, slack):
            await polls(hms, 3)
    assert len(cards(slack)) == 1 and len(posts(slack)) == 2
    async with at_work(settings, slack):
        account.end(session, time.time())
        await until(lambda: "⚪ Ended" in cards(slack)[0].plain, clock)
    assert len(posts(slack)) == 2


async def test_an_empty_list_for_an_instant_ends_nothing(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account, room: Room
) -> None:
    await subscribe(slack)
    opened(account, room)
    await until(lambda: cards(slack))
    hms.fail("/sessions", Status(200, body={"data": None, "last": ""}), Status(200, body={"data": [], "last": ""}))
    await polls(hms, 3)
    assert "🟢 Live" in cards(slack)[0].plain and len(cards(slack)) == 1


async def test_one_record_that_cannot_be_read_holds_nobody_up(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account, room: Room
) -> None:
    old = fill(account, 1)[0]
    await polls(hms)
    await subscribe(slack)
    hms.fail_always(f"/sessions/{old.id}", Status(400))
    account.end(old, time.time())  # it started before the window of ended ones
    opened(account, room)
    await until(lambda: cards(slack))
    hms.heal()
    await until(lambda: len(cards(slack)) == 2)


async def test_subscriptions_are_listed_and_removed(bot: str, slack: FakeSlack, room: Room) -> None:
    assert "no subscriptions" in (await say(slack, "subscriptions")).plain
    await subscribe(slack, 'room:"Town hall"')
    await subscribe(slack, "role:host -user:bot on:start", user="ben")
    again = await subscribe(slack, "role:host -user:bot on:start")
    assert "that is number 2" in again.plain
    changed = await subscribe(slack, "role:host -user:bot on:end")
    assert "what it tells about has changed" in changed.plain
    _, first, second = posts(slack)
    assert f"{slack.workspace.user('ben').real_name} subscribed this channel to" in first.plain
    assert f"{slack.workspace.user('ada').real_name} changed what this channel is told about" in second.plain
    assert "when one ends" in second.plain and "subscribed" not in second.plain + second.text
    listed = await say(slack, "subscriptions")
    assert listed.plain.count("Remove") == 2 and "Town hall" in listed.plain
    listed = await press(slack, listed, "Remove")
    assert listed.plain.count("Remove") == 1 and "Subscription 1 has ended" in listed.plain
    assert re.search(r"To have it again: `/sessions subscribe room:[0-9a-f]{24} on:start,end", listed.plain)
    assert "Subscription 2 has ended" in (await say(slack, "unsubscribe role:host -user:bot")).plain
    none = "This channel has no subscriptions"
    for line, says in (("", none), (" 7", "no subscription 7"), (" role:x", "has no subscriptions"), (" all", none)):
        reply = await say(slack, f"unsubscribe{line}")
        assert says in reply.plain and reply.labels == [], line
    await subscribe(slack, "role:a"), await subscribe(slack, "role:b")
    for line, *says in (
        ("", "Which one? This channel's subscriptions are numbers 3 and 4.", "/sessions unsubscribe 3"),
        ("role:a on:start,end,join", "Number 3 tells about start and end", "/sessions unsubscribe 3"),
        ("role:x", "no subscription to"),
        ("rom:x", "I can't tell which one"),
    ):
        reply = await say(slack, f"unsubscribe {line}".strip())
        assert all(words in reply.plain for words in says), line
    assert "2 subscriptions" in (await say(slack, "subscriptions")).plain
    assert "Subscription 3 has ended" in (await say(slack, 'unsubscribe "number 3"')).plain


async def test_another_channels_subscription_is_out_of_reach(bot: str, slack: FakeSlack) -> None:
    await subscribe(slack, channel="general")
    assert "This channel has no subscription 1" in (await say(slack, "unsubscribe 1")).plain
    listed = await say(slack, "subscriptions")
    await slack.act(listed, action_id="sessions.set", value="1|C07QX6G3N3R|subscriptions|unsubscribe 1")
    assert "can't be read" in (await slack.reply()).plain
    assert "Remove" in (await say(slack, "subscriptions", channel="general")).plain


async def test_a_bad_line_is_explained(bot: str, slack: FakeSlack) -> None:
    for typed, says in {
        "subscribe rom:x": "I know no command, filter or room called `x`.",
        "subscribe after:2h": "has no place in a subscription",
        "subscribe ended": "say `on:end`",
        "subscribe on:stat": "say start, end, join, leave",
        "subscribe room:nowhere": "No room is called",
        "active on:start": "only works with `subscribe`",
    }.items():
        assert says in (await say(slack, typed)).plain, typed
    assert posts(slack) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("rol:host", "with the role host"),
        ("everything", "All sessions*\nThis channel is told when one opens or ends."),
        ("all role:host", "with the role host\nThis channel is told when one comes to match or ends."),
        ("ended", "This channel is told when one ends."),
    ],
)
async def test_a_corrected_line_subscribes_at_a_press(bot: str, slack: FakeSlack, typed: str, said: str) -> None:
    asked = await say(slack, f"subscribe {typed}")
    reply = await press(slack, asked, runs(asked))
    assert "Subscribed, as number 1" in reply.plain and said in reply.plain


async def test_a_name_of_several_rooms_is_chosen_from(bot: str, slack: FakeSlack, account: Account) -> None:
    for name in ("Hall one", "Hall two"):
        account.add_room(name)
    choice = await say(slack, "subscribe room:hall on:join")
    assert choice.labels == ["Hall one", "Hall two"]
    reply = await press(slack, choice, "Hall two")
    assert "Subscribed" in reply.plain and "Hall two" in reply.plain


async def test_the_bot_is_called_by_the_name_that_it_has(slack: FakeSlack, settings: Settings) -> None:
    users, own = slack.workspace.users, slack.workspace.bot_user
    users[own] = replace(users[own], name="on_air")
    async with at_work(settings, slack):
        reply = await subscribe(slack, channel="random")
        told = await in_private(slack, "paused")
    assert "/invite @on_air" in reply.plain and "/invite @on_air" in told.plain


async def test_a_first_message_that_never_came_goes_with_its_subscription(
    bot: str, slack: FakeSlack, hms: FakeHms, clock: Wall
) -> None:
    for line in ("role:host on:start", "role:host on:end", "role:guest"):
        await subscribe(slack, line, channel="random")
    assert "has ended" in (await say(slack, "unsubscribe role:guest", channel="random")).plain
    await invite(slack, "random")
    clock.by_s += 10.0  # there would be one a second
    await polls(hms, 3)
    (first,) = posts(slack, "random")
    assert "role host" in first.plain and "when one ends" in first.plain


@pytest.mark.parametrize("name", ["live-ops", "incident-room"])
async def test_an_archived_channel_pauses_and_resumes_by_a_press_or_when_it_is_unarchived(
    bot: str, slack: FakeSlack, account: Account, room: Room, name: str
) -> None:
    await subscribe(slack, channel=name)
    channel = slack.workspace.channel(name)
    channel.is_archived = True
    opened(account, room)
    assert (await in_private(slack, "archived")).plain.endswith("They wait for 30 days.")
    channel.is_archived = False
    listed = await say(slack, "subscriptions", channel=name)
    assert "archived" in listed.plain
    if name == "live-ops":
        await slack.press(listed, "Resume")
    else:
        user = slack.workspace.user("ada").id
        await slack.event({"type": "group_unarchive", "channel": channel.id, "user": user})
    assert len(await until(lambda: cards(slack, name))) == 1


async def test_hostile_names_do_no_harm(bot: str, slack: FakeSlack, account: Account) -> None:
    room = account.add_room("<!channel> *x*")
    await subscribe(slack, "on:start,join")
    session = account.open_session(room, time.time())
    account.join(session, name="<!here> @channel", role="`x`", user_id="ann", at=time.time())
    await until(lambda: cards(slack))
    account.join(session, name="> quoted <@U1>", role="host", user_id="bob", at=time.time())
    await until(lambda: [each for each in slack.messages("live-ops") if each.thread_ts])
    raw = str([(each.text, *texts(each.blocks)) for each in slack.messages("live-ops") if each.bot_id])
    assert "<!channel>" not in raw and "<!here>" not in raw and "<@U1>" not in raw


async def test_guests_are_told_to_ask_a_member(bot: str, slack: FakeSlack) -> None:
    reply = await subscribe(slack, user="gus")
    assert "Guests can't change" in reply.plain and posts(slack) == []
    await subscribe(slack)
    assert "Guests can't change" in (await say(slack, "unsubscribe 1", user="gus")).plain
    assert "1 subscription" in (await say(slack, "subscriptions", user="gus")).plain


async def test_a_database_that_is_locked_is_said_so(slack: FakeSlack, hms: FakeHms, settings: Settings) -> None:
    path = settings.database_url.removeprefix("sqlite:///")
    async with at_work(settings, slack, pace=replace(HASTY, busy_s=0.2)):
        await polls(hms)
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
            await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")  # the bot has to go on meanwhile
            reply = await say(slack, "subscriptions")
        assert "nothing was changed" in reply.plain and "Reference `" in reply.plain
        assert "Subscribed" in (await subscribe(slack)).plain


async def test_100ms_that_asks_to_slow_down_is_left_alone(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    hms.fail_always("/sessions*", Status(429, headers={"Retry-After": "30"}))
    await until(lambda: any(request.status == 429 for request in hms.requests))
    await asyncio.sleep(0.1)
    begun, ready = len(hms.requests), ""
    async with httpx.AsyncClient() as http, asyncio.timeout(20):
        while "alerts wait" not in ready:  # until then there would be several polls
            answer = await http.get(f"{bot}/readyz")
            assert answer.status_code == 200
            ready = answer.text
    assert not any(request.path.startswith("/sessions") for request in hms.requests[begun:])
    assert re.fullmatch(r"ready\nalerts wait: 100ms was last read \d+ s ago \(HmsRateLimited\)\n", ready)


@pytest.mark.parametrize("channel", ["incident-room", "D07QX6DM80T"])
async def test_private_channels_and_direct_messages(
    bot: str, slack: FakeSlack, account: Account, room: Room, channel: str
) -> None:
    reply = await subscribe(slack, channel=channel)
    assert "Subscribed" in reply.plain and "Paused" not in reply.plain
    opened(account, room)
    await card_of(slack, channel)


async def test_a_private_channel_without_the_bot(bot: str, slack: FakeSlack) -> None:
    channel = slack.workspace.channel("incident-room")
    channel.members.discard(slack.workspace.bot_user)
    reply = await subscribe(slack, channel="incident-room")
    assert "/invite @" in reply.plain and posts(slack, "incident-room") == []
    listed = await press(slack, reply, "Resume")  # too early
    assert "Paused" in listed.plain
    await in_private(slack, "paused")
    slack.workspace.join(channel, slack.workspace.bot_user)
    await slack.press(listed, "Resume")
    await until(lambda: posts(slack, "incident-room"))


async def test_a_channel_with_digests_alone_can_be_resumed(bot: str, slack: FakeSlack) -> None:
    channel = slack.workspace.channel("incident-room")
    channel.members.discard(slack.workspace.bot_user)
    await subscribe(slack, channel="incident-room")
    told = await in_private(slack, "paused")
    assert "Messages in" in told.plain and "*Resume* in `/sessions subscriptions` there" in told.plain
    await say(slack, "digest daily 9:00", channel="incident-room")
    await say(slack, "unsubscribe 1", channel="incident-room")
    listed = await say(slack, "subscriptions", channel="incident-room")
    assert "no subscriptions" in listed.plain and "What is set is kept" in listed.plain
    slack.workspace.join(channel, slack.workspace.bot_user)
    resumed = await press(slack, listed, "Resume")
    if "Paused" in resumed.plain:  # a try from before the invitation was still on its way
        resumed = await press(slack, resumed, "Resume")
    assert "Paused" not in resumed.plain and "Resume" not in resumed.labels


async def test_a_renamed_channel_stays_subscribed(bot: str, slack: FakeSlack, account: Account, room: Room) -> None:
    await subscribe(slack)
    slack.workspace.channel("live-ops").name = "on-air"
    session = opened(account, room)
    await until(lambda: cards(slack, "on-air"))
    await said_soon(slack, "subscriptions", "1 subscription", "🟢 working", channel="on-air")
    assert "Subscription 1 has ended" in (await say(slack, "unsubscribe 1", channel="on-air")).plain
    account.end(session, time.time())
    await until(lambda: "⚪ Ended" in cards(slack, "on-air")[0].plain)


@pytest.mark.parametrize("shared", [True, False])
async def test_a_channel_without_the_bot_is_said_at_once_and_goes_on_when_invited(
    bot: str, slack: FakeSlack, account: Account, room: Room, shared: bool
) -> None:
    """Also one that is shared with another workspace."""
    slack.workspace.channel("random").is_ext_shared = shared
    assert "/invite @" in (await subscribe(slack, channel="random")).plain and posts(slack, "random") == []
    await invite(slack, "random")
    opened(account, room)
    card = await card_of(slack, "random")
    assert "Town hall" in (await press(slack, card, "Details", user="ben")).plain
    listed = await said_soon(slack, "subscriptions", "1 subscription", "🟢 working", channel="random")
    assert "no subscriptions" in (await press(slack, listed, "Remove")).plain


async def test_a_deleted_card_is_posted_anew_at_the_next_change(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account, room: Room
) -> None:
    slack.grant("channels:history")  # else Slack is asked three times whether it is gone
    await subscribe(slack)
    session = opened(account, room)
    card = await card_of(slack)
    slack.workspace.delete(card)
    await polls(hms)
    assert cards(slack) == []
    account.join(session, name="Bob", role="guest", user_id="bob", at=time.time())
    anew = await card_of(slack)
    assert anew.ts != card.ts and "2 in now" in anew.plain


async def test_a_card_stays_true_after_unsubscribe(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account, room: Room
) -> None:
    await subscribe(slack)
    session = opened(account, room)
    await until(lambda: cards(slack))
    assert "has ended" in (await say(slack, "unsubscribe 1")).plain
    account.end(session, time.time())
    await until(lambda: "⚪ Ended" in cards(slack)[0].plain)
    opened(account, room)
    await polls(hms)
    assert len(cards(slack)) == 1


async def test_each_way_to_name_the_one_that_is_ended(bot: str, slack: FakeSlack, room: Room) -> None:
    names = (
        'room:"Town hall"', '`room:"Town hall"`', "'room:“Town hall”'", 'room:"Town hall" on:end,start',
        "#{0}", '"{0}"', "`{0}`", "number {0}", "no. {0}", "{0},", "all",
    )  # fmt: skip
    for number, name in enumerate(names, start=1):
        await subscribe(slack, 'room:"Town hall"', channel="random")
        reply = await say(slack, f"unsubscribe {name.format(number)}", channel="random")
        assert f"Subscription {number} has ended" in reply.plain, (name, reply.plain)


async def test_all_are_ended_at_once(bot: str, slack: FakeSlack) -> None:
    for line in ("role:a", "role:b", ""):
        await subscribe(slack, line)
    reply = await say(slack, "unsubscribe all")
    assert "Subscriptions 1, 2 and 3 have ended." in reply.plain
    for line in ("subscribe role:a on:start,end", "subscribe role:b on:start,end", "subscribe on:start,end"):
        assert f"/sessions {line}\n" in f"{reply.plain}\n".replace("`", "")
    assert "unsubscribe all" in (await say(slack, "settings changes")).plain
    assert "This channel has no subscriptions" in (await say(slack, "unsubscribe all")).plain
    await subscribe(slack)
    assert "Subscription 4 has ended" in (await say(slack, "unsubscribe all")).plain


async def test_one_that_this_version_cannot_read_can_be_ended(bot: str, slack: FakeSlack, settings: Settings) -> None:
    await subscribe(slack, "role:a")
    path = settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "UPDATE subscriptions SET query = 'active later:1'")
        await say(slack, "unsubscribe 1")
        assert other.execute("SELECT count(*) FROM subscriptions").fetchall() == [(0,)]


async def test_more_words_with_a_list_are_left_aside(bot: str, slack: FakeSlack) -> None:
    for command in ("subscriptions", "digests", "mutes", "doctor"):
        assert f"Showing `{command}` (you typed `{command} foo`)" in (await say(slack, f"{command} foo")).plain


async def test_other_words_for_the_commands(bot: str, slack: FakeSlack) -> None:
    for made, ended in (("sub", "unsub"), ("follow", "unfollow")):
        assert "Subscribed" in (await say(slack, f"{made} role:host", channel="random")).plain
        assert "1 subscription" in (await say(slack, "subs", channel="random")).plain
        assert "has ended" in (await say(slack, f"{ended} role:host", channel="random")).plain


async def test_a_room_that_is_left_out_is_named(bot: str, slack: FakeSlack, room: Room) -> None:
    reply = await subscribe(slack, '-room:"Town hall"')
    (first,) = posts(slack)
    for message in (reply, first, await say(slack, "subscriptions"), await say(slack, "unsubscribe 1")):
        assert "not in *Town hall*" in message.plain, message.plain


async def test_the_last_message_is_each_subscriptions_own(
    bot: str, slack: FakeSlack, account: Account, room: Room
) -> None:
    for each in (room, account.add_room("Yoga")):
        await subscribe(slack, f'room:"{each.name}"')
    opened(account, room)
    await until(lambda: cards(slack))
    listed = await said_soon(slack, "subscriptions", "🟢 working", "last message")
    head, first, second = re.split(r"\*[12]\* · ", listed.plain)
    assert "🟢 working" in head and "🟢 working" not in first + second
    assert "last message" in first and "no message yet" in second


async def test_the_invitation_is_not_explained_where_the_bot_is(
    slack: FakeSlack, hms: FakeHms, settings: Settings
) -> None:
    async with at_work(settings, slack, pace=replace(HASTY, settled_s=0.5)):
        await polls(hms)
        await subscribe(slack)
        for channel, explained in (("live-ops", False), ("general", True)):
            slack.fail("chat.postMessage", RateLimited(20))
            reply = await subscribe(slack, "role:host", channel=channel)
            assert "on its way" in reply.plain and ("/invite" in reply.plain) is explained
