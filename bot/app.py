"""The composition root: builds and shuts down the whole bot."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot import log
from bot.accounts import PACE, Accounts, Pace, Process
from bot.alerts.commands import FEATURE as ALERTS
from bot.alerts.firing_commands import FEATURE as FIRINGS
from bot.browse.commands import FEATURE as BROWSE
from bot.channel.commands import FEATURE as CHANNEL
from bot.channel.events import FEATURE as POSTING
from bot.clients import secret, slack_client, slack_http
from bot.clock import SLACK, Clock
from bot.db.database import Database
from bot.digests.commands import FEATURE as DIGESTS
from bot.errors import ConfigError
from bot.health.commands import FEATURE as HEALTH
from bot.query.zones import sayable_zone
from bot.settings import Account, Mode, Settings
from bot.silence.mute_commands import FEATURE as MUTES
from bot.silence.quiet_commands import FEATURE as QUIET_HOURS
from bot.silence.thread_commands import FEATURE as THREADS
from bot.slack.access_rules import read_access
from bot.slack.help_commands import FEATURE as HELP
from bot.slack.listeners import bolt, register
from bot.slack.registry import Feature, Registry
from bot.slack.reply import Replies
from bot.slack.request import Bot
from bot.slack.run import FEATURE as LINES
from bot.slack.socket import TIMES, Socket, Times
from bot.slack.trace import trace
from bot.slack.work import Work
from bot.web.connections import BOUNDS, Bounds, allow_files, listen
from bot.web.ready import Health
from bot.web.server import application

FEATURES = (LINES, BROWSE, ALERTS, FIRINGS, DIGESTS, MUTES, QUIET_HOURS, THREADS, CHANNEL, HEALTH, HELP, POSTING)
"""All features, in the order of the help."""
START_S = 1.0
"""Seconds that the start waits for Slack: a refused token ends it, a slow Slack doesn't delay it."""
DRAIN_S = 20.0
"""Seconds for running answers after SIGTERM; platforms such as Heroku kill after 30."""
JOBS_STOP_S = 12.0
"""Seconds for a running post at shutdown, a little more than its own timeout."""
STOP_S = 3.0
"""Seconds for incoming requests at shutdown; Slack gives them up after that."""


@dataclass(frozen=True, slots=True)
class Running:
    """The bot, listening at `url`. `starting` completes when Slack has answered, or fails with ConfigError if it
    refuses."""

    url: str
    starting: asyncio.Future[Any]


@asynccontextmanager
async def running(
    settings: Settings,
    mode: Mode,
    *,
    drain_s: float = DRAIN_S,
    pace: Pace = PACE,
    bounds: Bounds = BOUNDS,
    times: Times = TIMES,
    wall: Callable[[], float] = time.time,
    features: Sequence[Feature] = FEATURES,
    accounts: Sequence[Account] = (),
) -> AsyncIterator[Running]:
    """Build everything and listen. At exit every acknowledged request gets an answer within `drain_s`, or an apology.
    `wall` is this machine's clock; `accounts` are served besides that of the settings. Raises ConfigError, and OSError
    if it can't listen."""
    registry = Registry(features)
    every = [settings, *(settings.model_copy(update=vars(each)) for each in accounts)]
    async with AsyncExitStack() as stack:
        clock = Clock(wall)
        traced = trace(settings.slack_api_url, lambda date: clock.hear(SLACK, date))
        http = await stack.enter_async_context(slack_http(settings, traced))
        accesses = [read_access(each.access, registry.ruled, registry.free) for each in every]
        served = Accounts(list(zip(every, accesses, strict=True)), clock, pace.budget)
        stack.push_async_callback(served.close)
        store = await Database.open(settings.database_url, busy_s=pace.busy_s)
        stack.push_async_callback(store.close)
        if not store.single:
            clock.share(store.time)
        work = Work()
        stack.push_async_callback(served.finish, JOBS_STOP_S)
        stack.callback(served.stop)
        slack = bolt(slack_client(settings, http), served.authorizer())
        socket = None
        if mode == "socket":
            socket = Socket(slack, secret(settings.slack_app_token), f"{settings.slack_api_url}/", http, times)
        sockets = (lambda: socket.open) if socket is not None else None
        bot = Bot(
            workspaces=served.workspaces,
            replies=Replies(slack_client(settings, http, token="", again=False)),
            work=work,
            store=store,
            registry=registry,
            settled_s=pace.settled_s,
            zone=sayable_zone(settings.default_timezone),
            clock=clock.now,
        )
        register(slack, bot)
        health = Health(served.workspaces, served.background, socket, clock)
        doors = application(
            slack if mode == "web" else None,
            secret(settings.slack_signing_secret),
            secret(settings.metrics_token),
            health,
            bounds,
            lambda: clock.of(SLACK),
            served.hooks,
        )
        runner = web.AppRunner(doors, shutdown_timeout=STOP_S)
        await runner.setup()
        stack.push_async_callback(work.drain, drain_s)
        stack.push_async_callback(runner.cleanup)  # runs before the drain, so that no request arrives after it
        listening = await listen(runner, settings.host, settings.port, bounds)
        stack.callback(listening.close)
        steps = [served.serve(Process(mode, http, store, clock, pace, sockets, wall))]
        if socket is not None:
            stack.push_async_callback(socket.close)
            steps.append(socket.connect())
        starting = asyncio.gather(*steps)
        stack.push_async_callback(_cancelled, starting)
        stack.callback(served.cut)
        stack.callback(health.stop)
        await asyncio.wait([starting], timeout=START_S)
        if starting.done():
            starting.result()
        host, port = listening.sockets[0].getsockname()[:2]
        yield Running(f"http://{host}:{port}", starting)


async def serve(
    settings: Settings,
    mode: Mode,
    *,
    pace: Pace = PACE,
    wall: Callable[[], float] = time.time,
    accounts: Sequence[Account] = (),
) -> None:
    """Run until SIGTERM or SIGINT. Raises ConfigError."""
    log.set_up(settings.log_level, settings.log_format, settings.secrets)
    bounds = allow_files(BOUNDS)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    try:
        async with running(settings, mode, pace=pace, bounds=bounds, wall=wall, accounts=accounts) as bot:
            log.info("listening", mode=mode, url=bot.url)
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait([stopped, bot.starting], return_when=asyncio.FIRST_COMPLETED)
            if bot.starting.done():
                bot.starting.result()
                await stopped
            log.info("stopping")
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise ConfigError(f"Can't listen on {where}: {error.strerror}. Set HOST or PORT.") from None


async def _cancelled(starting: asyncio.Future[Any]) -> None:
    starting.cancel()
    await asyncio.wait([starting])
    if not starting.cancelled():
        starting.exception()  # else asyncio logs it as never retrieved
