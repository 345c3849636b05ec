"""`python -m tests.upgrades.make COMMIT`: store what a version leaves behind when it is killed in the middle of its work.

That version's bot runs between its own stand-ins. `tests/data/upgrades/COMMIT.sql` is its database at a moment when
messages are on their way, wait, are held and are withheld; `COMMIT.json` is what Slack and 100ms have at that moment,
with every message that has buttons. Nothing of today's code is used, so that it need not fit.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data" / "upgrades"
READS = "channels:history", "channels:read", "groups:read", "im:history", "users:read"
SCOPES = frozenset((*READS, "chat:write", "commands", "im:write"))
"""Without groups:history: what isn't confirmed in a private channel is held for a person."""
FLYING_S = 60.0
"""Seconds for which Slack doesn't answer in the end; the bot waits for less."""
DUE_M, SECOND_DUE_M = 20, 25
"""Minutes after which two digests are due."""
COUNT = "SELECT count(*) FROM {}"
LINES: tuple[tuple[str, str], ...] = (
    ("live-ops", "subscribe on:start,end,join,leave"),
    ("live-ops", "digest daily {due} UTC"),
    ("live-ops", "digest weekly fri 16:00 UTC role:host"),
    ("live-ops", 'mute room:"Noisy room" 2h'),
    ("general", 'subscribe room:"Town hall" on:start,end'),
    ("general", "subscribe role:host peers:>=2 on:start,join"),
    ("general", "threads off"),
    ("general", "digest daily {second} UTC empty:skip"),
    ("support", "subscribe"),
    ("support", "mute 1h"),
    ("night", "subscribe on:start,end,join"),
    ("night", "quiet {quiet} UTC"),
    ("incident-room", "subscribe on:start"),
    ("random", "subscribe"),
)
LISTS: tuple[tuple[str, str], ...] = (
    ("live-ops", 'ended room:"Town hall"'),
    ("live-ops", "active"),
    ("live-ops", "subscriptions"),
    ("live-ops", "mutes"),
    ("live-ops", "settings"),
    ("night", "quiet"),
    ("incident-room", "subscriptions"),
    ("random", "subscriptions"),
)


def main(commit: str) -> None:
    """Run this file with that commit's code."""
    from tests.upgrades.trees import tree_of

    with tempfile.TemporaryDirectory() as folder:
        tree = tree_of(commit, Path(folder))
        DATA.mkdir(exist_ok=True)
        run = [sys.executable, __file__, str(tree), str(DATA / commit)]
        subprocess.run(run, cwd=folder, env=os.environ | {"PYTHONPATH": str(tree)}, check=True)


