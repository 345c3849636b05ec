"""The demo without its life: both stand-ins and the bot's process, and an account in which happens what a test does."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Self, TypeVar

import yaml

from bot.demo.bot_process import BotProcess
from bot.demo.fake_hms import Account, FakeHms, Session
from bot.demo.fake_slack import FakeSlack, Message
from bot.demo.run import scopes_of
from tests.browser.bot import AHEAD
from tests.clocks import Wall
from tests.conftest import ROOT
from tests.live import polls

T = TypeVar("T")
DONE_WITHIN_S = 60.0


class Stage:
    """`with` it to run everything in a thread of its own, where Playwright's loop doesn't reach. Its time goes on by
    `later` too, for the stand-ins and the bot."""

    def __init__(self, *rooms: str) -> None:
        self.clock = Wall()
        self.account = Account(any_names=True)
        self._rooms = {name: self.account.add_room(name) for name in rooms}
        manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
        self.slack = FakeSlack(manifest=manifest, scopes=scopes_of(manifest), clock=self.clock)
        self._hms = FakeHms(self.account, clock=self.clock)
        self._bot: BotProcess
        self._stack = AsyncExitStack()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(self._set_up())
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._wait(self._stack.aclose())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    @property
    def url(self) -> str:
        """The page's."""
        return f"{self.slack.url}/"

    # What happens on 100ms

    def opens(self, room: str, *people: str, ago_s: float = 0.0) -> Session:
        """A session with these people, the first of them its host, that began so long ago."""

        def work() -> Session:
            session = self.account.open_session(self._rooms[room], self.clock() - ago_s)
            for number, name in enumerate(people):
                self._join(session, name, "guest" if number else "host", ago_s)
            return session

        return self.do(work)

    def joins(self, session: Session, name: str, role: str = "guest") -> None:
        self.do(lambda: self._join(session, name, role, 0.0))

    def leaves(self, session: Session, name: str) -> None:
        peer = next(each for each in session.present() if each.name == name)
        self.do(lambda: self.account.leave(session, peer, self.clock()))

    def ends(self, session: Session) -> None:
        self.do(lambda: self.account.end(session, self.clock()))

    def posted(self, channel: str, text: str = "") -> list[Message]:
        """The bot's messages there for all with that text, its replies in threads too."""
        return self.do(lambda: [each for each in self.slack.messages(channel) if each.metadata and text in each.plain])

    # What happens to the bot

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """It is gone when this returns."""
        os.kill(self._bot.pid, how)
        self._wait(self._bot.ended())

    def start(self) -> None:
        """It is ready when this returns, with the database of the one before."""
        self._wait(self._started())

    def again(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it and start it with its database."""
        self.kill(how)
        self.start()

    def polled(self) -> None:
        """It has read the account since this was called."""
        self._wait(polls(self._hms))

    def later(self, seconds: float) -> None:
        """Move the time on."""
        self.clock.by_s += seconds
        written = self._bot.folder / "written"
        written.write_text(str(self.clock.by_s))
        written.replace(self._bot.folder / AHEAD)  # whole, whenever it is read

    def do(self, work: Callable[[], T]) -> T:
        """Return what `work` gives, done where the stand-ins live."""

        async def here() -> T:
            return work()

        return self._wait(here())

    async def _set_up(self) -> None:
        self.slack.app.add_routes(self._hms.routes)
        await self.slack.start()
        self._stack.push_async_callback(self.slack.stop)
        self._stack.push_async_callback(self._hms.stop)
        bot = BotProcess(self.slack, self._hms, f"{self.slack.url}/v2", module="tests.browser.bot", POLL_INTERVAL_S="1")
        self._bot = await self._stack.enter_async_context(bot)
        self.later(0.0)
        await self._started()

    async def _started(self) -> None:
        await self._bot.start()
        assert await self._bot.ready()

    def _join(self, session: Session, name: str, role: str, ago_s: float) -> None:
        self.account.join(session, name=name, role=role, user_id=name.lower(), at=self.clock() - ago_s)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(DONE_WITHIN_S)
