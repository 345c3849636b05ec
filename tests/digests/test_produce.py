"""Digests between the real store and the stand-ins: each day once, each session once, from as few pages as can be."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import aiohttp
import pytest
from prometheus_client import REGISTRY
from slack_sdk.web.async_client import AsyncWebClient

from bot.blockkit.phrases import NO_BREAK
from bot.db import leases
from bot.db.leases import Fence
from bot.demo.fake_hms import FirstPage, Stall, Status
from bot.demo.fake_slack import ApiError, FakeSlack
from bot.digests import store as digests_store
from bot.digests.list_render import digests_list
from bot.digests.produce import GIVE_UP_TRIES, TELL_TRIES
from bot.hms.pages import PAGES_MOST
from bot.outbox import channel_pause, claims
from bot.outbox import store as outbox_store
from bot.outbox.chat import Chat
from bot.outbox.deliver import Deliver
from bot.outbox.message import Channel
from bot.query.times import ms
from bot.tracking.withheld import withheld_until_ms
from tests.digests.parts import TEAM, World, at, meet

# When


async def test_the_store_knows_which_message_was_really_sent(world: World) -> None:
    """`last` alone doesn't say so: it moves for a date without a message, too."""
    await world.make(empty="skip")
    meet(world.account, world.hall, at(16, "13:00"), 30)
    await world.pass_to(at(17))
    made = await world.digest()
    assert (made.last, made.status) == (date(2026, 11, 17), "pending")
    await world.posted()
    assert (await world.digest()).status == "sent"
    await world.pass_to(at(18))
    made = await world.digest()
    assert (made.last, made.status) == (date(2026, 11, 18), "")


async def test_each_day_once(world: World) -> None:
    """Also where two processes believe that they lead."""
    await world.make()
    other = world.process()
    for day in range(17, 22):
        meet(world.account, world.hall, at(day - 1), 30)
        for clock in ("08:59", "09:00", "09:01", "15:00"):
            made = await world.run(day, clock) + await other.run()
            assert made == (clock == "09:01"), (day, clock)  # at 9:00 sharp the lists of 100ms may lack something
    texts = await world.texts()
    assert [text.splitlines()[0] for text in texts] == [
        f"📊 Daily digest · {day}: 1 session, 1 person, 30 participant-minutes."
        for day in ("Tue 17 Nov", "Wed 18 Nov", "Thu 19 Nov", "Fri 20 Nov", "Sat 21 Nov")
    ]
    assert "Sun 16 Nov" not in texts[0] and "Mon 16 Nov 09:00 – Tue 17 Nov 09:00, Europe/Berlin" in texts[0]
    assert not any("late" in text or "Skipped" in text for text in texts)


async def test_after_downtime_the_newest_is_sent_and_says_so(world: World) -> None:
    await world.make()
    meet(world.account, world.hall, at(18, "23:00"), 30, "Ann", "Bob")
    await world.run(17, "10:00")
    assert await world.run(20, "08:00") == 1
    assert await world.digests.run() == 0
    _, text = await world.texts()
    assert text.startswith("📊 Daily digest · Thu 19 Nov: 1 session, 2 people, 60 participant-minutes.")
    assert "This digest is late: it was due at 09:00 on Thu 19 Nov." in text
    assert "Skipped: Wed 18 Nov." in text
    assert (await world.digest()).last == date(2026, 11, 19)
    assert await world.run(20, "09:05") == 1
    assert "late" not in (await world.texts())[0]


async def test_after_downtime_one_that_would_be_skipped_names_the_others(world: World) -> None:
    """The newest period is quiet, and the sessions of one before it would be lost without a word."""
    await world.make(empty="skip")
    await world.pass_to(at(17))
    meet(world.account, world.hall, at(18, "10:00"), 30)
    assert await world.run(21, "12:00") == 1
    (text,) = await world.texts()
    assert text.startswith("📊 Daily digest · Sat 21 Nov: no sessions")
    assert "Skipped: Wed 18 Nov, Thu 19 Nov, Fri 20 Nov." in text
    await world.pass_to(at(22))
    assert await world.texts() == []


