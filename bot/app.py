"""The one place that builds things, and takes them down again."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot import log
from bot.chat.chat import TIMEOUT_S, Chat
from bot.chat.trace import trace
from bot.chat.workspace import Workspace
from bot.core.access import Access, names_groups, read_access
from bot.core.finding import Finding
from bot.core.mask import Mask
from bot.errors import ConfigError
from bot.flows.deliver import FIRST_WAIT_S, LEASE_S, SETTLE_S, Deliver
from bot.flows.digest import Digests
from bot.flows.doctor import Parts, examine
from bot.flows.poll import Poll
from bot.flows.rooms import Rooms
from bot.hms.auth import GivenToken, SignedToken, Token
from bot.hms.client import Hms
from bot.jobs.alerts import LEASE_S as LEAD_S
from bot.jobs.alerts import RECONCILE_S, Alerts
from bot.jobs.scheduler import Scheduler
from bot.proxy import proxy_to
from bot.settings import HMS_KEYS, Mode, Settings, Wrong, modes, read_all, review
from bot.slack.commands import COMMANDS, FREE, command_words
from bot.slack.groups import Groups
from bot.slack.insist import insist
from bot.slack.listeners import register
from bot.slack.people import People
from bot.slack.replies import Replies
from bot.slack.request import Bot
from bot.slack.socket import TIMES, Socket, Times
from bot.slack.work import Work
from bot.store.clock import Clock
from bot.store.store import Store, StoreError
from bot.web.connections import BOUNDS, Bounds, allow_files, listen
from bot.web.server import application

START_S = 1.0
"""How long the start waits for Slack: a refused token ends it, a slow Slack doesn't hold it up."""
DRAIN_S = 20.0
"""How long answers may take after SIGTERM: a platform such as Heroku kills after 30 seconds."""
JOBS_STOP_S = 12.0
"""How long a post that has begun may take when the bot stops: a little more than the post's own time-out."""
STOP_S = 3.0
"""How long requests that are still coming in may take when the bot stops: Slack gives them up then."""
SLACK_TIMEOUT_S = 8


