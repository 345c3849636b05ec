"""The one place that builds things, and takes them down again."""

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
from bot.alerts.commands import FEATURE as ALERTS
from bot.browse.commands import FEATURE as BROWSE
from bot.channel.commands import FEATURE as CHANNEL
from bot.clients import hms_client, secret, slack_client, slack_http
from bot.clock import SLACK, Clock
from bot.digests.commands import FEATURE as DIGESTS
from bot.digests.produce import Digests
from bot.doctor import parts
from bot.errors import ConfigError
from bot.health.checks import examine
from bot.health.commands import FEATURE as HEALTH
from bot.health.slack_probe import Workspace
from bot.health.watch import Watch
from bot.hms.client import Hms
from bot.jobs.background import LEASE_S as LEAD_S
from bot.jobs.background import RECONCILE_S, BackgroundJobs
from bot.jobs.scheduler import Scheduler
from bot.net.retry_budget import RetryBudget
from bot.outbox.chat import TIMEOUT_S, Chat
from bot.outbox.deliver import FIRST_WAIT_S, LEASE_S, SETTLE_S, Deliver
from bot.outbox.events import FEATURE as POSTING
from bot.rooms.names import Rooms
from bot.rooms.walk import Walk
from bot.settings import Mode, Settings
from bot.silence.mute_commands import FEATURE as MUTES
from bot.silence.quiet_commands import FEATURE as QUIET_HOURS
from bot.silence.thread_commands import FEATURE as THREADS
from bot.slack.access_rules import read_access
from bot.slack.data_blocks import DataBlocks
from bot.slack.groups import Groups
from bot.slack.help import FEATURE as HELP
from bot.slack.identity import Identity
from bot.slack.listeners import bolt, register
from bot.slack.people import People
from bot.slack.places import Places
from bot.slack.registry import Feature, Registry
from bot.slack.reply import Replies
from bot.slack.request import Bot
from bot.slack.run import FEATURE as LINES
from bot.slack.socket import TIMES, Socket, Times
from bot.slack.trace import trace
from bot.slack.work import Work
from bot.store import Store, StoreError
from bot.tracking.poll import Poll
from bot.web.connections import BOUNDS, Bounds, allow_files, listen
from bot.web.metrics import Metrics
from bot.web.ready import Health
from bot.web.server import application

FEATURES = (LINES, BROWSE, ALERTS, DIGESTS, MUTES, QUIET_HOURS, THREADS, CHANNEL, HEALTH, HELP, POSTING)
"""All that people can do in Slack, in the order of the help."""
START_S = 1.0
"""How long the start waits for Slack: a refused token ends it, a slow Slack doesn't hold it up."""
DRAIN_S = 20.0
"""How long answers may take after SIGTERM: a platform such as Heroku kills after 30 seconds."""
JOBS_STOP_S = 12.0
"""How long a post that has begun may take when the bot stops: a little more than the post's own time-out."""
STOP_S = 3.0
"""How long requests that are still coming in may take when the bot stops: Slack gives them up then."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long alerts take their time, in seconds; the crash test takes less. `lead_s` is the lease of who polls. A
    message is leased for `lease_s`, in which its request may take `post_s`; one without a clear answer is looked up
    `settle_s` after its lease, by a look every `reconcile_s`, and where it can't be read `first_wait_s` after that.
    Jobs look for work `haste` times as often; `budget` is for a request to 100ms."""

    lead_s: float = LEAD_S
    post_s: float = TIMEOUT_S
    lease_s: float = LEASE_S
    settle_s: float = SETTLE_S
    reconcile_s: float = RECONCILE_S
    first_wait_s: float = FIRST_WAIT_S
    haste: float = 1.0
    budget: RetryBudget | None = None


PACE = Pace()


