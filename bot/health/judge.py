"""Judge the bot's health from measurements, in the same words for /readyz, lists in Slack and the doctor. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.health.check_result import CheckResult
from bot.program import PROGRAM
from bot.sessions.model import Session
from bot.sessions.roles import OURS, RoleSettings, Templates
from bot.slack.scopes import NEEDS
from bot.text import fold, is_hash

SLOW_S = 300.0
"""Delay of a message from which operators are warned."""
STALE_POLLS = 4
"""Age in poll intervals from which data is stale."""
SKEW_WARN_S = 5.0
"""Largest difference from a `Date` header, which has whole seconds and was on its way, of a clock that is kept set."""
SLACK_SKEW_S = 300.0
"""Requests that are dated further off are refused (docs.slack.dev/authentication/verifying-requests-from-slack)."""
MACHINE, DATABASE = "this machine's clock", "the database's clock"
CLOCKS = {"machine": MACHINE, "database": DATABASE}
SOCKETS = 2
"""Connections of a process in Socket Mode; more while one is being replaced."""
EXPIRY_WARN_S = 3 * 86_400.0
"""Lead time of the warning about a token that can't be renewed: a weekend, and a day to act."""


def age(good_s: float, now_s: float) -> float | None:
    """Seconds since the last good poll at `good_s`. None for 0, never, and for a time in the future, which a wrong
    clock wrote."""
    return max(0.0, now_s - good_s) if 0 < good_s <= now_s + SKEW_WARN_S else None


def stale(good_s: float, since_s: float, cause: str, *, now_s: float, interval_s: float) -> str:
    """A warning if sessions were last read too long ago, at `good_s` (0 for never), else "". `since_s`: the start of
    polling. Both in epoch seconds."""
    age_s = age(good_s, now_s)
    if min(now_s - since_s, math.inf if age_s is None else age_s) < STALE_POLLS * interval_s:
        return ""
    return last_read(good_s, now_s) + (f" ({cause})" if cause else "")


def last_read(good_s: float, now_s: float) -> str:
    """A sentence on the last good poll, at `good_s`; 0 for never."""
    if not good_s:
        return "100ms has not been read yet"
    age_s = age(good_s, now_s)
    if age_s is None:
        return f"when 100ms was last read isn't known: a clock was {span(good_s - now_s)} ahead"
    return f"100ms was last read {span(age_s)} ago"


def slow(waiting: int, oldest_s: float) -> str:
    """A warning if the oldest of `waiting` messages is overdue by more than SLOW_S, else ""."""
    return f"{waiting} messages are to be sent, the oldest for {span(oldest_s)}" if oldest_s > SLOW_S else ""


def refused(cause: str, for_s: float) -> str:
    """A line about a workspace that has refused the bot for `for_s` seconds; `cause` is Slack's error code."""
    return f"nothing is sent: Slack refuses the bot's token ({cause}) for {span(max(0.0, for_s))}"


def held(count: int) -> str:
    """A warning about unconfirmed messages that are held; "" for none."""
    return f"messages held, unconfirmed: {count}" if count else ""


