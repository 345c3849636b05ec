"""Two workspaces with a 100ms account each, in one process over one database. Teams, tokens and keys differ; ids and
names of channels, people, rooms and sessions are the same. Each workspace hears only its own."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from bot import log
from bot.app import running
from bot.db.database import Database
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_hms.records import Room, Session
from bot.demo.fake_slack import ApiError, FakeSlack, Message, RateLimited
from bot.demo.fake_slack.seed import BOT_USER
from bot.demo.fake_slack.server import DEFAULT_SCOPES
from bot.digests import store as digests_store
from bot.query.times import ms
from bot.settings import Account as Keys
from bot.settings import Settings
from tests.clocks import Wall
from tests.db.parts import by, digest
from tests.digests.parts import meet
from tests.live import cards, polls, posts, said_soon, say, subscribe, until
from tests.web.strangers import health
from tests.work import HASTY, at_work

SCOPES = DEFAULT_SCOPES | {"channels:read", "groups:read"}


@dataclass
class Side:
    """A workspace, its account, and the one who hosts there."""

    slack: FakeSlack
    hms: FakeHms
    host: str
    room: Room

    @property
    def keys(self) -> Keys:
        return Keys(SecretStr(self.slack.bot_token), self.hms.access_key, SecretStr(self.hms.secret))

    def open(self, at: float | None = None) -> Session:
        session = self.hms.account.open_session(self.room, at or time.time())
        self.hms.account.join(session, name=self.host, role="host", user_id="host", at=time.time())
        return session

    def end(self, session: Session) -> None:
        self.hms.account.end(session, time.time())

    async def card(self, number: int = 0) -> Message:
        """The channel's card of that number, once it is there: its own host's, and nobody else's."""
        await until(lambda: len(cards(self.slack)) > number)
        assert all(self.host in each.plain for each in cards(self.slack))
        return cards(self.slack)[number]


@pytest.fixture
async def ours(slack: FakeSlack, hms: FakeHms) -> Side:
    return Side(slack, hms, "Ann", hms.account.add_room("Town hall"))


@pytest.fixture
async def theirs(manifest: dict[str, Any], slack: FakeSlack, hms: FakeHms, ours: Side) -> AsyncIterator[Side]:
    account = Account(any_names=True)
    fake = FakeHms(
        account, access_key="second-key", secret="a secret of the second account, 32+", clock=slack.clock, beside=hms
    )
    async with FakeSlack(
        manifest=manifest,
        scopes=SCOPES,
        team_id="T07QX5SEC0N",
        bot_token="xoxb-second",
        clock=slack.clock,
        beside=slack,
    ) as other:
        side = Side(other, fake, "Zoe", account.add_room("Town hall"))
        assert side.room.id == ours.room.id
        yield side
        assert other.violations == []


@pytest.fixture
async def both(polling: Settings, ours: Side, theirs: Side) -> AsyncIterator[tuple[Side, Side]]:
    async with at_work(polling, ours.slack, accounts=[theirs.keys]) as started:
        theirs.slack.bot_events_url = f"{started.url}/slack/events"
        for side in (ours, theirs):
            await polls(side.hms)
        yield ours, theirs


@pytest.fixture
async def subscribed(both: tuple[Side, Side]) -> tuple[Side, Side]:
    """Both, whose channels of that name hear of all sessions."""
    for side in both:
        await subscribe(side.slack)
    return both


async def test_commands_are_answered_from_the_own_account(both: tuple[Side, Side]) -> None:
    now = time.time()
    sessions = [side.open(now) for side in both]
    assert sessions[0].id == sessions[1].id
    for side in both:
        assert side.host in (await said_soon(side.slack, "active", side.host)).plain
        assert (await say(side.slack, f"show {sessions[0].id}")).plain.count(side.host)
    us, them = both
    assert them.host not in (await say(us.slack, "active")).plain
    assert us.host not in (await say(them.slack, "active")).plain


async def test_each_hears_its_own_sessions(both: tuple[Side, Side]) -> None:
    us, them = both
    await subscribe(us.slack, "on:start,end,join")
    us.open(), them.open()
    await us.card()
    await polls(them.hms, 3)
    assert posts(them.slack) == []  # nobody there has subscribed
    await subscribe(them.slack, "on:start,end")
    for side in both:
        side.end(side.open())
    for side, number in ((us, 1), (them, 0)):
        await side.card(number)
        await until(lambda side=side: any("⚪" in each.plain for each in cards(side.slack)))
    assert len(cards(them.slack)) == 1


async def test_settings_are_of_one_workspace(subscribed: tuple[Side, Side]) -> None:
    us, them = subscribed
    await say(us.slack, "mute 1h")
    await say(us.slack, "digest daily 9:00")
    for side in subscribed:
        side.open()
    await them.card()
    await polls(us.hms, 3)
    assert cards(us.slack) == []
    for line in ("mutes", "digests"):
        here, there = [(await say(side.slack, line)).plain for side in subscribed]
        assert ("1 " in here or "#1" in here) and "1 " not in there, (here, there)
    preview = (await say(them.slack, "digest preview daily 9:00")).plain
    assert us.host not in preview


