"""The doctor's checks of all that the bot depends on. A new one is an entry in `CHECKS`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from bot import log
from bot.blockkit.escape import code
from bot.blockkit.help import COMMAND
from bot.clock import HMS, SLACK
from bot.db.problems import StoreError
from bot.errors import HmsError
from bot.health import judge as health
from bot.health.approval import blocks
from bot.health.channels import PLACES_MOST, channels, readable
from bot.health.check_result import CheckResult
from bot.health.hooks import judge_hooks
from bot.health.probes import ELSE, Asked, Parts, Unanswered, ask, broken, good, refused, within
from bot.health.slack_probe import cause_of
from bot.outbox import counts as outbox_counts
from bot.outbox import store as outbox_store
from bot.outbox import workspaces
from bot.sessions.roles import Templates
from bot.slack.access_rules import names_groups
from bot.slack.destination import Destination
from bot.tracking import store as tracking_store

CHECK_S = 8.0
"""Timeout of a check, which may make two requests in turn; all run side by side."""
TAB_MS = 86_400_000
"""Age from which a refusal is no news of today."""
NO_CHANNEL = "channel_not_found"


async def examine(parts: Parts, *, check_s: float = CHECK_S) -> list[CheckResult]:
    """All results, in the order of `CHECKS`. Raises nothing: a check that raises, or takes longer than `check_s`
    seconds, is a failed result."""
    asked = ask(parts)
    checks = {name: asyncio.create_task(_run(name, check(asked))) for name, check in CHECKS.items()}
    await asyncio.wait(checks.values(), timeout=check_s)
    late = f"no answer within {check_s:.0f} s"
    found = [task.result() if task.done() else [CheckResult(name, "fail", late, ELSE)] for name, task in checks.items()]
    for task in (asked.who, asked.hms, asked.store, *checks.values()):
        task.cancel()  # not awaited: a driver may be slow even to cancel
    return [finding for some in found for finding in some]


async def _run(name: str, check: Coroutine[Any, Any, Sequence[CheckResult]]) -> Sequence[CheckResult]:
    """The results of one check: none where another one says why, and a failed one for any other exception."""
    try:
        return await check
    except Unanswered:
        return []
    except StoreError as error:
        return [CheckResult(name, "fail", broken(error), ELSE)]
    except Exception as error:
        log.error("check_failed", check=name, exc_info=True)
        return [
            CheckResult(name, "fail", f"the check itself failed ({type(error).__name__})", "please report it: a defect")
        ]


async def _settings(asked: Asked) -> Sequence[CheckResult]:
    return asked.parts.settings


async def _slack_token(asked: Asked) -> Sequence[CheckResult]:
    return (await asked.who).findings


async def _slack_socket(asked: Asked) -> Sequence[CheckResult]:
    name, probe, token = "Slack socket", asked.parts.probe, asked.parts.app_token
    if probe is None or not token:
        return []
    if asked.parts.sockets is not None:  # a request to Slack would use up the bot's own budget to reconnect
        return [health.judge_sockets(asked.parts.sockets())]
    try:
        await within(probe.connect(token))
    except Exception as error:
        fix = "make another app-level token with connections:write, page Basic Information"
        return [refused(name, error, "SLACK_APP_TOKEN", fix, asked.parts.slack_proxy)]
    return [CheckResult(name, "ok", "Slack would open one")]


async def _slack_scopes(asked: Asked) -> Sequence[CheckResult]:
    return health.judge_scopes((await good(asked.who)).scopes, groups=names_groups(asked.parts.access))


async def _access(asked: Asked) -> Sequence[CheckResult]:
    access, probe, who = asked.parts.access, asked.parts.probe, await good(asked.who)
    if not access or probe is None:
        return []
    groups = sorted({each for rule in access.values() for each in rule.groups})[:PLACES_MOST]
    if "usergroups:read" not in who.scopes:
        groups = []  # the check of scopes reports it
    places = sorted({each for rule in access.values() for each in rule.channels if Destination(each).is_channel})[
        :PLACES_MOST
    ]
    if not readable(who):
        places = []
    causes = await asyncio.gather(
        *(_cause(probe.members(each)) for each in groups), *(_cause(probe.is_public(each)) for each in places)
    )
    found = [health.judge_group(each, cause) for each, cause in zip(groups, causes, strict=False) if cause]
    unknown = [each for each, cause in zip(places, causes[len(groups) :], strict=True) if cause == NO_CHANNEL]
    found += [health.unknown_channel(each) for each in unknown]
    return found or [health.good_access(len(access), len(groups), len(places))]


async def _cause(asked: Coroutine[Any, Any, Any]) -> str:
    """The cause of a failed request to Slack; "" if it succeeds."""
    try:
        await within(asked)
    except Exception as error:
        return cause_of(error)
    return ""


async def _hms_token(asked: Asked) -> Sequence[CheckResult]:
    return (await asked.hms).findings


async def _roles(asked: Asked) -> Sequence[CheckResult]:
    hms = await good(asked.hms)
    try:
        templates = Templates(await within(hms.list_templates()))
    except (HmsError, TimeoutError) as error:
        detail = f"100ms doesn't give the templates ({getattr(error, 'cause', 'no answer')}): who hosts is guessed"
        return [CheckResult("Roles", "warn", detail, "try again in a moment, or set HOST_ROLES and IGNORE_ROLES")]
    return health.judge_roles(hms.templates.settings, templates)


async def _clocks(asked: Asked) -> Sequence[CheckResult]:
    clock = asked.parts.clock
    await asyncio.wait([asked.who, asked.hms])  # their answers set the clock
    heard = [(f"{service}'s", clock.ahead_s(service)) for service in (SLACK, HMS)]
    return [health.judge_clock(health.MACHINE, ahead_s, whose) for whose, ahead_s in heard if ahead_s is not None]


async def _database(asked: Asked) -> Sequence[CheckResult]:
    return (await asked.store).findings


async def _port(asked: Asked) -> Sequence[CheckResult]:
    return [await asked.parts.port()] if asked.parts.port is not None else []


async def _last_poll(asked: Asked) -> Sequence[CheckResult]:
    """Also the database's clock, by which it is dated on PostgreSQL."""
    parts, store, team_id = asked.parts, await good(asked.store), (await good(asked.who)).team_id
    await asked.hms  # its answer sets the clock
    state, running = await tracking_store.state(store, team_id), await store.running()
    good_s, interval_s = (state.good_ms or 0) / 1000, parts.interval_s
    found = [
        health.judge_polls(
            good_s, parts.since_s, state.cause, running=running, now_s=parts.clock(), interval_s=interval_s
        )
    ]
    if not store.single:
        ahead_s = parts.clock() - await store.time()
        found.append(health.judge_clock(health.DATABASE, ahead_s, "the one that the bot goes by"))
    return found