class Identity:
    """Who the bot is in its workspace: auth.test, asked once at start so that no person's 3 seconds pay for it."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: dict[str, Any] = {}
        self._there = asyncio.Event()

    @property
    def known(self) -> bool:
        return bool(self._known)

    @property
    def team_id(self) -> str:
        """ "" until Slack has said it."""
        return str(self._known.get("team_id") or "")

    @property
    def user_id(self) -> str:
        return str(self._known.get("user_id") or "")

    @property
    def name(self) -> str:
        return str(self._known.get("user") or "")

    async def there(self) -> None:
        """Wait until it is known."""
        await self._there.wait()

    async def warm(self) -> None:
        """Ask until Slack answers. Raises ConfigError where it refuses the token."""
        answer = await insist(self._client.auth_test, "SLACK_BOT_TOKEN", self._client.base_url)
        self._known = {key: answer.get(key) for key in ("bot_id", "user_id", "user", "team_id", "enterprise_id")}
        self._there.set()

    def authorizer(self) -> Callable[..., Awaitable[AuthorizeResult]]:
        """For Bolt. It answers also before Slack has: no listener needs to know who the bot is."""

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=enterprise_id,
                team_id=team_id,
                bot_id=self._known.get("bot_id"),
                bot_user_id=self._known.get("user_id"),
                bot_token=self._client.token,
            )

        return authorize


@dataclass(frozen=True, slots=True)
class Pace:
    """How long alerts take their time, in seconds; the crash test takes less. `lead_s` is the lease of who polls. A
    message is leased for `lease_s`, in which its request may take `post_s`; one without a clear answer is looked up
    `settle_s` after its lease, by a look every `reconcile_s`, and where it can't be read `first_wait_s` after that."""

    lead_s: float = LEAD_S
    post_s: float = TIMEOUT_S
    lease_s: float = LEASE_S
    settle_s: float = SETTLE_S
    reconcile_s: float = RECONCILE_S
    first_wait_s: float = FIRST_WAIT_S


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
) -> AsyncIterator[Running]:
    """Build everything and listen. On the way out nothing acknowledged is left unanswered: answers have `drain_s`
    seconds, and who gets none by then is told so. Raises ConfigError, and OSError where it can't listen."""
    access = read_access(settings.access, command_words(), FREE)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(_http(settings, trace(settings.slack_api_url)))
        client = _slack_client(settings, http)
        mask = Mask(_secret(settings.slack_bot_token)) if settings.mask_names else None
        hms = Hms(settings.hms_api_url, _hms_token(settings), mask=mask)
        stack.push_async_callback(hms.close)
        work = Work()
        store = await Store.open(settings.database_url)
        stack.push_async_callback(store.close)
        identity = Identity(client)
        rooms = Rooms(hms)
        poster = _slack_client(settings, http, again=False)
        clock = Clock(store)
        deliver = Deliver(
            store,
            Chat(poster),
            clock=clock,
            unsure=settings.unconfirmed_posts,
            post_s=pace.post_s,
            lease_s=pace.lease_s,
            settle_s=pace.settle_s,
            first_wait_s=pace.first_wait_s,
        )
        poll = Poll(hms, rooms, store, lambda: identity.team_id)
        digests = Digests(hms, rooms, store, lambda: identity.team_id)
        alerts = Alerts(
            store,
            poll,
            digests,
            deliver,
            clock,
            settings.poll_interval_s,
            lead_s=pace.lead_s,
            reconcile_s=pace.reconcile_s,
        )

        async def look() -> Store:
            return store

        parts = Parts(
            review(settings, [mode]),
            settings.poll_interval_s,
            names_groups(access),
            since_s=time.time(),
            workspace=Workspace(poster),
            hms=hms,
            given_token=_given_token(settings),
            look=look,
        )
        bot = Bot(
            hms=hms,
            rooms=rooms,
            people=People(client, settings.default_timezone),
            groups=Groups(client),
            access=access,
            replies=Replies(http),
            work=work,
            store=store,
            team_id=lambda: identity.team_id,
            user_id=lambda: identity.user_id,
            name=lambda: identity.name,
            stale=lambda: alerts.stale(identity.team_id),
            examine=lambda: examine(parts),
            words=tuple(COMMANDS),
        )

        scheduler = Scheduler(alerts.jobs())
        stack.push_async_callback(scheduler.finish, JOBS_STOP_S)
        stack.callback(deliver.stop)

        async def begin() -> None:
            await identity.there()
            try:
                await alerts.recover(identity.team_id)
            except StoreError as error:
                log.error("recover_failed", cause=error.cause)
            scheduler.start()

        slack = _bolt(settings, client, identity)
        register(slack, bot)
        socket = _socket(settings, slack, http, times) if mode == "socket" else None
        stopping = asyncio.Event()

        def not_ready() -> str:
            if stopping.is_set():
                return "stopping"
            if not identity.known:
                return "waiting for Slack's auth.test"
            if socket is not None and not socket.open:
                return "waiting for Slack's socket"
            return ""

        async def note() -> str:
            try:
                team_id = identity.team_id
                return "\n".join(filter(None, (await alerts.stale(team_id), await alerts.slow(team_id))))
            except StoreError:
                return "alerts wait: the database doesn't answer"

        async def stored() -> Mapping[str, float]:
            return await alerts.stored(identity.team_id)

        secret = _secret(settings.slack_signing_secret)
        events = slack if mode == "web" else None
        served = application(events, secret, not_ready, note, stored, bounds)
        runner = web.AppRunner(served, shutdown_timeout=STOP_S)
        await runner.setup()
        stack.push_async_callback(work.drain, drain_s)
        stack.push_async_callback(runner.cleanup)  # before the drain: nothing comes in after that
        listening = await listen(runner, settings.host, settings.port, bounds)
        stack.callback(listening.close)
        steps = [identity.warm(), begin()]
        if socket is not None:
            stack.push_async_callback(socket.close)
            steps.append(socket.connect())
        starting = asyncio.gather(*steps)
        stack.push_async_callback(_cancelled, starting)
        stack.callback(scheduler.cut)
        stack.callback(stopping.set)
        await asyncio.wait([starting], timeout=START_S)
        if starting.done():
            starting.result()
        host, port = listening.sockets[0].getsockname()[:2]
        yield Running(f"http://{host}:{port}", starting)