def span(seconds: float) -> str:
    """A length such as `45 s`, `12 min`, `5 h`, `3 d`, rounded down, in the largest unit of which it has two."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def judge_reading(read: Sequence[Session], unreadable: int) -> list[CheckResult]:
    """Warnings about unreadable sessions among the newest, and a note if names are hashes."""
    name, found = "100ms sessions", []
    if unreadable:
        detail = f"{unreadable} of the {len(read) + unreadable} newest are in a form that the bot can't read"
        fix = "nobody hears of them: update the bot, or report it with one of them from the API"
        found.append(CheckResult(name, "warn", detail, fix))
    names = [peer.name for session in read for _, peer in session.each_peer() if peer.name]
    if names and all(map(is_hash, names)):
        detail = "names come as hashes, of which 8 digits are shown: that is how 100ms's HIPAA workspaces are"
        found.append(CheckResult(name, "ok", f"{detail}. Rooms are found by their clear names all the same"))
    return found


def judge_roles(settings: RoleSettings, templates: Templates) -> list[CheckResult]:
    """The roles that host and record, or warnings about roles in the settings that no template has."""
    name, found = "Roles", []
    there = {fold(role) for role in (*templates.roles(), *OURS)}
    some = ", ".join(sorted(templates.roles())[:_ROLES_SHOWN])
    for setting, names in (("HOST_ROLES", settings.hosts), ("IGNORE_ROLES", settings.ignored)):
        if unknown := sorted(name for name in names if fold(name) not in there):
            detail = f"{setting} names {', '.join(unknown)}, which no template has"
            found.append(
                CheckResult(name, "warn", f"{detail}. Theirs are {some}" if some else detail, f"mend {setting}")
            )
    if found:
        return found
    hosts, recorders = settings.hosts or templates.hosts(), settings.ignored or templates.recorders()
    if not hosts:
        detail = "no template says who hosts, so roles called host do; HOST_ROLES can name others"
    else:
        detail = f"hosting: {_listed(hosts)}" + (f"; recording: {_listed(recorders)}" if recorders else "")
    return [CheckResult(name, "ok", detail)]


_ROLES_SHOWN = 8


def _listed(roles: Collection[str]) -> str:
    some = sorted(roles)
    more = f" and {len(some) - _ROLES_SHOWN} more" if len(some) > _ROLES_SHOWN else ""
    return ", ".join(some[:_ROLES_SHOWN]) + more


def judge_scopes(granted: Collection[str], *, groups: bool) -> list[CheckResult]:
    """A result for each feature that lacks a scope. `groups`: ACCESS names user groups."""
    name, findings = "Slack scopes", []
    for need in NEEDS:
        if need.groups and not groups:
            continue
        if missing := [scope for scope in need.scopes if scope not in granted]:
            scopes = " and ".join(f"`{scope}`" for scope in missing)
            page = "on the app's page OAuth &amp; Permissions if missing there"
            fix = f"add {scopes} {page}, then install the app again and allow {'it' if len(missing) == 1 else 'them'}"
            findings.append(CheckResult(name, "fail" if need.needed else "warn", need.lost, fix))
    return findings or [CheckResult(name, "ok", "everything that the features need")]


def judge_messages_tab(ago_s: float) -> CheckResult:
    """A warning that the app's Messages tab was off when the bot wrote to a person `ago_s` seconds ago."""
    detail = f"it was off {span(ago_s)} ago, so a message to a person was refused, such as that alerts are paused"
    page = "switch *Messages Tab* on, on the app's page App Home, or paste its manifest anew"
    return CheckResult("Messages tab", "warn", detail, f"{page}; the app needn't be installed again")


def judge_group(group_id: str, cause: str) -> CheckResult:
    """The result for a user group of ACCESS whose members can't be read; `cause` is Slack's error code."""
    why, fix = _GROUPS.get(cause, (f"Slack answers {cause}", "look again in a moment"))
    detail = f"who is in {group_id} isn't known, so they are refused: {why}"
    return CheckResult("Access", "fail" if cause in _GROUPS else "warn", detail, fix)


_GROUPS = {
    "no_such_subteam": ("there is no such user group (any more)", "mend that id in ACCESS"),
    "plan_upgrade_required": ("this workspace's plan has no user groups", "name people in ACCESS instead"),
}


def unknown_channel(channel_id: str) -> CheckResult:
    """A warning about a channel of ACCESS that Slack doesn't find, as with private ones that the bot isn't in."""
    detail = "Slack shows the bot no such channel; it may be a private one that the bot isn't in"
    return CheckResult("Access", "warn", detail, "compare its id with ACCESS", channel_id)


def good_access(commands: int, groups: int, channels: int) -> CheckResult:
    """The good result for ACCESS: the numbers of commands with rules, and of user groups and channels found."""
    found = f"; found: user groups {groups}, channels {channels}" if groups or channels else ""
    return CheckResult("Access", "ok", f"rules: {commands}{found}")


def judge_sockets(count: int) -> CheckResult:
    """The result for `count` open connections of Socket Mode."""
    name, detail = "Slack socket", "1 connection is open" if count == 1 else f"{count} connections are open"
    if count >= SOCKETS:
        return CheckResult(name, "ok", detail)
    fix = "look for `socket_failed`, `socket_mode_off` and `app_token_refused` in the log"
    return CheckResult(name, "warn" if count else "fail", f"{detail}, of {SOCKETS}", fix)


def judge_clock(own: str, ahead_s: float, whose: str) -> CheckResult:
    """The result for a clock of ours (this machine's, the database's); `whose` clock is `ahead_s` ahead of it."""
    off_s = abs(ahead_s)
    if off_s <= SKEW_WARN_S:
        return CheckResult("Clock", "ok", f"{own} is the same as {whose}, to {max(1, round(off_s))} s")
    detail = f"{own} is {span(off_s)} {'behind' if ahead_s > 0 else 'ahead of'} {whose}"
    return CheckResult("Clock", "warn", detail, "keep it set (NTP); the bot goes by Slack's and 100ms's meanwhile")


