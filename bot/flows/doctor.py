"""Ask everything that the bot depends on how it is. `CHECKS`: a new check is one entry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from bot import log
from bot.chat.answers import judge
from bot.chat.outcome import Refused
from bot.chat.workspace import Who, Workspace
from bot.core import health
from bot.core.access import Access, names_groups
from bot.core.finding import Finding
from bot.errors import ConfigError, HmsAuth, HmsError, HmsRateLimited, HmsUnavailable
from bot.hms.auth import CLOCK_SKEW_S, claims
from bot.hms.client import Hms
from bot.render.help import COMMAND
from bot.render.pauses import let_in, pause
from bot.store.records import Channel
from bot.store.store import REVISIONS, Store, StoreError

T = TypeVar("T")

ASK_S = 4.0
"""How long one question to Slack, 100ms or the database may take."""
CHECK_S = 8.0
"""How long a check may take, which may ask two things in turn; all run side by side."""
SLACK_SKEW_S = 300.0
"""Requests that are dated further off are refused (docs.slack.dev/authentication/verifying-requests-from-slack)."""
PLACES_MOST = 10
"""So many conversations that something is wrong with are told one by one; the others are counted. So many user groups,
and channels, of ACCESS are looked at: Slack allows 20 such questions a minute."""
NO_CHANNEL = "channel_not_found"
_ELSE = "look at the other lines, and try again"
_SEE = f"`{COMMAND} subscriptions` there"


@dataclass(frozen=True, slots=True)
class Parts:
    """What is looked at; None or "" where it isn't set, or wrongly, of which `settings` tell. `given_token`: 100ms's,
    where it isn't signed here. `look`: the database as it is, None where there is none yet; raises ConfigError.
    `interval_s` lies between two polls; `since_s`: since when the bot polls, where it is known, in epoch seconds."""

    settings: Sequence[Finding]
    interval_s: float
    access: Access = field(default_factory=dict)
    since_s: float = 0.0
    workspace: Workspace | None = None
    app_token: str = ""
    hms: Hms | None = None
    given_token: str = ""
    look: Callable[[], Coroutine[Any, Any, Store | None]] | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What several checks need, asked once, with what one of them finds of it. `known` is None where there is no good
    answer: then the other checks have nothing to say."""

    findings: Sequence[Finding]
    known: T | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One examination. `ahead_s`: how far the clock of 100ms is ahead; `store`: one at this program's revision."""

    parts: Parts
    who: asyncio.Task[Answer[Who]]
    ahead_s: asyncio.Task[Answer[float]]
    store: asyncio.Task[Answer[Store]]


async def examine(parts: Parts, *, check_s: float = CHECK_S) -> list[Finding]:
    """All findings, in the order of `CHECKS`. Raises nothing: a check that fails, or takes longer than `check_s`
    seconds, is a finding."""
    asked = Asked(
        parts,
        asyncio.create_task(_who(parts)),
        asyncio.create_task(_hms(parts)),
        asyncio.create_task(_store(parts)),
    )
    checks = {what: asyncio.create_task(_run(what, check(asked))) for what, check in CHECKS.items()}
    await asyncio.wait(checks.values(), timeout=check_s)
    late = f"no answer within {check_s:.0f} s"
    found = [task.result() if task.done() else [Finding(what, "fail", late, _ELSE)] for what, task in checks.items()]
    for task in (asked.who, asked.ahead_s, asked.store, *checks.values()):
        task.cancel()  # and not waited for: a driver may take its time even for that
    return [finding for some in found for finding in some]


async def _run(what: str, check: Coroutine[Any, Any, Sequence[Finding]]) -> Sequence[Finding]:
    """One check; what it raises is a finding."""
    try:
        return await check
    except StoreError as error:
        return [Finding(what, "fail", _broken(error), _ELSE)]
    except Exception as error:
        log.error("check_failed", check=what, exc_info=True)
        return [
            Finding(what, "fail", f"the check itself failed ({type(error).__name__})", "please report it: a defect")
        ]


# What several checks need


async def _who(parts: Parts) -> Answer[Who]:
    what = "Slack token"
    if parts.workspace is None:
        return Answer([])
    try:
        who = await _within(parts.workspace.who())
    except Exception as error:
        return Answer([_refused(what, error, "SLACK_BOT_TOKEN", "copy the bot token (xoxb-…) anew from your app")])
    return Answer([Finding(what, "ok", f"{who.team} ({who.team_id}), as @{who.name}")], who)


