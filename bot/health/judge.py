"""How the bot is, judged by what was seen: the same words for /readyz, for lists in Slack and for the doctor."""

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
"""A message that isn't sent after so long is worth an operator's eye."""
STALE_POLLS = 4
"""Data older than so many poll intervals is stale."""
SKEW_WARN_S = 5.0
"""A `Date` header has whole seconds and was on its way; what differs by more is a clock that nobody sets."""
SLACK_SKEW_S = 300.0
"""Requests that are dated further off are refused (docs.slack.dev/authentication/verifying-requests-from-slack)."""
MACHINE, DATABASE = "this machine's clock", "the database's clock"
CLOCKS = {"machine": MACHINE, "database": DATABASE}
SOCKETS = 2
"""So many connections a process has in Socket Mode, and more for moments in which one is replaced."""
EXPIRY_WARN_S = 3 * 86_400.0
"""A token that can't be renewed is told of so long before its end: a weekend, and a day to act in."""


def age(good_s: float, now_s: float) -> float | None:
    """Seconds since a good poll at `good_s`, 0 for never; None where that isn't known: a date that has not come was
    written by a clock that was wrong."""
    return max(0.0, now_s - good_s) if 0 < good_s <= now_s + SKEW_WARN_S else None


def stale(good_s: float, since_s: float, cause: str, *, now_s: float, interval_s: float) -> str:
    """What to say of sessions that were last read at `good_s`, 0 for never, or "" where that is new enough. `since_s`:
    when the bot began to read. In epoch seconds."""
    age_s = age(good_s, now_s)
    if min(now_s - since_s, math.inf if age_s is None else age_s) < STALE_POLLS * interval_s:
        return ""
    return last_read(good_s, now_s) + (f" ({cause})" if cause else "")


def last_read(good_s: float, now_s: float) -> str:
    """When 100ms was last read for alerts; 0 is never."""
    if not good_s:
        return "100ms has not been read yet"
    age_s = age(good_s, now_s)
    if age_s is None:
        return f"when 100ms was last read isn't known: a clock was {span(good_s - now_s)} ahead"
    return f"100ms was last read {span(age_s)} ago"


def slow(waiting: int, oldest_s: float) -> str:
    """What to say of so many messages to be sent, the oldest due for so long; "" where that is as it should be."""
    return f"{waiting} messages are to be sent, the oldest for {span(oldest_s)}" if oldest_s > SLOW_S else ""


def refused(cause: str, for_s: float) -> str:
    """A line about a workspace that refuses the bot for that `cause`, a code of Slack's."""
    return f"nothing is sent: Slack refuses the bot's token ({cause}) for {span(max(0.0, for_s))}"


def held(count: int) -> str:
    """What to say of messages that nobody knows to have arrived, or ""."""
    return f"messages held, unconfirmed: {count}" if count else ""


def span(seconds: float) -> str:
    """`45 s`, `12 min`, `5 h`, `3 d`, rounded down from two of a unit on."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def judge_reading(read: Sequence[Session], unreadable: int) -> list[CheckResult]:
    """Check the newest sessions for odd ones: some can't be read, or names are hashes."""
    what, found = "100ms sessions", []
    if unreadable:
        seen = f"{unreadable} of the {len(read) + unreadable} newest are in a form that the bot can't read"
        mend = "nobody hears of them: update the bot, or report it with one of them from the API"
        found.append(CheckResult(what, "warn", seen, mend))
    names = [peer.name for session in read for _, peer in session.each_peer() if peer.name]
    if names and all(map(is_hash, names)):
        seen = "names come as hashes, of which 8 digits are shown: that is how 100ms's HIPAA workspaces are"
        found.append(CheckResult(what, "ok", f"{seen}. Rooms are found by their clear names all the same"))
    return found


def judge_roles(settings: RoleSettings, templates: Templates) -> list[CheckResult]:
    """Check the roles that host and record, and name those of the settings that no template has."""
    what, found = "Roles", []
    there = {fold(role) for role in (*templates.roles(), *OURS)}
    some = ", ".join(sorted(templates.roles())[:_ROLES_SHOWN])
    for setting, names in (("HOST_ROLES", settings.hosts), ("IGNORE_ROLES", settings.ignored)):
        if unknown := sorted(name for name in names if fold(name) not in there):
            seen = f"{setting} names {', '.join(unknown)}, which no template has"
            found.append(CheckResult(what, "warn", f"{seen}. Theirs are {some}" if some else seen, f"mend {setting}"))
    if found:
        return found
    hosts, recorders = settings.hosts or templates.hosts(), settings.ignored or templates.recorders()
    if not hosts:
        seen = "no template says who hosts, so roles called host do; HOST_ROLES can name others"
    else:
        seen = f"hosting: {_listed(hosts)}" + (f"; recording: {_listed(recorders)}" if recorders else "")
    return [CheckResult(what, "ok", seen)]