@dataclass(frozen=True, slots=True)
class Running:
    """The bot, listening at `url`. `starting` ends when Slack has answered, or with ConfigError where it refuses."""

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
) -> AsyncIterator[Running]:
    """Build everything and listen. On the way out nothing acknowledged is left unanswered: answers have `drain_s`
    seconds, and who gets none by then is told so. `wall` is this machine's clock. Raises ConfigError, and OSError where
    it can't listen."""
    registry = Registry(features)
    access = read_access(settings.access, registry.words, registry.free)
    async with AsyncExitStack() as stack:
        clock = Clock(wall)
        traced = trace(settings.slack_api_url, lambda date: clock.hear(SLACK, date))
        http = await stack.enter_async_context(slack_http(settings, traced))
        client, poster = slack_client(settings, http), slack_client(settings, http, again=False)
        hms = hms_client(settings, clock, pace.budget)
        stack.push_async_callback(hms.close)
        store = await Store.open(settings.database_url)
        stack.push_async_callback(store.close)
        if not store.single:
            clock.share(store.time)
        identity, work, workspace = Identity(poster), Work(), Workspace(poster)
        rooms = Rooms(hms, store, lambda: identity.team_id)
        hms.templates.template_of = rooms.template_of
        data_blocks = DataBlocks()
        deliver = _deliver(settings, store, Chat(poster, data_blocks=data_blocks), identity, clock, pace)
        alerts = _alerts(settings, store, hms, rooms, identity, deliver, workspace, clock, pace)
        scheduler = Scheduler(alerts.jobs(), wall, pace.haste)
        stack.push_async_callback(scheduler.finish, JOBS_STOP_S)
        stack.callback(deliver.stop)

        async def look() -> Store:
            return store

        slack = bolt(client, identity.authorizer())
        socket = None
        if mode == "socket":
            socket = Socket(slack, secret(settings.slack_app_token), f"{settings.slack_api_url}/", http, times)
        examined = parts(
            settings,
            [mode],
            access,
            clock,
            workspace=workspace,
            hms=hms,
            look=look,
            since_s=clock(),
            sockets=(lambda: socket.open) if socket is not None else None,
        )
        bot = Bot(
            hms=hms,
            rooms=rooms,
            people=People(poster, settings.default_timezone, default_said=settings.timezone_said),
            groups=Groups(poster),
            places=Places(poster),
            registry=registry,
            access=access,
            replies=Replies(poster, data_blocks),
            work=work,
            store=store,
            team_id=lambda: identity.team_id,
            user_id=lambda: identity.user_id,
            name=lambda: identity.name,
            stale=lambda: alerts.stale(identity.team_id),
            examine=lambda: examine(examined),
            clock=clock.now,
        )
        register(slack, bot)
        health = Health(identity, alerts, socket, clock)
        served = application(
            slack if mode == "web" else None,
            secret(settings.slack_signing_secret),
            health.not_ready,
            health.note,
            Metrics(health.stored, health.not_ready, secret(settings.metrics_token)),
            bounds,
            lambda: clock.of(SLACK),
        )
        runner = web.AppRunner(served, shutdown_timeout=STOP_S)
        await runner.setup()
        stack.push_async_callback(work.drain, drain_s)
        stack.push_async_callback(runner.cleanup)  # before the drain: nothing comes in after that
        listening = await listen(runner, settings.host, settings.port, bounds)
        stack.callback(listening.close)
        steps = [identity.warm(), _begin(identity, alerts, scheduler)]
        if socket is not None:
            stack.push_async_callback(socket.close)
            steps.append(socket.connect())
        starting = asyncio.gather(*steps)
        stack.push_async_callback(_cancelled, starting)
        stack.callback(scheduler.cut)
        stack.callback(health.stop)
        await asyncio.wait([starting], timeout=START_S)
        if starting.done():
            starting.result()
        host, port = listening.sockets[0].getsockname()[:2]
        yield Running(f"http://{host}:{port}", starting)


def _deliver(settings: Settings, store: Store, chat: Chat, identity: Identity, clock: Clock, pace: Pace) -> Deliver:
    return Deliver(
        store,
        chat,
        lambda: identity.team_id,
        bot=lambda: identity.name,
        clock=clock,
        unsure=settings.unconfirmed_posts,
        ops=settings.ops_channel,
        post_s=pace.post_s,
        lease_s=pace.lease_s,
        settle_s=pace.settle_s,
        first_wait_s=pace.first_wait_s,
    )


def _alerts(
    settings: Settings,
    store: Store,
    hms: Hms,
    rooms: Rooms,
    identity: Identity,
    deliver: Deliver,
    workspace: Workspace,
    clock: Clock,
    pace: Pace,
) -> BackgroundJobs:
    def team_id() -> str:
        return identity.team_id

    return BackgroundJobs(
        store,
        Poll(hms, rooms, store, team_id, clock.now),
        Digests(hms, rooms, store, team_id, clock.now),
        Walk(hms, rooms, store, team_id, clock),
        deliver,
        Watch(
            store,
            workspace,
            team_id,
            lambda: int(clock() * 1000),
            ops=settings.ops_channel,
            bot=lambda: identity.name,
        ),
        clock,
        settings.poll_interval_s,
        workspace.say_time,
        team_id,
        lead_s=pace.lead_s,
        reconcile_s=pace.reconcile_s,
    )


async def _begin(identity: Identity, alerts: BackgroundJobs, scheduler: Scheduler) -> None:
    """Start the jobs when it is known whose they are."""
    await identity.there()
    try:
        await alerts.recover(identity.team_id)
    except StoreError as error:
        log.error("recover_failed", cause=error.cause)
    scheduler.start()


async def serve(settings: Settings, mode: Mode, *, pace: Pace = PACE, wall: Callable[[], float] = time.time) -> None:
    """Run until SIGTERM or SIGINT. Raises ConfigError."""
    log.set_up(settings.log_level, settings.log_format, settings.secrets)
    bounds = allow_files(BOUNDS)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    try:
        async with running(settings, mode, pace=pace, bounds=bounds, wall=wall) as bot:
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
        starting.exception()  # asyncio logs one that nobody looks at
