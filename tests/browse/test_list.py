"""`/sessions` as a person uses it: a signed command in, the answer in Slack out."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot.app import FEATURES
from bot.blockkit.phrases import NO_BREAK
from bot.blockkit.sizes import texts
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.query.filters import FILTERS
from bot.slack.registry import Registry
from tests.live import fill, press, say, shown

DATA = Path(__file__).parent.parent / "data" / "hms"


async def test_active_sessions_of_a_room(bot: str, slack: FakeSlack, hms: FakeHms, account: Account) -> None:
    fill(account, 5)
    other = fill(account, 3, room=account.add_room("Lab"))
    ack = await slack.command(f"active room:{other[0].room_id}")
    assert ack.status == 200 and ack.body == ""
    reply = await slack.reply()
    assert reply.ephemeral and reply.channel
    assert shown(reply) == [session.id for session in other]
    assert "*Active sessions* in *Lab*" in reply.plain
    assert reply.text.startswith("*Active sessions* in *Lab*: 3 sessions on page 1.")
    request = next(request for request in hms.requests if request.path == "/sessions")
    assert request.query == {"active": "true", "room_id": other[0].room_id, "limit": "10"}


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("", {"active": "true", "limit": "10"}),
        ("ended", {"active": "false", "limit": "10"}),
        ("all limit:20", {"limit": "20"}),
        (
            "active:false after:2026-11-20T10:00Z",
            {"active": "false", "after": "2026-11-20T10:00:00.000Z", "limit": "10"},
        ),
        ("all before:2026-11-20T10:00+01:00", {"before": "2026-11-20T09:00:00.000Z", "limit": "10"}),
        (f"ended start:{'6' * 24}", {"active": "false", "limit": "10", "start": "6" * 24}),
        ("role:host", {"active": "true", "limit": "100"}),
    ],
)
async def test_what_is_asked_of_100ms(
    bot: str, slack: FakeSlack, hms: FakeHms, typed: str, query: dict[str, str]
) -> None:
    await say(slack, typed)
    assert [request.query for request in hms.requests if request.path == "/sessions"] == [query]


async def test_the_asking_users_zone(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    for user in ("ada", "ben"):  # Europe/Berlin, America/New_York
        await say(slack, "ended after:2026-07-01 before:2026-07-02T12:00", user=user)
    assert [(r.query["after"], r.query["before"]) for r in hms.requests if r.path == "/sessions"] == [
        ("2026-06-30T22:00:00.000Z", "2026-07-02T10:00:00.000Z"),
        ("2026-07-01T04:00:00.000Z", "2026-07-02T16:00:00.000Z"),
    ]
    await say(slack, "ended after:2026-07-01", user="ada")
    assert sum(call.method == "users.info" for call in slack.calls) == 2  # and kept


@pytest.mark.parametrize("seed", ["list-sessions.json", "legacy.json"])
async def test_the_documented_samples(bot: str, slack: FakeSlack, hms: FakeHms, seed: str) -> None:
    account = hms.account = Account.from_json((DATA / seed).read_bytes())
    for session in account.sessions.values():
        assert session.id in shown(await say(slack, f"all room:{session.room_id}"))
        assert session.id in (await say(slack, f"show {session.id}")).plain
    listed = sorted(account.sessions, reverse=True)
    assert shown(await say(slack, "all")) == listed[:10]
    if seed == "list-sessions.json":
        assert len(listed) == 2
        newest = await say(slack, f"show {listed[0]}")
        assert "asdas" in newest.plain and "Batch1-student1" in newest.plain


async def test_show_one_session(bot: str, slack: FakeSlack, account: Account) -> None:
    room = account.add_room("Town hall")
    now = time.time()
    session = account.open_session(room, now - 3_900)
    account.join(session, name="Ann", role="host", user_id="ann", at=now - 3_900)
    for number in range(70):
        peer = account.join(session, name=f"Guest {number}", role="guest", user_id=f"g{number}", at=now - 3_000)
        if number % 2:
            account.leave(session, peer, now - 2_400)
    back = account.join(session, name="Guest 1", role="guest", user_id="g1", at=now - 60)
    assert back
    reply = await say(slack, f"show {session.id.upper()}")
    text = reply.plain.replace(NO_BREAK, " ")
    for part in (
        "Live", "*Town hall*", session.id, room.id, "1 h 05 min", "*host* · 1 in now, 1 in all",
        "*guest* · 36 in now, 70 in all", "… and 21 more", "• Guest 1 · g1 · since ", "2 visits",
    ):  # fmt: skip
        assert part in text, part
    assert text.count("• ") == 50  # the first of 71
    account.end(session, now)
    again = await press(slack, reply, "Refresh")
    assert again.ts == reply.ts and "Ended" in again.plain
    assert shown(await press(slack, again, "All sessions of this room")) == [session.id]


async def test_help_lists_every_filter_and_command(bot: str, slack: FakeSlack) -> None:
    for typed in ("help", "HELP", " help "):
        text = (await say(slack, typed)).plain.replace("&lt;", "<").replace("&gt;", ">")
        assert all(entry.form in text and entry.help.split("`")[0] in text for entry in FILTERS.values())
        assert all(command.usage in text for command in Registry(FEATURES).commands.values())


async def test_room_names(bot: str, slack: FakeSlack, hms: FakeHms, account: Account) -> None:
    lab = account.add_room("Physics 101 lab")
    course = account.add_room("Physics 101")
    twins = [account.add_room("Standup"), account.add_room("Standup")]
    in_course = fill(account, 2, room=course)
    in_lab = fill(account, 1, room=lab)
    in_twin = fill(account, 1, room=twins[1])
    for typed, expected in (
        ('room:"Physics 101"', in_course),  # the whole name wins over a part
        ("room:“physics 101 LAB”", in_lab),
        ("room:lab", in_lab),
        ('-room:"physics 101"', [*in_lab, *in_twin]),
        (f"room:lab room:{course.id}", [*in_course, *in_lab]),
    ):
        assert sorted(shown(await say(slack, typed))) == sorted(session.id for session in expected), typed
    for typed in ("room:Standup limit:20", "room:stand"):
        choice = await say(slack, typed)
        assert len(choice.labels) == 2 and all(label.startswith("Standup (…") for label in choice.labels)
    near = await say(slack, "room:phisics")
    assert "No room is called “phisics”. Did you mean one of these?" in near.plain
    assert near.labels == ["Physics 101"]
    wanted = next(label for label in choice.labels if twins[1].id[-6:] in label)
    reply = await press(slack, choice, wanted)
    assert shown(reply) == [session.id for session in in_twin]
    assert reply.ts == choice.ts  # the question gives way to the answer
    assert "No room is called `Nowhere`" in (await say(slack, "room:Nowhere")).plain


async def test_room_names_are_looked_up_once(bot: str, slack: FakeSlack, hms: FakeHms, account: Account) -> None:
    fill(account, 3)
    for typed in ("room:town", "room:TOWN", "ended room:town", "active"):
        await say(slack, typed)
    asked = [request.query for request in hms.requests if request.query.get("name")]  # the others are the walk's
    assert sorted((query["name"], query["enabled"]) for query in asked) == [("town", "false"), ("town", "true")]


@pytest.mark.parametrize("match", ["whole", "part"])
async def test_room_names_however_100ms_matches_them(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account, match: str
) -> None:
    account.room_name_match = match  # type: ignore[assignment]
    rooms = [account.add_room(name) for name in ("Town hall", "Town hall annex", "Kitchen")]
    sessions = [fill(account, 1, room=room)[0] for room in rooms]
    for typed, at in (('room:"Town hall"', 0), ("room:annex", 1), ("room:kitchen", 2)):
        assert shown(await say(slack, typed)) == [sessions[at].id]
    assert len((await say(slack, "room:town")).labels) == 2


async def test_ids_that_are_not_there(bot: str, slack: FakeSlack, account: Account) -> None:
    fill(account, 1)
    nothing = "0" * 24
    for typed, says in (
        (f"room:{nothing}", f"There is no room with the id `{nothing}`."),
        (f"show {nothing}", f"There is no session with the id `{nothing}`."),
        (f"active -room:{nothing}", "1 session"),  # an excluded room need not exist
    ):
        assert says in (await say(slack, typed)).plain


async def test_empty_results_suggest_what_to_ask_next(bot: str, slack: FakeSlack, account: Account) -> None:
    room = account.add_room("Town hall")
    ended = fill(account, 2, room=room, ended_every=1)
    reply = await say(slack, "active room:town longer:5h")
    assert "No sessions match." in reply.plain
    assert {"Ended ones instead", "Of any state", "Without the other filters", "In every room"} <= set(reply.labels)
    reply = await press(slack, reply, "Without the other filters")
    assert shown(await press(slack, reply, "Ended ones instead")) == [session.id for session in ended]


async def test_hostile_names_end_to_end(bot: str, slack: FakeSlack, account: Account) -> None:
    room = account.add_room("<!channel> *x* @here\n> `boo` <http://a|b>")
    session = fill(account, 1, room=room)[0]
    account.join(session, name="<@U07QX5AAD4A> _evil_ :tada:", role="host", user_id="`x`", at=time.time())
    reply = await say(slack, "active")
    await slack.press(reply, "Share in channel")
    public = await slack.reply()
    details = await press(slack, reply, "Show")
    for message in (reply, public, details):
        for text in (message.text, *texts(message.blocks)):
            assert "<!" not in text.replace("<!date^", "")
            assert "<@U07QX5AAD4A>" not in text
            assert "<http" not in text and "@here" not in text and "`boo`" not in text and ":tada:" not in text
    assert not any("<!channel>" in text for text in texts((await say(slack, "room:<!channel>`@here`")).blocks))