_ROLES_SHOWN = 8


def _listed(roles: Collection[str]) -> str:
    some = sorted(roles)
    more = f" and {len(some) - _ROLES_SHOWN} more" if len(some) > _ROLES_SHOWN else ""
    return ", ".join(some[:_ROLES_SHOWN]) + more


def judge_scopes(granted: Collection[str], *, groups: bool) -> list[CheckResult]:
    """One finding for each feature that lacks a scope. `groups`: whether ACCESS names user groups."""
    what, findings = "Slack scopes", []
    for need in NEEDS:
        if need.groups and not groups:
            continue
        if missing := [scope for scope in need.scopes if scope not in granted]:
            scopes = " and ".join(f"`{scope}`" for scope in missing)
            page = "on the app's page OAuth &amp; Permissions if missing there"
            mend = f"add {scopes} {page}, then install the app again and allow {'it' if len(missing) == 1 else 'them'}"
            findings.append(CheckResult(what, "fail" if need.needed else "warn", need.lost, mend))
    return findings or [CheckResult(what, "ok", "everything that the features need")]


def judge_messages_tab(ago_s: float) -> CheckResult:
    """The app's Messages tab, which was off when the bot wrote to somebody so long ago."""
    seen = f"it was off {span(ago_s)} ago, so a message to a person was refused, such as that alerts are paused"
    page = "switch *Messages Tab* on, on the app's page App Home, or paste its manifest anew"
    return CheckResult("Messages tab", "warn", seen, f"{page}; the app needn't be installed again")


def judge_group(group_id: str, cause: str) -> CheckResult:
    """A user group of ACCESS whose members Slack doesn't tell, for that `cause`, a code of Slack's."""
    why, mend = _GROUPS.get(cause, (f"Slack answers {cause}", "look again in a moment"))
    seen = f"who is in {group_id} isn't known, so they are refused: {why}"
    return CheckResult("Access", "fail" if cause in _GROUPS else "warn", seen, mend)


_GROUPS = {
    "no_such_subteam": ("there is no such user group (any more)", "mend that id in ACCESS"),
    "plan_upgrade_required": ("this workspace's plan has no user groups", "name people in ACCESS instead"),
}


def unknown_channel(channel_id: str) -> CheckResult:
    """A channel of ACCESS that Slack says is not there, as it does of private ones that the bot isn't in."""
    seen = "Slack shows the bot no such channel; it may be a private one that the bot isn't in"
    return CheckResult("Access", "warn", seen, "compare its id with ACCESS", channel_id)


def good_access(commands: int, groups: int, channels: int) -> CheckResult:
    """Rules for so many commands, of which so many user groups and channels were found."""
    found = f"; found: user groups {groups}, channels {channels}" if groups or channels else ""
    return CheckResult("Access", "ok", f"rules: {commands}{found}")


def judge_sockets(count: int) -> CheckResult:
    """So many connections of Socket Mode that are open."""
    what, seen = "Slack socket", "1 connection is open" if count == 1 else f"{count} connections are open"
    if count >= SOCKETS:
        return CheckResult(what, "ok", seen)
    mend = "look for `socket_failed`, `socket_mode_off` and `app_token_refused` in the log"
    return CheckResult(what, "warn" if count else "fail", f"{seen}, of {SOCKETS}", mend)


def judge_clock(own: str, ahead_s: float, whose: str) -> CheckResult:
    """A clock of ours (this machine's, the database's) against `whose`, which is `ahead_s` ahead of it."""
    off_s = abs(ahead_s)
    if off_s <= SKEW_WARN_S:
        return CheckResult("Clock", "ok", f"{own} is the same as {whose}, to {max(1, round(off_s))} s")
    seen = f"{own} is {span(off_s)} {'behind' if ahead_s > 0 else 'ahead of'} {whose}"
    return CheckResult("Clock", "warn", seen, "keep it set (NTP); the bot goes by Slack's and 100ms's meanwhile")