async def test_a_quiet_period_is_said_or_skipped(world: World) -> None:
    await world.make()
    await world.make(empty="skip", channel="C2")
    assert await world.pass_to(at(18)) == 4
    assert [(row.channel_id, ": no sessions · " in row.text) for row in await world.posted()] == [("C1", True)] * 2
    assert [each.last for each in await digests_store.read(world.store, TEAM)] == [date(2026, 11, 18)] * 2
    session = meet(world.account, world.hall, at(18, "08:30"), None)
    world.account.leave(session, session.present()[0], at(18, "08:40").timestamp())
    await world.pass_to(at(19))  # nobody was in and nothing began, but it is open: that is to be said
    texts = await world.texts()
    assert len(texts) == 2 and all("nobody was in for" in text and "still open" in text for text in texts)


# What


async def test_two_digests_of_one_period_share_one_reading(world: World) -> None:
    for number in range(250):
        meet(world.account, world.hall, at(16, "10:00") + timedelta(minutes=4 * number), 3)
    for number in range(3):
        meet(world.account, world.hall, at(17, "08:30") + timedelta(minutes=number), None)
    await world.make()
    await world.make("daily 8:00 Europe/London", "role:guest", channel="C2")  # the same moment
    await world.make("daily 9:00", "peers:>=1")
    await world.make("daily 9:30")
    assert await world.run(17) == 3
    assert world.pages() == 1 + 3  # the live ones, the ended ones
    texts = await world.texts()
    assert sorted("253 sessions" in text for text in texts) == [False, True, True]
    assert "no sessions" in next(text for text in texts if "253 sessions" not in text)
    assert await world.run(17, "09:31") == 1
    assert world.pages() == 2 * (1 + 3)


async def test_the_digests_of_one_room_read_only_that(world: World) -> None:
    lab = world.account.add_room("Lab")
    for number in range(150):
        meet(world.account, world.hall, at(16, "10:00") + timedelta(minutes=number), 3)
    meet(world.account, lab, at(16, "20:00"), 3)
    await world.make(query=f"room:{lab.id}")
    await world.make(query=f"room:{lab.id} role:host", channel="C2")
    assert await world.run(17) == 2
    assert [each.query.get("room_id") for each in world.fake.requests if each.path == "/sessions"] == [lab.id] * 2
    assert all(": 1 session, 1 person, 3 participant-minutes." in text for text in await world.texts())


async def test_a_session_that_crosses_the_edge(world: World) -> None:
    """It counts where it began; its people and their time count in both."""
    meet(world.account, world.hall, at(17, "08:30"), 60, "Ann", "Bob")
    await world.make()
    await world.pass_to(at(18))
    one, other = await world.texts()
    assert one.startswith("📊 Daily digest · Tue 17 Nov: 1 session, 2 people, 60 participant-minutes.")
    assert "still open" in one  # at nine it was, whenever it is read
    assert other.startswith("📊 Daily digest · Wed 18 Nov: 0 sessions, 2 people, 60 participant-minutes.")
    assert "• *0* sessions: ▼ 1 fewer\n" in other and "• *2* people: unchanged\n" in other


# Trouble


async def test_100ms_fails_and_recovers(world: World) -> None:
    await world.make()
    patient = world.process(retry_s=3_600.0)
    failed, made = counted("HmsAuth"), counted("ok")
    world.fake.fail("/sessions", Status(403), Status(403))
    assert await world.run(17, digests=patient) == 0
    asked = world.pages()
    assert (await world.digest()).problem == "HmsAuth"
    assert await patient.run() == 0 and world.pages() == asked, "it is left alone for a while"
    assert await world.texts() == []
    world.now = at(17, "09:20")
    world.fake.fail("/sessions", *[Status(400)] * TELL_TRIES)
    for number in range(TELL_TRIES):
        assert (await world.digest()).tries == 1 + number
        assert await world.digests.run() == 0
    assert await world.digests.run() == 1
    digest = await world.digest()
    assert (digest.problem, digest.tries, digest.last) == ("", 0, date(2026, 11, 17))
    late, text = await world.texts()
    assert late.startswith("⏳ The digest for Tue 17 Nov is late: `HmsRefused`.") and text.startswith("📊")
    assert "This digest is late: it was due at 09:00 on Tue 17 Nov." in text
    assert (counted("HmsAuth") - failed, counted("ok") - made) == (1, 1)


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("sessions_bot_digests_total", {"outcome": outcome}) or 0.0


