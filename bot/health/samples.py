"""One message of each kind that the bot makes, with made-up data, for Slack's validator of blocks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.alerts.render import final_card, live_card, recap, roll_up, went
from bot.alerts.subscription import Subscription
from bot.alerts.subscription_render import subscriptions_list
from bot.blockkit.blocks import Message
from bot.blockkit.help import help_message
from bot.browse.details import details
from bot.browse.page import Page
from bot.browse.render import listing
from bot.channel.render import ChannelSettings, changes_list, settings_card
from bot.db.setting_change import SettingChange
from bot.digests.due import Due
from bot.digests.figures import edges
from bot.digests.list_render import digests_list
from bot.digests.model import Digest
from bot.digests.render import digest_message
from bot.digests.tally import Tally
from bot.health.check_result import CheckResult
from bot.health.render import doctor_message
from bot.outbox.message import Channel
from bot.query.cursor import PageCursor
from bot.query.parse import parse
from bot.query.schedule_parser import read_schedule
from bot.sessions.model import Peer, Session
from bot.silence.mute import Mute
from bot.silence.mute_render import mutes_list
from bot.silence.quiet_hours import read_quiet

_NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
_NOW_MS = int(_NOW.timestamp() * 1000)
_ROOMS = ("631a0f990e6ffae22efa610c", "631a0f990e6ffae22efa610d")
_NAMES = dict(zip(_ROOMS, ("town-hall", "morning-standup"), strict=True))
_TEAM, _CHANNEL, _WHO, _ZONE = "T1", "C1", "U1", "UTC"


def samples() -> Mapping[str, Message]:
    """The messages by their names for people."""
    live, *others = sessions = [_session(number) for number in range(30)]
    ended = others[0]
    cursor = PageCursor.first(parse("active"), _NOW, _ZONE)
    subscription = Subscription(_TEAM, _CHANNEL, parse("room:town-hall"), frozenset({"start"}), _WHO, _NOW_MS, 1)
    digest = _digest()
    mute = Mute(_TEAM, _CHANNEL, parse("role:guest"), "", _NOW_MS + 7_200_000, _WHO, _NOW_MS, 3)
    quiets = [(read_quiet("22:00-7:00", _ZONE), _WHO)]
    channel = Channel()
    settings = ChannelSettings(_CHANNEL, channel, [subscription], [digest], [mute], quiets)
    page, long_page = (
        Page(cursor, _NOW, some, some[-1].id, len(some), names=_NAMES) for some in (sessions[:10], sessions)
    )
    return {
        "a list": listing(page),
        "a long list": listing(long_page),
        "one session": details(live, _NAMES, as_of=_NOW, zone=_ZONE),
        "a live card": live_card(live, _NAMES, reopened=0),
        "an ended card": final_card(ended, _NAMES, reopened=1),
        "a reply": went(live, ["Rosa"], ["Sofia"]),
        "a summary": roll_up(sessions[:3], others[:3], _NAMES),
        "a catch-up": recap(sessions[:3], sessions[3:5], 2, _NAMES),
        "a digest": _digest_of(sessions, digest),
        "settings": settings_card(settings, names=_NAMES, zone=_ZONE, as_of=_NOW),
        "changes": changes_list([SettingChange(_NOW_MS, _WHO, "mute 2h")], names=_NAMES, as_of=_NOW),
        "subscriptions": subscriptions_list(_CHANNEL, [subscription], channel, told={}, names=_NAMES, as_of=_NOW),
        "digests": digests_list([digest], channel, names=_NAMES, as_of=_NOW),
        "mutes": mutes_list([mute], quiets, names=_NAMES, zone=_ZONE, as_of=_NOW),
        "the doctor's answer": doctor_message([CheckResult("Clock", "ok", "right")], here=_CHANNEL, as_of=_NOW),
        "help": help_message([("help", "this list")]),
    }


def _session(number: int) -> Session:
    """A session that began `number` + 1 hours ago: live for 0, else ended after an hour."""
    began = _NOW - timedelta(hours=number + 1)
    left = None if number == 0 else began + timedelta(hours=1)
    who = ("Rosa", "Sofia", "Kavya")[: number % 3 + 1]
    peers = {
        name: Peer(name, name, "host" if name == "Rosa" else "guest", name, joined_at=began, left_at=left)
        for name in who
    }
    return Session(f"{int(began.timestamp()):08x}{number:016x}", _ROOMS[number % 2], number == 0, peers, began, left)


def _digest() -> Digest:
    schedule, _ = read_schedule("daily 9:00", _ZONE)
    return Digest(_TEAM, _CHANNEL, parse("all"), schedule, "say", _WHO, _NOW_MS, 2, last=_NOW.date())


def _digest_of(sessions: list[Session], digest: Digest) -> Message:
    day: date = _NOW.date()
    window = digest.schedule.window(day)
    tally = Tally(edges(window.start, window.end, ZoneInfo(_ZONE)))
    for session in sessions:
        tally.add(session)
    return digest_message(tally.figures(), digest, _NAMES, Due(day, window))
