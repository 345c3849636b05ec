"""Serves accounts: the workspace of each, and its background jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import aiohttp
from slack_bolt.authorization import AuthorizeResult

from bot import log
from bot.clients import hms_client, secret, slack_client
from bot.clock import Clock
from bot.db.database import BUSY_S, Database
from bot.db.leases import POLLER
from bot.db.problems import StoreError
from bot.digests.produce import Digests
from bot.doctor import parts
from bot.errors import ConfigError
from bot.health.checks import examine
from bot.health.slack_probe import SlackProbe
from bot.health.watch import Watch
from bot.hms.client import Hms
from bot.jobs.background import LEASE_S as LEAD_S
from bot.jobs.background import RECONCILE_S, BackgroundJobs
from bot.jobs.scheduler import Scheduler
from bot.net.retry_budget import RetryBudget
from bot.outbox.chat import TIMEOUT_S, Chat
from bot.outbox.conversations import outbox_of
from bot.outbox.deliver import FIRST_WAIT_S, LEASE_S, SETTLE_S, Deliver
from bot.outbox.settled import SETTLED_S
from bot.rooms.names import Rooms
from bot.rooms.walk import Walk
from bot.settings import Mode, Settings
from bot.slack.access_rules import Access
from bot.slack.bot_identity import Who, identify
from bot.slack.data_blocks import DataBlocks
from bot.slack.groups import Groups
from bot.slack.people import People
from bot.slack.places import Places
from bot.slack.reply import Replies
from bot.tracking.follow_hints import FollowHints
from bot.tracking.hooks import Hooks
from bot.tracking.poll import Poll
from bot.tracking.withheld import withheld_until_ms
from bot.workspace import Workspace, Workspaces


@dataclass(frozen=True, slots=True)
class Pace:
    """The timing of alerts, in seconds; the crash test uses less. `lead_s`: the leader's lease. `lease_s`: a message's
    lease, in which its request may take `post_s`. An unconfirmed message is looked up `settle_s` after its lease, every
    `reconcile_s`; if history can't be read, it is resolved `first_wait_s` later. `settled_s`: how long a person waits
    for the first message of what they set up. `busy_s`: how long SQLite waits for another program. `haste` multiplies
    the jobs' rates; `budget` is for requests to 100ms."""

    lead_s: float = LEAD_S
    post_s: float = TIMEOUT_S
    lease_s: float = LEASE_S
    settle_s: float = SETTLE_S
    reconcile_s: float = RECONCILE_S
    first_wait_s: float = FIRST_WAIT_S
    settled_s: float = SETTLED_S
    busy_s: float = BUSY_S
    haste: float = 1.0
    budget: RetryBudget | None = None


PACE = Pace()


@dataclass(frozen=True, slots=True)
class Process:
    """The shared parts of a process. `sockets` returns the number of open Socket Mode connections. `wall` is this
    machine's clock."""

    mode: Mode
    http: aiohttp.ClientSession
    store: Database
    clock: Clock
    pace: Pace
    sockets: Callable[[], int] | None
    wall: Callable[[], float]


