"""`FakeSlack`: one Slack workspace on a local port, strict about the platform's rules.

Development only: the demo and the tests start it; nothing in production imports it.
"""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bot.demo.fake_slack.dispatch import Dispatcher
from bot.demo.fake_slack.faults import Faults
from bot.demo.fake_slack.grants import Grants
from bot.demo.fake_slack.ledger import Ledger
from bot.demo.fake_slack.page_api import Handler, PageApi, only_from_here
from bot.demo.fake_slack.records import Records
from bot.demo.fake_slack.response_url import ResponseUrls
from bot.demo.fake_slack.seed import TEAM_ID
from bot.demo.fake_slack.site import RateLimiter, Site
from bot.demo.fake_slack.socket_mode import SocketHub
from bot.demo.fake_slack.web_api import WebApi
from bot.demo.fake_slack.workspace import Workspace

DEFAULT_SCOPES = frozenset({"commands", "chat:write", "users:read"})


def _events(manifest: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(manifest.get("settings", {}).get("event_subscriptions", {}).get("bot_events", ()))


class FakeSlack(Records):
    """One workspace, its Web API, and its people.

    `manifest` is the parsed app manifest (its slash commands and events are those that exist); `clock` gives epoch
    seconds and rules message times, trigger ids, response_urls and rate limits, not the 3 seconds of an
    acknowledgement.
    `history_most` and `history_every_s` bound conversations.history and .replies: 15 and 60 are what Slack grants
    apps sold outside its Marketplace (https://docs.slack.dev/apis/web-api/rate-limits). `untaken_blocks` are types
    of blocks that the workspace refuses, as Slack rolls them out in phases.  Without `tiers` the other methods have no
    limits, for tests in which minutes are seconds.
    `beside`: another workspace of the same Slack, whose address and sockets serve this one too. A token is of one
    workspace, and sees nothing of another (https://docs.slack.dev/authentication/tokens).
    `violations` lists every breach of a platform rule by the bot.  Start an instance once.
    """

    def __init__(
        self,
        *,
        manifest: Mapping[str, Any] | None = None,
        bot_events_url: str | None = None,
        signing_secret: str = "d3305ec2e70f51a9c4b86e7d1230fa95",  # noqa: S107
        bot_token: str = "xoxb-demo-sessions-bot",  # noqa: S107
        app_token: str = "xapp-demo-sessions-bot",  # noqa: S107
        scopes: frozenset[str] = DEFAULT_SCOPES,
        clock: Callable[[], float] = time.time,
        history_most: int = 999,
        history_every_s: float = 0.0,
        untaken_blocks: frozenset[str] = frozenset(),
        tiers: bool = True,
        team_id: str = TEAM_ID,
        beside: Self | None = None,
    ) -> None:
        self.signing_secret, self.bot_token, self.app_token = signing_secret, bot_token, app_token
        self.clock = clock
        ledger = Ledger()
        site = Site(
            workspace=Workspace(manifest, clock, ledger, team_id),
            ledger=ledger,
            faults=Faults(),
            grants=Grants(clock),
            limiter=RateLimiter(clock),
            clock=clock,
            signing_secret=signing_secret,
            bot_token=bot_token,
            app_token=app_token,
            scopes=scopes,
            events=_events(manifest or {}),
            history_most=history_most,
            history_every_s=history_every_s,
            untaken_blocks=untaken_blocks,
            tiers=tiers,
        )
        self._sockets: SocketHub = SocketHub(site) if beside is None else beside._sockets
        self._sites = [site]
        if beside is not None:
            beside._sites.append(site)
        super().__init__(site, Dispatcher(site, self._sockets, bot_events_url))
        self._peers: set[Any] = set()
        self._page = PageApi(site, self)
        self._runner: web.AppRunner | None = None
        self.app = self._application()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[only_from_here, self._count_connections], client_max_size=4 * 1024**2)
        answers = ResponseUrls(self._site)
        app.add_routes(
            [
                web.route("*", "/api/{method}", self._call),
                web.post("/commands/{team}/{number}/{token}", answers.handle),
                web.post("/actions/{team}/{number}/{token}", answers.handle),
                web.get("/link/", self._sockets.handle),
                *self._page.routes(),
            ]
        )

        async def on_startup(_: web.Application) -> None:
            await self._dispatcher.start()

        async def on_shutdown(_: web.Application) -> None:
            await self._page.close()
            await self._sockets.close()
            await self._dispatcher.close()

        app.on_startup.append(on_startup)
        app.on_shutdown.append(on_shutdown)
        return app

    async def _call(self, request: web.Request) -> web.StreamResponse:
        """Serve the workspace whose token it is; a token of none is refused by the first."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        site = next((each for each in self._sites if each.bot_token == token), self._site)
        return await WebApi(site).handle(request)

    @web.middleware
    async def _count_connections(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.transport and request.path.startswith(("/api/", "/commands/", "/actions/")):
            self._peers.add(request.transport.get_extra_info("peername"))
        return await handler(request)

    # Running

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens; port 0 picks a free one.  OSError if the port is taken."""
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self._site.url = f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        return self._site.url

    @property
    def api_url(self) -> str:
        return f"{self._site.url}/api/"

    @property
    def bot_events_url(self) -> str | None:
        """The bot's address; None sends over open sockets."""
        return self._dispatcher.bot_events_url

    @bot_events_url.setter
    def bot_events_url(self, url: str | None) -> None:
        self._dispatcher.bot_events_url = url

    @property
    def ack_timeout_s(self) -> float:
        """3 s, as in Slack; tests of lateness may shorten it."""
        return self._dispatcher.ack_timeout_s

    @ack_timeout_s.setter
    def ack_timeout_s(self, seconds: float) -> None:
        self._dispatcher.ack_timeout_s = seconds

    @property
    def connections(self) -> int:
        """The number of connections that the bot has opened for Web API calls and response_urls."""
        return len(self._peers)

    @property
    def sockets(self) -> int:
        """The number of sockets that the bot holds open."""
        return self._sockets.count

    @property
    def socket_mode(self) -> SocketHub:
        """The sockets themselves, for what can happen to them."""
        return self._sockets

    async def refresh_sockets(self) -> None:
        """Asks every socket of the bot to reconnect and closes it."""
        await self._sockets.refresh()
