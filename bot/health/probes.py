"""What several checks of the doctor need, asked once, and how to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from slack_sdk.errors import SlackApiError

from bot.blockkit.escape import code
from bot.clock import Clock
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
from bot.store import REVISIONS, Store, StoreError

T = TypeVar("T")

ASK_S = 4.0
"""How long one question to Slack, 100ms or the database may take."""
ELSE = "look at the other lines, and try again"


@dataclass(frozen=True, slots=True)
class Parts:
    """What is looked at; None or "" where it isn't set, or wrongly, of which `settings` tell. `given_token`: 100ms's,
    where it isn't signed here. `look`: the database as it is, None where there is none yet; raises ConfigError.
    `interval_s` lies between two polls; `clock` hears what Slack and 100ms
    answer; `since_s`: since when the bot polls, where it is known, in epoch seconds.
    `slack_proxy`, `hms_proxy`: the `host:port` that lies between, or "". `signed`: Slack's requests come by HTTP, and
    dated. `port`: the address that the bot would listen at, and `sockets`: how many connections of Socket Mode are
    open: the one for the command line, the other for the running bot. `judge`: Slack's own judgement of
    blocks, where somebody wants that asked. `ops_channel` is told of troubles."""

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
    look: Callable[[], Coroutine[Any, Any, Store | None]] | None = None
    port: Callable[[], Coroutine[Any, Any, CheckResult]] | None = None
    judge: Callable[[Blocks], Coroutine[Any, Any, Verdict]] | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult(Generic[T]):
    """What several checks need, asked once, with what one of them finds of it. `value` is None where there is no good
    answer: then the other checks have nothing to say."""

    findings: Sequence[CheckResult]
    value: T | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One examination. `hms`: True where 100ms answered; `store`: one at this program's revision."""

    parts: Parts
    who: asyncio.Task[ProbeResult[Who]]
    hms: asyncio.Task[ProbeResult[bool]]
    store: asyncio.Task[ProbeResult[Store]]


def ask(parts: Parts) -> Asked:
    """Begin to ask."""
    return Asked(
        parts,
        asyncio.create_task(_who(parts)),
        asyncio.create_task(_hms(parts)),
        asyncio.create_task(_store(parts)),
    )


async def within(asked: Coroutine[Any, Any, T]) -> T:
    """The answer; TimeoutError where it takes too long, which isn't waited for."""
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


def refused(what: str, error: Exception, setting: str, mend: str, proxy: str) -> CheckResult:
    """What an error of Slack's says of a token; `proxy` as in `Parts`."""
    outcome = judge(error)
    if isinstance(outcome, Refused):
        return CheckResult(what, "fail", f"Slack refuses {setting} ({outcome.code})", mend)
    if isinstance(outcome, RetryLater) and isinstance(error, SlackApiError):
        return CheckResult(what, "warn", f"Slack asks to wait ({outcome.cause})", "try again in a minute")
    cause = f"no answer within {ASK_S:.0f} s" if isinstance(error, TimeoutError) else outcome.cause
    return CheckResult(what, "fail", f"Slack can't be asked ({cause})", f"check {_way_out(proxy)}, and SLACK_API_URL")


def _way_out(proxy: str) -> str:
    return (
        f"the proxy `{code(proxy)}`, which the environment names" if proxy else "this machine's outbound network access"
    )


async def _who(parts: Parts) -> ProbeResult[Who]:
    what = "Slack token"
    if parts.probe is None:
        return ProbeResult([])
    try:
        who = await within(parts.probe.who())
    except Exception as error:
        mend = "copy the bot token (xoxb-…) anew from your app"
        return ProbeResult([refused(what, error, "SLACK_BOT_TOKEN", mend, parts.slack_proxy)])
    if who.org_wide:
        return ProbeResult([CheckResult(what, "fail", f"SLACK_BOT_TOKEN {ORG_WIDE}", IN_ONE)])
    return ProbeResult([CheckResult(what, "ok", f"{who.team} ({who.team_id}), as @{who.name}")], who)


async def _hms(parts: Parts) -> ProbeResult[bool]:
    if parts.hms is None:
        return ProbeResult([])
    given = health.judge_token(claims(parts.given_token), parts.clock()) if parts.given_token else None
    if given is not None and given.state == "fail":
        return ProbeResult([given])
    what, mend = "100ms", f"look at 100ms's status page, and check {_way_out(parts.hms_proxy)}"
    try:
        read = await within(parts.hms.check())
    except TimeoutError:
        return ProbeResult([CheckResult(what, "fail", f"doesn't answer within {ASK_S:.0f} s", mend)])
    except HmsUnavailable as error:
        return ProbeResult([CheckResult(what, "fail", f"{error.text} ({error.cause})", mend)])
    except HmsAuth as error:
        return ProbeResult([_refused_token(error, bool(given))], True)
    except HmsRateLimited as error:
        return ProbeResult([CheckResult(what, "warn", error.text, "others use the account too; try again then")])
    except HmsRefused as error:
        return ProbeResult(
            [CheckResult(what, "fail", f"it refuses the bot's requests ({error.cause})", "check HMS_API_URL")]
        )
    except HmsError as error:
        return ProbeResult(
            [CheckResult(what, "fail", f"another answer than 100ms's ({error.cause})", "check HMS_API_URL")]
        )
    signed = CheckResult("100ms token", "ok", "taken; signed with HMS_ACCESS_KEY, and renewed each day")
    return ProbeResult([given or signed, *health.judge_reading(read.sessions, read.unreadable)], True)


def _refused_token(error: HmsError, given: bool) -> CheckResult:
    if given:
        seen, mend = "HMS_MANAGEMENT_TOKEN", "make a new one on the Developer page of the 100ms dashboard"
    else:
        seen = "the token signed with HMS_ACCESS_KEY and HMS_SECRET"
        mend = "copy both anew from the Developer page of the 100ms dashboard, and mind the clock: tokens are dated"
    return CheckResult("100ms token", "fail", f"100ms refuses {seen} ({error.cause})", mend)


async def _store(parts: Parts) -> ProbeResult[Store]:
    what = "Database"
    if parts.look is None:
        return ProbeResult([])
    try:
        store = await within(parts.look())
        if store is None:
            return ProbeResult([CheckResult(what, "ok", "none yet: the file is made at the first start")])
        judged = health.judge_revision(now := await within(store.revision()), REVISIONS)
    except ConfigError as error:
        return ProbeResult(
            [CheckResult(what, "fail", error.text.removeprefix("DATABASE_URL: "), "mend that, or DATABASE_URL")]
        )
    except StoreError as error:
        return ProbeResult([CheckResult(what, "fail", broken(error), ELSE)])
    except TimeoutError:
        mend = "check host and port in DATABASE_URL, and that a firewall lets the bot through"
        return ProbeResult([CheckResult(what, "fail", f"doesn't answer within {ASK_S:.0f} s", mend)])
    found = [judged, *([health.EXPOSED] if store.exposed else [])]
    return ProbeResult(found, store if now == REVISIONS[-1] else None)