async def _hms(parts: Parts) -> Answer[float]:
    if parts.hms is None:
        return Answer([])
    given = health.judge_token(claims(parts.given_token), time.time()) if parts.given_token else None
    if given is not None and given.state == "fail":
        return Answer([given])
    what, mend = "100ms", "look at 100ms's status page, and at this machine's way out"
    try:
        await _within(parts.hms.check())
    except TimeoutError:
        return Answer([Finding(what, "fail", f"doesn't answer within {ASK_S:.0f} s", mend)])
    except HmsUnavailable as error:
        return Answer([Finding(what, "fail", f"{error.text} ({error.cause})", mend)])
    except HmsAuth as error:
        return Answer([_refused_token(error, bool(given))], parts.hms.ahead_s)
    except HmsRateLimited as error:
        return Answer([Finding(what, "warn", error.text, "others use the account too; try again then")])
    except HmsError as error:
        return Answer([Finding(what, "fail", f"another answer than 100ms's ({error.cause})", "check HMS_API_URL")])
    signed = Finding("100ms token", "ok", "taken; signed with HMS_ACCESS_KEY, and renewed each day")
    return Answer([given or signed], parts.hms.ahead_s)


def _refused_token(error: HmsError, given: bool) -> Finding:
    if given:
        seen, mend = "HMS_MANAGEMENT_TOKEN", "make a new one on the Developer page of the 100ms dashboard"
    else:
        seen = "the token signed with HMS_ACCESS_KEY and HMS_SECRET"
        mend = "copy both anew from the Developer page of the 100ms dashboard, and mind the clock: tokens are dated"
    return Finding("100ms token", "fail", f"100ms refuses {seen} ({error.cause})", mend)


async def _store(parts: Parts) -> Answer[Store]:
    what = "Database"
    if parts.look is None:
        return Answer([])
    try:
        store = await _within(parts.look())
        if store is None:
            return Answer([Finding(what, "ok", "none yet: the file is made at the first start")])
        judged = health.judge_revision(now := await _within(store.revision()), REVISIONS)
    except ConfigError as error:
        return Answer([Finding(what, "fail", error.text.removeprefix("DATABASE_URL: "), "mend that, or DATABASE_URL")])
    except StoreError as error:
        return Answer([Finding(what, "fail", _broken(error), _ELSE)])
    except TimeoutError:
        mend = "check host and port in DATABASE_URL, and that a firewall lets the bot through"
        return Answer([Finding(what, "fail", f"doesn't answer within {ASK_S:.0f} s", mend)])
    return Answer([judged], store if now == REVISIONS[-1] else None)


# The checks


async def _settings(asked: Asked) -> Sequence[Finding]:
    return asked.parts.settings


async def _slack_token(asked: Asked) -> Sequence[Finding]:
    return (await asked.who).findings


async def _slack_socket(asked: Asked) -> Sequence[Finding]:
    what, workspace, token = "Slack socket", asked.parts.workspace, asked.parts.app_token
    if workspace is None or not token:
        return []
    try:
        await _within(workspace.connect(token))
    except Exception as error:
        mend = "make another app-level token with connections:write, page Basic Information"
        return [_refused(what, error, "SLACK_APP_TOKEN", mend)]
    return [Finding(what, "ok", "Slack would open one")]


async def _slack_scopes(asked: Asked) -> Sequence[Finding]:
    who = (await asked.who).known
    return health.judge_scopes(who.scopes, groups=names_groups(asked.parts.access)) if who is not None else []


async def _access(asked: Asked) -> Sequence[Finding]:
    access, workspace, who = asked.parts.access, asked.parts.workspace, (await asked.who).known
    if not access or workspace is None or who is None:
        return []
    groups = sorted({each for rule in access.values() for each in rule.groups})[:PLACES_MOST]
    if "usergroups:read" not in who.scopes:
        groups = []  # what that means is said of the scopes
    channels = sorted({each for rule in access.values() for each in rule.channels if each[0] in "CG"})[:PLACES_MOST]
    if not _readable(who):
        channels = []
    causes = await asyncio.gather(
        *(_cause(workspace.members(each)) for each in groups), *(_cause(workspace.is_public(each)) for each in channels)
    )
    found = [health.judge_group(each, cause) for each, cause in zip(groups, causes, strict=False) if cause]
    unknown = [each for each, cause in zip(channels, causes[len(groups) :], strict=True) if cause == NO_CHANNEL]
    found += [health.unknown_channel(each) for each in unknown]
    return found or [health.good_access(len(access), len(groups), len(channels))]


async def _cause(asked: Coroutine[Any, Any, Any]) -> str:
    """Why Slack doesn't answer, or ""."""
    try:
        await _within(asked)
    except Exception as error:
        outcome = judge(error)
        return outcome.code if isinstance(outcome, Refused) else outcome.cause
    return ""


async def _hms_token(asked: Asked) -> Sequence[Finding]:
    return (await asked.ahead_s).findings


async def _clocks(asked: Asked) -> Sequence[Finding]:
    who, hms_ahead_s = (await asked.who).known, (await asked.ahead_s).known
    found = []
    if who is not None and who.ahead_s is not None:
        why = "Slack's requests count as forged"
        found.append(health.judge_clock("Slack's", who.ahead_s, SLACK_SKEW_S, why))
    if hms_ahead_s is not None:
        found.append(health.judge_clock("100ms's", hms_ahead_s, CLOCK_SKEW_S, "tokens signed here may not count yet"))
    return found


