"""Sessions, subscriptions and mutes for the tests of what a channel is told, and a channel that is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.alerts.catch_up import release
from bot.alerts.decide import route
from bot.alerts.notification import Notification, Recap
from bot.alerts.subscription import BESIDE, Subscription, kinds_of
from bot.blockkit.blocks import Message
from bot.blockkit.phrases import NO_BREAK
from bot.blockkit.sizes import texts
from bot.outbox.card import Card
from bot.query.parse import parse
from bot.sessions.diff import diff, track
from bot.sessions.model import Peer, Session
from bot.sessions.tracked import Tracked
from bot.silence.mute import Mute
from bot.silence.policy import SilencePolicy
from bot.silence.quiet_hours import read_quiet
from tests.blockkit.judge import proper

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
HOUR = 3_600_000
ROOMS = ("a" * 24, "b" * 24)
LOUD = SilencePolicy((), {}, (), NOW)


def subscription(line: str, channel: str = "C1", number: int = 1, minutes_ago: int = 0) -> Subscription:
    query = parse(line, scope="subscribe")
    created_ms = int((NOW - timedelta(minutes=minutes_ago)).timestamp() * 1000)
    return Subscription("T1", channel, query.without(*BESIDE), kinds_of(query), "U1", created_ms, number)


def session(*people: str, number: int = 1, active: bool = True, room: str = ROOMS[0], role: str = "guest") -> Session:
    started = NOW - timedelta(minutes=30) + timedelta(seconds=number)
    peers = {name: Peer(name=name, role=role, user_id=name, joined_at=started) for name in people}
    return Session(f"{number:024x}", room, active, peers, started, None if active else NOW)


def card(status: str, gen: int = 1) -> Card:
    matched = frozenset((1,)) if gen == 0 else frozenset[int]()
    return Card("T1", "C1", session().id, status, gen, matched=matched)  # type: ignore[arg-type]


EVERY = subscription("on:start,end,join,leave")


def mute(line: str = "", hours: float = 1, channel: str = "C1", session_id: str = "") -> Mute:
    return Mute("T1", channel, parse(line), session_id, NOW_MS + int(hours * HOUR), "U1", NOW_MS)


def policy(*mutes: Mute, now: datetime = NOW, quiet: str = "", unthreaded: Sequence[str] = ()) -> SilencePolicy:
    return SilencePolicy(mutes, {"C1": [read_quiet(quiet, "UTC")]} if quiet else {}, unthreaded, now)


def shown(message: Message) -> str:
    """The words that people read in it."""
    return "\n".join(reversed(list(texts(message.blocks)))).replace(NO_BREAK, " ")


def says(message: Message, *pieces: str) -> str:
    """The words that people read in a proper message, with these pieces in it."""
    proper(message)
    text = shown(message)
    assert [piece for piece in pieces if piece not in text] == [], text
    return text


MUTED = [mute()]


class Channel:
    """One channel through one poll after the other: `sent` is what the last one sent."""

    def __init__(self, *subscriptions: Subscription) -> None:
        self.subscriptions = list(subscriptions or [EVERY])
        self.known: dict[str, Tracked] = {}
        self.cards: dict[str, Card] = {}
        self.sent: list[Notification] = []

    def poll(
        self,
        *seen: Session,
        mutes: Iterable[Mute] = (),
        quiet: str = "",
        unthreaded: Sequence[str] = (),
        minutes: int = 0,
        unread: Sequence[str] = (),
    ) -> list[type]:
        now = NOW + timedelta(minutes=minutes)
        silence = policy(*mutes, now=now, quiet=quiet, unthreaded=unthreaded)
        kept, tasks, _ = route(diff(self.known, seen), self.subscriptions, self.cards.values(), now, silence)
        self.cards |= {each.session_id: each for each in kept}
        self.known |= {each.id: track(each, NOW_MS) for each in seen}
        live = {each.id: each for each in seen if each.active and each.id not in unread}
        held = [each for each in self.cards.values() if each.withheld_until_ms]
        kept, released = release(held, live, self.known, self.subscriptions, now, silence)
        self.cards |= {each.session_id: each for each in kept}
        self.sent = [*tasks, *released]
        return [type(task) for task in self.sent]

    def recap(self, *seen: Session, **silence: Any) -> tuple[list[int], int]:
        """The numbers of the sessions that the next poll's recap lists, and how many it counts; it sends nothing else."""
        assert self.poll(*seen, **silence) == [Recap]
        (task,) = self.sent
        assert isinstance(task, Recap)
        return [int(each.id, 16) for each in task.live], task.ended

    def card(self, number: int = 1) -> Card:
        return self.cards[session(number=number).id]

    def state(self, number: int = 1) -> tuple[str, int, bool]:
        """Of that session's card: status, messages, whether its announcement is withheld."""
        card = self.card(number)
        return card.status, card.gen, bool(card.withheld_until_ms)
