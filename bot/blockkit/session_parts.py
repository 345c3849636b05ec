"""Renders a session's state and people as parts of a line."""

from __future__ import annotations

from bot.blockkit.escape import mrkdwn
from bot.blockkit.phrases import count
from bot.sessions.model import Session
from bot.sessions.summary import Summary

STATE = {True: "🟢 Live", False: "⚪ Ended"}
"""Labels by `active`; colour never stands alone."""


def people(session: Session, summary: Summary) -> str:
    """Return the number of people, in now and in total, and whether it is or was recorded."""
    if not summary.people:
        said = "nobody yet" if session.active else "nobody came"
    elif session.active:
        said = f"{summary.people_in:,} in now, {summary.people:,} in all"
    else:
        said = count(summary.people, "person", "people")
    return f"{said} · {recorded}" if (recorded := recording(session)) else said


def recording(session: Session) -> str:
    """Return `recording`, `recorded` once that is over, or ""."""
    return "recording" if session.recording else "recorded" if session.recorders else ""


def roles(session: Session, summary: Summary) -> str:
    """Return up to five roles with their counts, or ""."""
    if not summary.roles:
        return ""
    shown = [f"{mrkdwn(role, 24) or 'no role'} {number:,}" for role, number in summary.roles[:5]]
    more = len(summary.roles) - 5
    head = "in now: " if session.active else "roles: "
    return head + ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def hosts(session: Session, summary: Summary) -> str:
    """Return up to three hosts by name, or ""."""
    if not summary.hosts:
        return "no host in now" if summary.host_left else ""
    shown = ", ".join(mrkdwn(name, 24) for name in summary.hosts[:3])
    more = summary.hosts_more + len(summary.hosts[3:])
    return f"hosted by {shown}" + (f" and {more} more" if more > 0 else "")