async def _database(asked: Asked) -> Sequence[Finding]:
    return (await asked.store).findings


async def _last_poll(asked: Asked) -> Sequence[Finding]:
    store, who = (await asked.store).known, (await asked.who).known
    if store is None or who is None:
        return []
    state, running, parts = await store.poll_state(who.team_id), await store.running(), asked.parts
    return [
        health.judge_polls(
            (state.good_ms or 0) / 1000,
            parts.since_s,
            state.cause,
            running=running,
            now_s=time.time(),
            interval_s=parts.interval_s,
        )
    ]


async def _outbox(asked: Asked) -> Sequence[Finding]:
    store, who = (await asked.store).known, (await asked.who).known
    if store is None:
        return []
    counts = await store.counts(who.team_id if who is not None else "")
    release = f"*Send them* in `{COMMAND} subscriptions` of their channels"
    return [health.judge_outbox(counts.waiting, counts.late_s, counts.held, release)]


async def _channels(asked: Asked) -> Sequence[Finding]:
    store, who, workspace = (await asked.store).known, (await asked.who).known, asked.parts.workspace
    if store is None or who is None or workspace is None:
        return []
    told, inside = await store.told(who.team_id), await _inside(workspace, who)
    troubled = {
        place: channel
        for place, channel in (await store.troubled(who.team_id)).items()
        if place in told or channel.held  # a pause of what is told of nothing any more is no trouble
    }
    shut_out = {place for place in told if place[:1] in "CG"} - inside if inside is not None else set()
    places = sorted(shut_out.union(troubled))
    if not places:
        where = (
            "and the bot is in all of them"
            if inside is not None
            else "as far as can be told without channels:read and groups:read"
        )
        return [
            Finding("Channels", "ok", f"{len(told)} told, none paused, {where}" if told else "none is told of anything")
        ]
    shown = places[:PLACES_MOST]
    public = await asyncio.gather(*(_is_public(workspace, place, inside is not None) for place in shown))
    found = [_place(place, troubled.get(place), who, is_public) for place, is_public in zip(shown, public, strict=True)]
    if more := len(places) - len(shown):
        found.append(Finding("Channels", "warn", f"something is wrong with {more} more", "begin with those above"))
    return found


def _place(place: str, trouble: Channel | None, who: Who, public: bool) -> Finding:
    invite = f"/invite @{who.name}"
    if trouble is None:
        seen, do = "the bot isn't in it, or it was archived or deleted", let_in(invite)
    elif trouble.paused:
        why, do = pause(trouble.paused, place, invite=invite, resume=f"press *Resume* in {_SEE}")
        seen = f"paused: {why}"
    else:
        seen, do = health.held(trouble.held), f"*Send them* in {_SEE}"
    return Finding("Channel", "warn", seen, do, place, public)


def _readable(who: Who) -> bool:
    """Whether Slack tells of channels."""
    return who.scopes >= {"channels:read", "groups:read"}


async def _inside(workspace: Workspace, who: Who) -> set[str] | None:
    """The channels that the bot is in; None where Slack doesn't tell."""
    if not _readable(who):
        return None
    try:
        return await _within(workspace.channels())
    except Exception as error:
        log.info("channels_unknown", cause=judge(error).__class__.__name__)
        return None


async def _is_public(workspace: Workspace, place: str, readable: bool) -> bool:
    """Whether it is known to be."""
    try:
        return readable and place[:1] == "C" and await _within(workspace.is_public(place))
    except Exception:
        return False


CHECKS: Mapping[str, Callable[[Asked], Coroutine[Any, Any, Sequence[Finding]]]] = {
    "Settings": _settings,
    "Slack token": _slack_token,
    "Slack socket": _slack_socket,
    "Slack scopes": _slack_scopes,
    "Access": _access,
    "100ms": _hms_token,
    "Clock": _clocks,
    "Database": _database,
    "Last poll": _last_poll,
    "Outbox": _outbox,
    "Channels": _channels,
}
"""By what is looked at, in the order in which they are shown."""


async def _within(asked: Coroutine[Any, Any, T]) -> T:
    """The answer; TimeoutError where it takes too long, which isn't waited for."""
    task = asyncio.create_task(asked)
    try:
        done, _ = await asyncio.wait([task], timeout=ASK_S)
    finally:
        task.cancel()
    if not done:
        raise TimeoutError
    return task.result()


def _broken(error: StoreError) -> str:
    return f"the database doesn't do its work ({error.cause})"


def _refused(what: str, error: Exception, setting: str, mend: str) -> Finding:
    """What an error of Slack's says of a token."""
    outcome = judge(error)
    if isinstance(outcome, Refused):
        return Finding(what, "fail", f"Slack refuses {setting} ({outcome.code})", mend)
    cause = f"no answer within {ASK_S:.0f} s" if isinstance(error, TimeoutError) else outcome.cause
    return Finding(
        what, "fail", f"Slack can't be asked ({cause})", "look at this machine's way out, and at SLACK_API_URL"
    )