async def _webhooks(asked: Asked) -> Sequence[CheckResult]:
    hooks = asked.parts.hooks
    if not asked.parts.hooked:
        return []
    if hooks is None:
        return [CheckResult("Webhooks", "ok", f"set up; `{COMMAND} doctor` says when the last one came")]
    return [judge_hooks(hooks.age_s, hooks.lead_s, silent=hooks.silent)]


async def _outbox(asked: Asked) -> Sequence[CheckResult]:
    store, who = await good(asked.store), (await asked.who).value
    team_id, now_s = who.team_id if who is not None else "", asked.parts.clock()
    counts = await outbox_counts.read(store, team_id, int(now_s * 1000))
    release = f"*Send them* in `{COMMAND} subscriptions` of their channels"
    found = [health.judge_outbox(counts.waiting, counts.late_s, counts.held, release)]
    stopped = await workspaces.stopped(store, team_id)
    if stopped is not None:
        detail = health.refused(stopped.cause, now_s - stopped.since_ms / 1000)
        fix = "install the app again, or copy its token anew; what waits goes out once Slack takes it"
        found.insert(0, CheckResult("Sending", "fail", detail, fix))
    return found


async def _ops(asked: Asked) -> Sequence[CheckResult]:
    """OPS_CHANNEL, as far as Slack tells of channels. One that is paused is told with the others."""
    ops, probe, who = asked.parts.ops_channel, asked.parts.probe, await good(asked.who)
    if not ops or probe is None or not readable(who):
        return []
    cause = await _cause(probe.is_public(ops))
    if cause == NO_CHANNEL:
        fix = "compare its id with OPS_CHANNEL, and invite the bot there"
        return [CheckResult("OPS_CHANNEL", "fail", "Slack shows the bot no such channel", fix, ops)]
    if cause:
        return [CheckResult("OPS_CHANNEL", "warn", f"Slack answers {code(cause)}", ELSE, ops)]
    return [CheckResult("OPS_CHANNEL", "ok", "found", "", ops)]


async def _messages_tab(asked: Asked) -> Sequence[CheckResult]:
    """Only a message that was refused tells that the tab is off; that it is on nothing tells."""
    store, team_id = await good(asked.store), (await good(asked.who)).team_id
    now_ms = int(await store.time() * 1000)
    refused_ms = await outbox_store.dropped_ms(store, team_id, "messages_tab_disabled", now_ms - TAB_MS)
    return [health.judge_messages_tab(max(now_ms - refused_ms, 0) / 1000)] if refused_ms is not None else []


CHECKS: Mapping[str, Callable[[Asked], Coroutine[Any, Any, Sequence[CheckResult]]]] = {
    "Settings": _settings,
    "Slack token": _slack_token,
    "Slack socket": _slack_socket,
    "Slack scopes": _slack_scopes,
    "Access": _access,
    "100ms": _hms_token,
    "Roles": _roles,
    "Clock": _clocks,
    "Port": _port,
    "Database": _database,
    "Last poll": _last_poll,
    "Webhooks": _webhooks,
    "Outbox": _outbox,
    "Messages tab": _messages_tab,
    "OPS_CHANNEL": _ops,
    "Channels": channels,
    "Blocks": blocks,
}
"""The checks by name, in the order in which they are shown."""
