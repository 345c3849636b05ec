"""The bot between the two stand-ins, as in production: a process of its own, settings from the environment."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import httpx

from bot.demo.fake_hms import FakeHms
from bot.demo.fake_slack import FakeSlack

ROOT = Path(__file__).parent.parent.parent
HOOK_SECRET = "demo-secret-of-webhooks-for-the-stand-in-only"  # noqa: S105
READY_WITHIN_S = 20.0
STOP_WITHIN_S = 10.0


class BotProcess:
    """`async with` it to have a port and a folder, with the bot's database, that outlast each process that is started
    in them. At the end the process is ended and the folder removed. `module` runs it; `settings` of the bot's win over
    the usual ones."""

    def __init__(
        self,
        slack: FakeSlack,
        hms: FakeHms,
        hms_url: str,
        mode: Literal["web", "socket"] = "web",
        module: str = "bot",
        **settings: str,
    ) -> None:
        self._slack = slack
        self._hms = hms
        self._module = module
        self._mode = mode
        self._folder = tempfile.TemporaryDirectory()  # so that no .env of the developer's is read
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._settings = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "HMS_ACCESS_KEY": hms.access_key,
            "HMS_SECRET": hms.secret,
            "HMS_API_URL": hms_url,
            "HMS_WEBHOOK_SECRET": HOOK_SECRET,
            "DATABASE_URL": "",  # an SQLite file in its folder
            "POLL_INTERVAL_S": "2",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
            "PYTHONPATH": str(ROOT),
            "no_proxy": "*",  # the stand-ins are on this machine
            **settings,
        }
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            await _end(self._process)
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        return self._started().pid

    @property
    def events_url(self) -> str | None:
        """The address for all that people do; None if Slack has the bot's sockets."""
        return f"{self.url}/slack/events" if self._mode == "web" else None

    @property
    def folder(self) -> Path:
        return Path(self._folder.name)

    async def start(self) -> None:
        """Start it in its folder, whatever an earlier one has left there."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            self._mode,
            cwd=self._folder.name,
            env=os.environ | self._settings,
            start_new_session=True,  # Ctrl-C reaches the demo alone, which then ends the bot
        )

    async def ready(self) -> bool:
        """Wait until it answers people; False where it ended instead, or isn't ready within `READY_WITHIN_S`."""
        process, loop = self._started(), asyncio.get_running_loop()
        stop_at = loop.time() + READY_WITHIN_S
        async with httpx.AsyncClient(trust_env=False) as http:
            while loop.time() < stop_at and process.returncode is None:
                try:
                    if (await http.get(f"{self.url}/readyz")).status_code == 200:
                        self._slack.bot_events_url = self.events_url
                        self._send_webhooks()
                        return True
                except httpx.TransportError:
                    pass  # it doesn't listen yet
                await asyncio.sleep(0.05)
        return False

    async def ended(self) -> int:
        """Wait until it ends; its exit code, or the signal that killed it, negative."""
        return await self._started().wait()

    def _send_webhooks(self) -> None:
        if secret := self._settings["HMS_WEBHOOK_SECRET"]:
            self._hms.webhooks.send_to(f"{self.url}/100ms/webhook", {"X-Sessions-Secret": secret})

    def _started(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "start() comes first"  # noqa: S101
        return self._process


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
