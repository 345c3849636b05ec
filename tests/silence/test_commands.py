"""Silence through the real door: what is muted or quiet doesn't come, what is there stays true, and then it is told once."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack, Message
from tests.clocks import Wall
from tests.live import cards, opened, polls, posts, press, runs, say, subscribe, until

ZONE = "(Europe/Berlin)"
pytestmark = pytest.mark.polls


def replies(slack: FakeSlack, card: Message) -> list[Message]:
    return [each for each in slack.messages("live-ops") if each.thread_ts == card.ts and each.ts != card.ts]


def recaps(slack: FakeSlack) -> list[Message]:
    return [each for each in posts(slack) if "while it was quiet here" in each.plain]


def around_now() -> str:
    """Quiet hours that hold now."""
    now = datetime.now(UTC)
    return f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M} UTC"


async def test_a_mute_withholds_what_is_new_and_tells_at_its_end_what_is_still_true(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account, clock: Wall
) -> None:
    room = account.add_room("Town hall")
    await subscribe(slack, "on:start,end,join,leave")
    before, ending = opened(account, room), opened(account, room)
    await until(lambda: len(cards(slack)) == 2)
    muted = await say(slack, "mute 1m")
    ada = slack.workspace.user("ada").id
    for piece in (f"by <@{ada}>", "It is number 2", "All sessions", ZONE, "`/sessions unmute 2` ends it"):
        assert piece in muted.plain, piece
    account.join(before, name="Bob", role="guest", user_id="bob", at=time.time())
    during = opened(account, room)
    over = opened(account, room)
    account.end(over, time.time())
    account.end(ending, time.time())
    shown = {before.id: "2 in now", ending.id: "⚪ Ended"}  # edits go on, and a close is shown
    await until(
        lambda: all(any(id_ in each.plain and now in each.plain for each in cards(slack)) for id_, now in shown.items())
    )
    assert len(posts(slack)) == 3 and not [each for card in cards(slack) for each in replies(slack, card)]
    clock.by_s += 60.0
    (recap,) = await until(lambda: recaps(slack))
    assert "1 session is live" in recap.plain and "1 other has ended" in recap.plain
    assert during.id in recap.plain and over.id not in recap.plain
    opened(account, room)
    await until(lambda: len(cards(slack)) == 3)  # from then on it is as ever
    assert len(recaps(slack)) == 1
    assert "Nothing is muted" in (await say(slack, "mutes")).plain


async def test_the_menu_of_a_card_mutes(bot: str, slack: FakeSlack, hms: FakeHms, account: Account) -> None:
    room = account.add_room("Town hall")
    await subscribe(slack)
    session = opened(account, room)
    card = await until(lambda: next(iter(cards(slack)), None))
    await slack.press(card, "Mute this channel for 1 hour", user="ben")
    answer = await slack.reply(where=lambda each: each.ephemeral)
    ben = slack.workspace.user("ben").id
    assert answer.ephemeral_to == ben and f"by <@{ben}>" in answer.plain and "(America/New_York)" in answer.plain
    opened(account, room)
    await polls(hms, 3)
    assert len(cards(slack)) == 1

    ended = await press(slack, answer, "Unmute")
    assert "Mute 2 has ended" in ended.plain and "/sessions mute until 20" in ended.plain
    await until(lambda: recaps(slack))

    await slack.press(card, "Mute this channel until tomorrow 9:00", user="ada")
    answer = await slack.reply(where=lambda each: each.ephemeral_to == slack.workspace.user("ada").id)
    assert re.search(r"until \w{3}.\d+.\w{3}.09:00 \(Europe/Berlin\)", answer.plain)
    await slack.press(card, "Mute this session until it ends", user="ada")
    answer = await slack.reply(where=lambda each: "One session" in each.plain)
    assert f"*One session* in *Town hall*, {session.id}" in answer.plain
    await slack.press(card, "Mute this channel for 1 hour", user="gus")
    assert "Guests can't change" in (await slack.reply(where=lambda each: each.ephemeral)).plain
    listed = await say(slack, "mutes")
    assert listed.labels == ["Unmute", "Unmute"] and "2 mutes" in listed.plain


async def test_the_menu_of_a_card_ends_no_longer_mute(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    await subscribe(slack)
    opened(account, account.add_room("Town hall"))
    card = await until(lambda: next(iter(cards(slack)), None))
    longer = await say(slack, "mute 3d")
    (end,) = re.findall(r"Muted (until [^,]*),", longer.plain)
    await slack.press(card, "Mute this channel for 1 hour", user="ada")
    answer = await slack.reply(where=lambda each: "Nothing to change" in each.plain)
    assert f"already muted {end}" in answer.plain
    assert end in (await say(slack, "mutes")).plain
    shorter = await say(slack, "mute 30m")
    assert f"Number 2 lasted {end}; it now lasts" in shorter.plain
    await slack.press(card, "Mute this channel for 1 hour", user="ada")
    answer = await slack.reply(where=lambda each: "Number 2 lasted" in each.plain and each.ts != shorter.ts)
    assert "To undo this: `/sessions mute until" in answer.plain


async def test_the_answer_says_what_does_not_come(bot: str, slack: FakeSlack, hms: FakeHms, account: Account) -> None:
    await subscribe(slack)
    session = opened(account, account.add_room("Town hall"))
    await until(lambda: cards(slack))
    whole = await say(slack, "mute 2h")
    assert "no new messages come. Existing cards" in whole.plain
    some = await say(slack, "mute role:host 2h")
    assert "no new messages come about these sessions" in some.plain
    one = await say(slack, f"mute {session.id} 2h")
    assert "Its thread stays silent; its card stays up to date" in one.plain and "no new messages" not in one.plain
    assert re.search(r"Muted until it ends, and not after \w{3}", one.plain)


async def test_a_muted_session_gets_no_replies_and_its_end_is_shown(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account, clock: Wall
) -> None:
    room = account.add_room("Town hall")
    await subscribe(slack, "on:start,end,join")
    session = opened(account, room)
    card = await until(lambda: next(iter(cards(slack)), None))
    assert "One session" in (await say(slack, f"mute {session.id} 2h")).plain
    account.join(session, name="Bob", role="guest", user_id="bob", at=time.time())
    other = opened(account, room)
    await until(lambda: len(cards(slack)) == 2)
    account.end(session, time.time())
    await until(lambda: "⚪ Ended" in next(each for each in cards(slack) if each.ts == card.ts).plain, clock)
    assert replies(slack, card) == []
    account.join(other, name="Eve", role="guest", user_id="eve", at=time.time())
    await until(lambda: [each for each in slack.messages("live-ops") if "Eve joined" in each.plain])
    assert "There is no session" in (await say(slack, f"mute {'0' * 24} 2h")).plain


@pytest.mark.parametrize("muted", ["", "role:host", "user:ann", "peers:>=1", "peers:<2", "longer:1h"])
async def test_a_card_that_is_deleted_in_a_mute_comes_back_as_a_count(
    bot: str, slack: FakeSlack, account: Account, clock: Wall, caplog: pytest.LogCaptureFixture, muted: str
) -> None:
    """If nothing says any more whether the mute is about its session, it may be."""
    await subscribe(slack)
    session = opened(account, account.add_room("Town hall"))
    (card,) = await until(lambda: cards(slack))
    slack.grant("channels:history")  # else Slack is asked three times whether it is gone
    await say(slack, f"mute {muted} 1h")
    slack.workspace.delete(card)
    account.end(session, time.time())
    await until(lambda: "edit_dropped" in caplog.text, clock)
    assert len(posts(slack)) == 1
    await say(slack, "unmute")
    (recap,) = await until(lambda: recaps(slack))
    assert "1 session has ended" in recap.plain and cards(slack) == []


async def test_a_session_that_has_ended_cannot_be_muted(bot: str, slack: FakeSlack, account: Account) -> None:
    session = opened(account, account.add_room("Town hall"))
    account.end(session, time.time())
    assert "That session has ended" in (await say(slack, f"mute {session.id} 2h")).plain
    assert "Nothing is muted" in (await say(slack, "mutes")).plain


async def test_what_still_holds_is_said(bot: str, slack: FakeSlack) -> None:
    for line in ("mute 2h", "mute role:host 2h"):
        await say(slack, line)
    assert "in one message, but for what is still muted: 2." in (await say(slack, "unmute 1")).plain
    assert "is still live comes in one message." in (await say(slack, "unmute")).plain
    await say(slack, f"quiet {around_now()}")
    await say(slack, "mute 2h")
    ended = await say(slack, "unmute")
    assert re.search(r"It is quiet now, until .* comes in one message after that\.", ended.plain)


async def test_only_what_matches_is_muted(bot: str, slack: FakeSlack, hms: FakeHms, account: Account) -> None:
    loud, noisy = account.add_room("Town hall"), account.add_room("Noisy room")
    await subscribe(slack)
    muted = await say(slack, 'mute room:"noisy room" until tomorrow')
    assert "*Sessions* in *Noisy room*" in muted.plain and "09:00 (Europe/Berlin)" in muted.plain.replace("\u00a0", " ")
    opened(account, noisy)
    opened(account, loud)
    await until(lambda: cards(slack))
    await polls(hms)
    assert len(cards(slack)) == 1 and "Town hall" in cards(slack)[0].plain
    assert "Mute 2 has ended" in (await say(slack, 'unmute room:"Noisy room"')).plain
    (recap,) = await until(lambda: recaps(slack))
    assert "Noisy room" in recap.plain


async def test_each_way_to_unmute(bot: str, slack: FakeSlack) -> None:
    for line in ("mute 2h", "mute role:host 3h", "mute role:guest 1d"):
        await say(slack, line)
    for line, says in (
        ("unmute", "Which mute? This channel's mutes are numbers 1, 2 and 3."),
        ("unmute 9", "There is no mute `9` here. This channel's mutes are numbers 1, 2 and 3."),
        ("unmute 9", "For example `/sessions unmute 1`"),
        ("unmute rol:host", "`rol:host` is no mute of this channel"),
        ("unmute #1", "Mute 1 has ended"),
        ("unmute role:host", "Mute 2 has ended.\n*Sessions* with the role host, until"),
        ("unmute", "Mute 3 has ended"),
        ("unmute", "⚠️ This channel has no mutes."),
        ("unmute all", "⚠️ This channel has no mutes."),
    ):
        reply = await say(slack, line)
        assert says in f"{reply.plain}\n{reply.text}", line
    await say(slack, "mute 2h")
    await say(slack, "snooze role:host 3h", user="ben")
    assert "Mutes 4, 5 have ended" in (await say(slack, "unmute all")).plain


async def test_a_mute_said_again_has_its_new_end(bot: str, slack: FakeSlack) -> None:
    await say(slack, "mute role:host 2h")
    again = await say(slack, "mute for 3 hours role:host", user="ben")
    assert re.search(r"Number 1 lasted until .*; it now lasts until .*To undo this: `", again.plain)
    (line,) = re.findall(r"To undo this: `/sessions (.*?)`", again.plain)
    back = await say(slack, line)
    assert (
        f"To undo this: `/sessions {line}`" not in back.plain
        and "To undo this: `/sessions mute role:host" in back.plain
    )
    assert "Nothing to change: already muted until" in (await say(slack, line, user="ben")).plain
    await say(slack, "mute role:host 4h", user="ben")
    listed = await say(slack, "mutes")
    assert "1 mute" in listed.plain and f"by <@{slack.workspace.user('ben').id}>" in listed.plain
    nothing = await press(slack, listed, "Unmute")
    assert "Mute 1 has ended" in nothing.plain and "Nothing is muted" in nothing.plain


BAD_LINES = [
    ("mute", "A mute needs an end", "/sessions mute 2h", ""),
    ("mute 31d", "the longest mute", "/sessions mute 30d", ""),
    ("mute until 17h", "say `until 17:00` or `for 17h`", "/sessions mute until 17:00", ""),
    ("mute until tomorow", "not a time I know", "/sessions mute until tomorrow", "Muted until"),
    ("mute all 2h", "leave `all` out", "/sessions mute 2h", "All sessions"),
    ("mute 2h rol:host", "did you mean `role:host`", "/sessions mute role:host 2h", "with the role host"),
    ("mute room:nowhere 2h", "No room is called", "", ""),
    ("quiet 25:00-7:00", "there is no time 25:00", "/sessions quiet 22:00-7:00", ""),
    ("quiet sat,sun all day", "`00:00-00:00`", "/sessions quiet 00:00-00:00 sat,sun Europe/Berlin", ""),
    ("quiet 22:00-7:00 NYC", "^^^", "/sessions quiet 22:00-7:00 America/New_York", "America/New_York"),
    ("quiet 22:00-7:00 CST", "that could be America/Chicago", "/sessions quiet 22:00-7:00 America/Chicago", ""),
    ("quiet sat 0:00 - mon 0:00", "24 hours", "quiet 00:00-00:00 sat,sun Europe/Berlin", "00:00 to 00:00 on sat, sun"),
    ("quiet off 12:00-13:00", "no quiet hours `12:00-13:00 daily Europe/Berlin`", "/sessions quiet", ""),
    ("quiet off 25:00-7:00", "quiet off 25:00-7:00\n                    ^^^^^", "/sessions quiet off 22:00-7:00", ""),
    ("quiet 22:00-7:00 wekdays", "did you mean `weekdays`", "22:00-7:00 weekdays", "22:00 to 07:00 on weekdays"),
    ("mute this channel 2h", "Did you mean this?", "/sessions mute 2h", "All sessions"),
    ("mute 2h until tomorrow", "`2h` has no place in a mute", "/sessions mute until tomorrow", ""),
    ("threads maybe", "is neither `on` nor `off`", "/sessions threads off", ""),
    ("threads of", "is neither `on` nor `off`", "/sessions threads off", "Threads are off"),
]  # fmt: skip


async def test_a_bad_line_is_explained(bot: str, slack: FakeSlack) -> None:
    for typed, says, better, then in BAD_LINES:
        reply = await say(slack, typed)
        assert says in reply.plain and better in reply.plain, typed
        assert bool(runs(reply)) is bool(then), typed
        if then:
            assert then in (await press(slack, reply, runs(reply))).plain, typed
            for line in ("unmute all", "quiet off", "threads on"):
                await say(slack, line)


async def test_a_name_of_several_rooms_is_chosen_from(bot: str, slack: FakeSlack, account: Account) -> None:
    for name in ("Hall one", "Hall two"):
        account.add_room(name)
    choice = await say(slack, "mute room:hall until tomorrow")
    assert choice.labels == ["Hall one", "Hall two"]
    assert "in *Hall two*" in (await press(slack, choice, "Hall two")).plain


async def test_quiet_hours_hold_back_and_tell_once(bot: str, slack: FakeSlack, hms: FakeHms, account: Account) -> None:
    room = account.add_room("Town hall")
    await subscribe(slack)
    assert "no quiet hours" in (await say(slack, "quiet")).plain
    hours = around_now()
    set_ = await say(slack, f"quiet {hours}")
    ada = slack.workspace.user("ada").id
    assert f"Quiet hours are set, by <@{ada}>" in set_.plain and "It is quiet now, until" in set_.plain
    assert ZONE in set_.plain and f"`/sessions quiet off {hours[:11]} daily UTC` ends them" in set_.plain
    assert "these quiet hours" in (await say(slack, f"quiet {hours}")).plain
    session = opened(account, room)
    await polls(hms, 3)
    assert cards(slack) == []
    assert "It is quiet now" in (await say(slack, "mutes")).plain
    overlaps = await say(slack, "quiet 0:00-23:59 UTC")
    assert "overlaps" in overlaps.plain
    assert f"/sessions quiet off {hours[:11]} daily UTC" in overlaps.plain
    shown = await say(slack, "quiet")
    assert f"by <@{ada}>" in shown.plain and shown.labels == ["Turn off"]
    off = await press(slack, shown, "Turn off")
    assert "no longer has quiet hours" in off.plain and f"/sessions quiet {hours[:11]} daily UTC" in off.plain
    (recap,) = await until(lambda: recaps(slack))
    assert session.id in recap.plain
    assert "This channel has no quiet hours" in (await say(slack, "quiet off")).plain


async def test_quiet_hours_leave_some_time(bot: str, slack: FakeSlack) -> None:
    for line, says in (
        ("quiet 0:00-12:00.", "Quiet hours are set"),
        ("quiet 12 p.m. - 12 a.m.", "would be quiet at all times"),
        ("quiet 12 p.m. - 12 a.m.", "/sessions quiet off 00:00-12:00 daily Europe/Berlin"),
        ("quiet 12:00-0:00 -sat -sun", "12:00 to 00:00 on weekdays"),
    ):
        assert says in (await say(slack, line)).plain, line


async def test_nights_and_weekends_go_together_and_end_one_by_one(bot: str, slack: FakeSlack) -> None:
    nights, weekend, sunday = "22:00-07:00 weekdays Europe/Berlin", "07:00-07:00 sat,sun Europe/Berlin", "0:00-0:00 sun"
    assert "Quiet hours are set" in (await say(slack, "quiet 22:00-7:00 weekdays Berlin")).plain
    wrong = await say(slack, "quiet 0:00-0:00 sat,sun")
    assert f"`00:00-00:00 sat,sun Europe/Berlin` overlaps `{nights}`" in wrong.plain
    assert "/sessions quiet 00:00-00:00 sun Europe/Berlin" in wrong.plain
    assert "Quiet hours are set" in (await say(slack, f"quiet {sunday}")).plain
    one = await say(slack, f"quiet off {sunday}")
    assert "have ended: 00:00 to 00:00 on sun" in one.plain and "Still set: 22:00 to 07:00 on weekdays" in one.plain
    assert "/sessions quiet 00:00-00:00 sun Europe/Berlin" in one.plain
    assert "Quiet hours are set" in (await say(slack, "quiet 7:00-7:00 sat,sun Berlin")).plain
    shown = await say(slack, "quiet")
    assert shown.labels == ["Turn off", "Turn off"] and "Quiet hours* of this channel" in shown.plain
    left = await press(slack, shown, "Turn off")
    assert "have ended: 22:00 to 07:00 on weekdays" in left.plain and left.labels == ["Turn off"]
    last = await say(slack, "quiet off 7am-7am sat")  # the only one of these times
    assert "no longer has quiet hours" in last.plain and f"/sessions quiet {weekend}" in last.plain


async def test_threads_off_means_no_replies(bot: str, slack: FakeSlack, hms: FakeHms, account: Account) -> None:
    room = account.add_room("Town hall")
    await subscribe(slack, "on:start,join")
    assert "Threads are on" in (await say(slack, "threads")).plain
    off = await say(slack, "threads off")
    assert "Threads are off" in off.plain and "`/sessions threads on` turns them on again" in off.plain
    assert f"by <@{slack.workspace.user('ada').id}>" in off.plain
    assert "Nothing to change" in (await say(slack, "threads off")).plain
    session = opened(account, room)
    card = await until(lambda: next(iter(cards(slack)), None))
    account.join(session, name="Bob", role="guest", user_id="bob", at=time.time())
    await until(lambda: "2 in now" in cards(slack)[0].plain)
    await polls(hms)
    assert replies(slack, card) == []
    assert "are posted in the threads" in (await say(slack, "threads on")).plain
    account.join(session, name="Eve", role="guest", user_id="eve", at=time.time())
    await until(lambda: replies(slack, card))


async def test_guests_read_and_do_not_change(bot: str, slack: FakeSlack) -> None:
    await say(slack, "mute 2h")
    for line in ("mute 1h", "unmute 1", "quiet 22:00-7:00", "quiet off", "threads off"):
        assert "Guests can't change" in (await say(slack, line, user="gus")).plain, line
    for line, says in (("mutes", "1 mute"), ("quiet", "no quiet hours"), ("threads", "Threads are on")):
        assert says in (await say(slack, line, user="gus")).plain


async def test_another_channels_mute_is_out_of_reach(bot: str, slack: FakeSlack) -> None:
    await say(slack, "mute 2h", channel="general")
    assert "This channel has no mutes" in (await say(slack, "unmute 1")).plain
    reply = await say(slack, "mutes")
    value = f"1|{slack.workspace.channel('general').id}|mutes|unmute 1"
    await slack.act(reply, action_id="sessions.set", value=value)
    assert "can't be read" in (await slack.reply()).plain
    assert "1 mute" in (await say(slack, "mutes", channel="general")).plain
