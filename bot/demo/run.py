"""`python -m bot demo`: the two stand-ins on one port, and the real bot between them as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import webbrowser
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import yaml

from bot.demo.bot_process import BotProcess
from bot.demo.fake_hms import Account, FakeHms, Life
from bot.demo.fake_slack import FakeSlack
from bot.errors import ConfigError
from bot.manifest import FILE

T = TypeVar("T")

ALERTS = "support"
"""The channel in which the alerts of the first minute come, and the one that is opened."""
LINES = (
    "subscribe template:teaching missing:host>10s notify:@oncall every:10m",
    "subscribe room:sales.demo:eu idle:10s",
)


async def run(port: int, seed: int, speed: float, *, browser: bool) -> None:
    """Run until Ctrl-C. `port` 0 picks one, `seed` chooses the account, and `browser` opens the page. Raises
    ConfigError for a port that is taken, and for a bot that doesn't start."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    account = Account(seed=seed)
    life = Life(account, seed=seed, now=time.time(), speed=speed)
    manifest = yaml.safe_load(FILE.read_text())
    slack = FakeSlack(manifest=manifest, scopes=scopes_of(manifest))
    hms = FakeHms(account)
    slack.app.add_routes(hms.routes)
    try:
        await _listen(slack, port)
        print(f"Slack   {slack.url}/")
        print(f"100ms   {slack.url}/v2  access key {hms.access_key}  secret {hms.secret}", flush=True)
        async with asyncio.TaskGroup() as group, BotProcess(slack, hms, f"{slack.url}/v2") as bot:
            await _start(bot, stop)
            for line in LINES:
                await slack.command(line, user="ben", channel=ALERTS)
            living = group.create_task(life.run(time.time))
            if not stop.is_set():
                print("Ready", flush=True)
            if browser and not stop.is_set() and _has_screen():
                webbrowser.open(f"{slack.url}/#{ALERTS}")
            await _watch(bot, stop)
            living.cancel()
    except* ConfigError as errors:
        raise errors.exceptions[0] from None
    finally:
        await hms.stop()
        await slack.stop()


async def _watch(bot: BotProcess, stop: asyncio.Event) -> None:
    """Until `stop`. A bot that somebody ended is started again: it goes on where it was. ConfigError where it fails."""
    while (code := await _unless(stop, bot.ended())) is not None:
        if code > 0:
            raise ConfigError(f"The bot stopped by itself (exit code {code}).")
        print("The bot was ended: starting it again, with the same database.", file=sys.stderr, flush=True)
        await _start(bot, stop)


async def _start(bot: BotProcess, stop: asyncio.Event) -> None:
    """Until the bot is ready, or `stop`. ConfigError for one that doesn't start."""
    await bot.start()
    if await _unless(stop, bot.ready()) is not False:
        return
    with suppress(TimeoutError):  # a Ctrl-C may have reached the bot first
        await asyncio.wait_for(stop.wait(), 0.5)
    if not stop.is_set():
        raise ConfigError("The bot did not start; its own message is above.")


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return the result of `work`, or None if `stop` is set before."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() and not stop.is_set() else None
    finally:
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)


def scopes_of(manifest: Mapping[str, Any]) -> frozenset[str]:
    """Everything that the manifest asks for: who installs it here grants it all."""
    return frozenset(manifest["oauth_config"]["scopes"]["bot"])


async def _listen(slack: FakeSlack, port: int) -> None:
    try:
        await slack.start(port=port)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else "it is taken"
        raise ConfigError(f"Port {port} can't be used: {why}. Choose another with --port.") from None


def _has_screen() -> bool:
    """True if a browser would open a window, and not a text browser in this terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