class Accounts:
    """Serves accounts, each with its own settings, once auth.test has named its workspace. `background`: the jobs of
    those served; `hooks`: those of each account with a secret for 100ms's webhooks, by it. The log knows the secrets of
    each. Raises ConfigError for an unusable proxy, and for such a secret that two have."""

    def __init__(
        self, accounts: Sequence[tuple[Settings, Access]], clock: Clock, budget: RetryBudget | None = None
    ) -> None:
        for settings, _ in accounts:
            log.strike_out(settings.secrets)
        self._accounts = [(settings, access, hms_client(settings, clock, budget)) for settings, access in accounts]
        self.hooks: dict[str, Hooks] = {}
        for settings, _ in accounts:
            if own := secret(settings.hms_webhook_secret):
                if own in self.hooks:
                    raise ConfigError(
                        "HMS_WEBHOOK_SECRET: two accounts have the same, so whose webhook comes is unclear."
                    )
                self.hooks[own] = Hooks(clock)
        self._schedulers: list[Scheduler] = []
        self.workspaces = Workspaces(len(accounts))
        self.background: list[BackgroundJobs] = []

    async def serve(self, process: Process) -> None:
        """Serve all accounts except those that Slack refuses. Raises ConfigError if it refuses every one."""
        refused: list[ConfigError] = []

        async def begin(number: int, settings: Settings, access: Access, hms: Hms) -> None:
            try:
                await self._begin(process, number, settings, access, hms)
            except ConfigError as error:
                refused.append(error)
                if len(self._accounts) > 1:
                    log.error("account_refused", number=number, cause=error.text)

        await asyncio.gather(*(begin(number, *each) for number, each in enumerate(self._accounts)))
        if len(refused) == len(self._accounts):
            raise refused[0]

    def authorizer(self) -> Callable[..., Awaitable[AuthorizeResult]]:
        """Return Bolt's authorizer: each team gets its own token, or none before auth.test, since no listener needs
        it."""

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
            known = self.workspaces.get(team_id)
            return AuthorizeResult(
                enterprise_id=enterprise_id,
                team_id=team_id,
                bot_id=known.who.bot_id if known else None,
                bot_user_id=known.who.user_id if known else None,
                bot_token=known.slack.token if known else None,
            )

        return authorize

    def stop(self) -> None:
        """Stop claiming messages."""
        for jobs in self.background:
            jobs.stop()

    def cut(self) -> None:
        """Stop starting jobs, and cancel those that aren't `whole`."""
        for scheduler in self._schedulers:
            scheduler.cut()

    async def finish(self, grace_s: float) -> None:
        """Wait for running jobs, at most `grace_s` seconds."""
        await asyncio.gather(*(scheduler.finish(grace_s) for scheduler in self._schedulers))

    async def close(self) -> None:
        for _, _, hms in self._accounts:
            await hms.close()

    async def _begin(self, process: Process, number: int, settings: Settings, access: Access, hms: Hms) -> None:
        """Wait for auth.test, then serve the workspace and start its jobs."""
        client = slack_client(settings, process.http, again=False)
        try:
            who = await identify(client)
            if self.workspaces.get(who.team_id):
                raise ConfigError("SLACK_BOT_TOKEN: two accounts have tokens of one workspace.")
            if len(self._accounts) > 1:
                log.reference.set(who.team_id)  # in the lines of its jobs, which inherit this context
            store, clock, probe = process.store, process.clock, SlackProbe(client)
            rooms = Rooms(hms, store, who.team_id)
            hms.templates.template_of = rooms.template_of
            data_blocks = DataBlocks()
            chat = Chat(client, who.bot_id, data_blocks)
            hooks = self.hooks.get(secret(settings.hms_webhook_secret))
            jobs = _jobs(process, settings, who, hms, rooms, chat, probe, hooks, first=not number)

            async def look() -> Database:
                return store

            examined = replace(
                parts(settings, [process.mode], access, clock, probe=probe, hms=hms, look=look),
                since_s=clock(),
                hooks=hooks,
                sockets=process.sockets,
            )
            workspace = Workspace(
                who,
                client,
                hms,
                rooms,
                People(client, settings.default_timezone, default_said=settings.timezone_said),
                Groups(client),
                Places(client),
                Replies(client, data_blocks),
                access,
                jobs.stale,
                lambda: examine(examined),
            )
            self.workspaces.add(workspace)
            self.background.append(jobs)
        finally:
            self.workspaces.waiting -= 1
        try:
            await jobs.recover()
        except StoreError as error:
            log.error("recover_failed", cause=error.cause)
        scheduler = Scheduler(jobs.jobs(), process.wall, process.pace.haste)
        self._schedulers.append(scheduler)

        def send() -> None:
            jobs.deliver.wake()
            scheduler.now("deliver")

        process.store.listen(outbox_of(who.team_id), send)
        if hooks is not None:
            hooks.wake = lambda: scheduler.now("hints")
        scheduler.start()


def _jobs(
    process: Process,
    settings: Settings,
    who: Who,
    hms: Hms,
    rooms: Rooms,
    chat: Chat,
    probe: SlackProbe,
    hooks: Hooks | None,
    *,
    first: bool,
) -> BackgroundJobs:
    store, clock, pace, team_id = process.store, process.clock, process.pace, who.team_id
    deliver = Deliver(
        store,
        chat,
        team_id,
        withheld_until_ms,
        bot=who.name,
        clock=clock,
        unsure=settings.unconfirmed_posts,
        ops=settings.ops_channel,
        post_s=pace.post_s,
        lease_s=pace.lease_s,
        settle_s=pace.settle_s,
        first_wait_s=pace.first_wait_s,
    )
    poll = Poll(hms, rooms, store, team_id, clock.now, monotonic=clock.steady, hooks=hooks)
    return BackgroundJobs(
        store,
        poll,
        Digests(hms, rooms, store, team_id, clock.now),
        Walk(hms, rooms, store, team_id, clock),
        deliver,
        Watch(store, probe, team_id, lambda: int(clock() * 1000), ops=settings.ops_channel, bot=who.name),
        clock,
        settings.poll_interval_s,
        probe.say_time,
        team_id,
        lease=POLLER if first else f"{POLLER} {team_id}",
        lead_s=pace.lead_s,
        reconcile_s=pace.reconcile_s,
        hints=FollowHints(hooks, poll, store, team_id, clock, clock.steady) if hooks is not None else None,
    )
