"""`python -m bot demo`: the two stand-ins on one port, and the real bot between them as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import httpx
import yaml

from bot.demo.fake_hms import Account, FakeHms, Life
from bot.demo.fake_slack import FakeSlack
from bot.errors import ConfigError

ROOT = Path(__file__).parent.parent.parent
PORT = 8100
READY_WITHIN_S = 20.0
STOP_WITHIN_S = 10.0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}. {' '.join(self.format_usage().split())}")


def main(arguments: list[str]) -> None:
    """Run until Ctrl-C. Raises ConfigError for a wrong argument, a port that is taken, a bot that doesn't start."""
    parser = _Parser(prog="python -m bot demo", description="The bot in a make-believe Slack, with a 100ms that lives.")
    parser.add_argument("--port", type=int, default=PORT, help=f"where the page is (default {PORT}; 0 picks one)")
    parser.add_argument("--seed", type=int, default=7, help="another seed is another account")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast the account lives (default 1)")
    parser.add_argument("--no-browser", action="store_true", help="don't open the page")
    options = parser.parse_args(arguments)
    if not 0 <= options.port <= 65_535:
        raise ConfigError("--port takes 0 to 65535.")
    if not 0 < options.speed <= 1_000:
        raise ConfigError("--speed takes a number above 0, up to 1000.")
    asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    account = Account(seed=options.seed)
    life = Life(account, seed=options.seed, now=time.time(), speed=options.speed)
    slack = FakeSlack(manifest=yaml.safe_load((ROOT / "manifest.yml").read_text()))
    hms = FakeHms(account)
    slack.app.add_routes(hms.routes)
    try:
        await _listen(slack, options.port)
        print(f"Slack   {slack.url}/")
        print(f"100ms   {slack.url}/v2  access key {hms.access_key}  secret {hms.secret}", flush=True)
        async with asyncio.TaskGroup() as group, _bot(slack, hms, stop) as process:
            living = group.create_task(life.run(time.time))
            if not stop.is_set():
                print("Ready", flush=True)
            if not (options.no_browser or stop.is_set()) and _has_screen():
                webbrowser.open(f"{slack.url}/")
            ended = group.create_task(process.wait())
            stopped = group.create_task(stop.wait())
            await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
            for task in (living, ended, stopped):
                task.cancel()
            if not stop.is_set():
                raise ConfigError(f"The bot stopped by itself (exit code {process.returncode}).")
    except* ConfigError as errors:
        raise errors.exceptions[0] from None
    finally:
        await hms.stop()
        await slack.stop()


async def _listen(slack: FakeSlack, port: int) -> None:
    try:
        await slack.start(port=port)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else "it is taken"
        raise ConfigError(f"Port {port} can't be used: {why}. Choose another with --port.") from None


@asynccontextmanager
async def _bot(slack: FakeSlack, hms: FakeHms, stop: asyncio.Event) -> AsyncIterator[asyncio.subprocess.Process]:
    """The bot as in production: its own process, settings from the environment, signed requests in."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    settings: dict[str, Any] = {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "HMS_ACCESS_KEY": hms.access_key,
        "HMS_SECRET": hms.secret,
        "HMS_API_URL": f"{slack.url}/v2",
        "DATABASE_URL": "",  # an SQLite file in its folder
        "POLL_INTERVAL_S": "2",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        "PYTHONPATH": str(ROOT),
    }
    with tempfile.TemporaryDirectory() as folder:  # so that no .env of the developer's is read
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "web",
            cwd=folder,
            env=os.environ | settings,
            start_new_session=True,  # Ctrl-C reaches the demo alone, which then ends the bot
        )
        try:
            await _until_ready(url, process, stop)
            slack.bot_events_url = f"{url}/slack/events"
            yield process
        finally:
            await _end(process)


async def _until_ready(url: str, process: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    stop_at = loop.time() + READY_WITHIN_S
    async with httpx.AsyncClient(trust_env=False) as http:
        while loop.time() < stop_at and process.returncode is None:
            if stop.is_set():
                return
            try:
                if (await http.get(f"{url}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # it doesn't listen yet
            await asyncio.sleep(0.05)
    with suppress(TimeoutError):  # a Ctrl-C may have reached the bot first
        await asyncio.wait_for(stop.wait(), 0.5)
    if not stop.is_set():
        raise ConfigError("The bot did not start; its own message is above.")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _has_screen() -> bool:
    """Whether a browser would open a window, and not a text browser in this terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