async def test_one_that_cannot_be_made_says_so_and_is_given_up(world: World) -> None:
    """100ms is asked at growing distances; the channel hears why, when it is tried next, and in the end that none
    comes. The next date has its own."""
    await world.make()
    digests = world.process(retry_s=60.0)
    world.now = at(17, "09:01")
    world.fake.fail_always("/sessions", FirstPage())
    for number in range(150):
        meet(world.account, world.hall, at(16, "13:00"), 1 + number)
    tries = []
    while not tries or (await world.digest()).last != date(2026, 11, 17):
        asked = world.pages()
        await digests.run()
        if world.pages() > asked:
            tries.append(world.now)
        world.now += timedelta(minutes=1)
    minutes = [round((other - one) / timedelta(minutes=1)) for one, other in pairwise(tries)]
    assert minutes == [1, 2, 4, 8, 16, 32, *[60] * (GIVE_UP_TRIES - 7)]
    late, none = await world.texts()
    why = "100ms sends something that can't be read"
    again = int(tries[TELL_TRIES].timestamp())
    assert late.startswith(f"⏳ The digest for Tue 17 Nov is late: {why}. Next try: <!date^{again}^")
    assert none == f"⚠️ No digest for Tue 17 Nov: {why}. The next one comes Wed 18 Nov 09:00 (Europe/Berlin)."
    world.fake.heal()
    assert await world.pass_to(at(18, "09:01"), digests, timedelta(minutes=30)) == 1
    (text,) = await world.texts()
    assert text.startswith("📊 Daily digest · Wed 18 Nov") and "Skipped" not in text


async def test_more_sessions_than_are_read_is_said_at_once(world: World) -> None:
    """Trying again would read as much again, and change nothing."""
    await world.make()
    session = {"room_id": world.hall.id, "active": True, "created_at": "2026-11-16T10:00:00Z"}
    pages = [{"limit": 1, "data": [{"id": f"{number:024x}"} | session], "last": "x"} for number in range(PAGES_MOST)]
    world.fake.fail("/sessions", *(Status(200, body=page) for page in pages))
    assert await world.run(17) == 0
    assert world.pages() == PAGES_MOST
    (none,) = await world.texts()
    why = "there are more than 100,000 sessions to count"
    assert none.startswith(f"⚠️ No digest for Tue 17 Nov: {why}. A filter such as")
    assert await world.digests.run() == 0 and world.pages() == PAGES_MOST


@pytest.mark.parametrize(("failure", "problem"), [(Status(400), "HmsRefused"), (Stall(1), "TimeoutError")])
async def test_a_period_that_cannot_be_read_keeps_no_other_waiting(
    world: World, failure: Status | Stall, problem: str
) -> None:
    """Two are read at once, and one that failed comes last."""
    for number, line in enumerate(("weekly tue 8:15", "daily 8:30", "daily 8:45", "daily 9:00")):
        await world.make(line, channel=f"C{number}")
    world.fake.fail("/sessions", failure)
    assert await world.run(17, digests=world.process(read_s=0.3)) == 3
    failed = {each.channel_id: each.problem for each in await digests_store.read(world.store, TEAM) if each.problem}
    sent = {row.channel_id for row in await world.posted()}
    assert list(failed.values()) == [problem] and failed.keys() | sent == {"C0", "C1", "C2", "C3"} and len(sent) == 3
    assert await world.digests.run() == 1
    assert [each.problem for each in await digests_store.read(world.store, TEAM)] == [""] * 4


async def test_who_is_asked_to_slow_down_asks_for_nothing(world: World) -> None:
    for number, line in enumerate(("weekly tue 8:30", "daily 8:45", "daily 9:00")):
        await world.make(line, channel=f"C{number}")
    patient = world.process(retry_s=3_600.0)
    world.fake.fail("/sessions", *[Status(429, {"Retry-After": "3600"})] * 2)
    assert await world.run(17, digests=patient) == await patient.run() == 0
    assert world.pages() <= 2, "two are read at once"


async def test_it_is_late_when_its_reading_took_long(world: World) -> None:
    await world.make()
    running = await world.stalled(17)
    world.now = at(17, "09:19")
    assert await running == 1
    assert "This digest is late: it was due at 09:00 on Tue 17 Nov." in (await world.texts())[0]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("sent", "🟢 working · next Wed 18 Nov 09:00 · last Tue 17 Nov"),
        ("msg_too_long", "🔴 the one of Tue 17 Nov was refused by Slack (`msg_too_long`) · next Wed 18 Nov 09:00"),
        ("unconfirmed", "🟠 the one of Tue 17 Nov is held: nobody can tell whether it arrived · next Wed 18 Nov 09:00"),
        ("pending", "🟢 working · next Wed 18 Nov 09:00"),
        ("is_archived", "⏸️ waits: the channel is paused"),
    ],
)
async def test_the_list_says_what_became_of_the_newest(world: World, end: str, said: str) -> None:
    await world.make()
    await world.run(17)
    now_ms = ms(world.now)
    if end == "is_archived":
        await world.halt()
    elif end != "pending":
        (row,) = await claims.claim(world.store, TEAM, now_ms + 5_000, 20_000, 5)
        if end == "sent":
            await outbox_store.sent(world.store, [(row, "1.0")], now_ms)
        elif end == "unconfirmed":
            await outbox_store.held(world.store, row, end)
        else:
            await outbox_store.dead(world.store, row, end)
    assert await listed(world) == said