def clocks(off_s: Mapping[str, float], most_s: float) -> str:
    """A line for each clock of ours that is off by more than `most_s`, or ""."""
    off = {CLOCKS[name]: by_s for name, by_s in off_s.items() if abs(by_s) > most_s}
    return "\n".join(
        f"{own} is {span(abs(by_s))} {'ahead of' if by_s > 0 else 'behind'} Slack's and 100ms's, which count"
        for own, by_s in off.items()
    )


def judge_token(claims: Mapping[str, Any] | None, now_s: float) -> CheckResult:
    """A management token of 100ms that an operator made, by what it says of itself; None where it can't be read."""
    what, name, instead = "100ms token", "HMS_MANAGEMENT_TOKEN", "or set `HMS_ACCESS_KEY` and `HMS_SECRET` instead"
    make = f"make a new one on the Developer page of the 100ms dashboard, {instead}"
    if claims is None:
        return CheckResult(what, "fail", f"{name} is no token: 100ms's are JWTs, eyJ….….…", make)
    if claims.get("type") != "management":
        return CheckResult(what, "fail", f"{name} is a token of another type: it must be a management token", make)
    ends_s = claims.get("exp")
    if not isinstance(ends_s, int | float) or not 0 < ends_s < 1e11:
        return CheckResult(what, "ok", "taken; it doesn't say when it ends")
    left_s, when = ends_s - now_s, f"{datetime.fromtimestamp(ends_s, UTC):%Y-%m-%d %H:%M} UTC"
    if left_s <= 0:
        return CheckResult(what, "fail", f"{name} expired at {when}", make)
    renew = f"the bot can't renew it: set `HMS_ACCESS_KEY` and `HMS_SECRET` instead, or make a new one before {when}"
    if left_s < EXPIRY_WARN_S:
        return CheckResult(what, "warn", f"taken, but it expires in {span(left_s)}", renew)
    return CheckResult(what, "ok", f"taken, until {when}")


def judge_revision(now: str, revisions: Sequence[str]) -> CheckResult:
    """The database's revision, "" for an empty one; `known` are this program's, the newest last."""
    what = "Database"
    if not now:
        return CheckResult(what, "ok", "empty: its tables are made at the first start")
    if now == revisions[-1]:
        return CheckResult(what, "ok", f"revision {now}, the newest")
    if now in revisions:
        seen = f"revision {now} is older than this program's, {revisions[-1]}"
        return CheckResult(what, "warn", seen, f"`{PROGRAM} migrate`, or start the bot, which does the same")
    seen = f"a newer version of the bot has changed this database (revision {now})"
    return CheckResult(what, "fail", seen, "start that version, or give this one a database of its own")


EXPOSED = CheckResult(
    "Database",
    "warn",
    "other users of this machine may read its files, with the names of people and channels in them",
    "start the bot as the user who owns them, which closes them, or `chmod 600` them",
)


def judge_polls(
    good_s: float, since_s: float, cause: str, *, running: bool, now_s: float, interval_s: float
) -> CheckResult:
    """When 100ms was last read, as for `stale`, and whether a process of the bot is there to read it."""
    what = "Last poll"
    old = stale(good_s, since_s, cause, now_s=now_s, interval_s=interval_s)
    if not old:
        return CheckResult(what, "ok", last_read(good_s, now_s))
    if running:
        mend = (
            "nobody is told of anything meanwhile: mend what is wrong with 100ms, or look for `poll_failed` in the log"
        )
        return CheckResult(what, "fail" if good_s else "warn", old, mend)
    if not good_s:
        return CheckResult(what, "ok", f"{old}, and the bot isn't running")
    return CheckResult(what, "warn", f"{old}, and the bot isn't running", f"`{PROGRAM} web`, or `socket`, starts it")


def judge_outbox(waiting: int, oldest_s: float, unconfirmed: int, release: str) -> CheckResult:
    """Messages that are to be sent, the oldest for so long, and `unconfirmed` ones that are held; `release`: what sends
    those."""
    what, late, kept = "Outbox", slow(waiting, oldest_s), held(unconfirmed)
    seen = late or f"{waiting} to be sent" + (f", the oldest for {span(oldest_s)}" if waiting else "")
    look = "is the bot running, and does Slack answer? The log's `post_later` and `channel_paused` say more"
    do = "; ".join(filter(None, (look if late else "", release if kept else "")))
    return CheckResult(what, "warn" if do else "ok", "; ".join(filter(None, (seen, kept))), do)