def clocks(off_s: Mapping[str, float], most_s: float) -> str:
    """A line for each clock of ours that is off by more than `most_s`; "" for none."""
    off = {CLOCKS[name]: by_s for name, by_s in off_s.items() if abs(by_s) > most_s}
    return "\n".join(
        f"{own} is {span(abs(by_s))} {'ahead of' if by_s > 0 else 'behind'} Slack's and 100ms's, which count"
        for own, by_s in off.items()
    )


def judge_token(claims: Mapping[str, Any] | None, now_s: float) -> CheckResult:
    """The result for an operator's management token of 100ms by its claims; None if they can't be read."""
    name, setting, instead = "100ms token", "HMS_MANAGEMENT_TOKEN", "or set `HMS_ACCESS_KEY` and `HMS_SECRET` instead"
    make = f"make a new one on the Developer page of the 100ms dashboard, {instead}"
    if claims is None:
        return CheckResult(name, "fail", f"{setting} is no token: 100ms's are JWTs, eyJ….….…", make)
    if claims.get("type") != "management":
        return CheckResult(name, "fail", f"{setting} is a token of another type: it must be a management token", make)
    ends_s = claims.get("exp")
    if not isinstance(ends_s, int | float) or not 0 < ends_s < 1e11:
        return CheckResult(name, "ok", "taken; it doesn't say when it ends")
    left_s, when = ends_s - now_s, f"{datetime.fromtimestamp(ends_s, UTC):%Y-%m-%d %H:%M} UTC"
    if left_s <= 0:
        return CheckResult(name, "fail", f"{setting} expired at {when}", make)
    renew = f"the bot can't renew it: set `HMS_ACCESS_KEY` and `HMS_SECRET` instead, or make a new one before {when}"
    if left_s < EXPIRY_WARN_S:
        return CheckResult(name, "warn", f"taken, but it expires in {span(left_s)}", renew)
    return CheckResult(name, "ok", f"taken, until {when}")


def judge_revision(now: str, revisions: Sequence[str]) -> CheckResult:
    """The result for a database at revision `now`, "" if empty; `revisions` are this program's, the newest last."""
    name = "Database"
    if not now:
        return CheckResult(name, "ok", "empty: its tables are made at the first start")
    if now == revisions[-1]:
        return CheckResult(name, "ok", f"revision {now}, the newest")
    if now in revisions:
        detail = f"revision {now} is older than this program's, {revisions[-1]}"
        return CheckResult(name, "warn", detail, f"`{PROGRAM} migrate`, or start the bot, which does the same")
    detail = f"a newer version of the bot has changed this database (revision {now})"
    return CheckResult(name, "fail", detail, "start that version, or give this one a database of its own")


EXPOSED = CheckResult(
    "Database",
    "warn",
    "other users of this machine may read its files, with the names of people and channels in them",
    "start the bot as the user who owns them, which closes them, or `chmod 600` them",
)


def judge_polls(
    good_s: float, since_s: float, cause: str, *, running: bool, now_s: float, interval_s: float
) -> CheckResult:
    """The result for the last poll, with arguments as for `stale`; `running`: a process of the bot is there to poll."""
    name = "Last poll"
    old = stale(good_s, since_s, cause, now_s=now_s, interval_s=interval_s)
    if not old:
        return CheckResult(name, "ok", last_read(good_s, now_s))
    if running:
        fix = (
            "nobody is told of anything meanwhile: mend what is wrong with 100ms, or look for `poll_failed` in the log"
        )
        return CheckResult(name, "fail" if good_s else "warn", old, fix)
    if not good_s:
        return CheckResult(name, "ok", f"{old}, and the bot isn't running")
    return CheckResult(name, "warn", f"{old}, and the bot isn't running", f"`{PROGRAM} web`, or `socket`, starts it")


def judge_outbox(waiting: int, oldest_s: float, unconfirmed: int, release: str) -> CheckResult:
    """The result for the outbox: `waiting` messages, the oldest overdue by `oldest_s`, and `unconfirmed` ones that are
    held; `release`: how to send those."""
    name, late, kept = "Outbox", slow(waiting, oldest_s), held(unconfirmed)
    detail = late or f"{waiting} to be sent" + (f", the oldest for {span(oldest_s)}" if waiting else "")
    look = "is the bot running, and does Slack answer? The log's `post_later` and `channel_paused` say more"
    fix = "; ".join(filter(None, (look if late else "", release if kept else "")))
    return CheckResult(name, "warn" if fix else "ok", "; ".join(filter(None, (detail, kept))), fix)