class Scene:
    """A workspace and an account with a bot between them; its database is read past it."""

    def __init__(self, tree: Path, folder: Path) -> None:
        import yaml

        from bot.demo.fake_hms import Account, FakeHms
        from bot.demo.fake_slack import Channel, FakeSlack

        self.database = folder / "bot.db"
        self.account = Account()
        self.account.any_names = True  # older ones take no such argument
        self.hms = FakeHms(self.account)
        self.slack = FakeSlack(manifest=yaml.safe_load((tree / "manifest.yml").read_text()), scopes=SCOPES)
        workspace = self.slack.workspace
        members = {workspace.user(None).id, workspace.bot_user}
        workspace.channels["C07QX6N1GHT"] = Channel("C07QX6N1GHT", "night", members)
        workspace.join(workspace.channel("random"), workspace.bot_user)
        self.hall, self.noisy = self.account.add_room("Town hall"), self.account.add_room("Noisy room")
        for number in range(24):
            at = time.time() - 7_200 + number * 60
            past = self.open(self.hall, at)
            self.account.end(past, at + 1_800)

    def open(self, room: Any, at: float | None = None) -> Any:
        """A session with its host."""
        at = at or time.time()
        session = self.account.open_session(room, at)
        self.account.join(session, name="Ann", role="host", user_id="ann", at=at)
        return session

    def join(self, session: Any, name: str) -> None:
        self.account.join(session, name=name, role="guest", user_id=name.lower(), at=time.time())

    async def say(self, channel: str, line: str) -> Any:
        await self.slack.command(line, channel=channel)
        return await self.slack.reply(where=lambda each: each.ephemeral, timeout_s=15)

    def number(self, what: str) -> int:
        """The number of rows of the database that `what` names: a table, and conditions."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            return int(db.execute(COUNT.format(what)).fetchone()[0])

    async def rows(self, what: str, least: int = 1) -> None:
        await until(lambda: self.number(what) >= least, what)

    async def live(self, settings: Any) -> None:
        """Everything up to the moment when the bot is to be killed."""
        from bot.app import Pace, running
        from bot.demo.fake_slack import Dropped, Stalled

        slack, workspace = self.slack, self.slack.workspace
        stack = contextlib.AsyncExitStack()  # never left: the bot is killed
        pace = Pace(post_s=10.0, settle_s=0.5, reconcile_s=0.5, first_wait_s=0.5)
        bot = await stack.enter_async_context(running(settings, "web", pace=pace))
        slack.bot_events_url = f"{bot.url}/slack/events"
        await self.rows("polls WHERE good_ms > 0")
        now = datetime.now(UTC)
        words = {"due": now + timedelta(minutes=DUE_M), "second": now + timedelta(minutes=SECOND_DUE_M)}
        clocks = {name: f"{at:%H:%M}" for name, at in words.items()}
        clocks["quiet"] = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
        for channel, line in LINES:
            await self.say(channel, line.format(**clocks))
        listed = await self.say("live-ops", "digests")
        await slack.press(listed, "Pause", nth=1)
        await slack.reply(where=lambda each: each.ephemeral)
        await self.quiet_queue()

        slack.fail("chat.postMessage", Dropped())  # nobody can look whether it is there
        await self.say("incident-room", "subscribe role:host on:end")
        await self.rows("outbox WHERE status = 'held'")
        workspace.leave(workspace.channel("random"), workspace.bot_user)
        first, ends, noisy = self.open(self.hall), self.open(self.hall), self.open(self.noisy)
        await self.rows("channels WHERE paused IS NOT NULL")
        await self.rows("cards WHERE hushed_ms > 0", 6)
        await self.quiet_queue()
        await self.say("live-ops", f"mute {first.id} 2h")
        self.account.end(ends, time.time())
        await self.rows("cards WHERE status = 'closed' AND channel_id = 'C07QX6L1V3P'")
        await self.quiet_queue()
        for channel, line in LISTS:
            await self.say(channel, line)

        slack.fail("chat.postMessage", Stalled(FLYING_S, after_doing=True))
        await self.say("live-ops", "subscribe role:guest on:end")  # its first message arrives, and no answer
        await self.rows("outbox WHERE status = 'sending' AND channel_id = 'C07QX6L1V3P'")
        slack.fail("chat.postMessage", Stalled(FLYING_S))
        await self.say("general", "subscribe user:eve on:end")  # this one doesn't arrive
        await self.rows("outbox WHERE status = 'sending'", 2)
        self.join(first, "Bob")
        self.join(noisy, "Eve")
        for _ in range(2):
            self.join(self.open(self.hall), "Cyd")
        await self.rows("outbox WHERE status = 'pending' AND kind <> 'edit'", 4)

    async def quiet_queue(self) -> None:
        await until(
            lambda: not self.number("outbox WHERE status IN ('pending', 'sending') AND kind <> 'edit'"), "queue"
        )

    def world(self) -> dict[str, Any]:
        """The state of Slack and 100ms, without what is as ever."""
        slack, account = self.slack, self.account
        return {
            "made_s": time.time(),
            "rooms": [asdict(each) for each in account.rooms.values()],
            "sessions": [asdict(each) for each in account.sessions.values()],
            "channels": [
                asdict(each) | {"members": sorted(each.members)} for each in slack.workspace.channels.values()
            ],
            "messages": [asdict(each) for each in (*slack.messages(), *slack.ephemerals())],
        }


async def run(tree: Path, target: Path) -> None:
    """Let a scene live, and store it."""
    folder = Path(tempfile.mkdtemp(dir=tree))
    scene = Scene(tree, folder)
    slack, hms = scene.slack, scene.hms
    async with hms, slack:
        await scene.live(settings_of(slack, hms, f"sqlite:///{scene.database}"))
        with contextlib.closing(sqlite3.connect(scene.database)) as db:
            db.execute("BEGIN IMMEDIATE")  # nothing is written while Slack and 100ms are read
            world = json.dumps(scene.world(), ensure_ascii=False, default=list, separators=(",", ":"))
            with contextlib.closing(sqlite3.connect(":memory:")) as copy:
                db.rollback()
                db.backup(copy)
                dump = "\n".join(copy.iterdump())
        assert slack.violations == [], slack.violations
        target.with_suffix(".json").write_text(world + "\n")
        target.with_suffix(".sql").write_text(dump + "\n")
        print(f"{target}: {len(dump):,} and {len(world):,} characters", flush=True)
        os._exit(0)


def settings_of(slack: Any, hms: Any, url: str) -> Any:
    """Settings of a bot between these stand-ins, with this database."""
    from bot.settings import Settings

    return Settings(
        _env_file=None,
        slack_bot_token=slack.bot_token,
        slack_signing_secret=slack.signing_secret,
        slack_api_url=slack.api_url,
        hms_access_key=hms.access_key,
        hms_secret=hms.secret,
        hms_api_url=hms.url,
        database_url=url,
        poll_interval_s=1,
        unconfirmed_posts="hold",
        host="127.0.0.1",
        port=0,
    )


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for that."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        asyncio.run(run(Path(sys.argv[1]), Path(sys.argv[2])))
    else:
        main(sys.argv[1])