async def doctor() -> list[Finding]:
    """All that is found without the bot, of the settings as they are. Nothing is written anywhere."""
    settings, wrong = read_all()
    access: Access = {}
    try:
        access = read_access(settings.access, command_words(), FREE)
    except ConfigError as error:
        wrong.append(Wrong("ACCESS", error.text.removeprefix("ACCESS, ")))
    findings = review(settings, modes(settings), wrong)
    unfit = {finding.what for finding in findings if finding.state == "fail"}
    async with AsyncExitStack() as stack:
        client = _slack_client(settings, await stack.enter_async_context(_http(settings)), again=False)
        hms = Hms(settings.hms_api_url, _hms_token(settings))
        stack.push_async_callback(hms.close)

        async def look() -> Store | None:
            if store := await Store.look(settings.database_url):
                stack.push_async_callback(store.close)
            return store

        def fit(*names: str) -> bool:
            return unfit.isdisjoint(names)

        parts = Parts(
            findings,
            settings.poll_interval_s,
            names_groups(access),
            workspace=Workspace(client) if fit("SLACK_BOT_TOKEN", "SLACK_API_URL") else None,
            app_token=_secret(settings.slack_app_token) if fit("SLACK_APP_TOKEN") else "",
            hms=hms if fit(HMS_KEYS, "HMS_API_URL") else None,
            given_token=_given_token(settings),
            look=look if fit("DATABASE_URL") else None,
        )
        return await examine(parts)


async def serve(settings: Settings, mode: Mode, *, pace: Pace = PACE) -> None:
    """Run until SIGTERM or SIGINT. Raises ConfigError."""
    log.set_up(settings.log_level, settings.log_format, settings.secrets)
    allow_files(BOUNDS)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    try:
        async with running(settings, mode, pace=pace) as bot:
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


def _http(settings: Settings, *traces: aiohttp.TraceConfig) -> aiohttp.ClientSession:
    """For everything that goes to Slack, response_urls and websockets too."""
    return aiohttp.ClientSession(trace_configs=list(traces), proxy=proxy_to(settings.slack_api_url))


def _slack_client(settings: Settings, http: aiohttp.ClientSession, *, again: bool = True) -> AsyncWebClient:
    """`again`: it asks again by itself, which a client that posts must not."""
    client = AsyncWebClient(
        token=_secret(settings.slack_bot_token),
        base_url=f"{settings.slack_api_url}/",
        session=http,
        timeout=SLACK_TIMEOUT_S,
        retry_handlers=(
            [AsyncConnectionErrorRetryHandler(), AsyncRateLimitErrorRetryHandler(max_retry_count=1)] if again else []
        ),
    )
    client.proxy = None  # its own idea of the environment's leaves NO_PROXY out; the session has the right one
    return client


def _bolt(settings: Settings, client: AsyncWebClient, identity: Identity) -> AsyncApp:
    return AsyncApp(
        client=client,
        request_verification_enabled=False,  # web.server has done that
        authorize=identity.authorizer(),
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        logger=logging.getLogger("slack_bolt"),  # its own would ignore the level that `log` sets
    )


def _socket(settings: Settings, slack: AsyncApp, http: aiohttp.ClientSession, times: Times) -> Socket:
    return Socket(slack, _secret(settings.slack_app_token), f"{settings.slack_api_url}/", http, times)


def _hms_token(settings: Settings) -> Token:
    if settings.hms_access_key and settings.hms_secret:
        return SignedToken(settings.hms_access_key, settings.hms_secret.get_secret_value())
    return GivenToken(_given_token(settings))


def _given_token(settings: Settings) -> str:
    """The token of 100ms's that is used as it is, or "" where tokens are signed."""
    signed = settings.hms_access_key and settings.hms_secret
    return "" if signed else _secret(settings.hms_management_token)


def _secret(value: Any) -> str:
    return value.get_secret_value() if value is not None else ""
