"""The channel's settings on one card, through the real door: each with its line and a button, and who changed what."""

from __future__ import annotations

import re

from bot.blockkit.sizes import texts
from bot.demo.fake_hms import Account, FakeHms, Status
from bot.demo.fake_slack import FakeSlack
from bot.digests.store import DIGESTS_MOST
from bot.settings import Settings
from tests.clocks import Wall
from tests.live import polls, press, said_soon, say
from tests.work import at_work


async def test_settings_show_all_with_buttons_that_work(bot: str, slack: FakeSlack, account: Account) -> None:
    account.add_room("Town hall")
    empty = await say(slack, "settings")
    for piece in (
        "*Subscriptions*: none",
        "*Digests*: none",
        "*Mutes*: none",
        "*Quiet hours*: none",
        "*Threads* are on",
    ):
        assert piece in empty.plain, piece
    assert empty.labels == ["Turn off", "Last 20 changes"]
    for line in ('subscribe room:"Town hall"', "digest daily 9:00", "mute role:host 2h", "quiet 22:00-7:00 weekdays"):
        await say(slack, line, user="ben")
    card = await say(slack, "settings")
    assert card.plain.count(f"by <@{slack.workspace.user('ben').id}>") == 4
    for piece in (
        "*1* · *Sessions* in *Town hall*\ntold when one opens or ends", "/sessions subscribe room:", "*2* · *All sessions*",
        "/sessions digest daily 09:00 America/New_York", "*3* · *Sessions* with the role host", "/sessions mute role:host until 20",
        "22:00 to 07:00 on weekdays, America/New_York", "/sessions quiet 22:00-07:00 weekdays America/New_York",
        "/sessions threads off", "/sessions unsubscribe <number>", "/sessions digest preview|pause|resume|remove <number>",
        "/sessions unmute <number>", "/sessions quiet off", "Times in Europe/Berlin",
    ):  # fmt: skip
        assert piece in card.plain, piece
    digest = ["Preview now", "Pause", "Remove"]
    assert card.labels == ["Remove", *digest, "Unmute", "Turn off", "Turn off", "Last 20 changes"]
    assert "preview, which only you see" in (await press(slack, card, "Preview now")).plain
    for label, says, left in (
        (
            "Pause",
            "Digest 2 is paused",
            ["Remove", "Preview now", "Resume", "Remove", "Unmute", "Turn off", "Turn off"],
        ),
        ("Resume", "Digest 2 goes on", ["Remove", *digest, "Unmute", "Turn off", "Turn off"]),
        ("Unmute", "Mute 3 has ended", ["Remove", *digest, "Turn off", "Turn off"]),
        ("Turn off", "no longer has quiet hours", ["Remove", *digest, "Turn off"]),
        ("Turn off", "Threads are off", ["Remove", *digest, "Turn on"]),
        ("Turn on", "Threads are on", ["Remove", *digest, "Turn off"]),
        ("Remove", "Subscription 1 has ended", [*digest, "Turn off"]),
        ("Remove", "Digest 2 has ended", ["Turn off"]),
    ):
        card = await press(slack, card, label)
        assert says in card.plain and card.labels == [*left, "Last 20 changes"], label
    shown = [each for each in slack.ephemerals("ada") if "Settings of this channel" in each.plain]
    assert len(shown) == 2  # the empty one, and one that has changed in its place


async def test_lists_say_that_100ms_is_not_read(polling: Settings, slack: FakeSlack, hms: FakeHms) -> None:
    async with at_work(polling, slack):
        await polls(hms)
        await say(slack, "digest daily 9:00")
        hms.fail_always("/sessions*", Status(404))
        late = "⚠️ alerts wait: 100ms was last read"
        _, card = [(await said_soon(slack, line, late)).plain for line in ("digests", "settings")]
        assert "*Settings of this channel* · 🟠 late" in card


async def test_changes_say_who_what_and_when(bot: str, slack: FakeSlack, account: Account) -> None:
    account.add_room("Town hall")
    assert "Nobody has changed" in (await say(slack, "settings changes")).plain
    for line in ('subscribe room:"Town hall" on:end', "digest daily 9:00", "mute 2h"):
        await say(slack, line, user="ben")
    for line in ("digest pause 2", "digest resume 2", "digest remove 2", "unmute", "quiet 22:00-7:00", "quiet off",
                 "threads off", "threads off", "unsubscribe 1"):  # fmt: skip
        await say(slack, line)
    changes = await press(slack, await say(slack, "settings"), "Last 20 changes")
    ada, ben = (slack.workspace.user(name).id for name in ("ada", "ben"))
    said = re.findall(r"<@(\w+)> · `/sessions (.*?)`(.*)", changes.plain)
    assert [who for who, _, _ in said] == [ada] * 8 + [ben] * 3
    lines = [line for _, line, _ in said]
    assert lines[1:6] == ["threads off", "quiet off", "quiet 22:00-07:00 daily Europe/Berlin", "unmute 3",
                          "digest remove daily 09:00 America/New_York"]  # fmt: skip
    assert lines[6:8] == [f"digest {verb} daily 09:00 America/New_York" for verb in ("resume", "pause")]
    assert re.fullmatch(r"unsubscribe room:\w{24}", lines[0]) and "(*Town hall*)" in said[0][2]
    assert lines[8].startswith("mute until 20") and lines[9] == "digest daily 09:00 America/New_York"
    assert re.fullmatch(r"subscribe room:\w{24} on:end", lines[10])
    assert len(re.findall(r"<!date\^\d+\^", "\n".join(texts(changes.blocks)))) >= 11


async def test_the_lines_of_changes_do_the_same(bot: str, slack: FakeSlack) -> None:
    lines = ["digest daily 9:00", "mute role:host 2h", "quiet 22:00-7:00", "threads off"]
    for line in lines:
        await say(slack, line)
    for line in re.findall(r"`/sessions (.*?)`", (await say(slack, "settings changes")).plain):
        reply = await say(slack, line)
        assert re.search("Nothing to change", reply.plain), line
    assert len(re.findall("/sessions", (await say(slack, "settings changes")).plain)) == len(lines)


async def test_a_full_channel_fits(settings: Settings, slack: FakeSlack, account: Account, clock: Wall) -> None:
    account.add_room("A room with a long name " * 4)
    names = " ".join(f"role:{'r' * 20}{number}" for number in range(8))
    async with at_work(settings, slack):
        for number in range(12):
            for line in (
                f"subscribe {names} user:{number}",
                f"digest daily 9:00 {names} user:{number}",
                f"mute {names} user:{number} 2h",
            ):
                clock.by_s += 2.0  # the channel takes a message a second
                await say(slack, line, channel="general")
        card = await say(slack, "settings", channel="general")
        assert "12, 4 more than here: `/sessions digests`" in card.plain
        assert [card.labels.count(label) for label in ("Remove", "Pause", "Unmute")] == [12 + 8, 8, 12]
        assert len((await say(slack, "digests", channel="general")).labels) == 3 * min(12, DIGESTS_MOST)


async def test_guests_and_other_words(bot: str, slack: FakeSlack) -> None:
    assert "Settings of this channel" in (await say(slack, "settings", user="gus")).plain
    card = await say(slack, "settings", user="gus")
    assert "Guests can't change" in (await press(slack, card, "Turn off")).plain
    wrong = await say(slack, "settings everything")
    assert "is no part of the settings" in wrong.plain and "/sessions settings changes" in wrong.plain