async def test_each_gets_its_own_digest(settings: Settings, ours: Side, theirs: Side) -> None:
    """Both are due when the bot starts, in channels of one id, about rooms and sessions of the same ids."""
    due = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
    store = await Database.open(settings.database_url)
    for side, lengths in ((ours, [20]), (theirs, [5, 10])):
        for hours, minutes in enumerate(lengths, start=1):
            meet(side.hms.account, side.room, due - timedelta(hours=hours), minutes, side.host)
        channel = side.slack.workspace.channel("live-ops").id
        new = replace(digest(channel, when=f"daily {due:%H:%M} UTC"), team_id=side.slack.workspace.team_id)
        await digests_store.add(store, new, by(at_ms=ms(due - timedelta(days=1))))
    await store.close()
    async with at_work(settings, ours.slack, accounts=[theirs.keys]):
        for side, figures in (
            (ours, "1 session, 1 person, 20 participant-minutes."),
            (theirs, "2 sessions, 1 person, 15 participant-minutes."),
        ):
            (posted,) = await until(lambda side=side: posts(side.slack))
            assert "Daily digest" in posted.text and figures in posted.text
        await asyncio.sleep(1.5)  # the job runs again
        assert [len(posts(side.slack)) for side in (ours, theirs)] == [1, 1]


async def test_a_paused_channel_pauses_no_other_of_that_id(subscribed: tuple[Side, Side]) -> None:
    us, them = subscribed
    channel = us.slack.workspace.channel("live-ops")
    us.slack.workspace.leave(channel, BOT_USER)
    for side in subscribed:
        side.open()
    await them.card()
    await until(lambda: us.slack.messages(us.slack.workspace.direct(us.slack.workspace.user(None).id).id))
    assert cards(us.slack) == []
    assert not them.slack.messages(them.slack.workspace.direct(them.slack.workspace.user(None).id).id)
    us.slack.workspace.join(channel, BOT_USER)
    await us.slack.event({"type": "member_joined_channel", "channel": channel.id, "user": BOT_USER})
    await us.card()


async def test_a_refused_token_stops_one_workspace(subscribed: tuple[Side, Side]) -> None:
    us, them = subscribed
    them.slack.fail("chat.postMessage", *[ApiError("token_revoked")] * 50)
    for side in subscribed:
        side.open()
    await us.card()
    them.end(them.open())
    us.open()
    await us.card(1)
    assert cards(them.slack) == []
    assert "token_revoked" in (await said_soon(them.slack, "subscriptions", "token_revoked")).plain
    assert "token_revoked" not in (await say(us.slack, "subscriptions")).plain


async def test_a_rate_limit_keeps_one_workspace_waiting(subscribed: tuple[Side, Side], clock: Wall) -> None:
    us, them = subscribed
    them.slack.fail("chat.postMessage", RateLimited(60))
    began = clock()
    for side in subscribed:
        side.open()
    ours = await us.card()
    assert cards(them.slack) == []
    (theirs,) = await until(lambda: cards(them.slack), clock)
    assert float(ours.ts) < began + 60 <= float(theirs.ts)


async def test_operators_see_both(both: tuple[Side, Side], polling: Settings) -> None:
    """Each is polled under a lease of its own, the first under the name that older processes know."""
    us, them = both
    with closing(sqlite3.connect(polling.database_url.removeprefix("sqlite:///"))) as database:
        leases = {name for (name,) in database.execute("SELECT name FROM leases")}
    assert leases == {"poller", f"poller {them.slack.workspace.team_id}"}
    for side in both:
        side.open()
        await said_soon(side.slack, "active", side.host)
        await polls(side.hms, 3)
        assert side.slack.workspace.team_id in (await say(side.slack, "doctor details")).plain
    for line in ("leader 2.0", "sessions_live 2.0", "workspace_refused 0.0"):  # set when a poll has ended
        async with asyncio.timeout(20):
            while f"sessions_bot_{line}\n" not in await page(us, "/metrics"):
                await asyncio.sleep(0.05)
    await subscribe(them.slack)
    them.slack.fail("chat.postMessage", *[ApiError("token_revoked")] * 50)
    them.open()
    await said_soon(them.slack, "subscriptions", "token_revoked")
    refusals = [line for line in (await page(us, "/readyz")).splitlines() if "token_revoked" in line]
    assert len(refusals) == 1 and refusals[0].startswith(f"{them.slack.workspace.team_id}: ")


async def page(side: Side, path: str) -> str:
    """The text of a page of the bot."""
    return await health(str(side.slack.bot_events_url).removesuffix("/slack/events"), path)


async def test_a_workspace_that_is_not_served_is_refused(both: tuple[Side, Side], manifest: dict[str, Any]) -> None:
    async with FakeSlack(manifest=manifest, team_id="T07QX5TH1RD", bot_token="xoxb-third") as third:
        third.bot_events_url = both[0].slack.bot_events_url
        assert "another workspace" in (await say(third, "active")).plain


async def test_a_token_refused_at_the_start_holds_up_no_other(polling: Settings, ours: Side, theirs: Side) -> None:
    theirs.slack.fail("auth.test", ApiError("invalid_auth"))
    async with at_work(polling, ours.slack, accounts=[theirs.keys]) as started:
        theirs.slack.bot_events_url = f"{started.url}/slack/events"
        await polls(ours.hms)
        await subscribe(ours.slack)
        ours.open()
        await ours.card()
        assert "another workspace" in (await say(theirs.slack, "active")).plain


async def test_the_log_strikes_out_the_secrets_of_each(both: tuple[Side, Side]) -> None:
    us, them = both
    secrets = [us.hms.access_key, us.hms.secret, them.hms.access_key, them.hms.secret]
    assert log.redacted(", ".join(secrets)) == ", ".join(["[secret]"] * 4)


async def test_one_socket_serves_both(polling: Settings, ours: Side, theirs: Side) -> None:
    async with running(polling, "socket", accounts=[theirs.keys], pace=HASTY):
        async with asyncio.timeout(10):
            while not ours.slack.sockets:
                await asyncio.sleep(0.02)
        for side in (ours, theirs):
            side.open()
        for side in (ours, theirs):
            await said_soon(side.slack, "active", side.host)
