"""One message of each kind that the bot makes, with made-up data: for a judge of blocks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.change import Changed
from bot.core.channel import Channel
from bot.core.digest import Digest
from bot.core.due import Due
from bot.core.figures import edges
from bot.core.finding import Finding
from bot.core.listing import Listing
from bot.core.mute import Mute
from bot.core.parse import parse
from bot.core.place import Place
from bot.core.quiet import read_quiet
from bot.core.reader import read_schedule
from bot.core.session import Peer, Session
from bot.core.subscription import Subscription
from bot.core.tally import Tally
from bot.render.blocks import Message
from bot.render.card import final_card, live_card, recap, roll_up, went
from bot.render.details import details
from bot.render.digest import digest_message
from bot.render.digests import digests_list
from bot.render.doctor import doctor_message
from bot.render.help import help_message
from bot.render.listing import listing
from bot.render.mutes import mutes_list
from bot.render.settings import Settings, changes_list, settings_card
from bot.render.subscriptions import subscriptions_list

_NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
_NOW_MS = int(_NOW.timestamp() * 1000)
_ROOMS = ("631a0f990e6ffae22efa610c", "631a0f990e6ffae22efa610d")
_NAMES = dict(zip(_ROOMS, ("town-hall", "morning-standup"), strict=True))
_TEAM, _CHANNEL, _WHO, _ZONE = "T1", "C1", "U1", "UTC"


def samples() -> Mapping[str, Message]:
    """The messages, by the names that people know them by."""
    live, *others = sessions = [_session(number) for number in range(30)]
    ended = others[0]
    place = Place.first(parse("active"), _NOW, _ZONE)
    subscription = Subscription(_TEAM, _CHANNEL, parse("room:town-hall"), frozenset({"start"}), _WHO, _NOW_MS, 1)
    digest = _digest()
    mute = Mute(_TEAM, _CHANNEL, parse("role:guest"), "", _NOW_MS + 7_200_000, _WHO, _NOW_MS, 3)
    quiets = [(read_quiet("22:00-7:00", _ZONE), _WHO)]
    channel = Channel()
    settings = Settings(_CHANNEL, channel, [subscription], [digest], [mute], quiets)
    page, long_page = (
        Listing(place, some, some[-1].id, _NOW, _NAMES, len(some), False) for some in (sessions[:10], sessions)
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
        "changes": changes_list([Changed(_NOW_MS, _WHO, "mute 2h")], names=_NAMES, as_of=_NOW),
        "subscriptions": subscriptions_list(_CHANNEL, [subscription], channel, told={}, names=_NAMES, as_of=_NOW),
        "digests": digests_list([digest], channel, names=_NAMES, as_of=_NOW),
        "mutes": mutes_list([mute], quiets, names=_NAMES, zone=_ZONE, as_of=_NOW),
        "the doctor's answer": doctor_message([Finding("Clock", "ok", "right")], here=_CHANNEL, as_of=_NOW),
        "help": help_message([("help", "this list")]),
    }


def _session(number: int) -> Session:
    """The first one is live; the others end an hour after they began, as many hours ago."""
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
    tally = Tally(window.start, window.end, edges(window.start, window.end, ZoneInfo(_ZONE)))
    for session in sessions:
        tally.add(session)
    return digest_message(tally.figures(), digest, _NAMES, Due(day, window))
