"""The doctor's probes: questions that several checks share, asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from slack_sdk.errors import SlackApiError

from bot.blockkit.escape import code
from bot.clock import Clock
from bot.db.database import Database
from bot.db.migrate import REVISIONS
from bot.db.problems import StoreError
from bot.errors import ConfigError, HmsAuth, HmsError, HmsRateLimited, HmsRefused, HmsUnavailable
from bot.health import judge as health
from bot.health.block_oracle import Blocks, Verdict
from bot.health.check_result import CheckResult
from bot.health.slack_probe import SlackProbe
from bot.hms.auth import claims
from bot.hms.client import Hms
from bot.slack.access_rules import Access
from bot.slack.bot_identity import IN_ONE, ORG_WIDE, Who
from bot.slack.outcome import Refused, RetryLater
from bot.slack.responses import judge
from bot.tracking.hooks import Hooks

T = TypeVar("T")

ASK_S = 4.0
"""Timeout of one request to Slack, 100ms or the database."""
ELSE = "look at the other lines, and try again"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts under examination; None or "" if a part isn't set, or wrongly, as `settings` then report.
    `given_token`: an operator's token for 100ms. `look` returns the database as it is, None if there is none yet, and
    raises ConfigError. `interval_s`: seconds between polls. `clock` follows the dates of Slack's and 100ms's answers.
    `since_s`: the start of polling in epoch seconds, 0 if unknown. `slack_proxy`, `hms_proxy`: `host:port` or "".
    `signed`: Slack's requests come by HTTP, dated. `port` checks the address to listen at (command line), `sockets`
    counts open connections of Socket Mode (running bot). `judge`: Slack's validator of blocks, if wanted.
    `ops_channel` is told of troubles. `hooked`: 100ms is to send webhooks, which `hooks` knows of (running bot)."""

    settings: Sequence[CheckResult]
    interval_s: float
    clock: Clock
    access: Access = field(default_factory=dict)
    since_s: float = 0.0
    probe: SlackProbe | None = None
    slack_proxy: str = ""
    signed: bool = False
    ops_channel: str = ""
    app_token: str = ""
    sockets: Callable[[], int] | None = None
    hms: Hms | None = None
    hms_proxy: str = ""
    given_token: str = ""
    hooked: bool = False
    hooks: Hooks | None = None
    look: Callable[[], Coroutine[Any, Any, Database | None]] | None = None
    port: Callable[[], Coroutine[Any, Any, CheckResult]] | None = None
    judge: Callable[[Blocks], Coroutine[Any, Any, Verdict]] | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult(Generic[T]):
    """A probe's answer, None without a good one, and the results of the check that reports it."""

    findings: Sequence[CheckResult]
    value: T | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The probes of one examination. `hms`: if 100ms answered; `store`: one at this program's revision."""

    parts: Parts
    who: asyncio.Task[ProbeResult[Who]]
    hms: asyncio.Task[ProbeResult[Hms]]
    store: asyncio.Task[ProbeResult[Database]]


class Unanswered(Exception):
    """A probe has no good answer, as the check that reports it says."""


async def good(probe: asyncio.Task[ProbeResult[T]]) -> T:
    """The answer of a probe. Raises Unanswered without a good one."""
    value = (await probe).value
    if value is None:
        raise Unanswered
    return value


def ask(parts: Parts) -> Asked:
    """Start all probes."""
    return Asked(
        parts,
        asyncio.create_task(_who(parts)),
        asyncio.create_task(_hms(parts)),
        asyncio.create_task(_store(parts)),
    )


async def within(asked: Coroutine[Any, Any, T]) -> T:
    """The result of an awaitable; raises TimeoutError after ASK_S seconds, without waiting for its cancellation."""
    task = asyncio.create_task(asked)
    try:
        done, _ = await asyncio.wait([task], timeout=ASK_S)
    finally:
        task.cancel()
    if not done:
        raise TimeoutError
    return task.result()


def broken(error: StoreError) -> str:
    return f"the database doesn't do its work ({error.cause})"