@pytest.mark.parametrize(("hour", "state"), [("09:09", "🟢 working"), ("09:11", "🟠 the one of Tue 17 Nov is late")])
async def test_the_list_says_what_is_late(world: World, hour: str, state: str) -> None:
    """Also where nobody has tried to make it."""
    world.now = at(15)
    await world.make()
    await world.pass_to(at(16, "09:01"), step=timedelta(days=1))
    await world.posted()
    world.now = at(17, hour)
    assert await listed(world) == f"{state} · next Wed 18 Nov 09:00 · last Mon 16 Nov"


async def test_the_list_says_why_each_is_late(world: World) -> None:
    await world.make()
    await world.make("daily 10:00")
    world.fake.fail_always("/sessions", Status(429, {"Retry-After": "600"}))
    assert await world.run(17, "12:00") == 0
    late = "🟠 the one of Tue 17 Nov is late"
    assert await listed(world) == f"{late}, and tried again: 100ms was asked too often · next Wed 18 Nov 09:00"
    assert (await listed(world, 2)).startswith(late)


async def listed(world: World, number: int = 1) -> str:
    """The state of a digest in the list."""
    stored = await digests_store.read(world.store, TEAM)
    lines = digests_list(stored, Channel(), names={}, as_of=world.now).text.replace(NO_BREAK, " ").splitlines()
    (first,) = [place for place, line in enumerate(lines) if line.startswith(f"*{number}* · ")]
    return lines[first + 2]


# Clocks that are wrong


async def test_a_clock_that_is_ahead_waits_for_that_of_100ms(world: World) -> None:
    """However far: what happens meanwhile is of the period, too. Its answer to the reading itself says so, or any."""
    await world.make()
    world.say_time(-300, times=2)  # it is 8:56
    assert await world.run(17) == 0
    asked = world.pages()
    assert await world.digests.run() == 0 and world.pages() == asked, "it knows now"
    meet(world.account, world.hall, at(17, "08:57"), 2)
    assert await world.run(17, "09:04") == 0
    world.now = at(17, "09:05") + timedelta(seconds=10)
    assert await world.digests.run() == 1
    assert ": 1 session, 1 person, 2 participant-minutes." in (await world.texts())[0]


async def test_a_clock_that_was_ahead_silences_nothing(world: World) -> None:
    """Even where that of 100ms was ahead with it."""
    await world.make()
    assert await world.run(17) == 1
    world.now += timedelta(days=365)
    assert await world.digests.run() == 1
    await world.posted()
    for day in range(18, 28):
        assert await world.run(day) == 1, day
        assert (await world.digest()).last == date(2026, 11, day)
    texts = await world.texts()
    assert len(texts) == 10 and not any("late" in text or "Skipped" in text for text in texts)


async def test_one_made_by_a_clock_that_was_ahead(world: World) -> None:
    world.now = at(19)
    await world.make()
    world.now = at(16)
    await world.pass_to(at(18), step=timedelta(hours=1))
    assert [text.splitlines()[0] for text in await world.texts()][-2:] == [
        "📊 Daily digest · Tue 17 Nov: no sessions · Mon 16 Nov 09:00 – Tue 17 Nov 09:00, Europe/Berlin",
        "📊 Daily digest · Wed 18 Nov: no sessions · Tue 17 Nov 09:00 – Wed 18 Nov 09:00, Europe/Berlin",
    ]


async def test_a_clock_that_is_behind_changes_nothing(world: World) -> None:
    """The digests aren't astray: it is the clock."""
    await world.make()
    world.now -= timedelta(days=30)
    world.say_time(30 * 86_400, times=4)
    assert await world.digests.run() == 0
    assert await world.texts() == []
    assert (await world.digest()).last == date(2026, 11, 16)


# Channels that are paused


