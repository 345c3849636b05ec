"""Lines that people really type or paste, each with what it gets: through the signed door, as Slack sends them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.app import FEATURES
from bot.blockkit.help import COMMAND
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.query.filters import FILTERS, SUBSCRIBE
from bot.slack.registry import Registry
from tests.live import fill, press, runs, say, shown

COMMANDS = Registry(FEATURES).commands
LISTS = {
    # a state and a time in ordinary words
    "ended after:1h before:2h": "ended after:2h before:1h",
    "live": "active", "live now": "active", "running": "active", "open": "active", "ongoing": "active",
    "what sessions are live right now": "active", "what's live?": "active", "show me all live sessions": "active",
    "which sessions ended yesterday?": "ended after:yesterday before:today", "list": "active", "list all": "all",
    "finished": "ended", "over": "ended", "everything": "all", "actve": "active", "acitve": "active",
    "today": "all after:today", "yesterday": "all after:yesterday before:today", "live today": "active after:today",
    "ended yesterday": "ended after:yesterday before:today", "since monday": "all after:monday", "2h": "all after:2h",
    "last 2 hours": "all after:2h", "in the last hour": "all after:1h", "9:30": "all after:09:30",
    "ended since 2 days ago": "ended after:2d",
    # two states
    "active ended": "all", "ended and active": "all", "live or ended": "all", "all live": "active",
    "state:live": "active", "status=ended": "ended", "not live": "ended",
    # filters without their colon, or by another name
    "peers 3": "active peers:=3", "people 3": "active peers:=3", "3 people": "active peers:=3",
    "peers>=2": "active peers:>=2", "longer:90": "active longer:90m", "longer 90": "active longer:90m",
    "longer than 45 minutes": "active longer:45m", "shorter than 1h": "active -longer:1h",
    "longer:1:30": "active longer:90m", "limit:5": "active limit:10", "limit:500": "active limit:100",
    "rom:town-hall": "active room:town-hall",
    "room=town-hall": "active room:town-hall", "in town-hall": "active room:town-hall",
    "how many people are in town-hall": "active room:town-hall", "role:host or role:guest": "active role:guest role:host",
    "room:town-hall or physics-101": "active room:physics-101 room:town-hall", "not role:host": "active -role:host",
    "before:yesteday": "active before:yesterday", "after:23.11.2026": "active after:2026-11-23",
    # names of rooms that there are, and people
    "town-hall": "active room:town-hall", "town hall": 'active room:"town hall"', "ended town-hall": "ended room:town-hall", "physics": "active room:physics",
    "room:town-hall ended longer 5m": "ended room:town-hall longer:5m", "@ada": 'active user:"Ada Berger"', "@nobody": "active user:nobody",
    "show live": "active",
    # so long
    "live > 1h": "active longer:1h", ">=45m": "active longer:45m", "ended < 10m": "ended -longer:10m",
    "longer than an hour": "active longer:1h", "over an hour": "active longer:1h",
    # so many people
    "more than 2 people": "active peers:>2", "at least 2 people": "active peers:>=2", "5+ people": "active peers:>=5",
    "fewer than 3 participants": "active peers:<3", "sessions with over 10 people": "active peers:>10",
    "town-hall with up to 3 people": "active room:town-hall peers:<=3", "exactly 3 people": "active peers:=3",
}  # fmt: skip
"""Read as another line, which the answer says."""

AS_IT_IS = {
    **dict.fromkeys(("active", "> `/sessions active`", "“active”", "active!", "ａｃｔｉｖｅ", ""), "active"),
    "*ended* `role:host`": "ended role:host", "active\nrole:host": "active role:host",
    "limit:２０": "active limit:20", "limit:٢٠": "active limit:20", "peers:>=３": "active peers:>=3",
    "peers：＞＝２": "active peers:>=2", "longer:९०m": "active longer:90m", "role:host、guest": "active role:guest role:host",
    "-role:host": "active -role:host", "peers : >= 2": "active peers:>=2", "ended role : host": "ended role:host",
    "user:@ada": 'active user:"Ada Berger"', 'user:"@ada"': 'active user:"Ada Berger"', "user:@nobody": "active user:nobody", "role:‘host’": "active role:host",
    "show ended": "ended",
}  # fmt: skip
"""Read as typed."""

ANSWERS = {
    # one command's help
    **dict.fromkeys(("subscribe help", "help subscribe", "sub ?", "follow --help"), f"`{COMMANDS['subscribe'].usage}`"),
    **dict.fromkeys(("digest help", "help digest", "Digest HELP"), f"`{COMMANDS['digest'].usage}`"),
    "mute -h": f"`{COMMANDS['mute'].usage}`", "help unmute": f"`{COMMANDS['unmute'].usage}`",
    "help role": "`role:<role>` –", "help since": "`after:<time>` –", "how do i mute": f"`{COMMANDS['mute'].usage}`", "how to subscribe?": f"`{COMMANDS['subscribe'].usage}`",
    "help me with a digest": f"`{COMMANDS['digest'].usage}`",
    "help room:": "`room:<id, name or start*>` –",
    "hello": "*Sessions of 100ms, in Slack*", "hi": "*Sessions of 100ms, in Slack*", "?": "*Sessions of 100ms, in Slack*",
    # a question back
    "status": "The status of what?", "stop": "Stop what?", "stop!": "Stop what?", "stop alerts": "Stop what?",
    **dict.fromkeys(("stop everything", "cancel digest 2", "end mute", "pause it"), "Stop what?"),
    "role:": "⚠️ Which role? For example `/sessions role:host`.", "role": "⚠️ Which role?", "room:": "Which room?",
    "ended role:": "⚠️ Which role? For example `/sessions ended role:host`.", "limit:": "`limit:` needs a value.", "start:": "Which session id?",
    "subscribe role:": "⚠️ Which role? For example `/sessions subscribe role:host`.", "after:": "⚠️ Which time?", "last 5": "⚠️ Which time?",
    # neither ours nor a room's name
    "xyz": "I know no command, filter or room called `xyz`. For a person: `user:xyz`.",
    **dict.fromkeys(
        ("subscribe rom:nosuch", "subscribe room nosuch", "rom:nosuch", "subscribe room=nosuch", "in nosuch"),
        "I know no command, filter or room called `nosuch`.",
    ),
    "subscribe nosuch": "I know no command, filter or room called `nosuch`.",
    "mute nosuch 2h": "I know no command, filter or room called `nosuch`. For a person: `mute user:nosuch 2h`.",
    "xyz ended": "For a person: `user:xyz ended`.", "least 5": "I know no command, filter or room called `least 5`.",
    "' or 1=1": "`'` is not a word I know.",
    "digest daily 9:00 bonn": "`bonn`: that is not a time zone I know; name a city, such as Europe/Berlin.",
    "digest every morning": "For example `/sessions digest daily 09:00 Europe/Berlin`.",
    "mute town-hall": "For example `/sessions mute room:town-hall 2h`.",
    "#general": "I know no command, filter or room called `general`.", "🙂": "`🙂` is not a word I know.",
    "show xyz": "No room is called `xyz`", "room:nosuch": "No room is called `nosuch`",
    "subscribe room:town hall of fame": "I know no command, filter or room called `town hall of fame`.",
    # wrong, and what would be right
    "after:soon": "that is not a time I know; say 2h, 3d, today, monday, 9:30 or 2026-11-23.",
    "sort:name": "`sort:` is not a filter. The filters are `room:`", "show": "Which session? For example `/sessions show 1`.",
    "show 99": "There is no row 99: 3 sessions are live just now.", "show 500": "Rows go from 1 to 100.",
    "show 0": "Rows go from 1 to 100.", "mute": "A mute needs an end, such as", "mute forever": "say `30d`, or another end",
    "digest monthly": "is not offered", "settings foo": "`foo` is no part of the settings",
    # several at once
    "active\n/sessions ended": "One command a line, please: `/sessions active` first, then the next.",
    "/sessions active\n/sessions ended": "One command a line, please: `/sessions active` first",
    "- active\n- ended": "One command a line", "active /sessions ended": "`/sessions active` first",
    "mute 2h\nsubscribe": "One command a line, please: `/sessions mute 2h` first",
    # other readings
    "digets": "Showing `digests` (you typed `digets`)", "mutes all": "Showing `mutes` (you typed `mutes all`)",
    "settings please": "Settings of this channel",
    "threads on, please!": "Threads are on", "doctor please": "orks (",
    "subscriptions here": "Showing `subscriptions` (you typed `subscriptions here`)",
    "digest preview daily 9": "Showing `digest preview daily 9:00` (you typed `digest preview daily 9`)",
    # plain enough to be done
    "quiet 22-7": "22:00 to 07:00", "quiet 22 to 7": "22:00 to 07:00", "quiet ２２-７": "22:00 to 07:00",
    "mute ２h": "Muted", "mute `3h`": "it now lasts until", "> mute 4h": "it now lasts until",
}  # fmt: skip
"""Answered, without a button that runs another line."""

ASKS = {
    "mute tomorrow": "mute until tomorrow", "mute until 17": "mute until 17:00", "mute town-hall 2h": "mute room:town-hall 2h",
    "subscribe room:town-hall when it starts": "subscribe room:town-hall on:start",
    "subscribe when someone joins": "subscribe on:join",
    "subscribe town-hall": "subscribe room:town-hall", "watch town-hall": "subscribe room:town-hall",
    "subscribe live": "subscribe active",
    "subscribe peers 3": "subscribe peers:3", "subscribe role:teacher joins": "subscribe role:teacher on:join",
    "subscribe ended": "subscribe on:end", "subscibe room:town-hall": "subscribe room:town-hall",
    "digest daily 9": "digest daily 9:00", "digest daily 9:00 physics-101": "digest daily 9:00 room:physics-101", "digest dayly 9:00": "digest daily 9:00", "threads of": "threads off",
    "mutte 2h": "mute 2h",
}  # fmt: skip
"""Understood, but it changes something for others: one press runs the line."""


@pytest.fixture(autouse=True)
def _account(account: Account) -> None:
    fill(account, 3, room=account.add_room("town-hall"))
    fill(account, 2, room=account.add_room("physics-101"), ended_every=1)


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


async def test_a_list_that_is_understood_is_shown_and_said_where_it_was_typed_otherwise(
    bot: str, slack: FakeSlack
) -> None:
    """Marks and digits of any script are read as typed."""
    wrong = []
    for line, meant in {**LISTS, **AS_IT_IS}.items():
        reply = await say(slack, line)
        if line in LISTS:
            typed = line.replace("@ada", "@Ada Berger")
            right = _plain(reply.text).startswith(f"Showing `{meant}` (you typed `{typed}`)\n*")
        else:
            right = f"`{COMMAND} {meant}`" in _plain(reply.plain) and "you typed" not in reply.plain
        if not right:
            wrong.append((line, reply.plain[:300]))
    assert wrong == []


async def test_what_is_asked_or_wrong_is_said_in_three_lines_about_what_was_typed(bot: str, slack: FakeSlack) -> None:
    wrong = []
    for line, says in ANSWERS.items():
        reply = await say(slack, line)
        plain = _plain(reply.plain)
        lines = plain.replace("```", "").count("\n") if plain.startswith("⚠️") else 0
        rooms = [each for each in re.findall(r"room:([^\s`<]+)", plain) if "hall" not in each and "⚠️" in plain]
        if says not in plain or runs(reply) or lines > 3 or rooms:
            wrong.append((line, plain[:300]))
    assert wrong == []


async def test_what_changes_something_is_asked_first(bot: str, slack: FakeSlack) -> None:
    wrong = []
    for line, meant in ASKS.items():
        reply = await say(slack, line)
        few = reply.plain.replace("```", "").count("\n") <= 3
        if runs(reply) != f"Run {COMMAND} {meant}" or not few or meant not in reply.text:
            wrong.append((line, reply.plain[:300]))
    assert wrong == []
    assert "has no subscriptions" in (await say(slack, "subscriptions")).plain
    asked = await say(slack, "subscribe peers>=2")
    assert runs(asked) == "Run it" and f"```{COMMAND} subscribe peers:>=2```" in asked.plain
    asked = await say(slack, "subscribe room:town-hall when it starts")
    assert "Subscribed" in (await press(slack, asked, runs(asked))).plain


async def test_the_answers_to_a_question_are_buttons(bot: str, slack: FakeSlack) -> None:
    asked = await say(slack, "status")
    assert asked.labels == ["Live sessions", "This channel", "The bot"]
    assert len(shown(await press(slack, asked, "Live sessions"))) == 3
    assert "It works (" in (await press(slack, asked, "The bot")).plain
    asked = await say(slack, "stop")
    assert "has no subscriptions" in (await press(slack, asked, "Alerts")).plain
    assert "mute 2h" in (await press(slack, asked, "All of it for a while")).plain


async def test_every_command_has_help_with_examples_that_work(bot: str, slack: FakeSlack) -> None:
    for name, command in COMMANDS.items():
        reply = await say(slack, f"{name} help" if name != "help" else "help mute")
        assert name == "help" or all(f"`{COMMAND} {line}`" in _plain(reply.plain) for line, _ in command.examples)
        assert len(command.examples) == 3 or command.reads, name
    for name, command in COMMANDS.items():
        for line, _ in command.examples:
            assert line.split(" ")[0] == name
            reply = await say(slack, line)
            told = r"There is no session with the id|This channel has no|is a digest, not a mute|Which mute\?|overlaps|Nothing is wrong"
            assert re.search(told, reply.plain) or not reply.plain.startswith("⚠️"), (line, reply.plain)


async def test_every_filter_has_help_with_an_example_that_works(bot: str, slack: FakeSlack) -> None:
    for key, entry in FILTERS.items():
        line = re.search(rf"`{COMMAND} (.*)`", _plain((await say(slack, f"help {key}")).plain))
        assert line and (list(entry.scopes) == [SUBSCRIBE]) is line[1].startswith("subscribe "), key
        if not entry.names and key != "notify":  # which names the account, or the workspace, has
            assert not (await say(slack, line[1])).plain.startswith("⚠️"), key


async def test_show_takes_a_row_a_room_or_an_id(bot: str, slack: FakeSlack, account: Account) -> None:
    only = fill(account, 1, room=account.add_room("Lab 2"))[0]
    listed = shown(await say(slack, "active"))
    for line, session in (("show 3", listed[2]), ("show #2", listed[1]), ("show number 1", listed[0])):
        assert session in (await say(slack, line)).plain, line
    assert shown(await say(slack, "ended"))[0] in (await say(slack, "show physics-101")).plain
    for line in ("show town-hall", "show town hall", "show Town.Hall"):
        assert shown(await say(slack, line)) == [each for each in listed if each != only.id], line
    for line in ("show lab 2", 'show "Lab 2"', "show room:lab"):
        assert f"{only.id}\n" in (await say(slack, line)).plain, line


async def test_an_id_or_a_link_to_a_session_is_shown(bot: str, slack: FakeSlack) -> None:
    session = shown(await say(slack, "active"))[1]
    link = f"https://dashboard.100ms.live/session-details/{session}"
    for line in (session, session.upper(), link, f"<{link}>", f"show {link}", f"{link}?tab=peers"):
        reply = await say(slack, line)
        assert f"{session}\n" in reply.plain and "you typed" not in reply.plain, line


async def test_a_name_that_is_nearly_a_rooms_asks_which(bot: str, slack: FakeSlack) -> None:
    asked = await say(slack, "phisics")
    assert asked.labels == ["physics-101"] and "Did you mean one of these?" in asked.plain
    assert "in *physics-101*" in (await press(slack, asked, "physics-101")).plain


async def test_a_mention_is_the_persons_name(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    ben = slack.workspace.user("ben")
    slack.workspace.users[ben.id] = replace(ben, real_name='Ben "B" Ode')
    for line in ("user:@ben", "@ben", 'user:"@ben"', "active role:host user:@ben"):
        reply = await say(slack, line)
        assert 'user:"Ben \\"B\\" Ode"' in _plain(reply.plain), reply.plain


async def test_what_was_typed_is_shown_harmlessly(bot: str, slack: FakeSlack) -> None:
    for line in ("live <!channel>", "today *x* @here `y`", "subscribe town-hall <!here>", "show <@U07QX5AAD4A> :tada:"):
        reply = await say(slack, line)
        for text in (reply.text, str(reply.blocks)):
            assert "<!channel>" not in text and "<!here>" not in text and "<@U0" not in text and "`y`" not in text