def refused(name: str, error: Exception, setting: str, fix: str, proxy: str) -> CheckResult:
    """The result for a token by Slack's error; `proxy` as in `Parts`."""
    outcome = judge(error)
    if isinstance(outcome, Refused):
        return CheckResult(name, "fail", f"Slack refuses {setting} ({outcome.code})", fix)
    if isinstance(outcome, RetryLater) and isinstance(error, SlackApiError):
        return CheckResult(name, "warn", f"Slack asks to wait ({outcome.cause})", "try again in a minute")
    cause = f"no answer within {ASK_S:.0f} s" if isinstance(error, TimeoutError) else outcome.cause
    return CheckResult(name, "fail", f"Slack can't be asked ({cause})", f"check {_way_out(proxy)}, and SLACK_API_URL")


def _way_out(proxy: str) -> str:
    return (
        f"the proxy `{code(proxy)}`, which the environment names" if proxy else "this machine's outbound network access"
    )


async def _who(parts: Parts) -> ProbeResult[Who]:
    name = "Slack token"
    if parts.probe is None:
        return ProbeResult([])
    try:
        who = await within(parts.probe.who())
    except Exception as error:
        fix = "copy the bot token (xoxb-…) anew from your app"
        return ProbeResult([refused(name, error, "SLACK_BOT_TOKEN", fix, parts.slack_proxy)])
    if who.org_wide:
        return ProbeResult([CheckResult(name, "fail", f"SLACK_BOT_TOKEN {ORG_WIDE}", IN_ONE)])
    return ProbeResult([CheckResult(name, "ok", f"{who.team} ({who.team_id}), as @{who.name}")], who)


async def _hms(parts: Parts) -> ProbeResult[Hms]:
    if parts.hms is None:
        return ProbeResult([])
    given = health.judge_token(claims(parts.given_token), parts.clock()) if parts.given_token else None
    if given is not None and given.state == "fail":
        return ProbeResult([given])
    name, fix = "100ms", f"look at 100ms's status page, and check {_way_out(parts.hms_proxy)}"
    try:
        read = await within(parts.hms.check())
    except TimeoutError:
        return ProbeResult([CheckResult(name, "fail", f"doesn't answer within {ASK_S:.0f} s", fix)])
    except HmsUnavailable as error:
        return ProbeResult([CheckResult(name, "fail", f"{error.text} ({error.cause})", fix)])
    except HmsAuth as error:
        return ProbeResult([_refused_token(error, bool(given))], parts.hms)
    except HmsRateLimited as error:
        return ProbeResult([CheckResult(name, "warn", error.text, "others use the account too; try again then")])
    except HmsRefused as error:
        return ProbeResult(
            [CheckResult(name, "fail", f"it refuses the bot's requests ({error.cause})", "check HMS_API_URL")]
        )
    except HmsError as error:
        return ProbeResult(
            [CheckResult(name, "fail", f"another answer than 100ms's ({error.cause})", "check HMS_API_URL")]
        )
    signed = CheckResult("100ms token", "ok", "taken; signed with HMS_ACCESS_KEY, and renewed each day")
    return ProbeResult([given or signed, *health.judge_reading(read.sessions, read.unreadable)], parts.hms)


def _refused_token(error: HmsError, given: bool) -> CheckResult:
    if given:
        detail, fix = "HMS_MANAGEMENT_TOKEN", "make a new one on the Developer page of the 100ms dashboard"
    else:
        detail = "the token signed with HMS_ACCESS_KEY and HMS_SECRET"
        fix = "copy both anew from the Developer page of the 100ms dashboard, and mind the clock: tokens are dated"
    return CheckResult("100ms token", "fail", f"100ms refuses {detail} ({error.cause})", fix)


async def _store(parts: Parts) -> ProbeResult[Database]:
    name = "Database"
    if parts.look is None:
        return ProbeResult([])
    try:
        store = await within(parts.look())
        if store is None:
            return ProbeResult([CheckResult(name, "ok", "none yet: the file is made at the first start")])
        judged = health.judge_revision(now := await within(store.revision()), REVISIONS)
    except ConfigError as error:
        return ProbeResult(
            [CheckResult(name, "fail", error.text.removeprefix("DATABASE_URL: "), "mend that, or DATABASE_URL")]
        )
    except StoreError as error:
        return ProbeResult([CheckResult(name, "fail", broken(error), ELSE)])
    except TimeoutError:
        fix = "check host and port in DATABASE_URL, and that a firewall lets the bot through"
        return ProbeResult([CheckResult(name, "fail", f"doesn't answer within {ASK_S:.0f} s", fix)])
    found = [judged, *([health.EXPOSED] if store.exposed else [])]
    return ProbeResult(found, store if now == REVISIONS[-1] else None)