async def test_a_paused_channel_gets_the_newest_when_it_goes_on(world: World) -> None:
    await world.make()
    await world.pass_to(at(17))
    await world.halt()
    assert await world.pass_to(at(20), step=timedelta(hours=1)) == 0
    pages = world.pages()
    assert await world.digests.run() == 0 and world.pages() == pages, "nothing is read for nobody"
    await channel_pause.resume(world.store, TEAM, "C1")
    assert await world.digests.run() == 1
    first, second = [text for text in await world.texts() if "igest" in text]
    assert "Tue 17 Nov" in first
    assert "late: it was due at 09:00 on Fri 20 Nov" in second and "Skipped: Wed 18 Nov, Thu 19 Nov." in second


@pytest.mark.parametrize("pauses", [False, True], ids=["remove", "pause"])
async def test_what_is_unsent_of_one_that_is_gone_is_taken_back(world: World, pauses: bool) -> None:
    await world.make()
    await world.make(query="role:host")
    await world.pass_to(at(17))
    await world.halt()
    await (world.pause(True) if pauses else world.remove())
    await channel_pause.resume(world.store, TEAM, "C1")
    texts = [text for text in await world.texts() if "igest" in text]
    assert len(texts) == 1 and "no sessions with the role host" in texts[0]


async def test_a_person_changes_it_while_it_is_counted(world: World) -> None:
    for channel in ("C1", "C2", "C3"):
        await world.make(channel=channel)
    running = await world.stalled(17)
    await world.remove()
    await world.pause(True, "C2")
    assert await running == 1
    assert [row.channel_id for row in await world.posted()] == ["C3"]


async def test_who_no_longer_leads_sends_nothing(world: World) -> None:
    await world.make()
    fence = await leases.take(world.store, "poller", "me", 60_000)
    assert fence is not None
    world.now = at(17, "09:01")
    assert await world.digests.run(Fence(fence.name, "other", fence.epoch + 1)) == 0
    assert await world.digests.run(fence) == 1


@pytest.mark.parametrize("refuses", [False, True], ids=["drawn", "refused"])
async def test_a_workspace_gets_the_blocks_or_where_it_refuses_them_the_text(
    world: World, slack: FakeSlack, refuses: bool
) -> None:
    """Through the real door, with every figure."""
    meet(world.account, world.hall, at(16, "20:00"), 30, "Ann", "Bob")
    meet(world.account, world.account.add_room("Lab"), at(16, "21:00"), 300, "Cem")
    await world.make(channel=slack.workspace.channel("live-ops").id)
    assert await world.run(17) == 1
    if refuses:
        slack.fail("chat.postMessage", *[ApiError("invalid_blocks")] * 2)  # also without charts and table
    async with aiohttp.ClientSession() as http:
        chat = Chat(AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=http, retry_handlers=[]))
        assert await Deliver(world.store, chat, TEAM, withheld_until_ms, clock=world.now.timestamp).run() == 1
    (message,) = slack.messages("live-ops")
    kinds = [block["type"] for block in message.blocks]
    drawn = [kinds.count(kind) for kind in ("header", "data_visualization", "data_table")]
    assert kinds == [] if refuses else drawn == [1, 2, 1]
    said = message.text.replace(NO_BREAK, " ")
    for piece in (
        "2 sessions", "3 people", "360 participant-minutes", "*5 h 00 min* longest session, in *Lab*",
        "*2* people at once, at 20:00 on Mon", "*Lab* · it was open for 5 h 00 min", "1. *Lab*: 1 session, 1 person, 300 part",
        "2. *Town hall*: 1 session, 2 people, 60 participant-minutes", "20:00 2", "`/sessions digests`",
    ):  # fmt: skip
        assert piece in said, piece


async def test_an_account_that_gives_no_list_is_not_told_as_an_empty_one(world: World) -> None:
    meet(world.account, world.hall, at(16, "20:00"), 3)
    await world.make()
    world.fake.fail("/sessions", Status(200, body={"success": False, "msg": "account is suspended"}))
    assert await world.run(17) == 0
    assert (await world.digest()).problem == "HmsBadReply" and await world.texts() == []
    assert await world.digests.run() == 1
    assert "1 session" in (await world.texts())[0]


async def test_a_digest_says_how_many_sessions_could_not_be_read(world: World) -> None:
    await world.make(empty="skip")
    lost = meet(world.account, world.hall, at(16, "20:00"), 3)
    lost.verbatim = {"id": []}
    assert await world.run(17) == 1
    (text,) = await world.texts()
    assert "1 session could not be read." in text
