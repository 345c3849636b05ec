"""Notifications: decided for a channel, not drawn yet."""

from __future__ import annotations

from dataclasses import dataclass

from bot.alerts.firing import Event, Firing
from bot.outbox.card import Card, key_of
from bot.sessions.diff import SessionChange
from bot.sessions.model import Session


@dataclass(frozen=True, slots=True)
class Post:
    """A new message for the card: of a live session, or the summary of one that has ended. `firings` are those that the
    channel knows, `begun` those that it hears of by this message, `alone` for them alone. `notify`: the ids of people
    and groups whom it mentions."""

    card: Card
    session: Session
    firings: tuple[Firing, ...] = ()
    notify: tuple[str, ...] = ()
    begun: tuple[Firing, ...] = ()
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """An update of the card's message. With `silenced` it posts no new message if Slack had refused the card; one that
    is `urgent`, as that of an ended session is, doesn't wait for others. `firings` and `notify` as in Post."""

    card: Card
    session: Session
    silenced: bool = False
    urgent: bool = False
    firings: tuple[Firing, ...] = ()
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply in the card's thread about joins and leaves."""

    card: Card
    change: SessionChange


@dataclass(frozen=True, slots=True)
class Fired:
    """A reply in the card's thread, shown in the channel too, about something that is wrong from now on."""

    card: Card
    session: Session
    firing: Firing
    notify: tuple[str, ...] = ()

    @property
    def begun(self) -> tuple[Firing, ...]:
        return (self.firing,)


@dataclass(frozen=True, slots=True)
class Matched:
    """A reply, shown in the channel too, for people who are to be mentioned once the session matches a subscription."""

    card: Card
    session: Session
    number: int
    notify: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FiringTold:
    """A reply about a firing that goes on or is over, in the thread of the post with the key `of`."""

    card: Card
    of: str
    session: Session
    firing: Firing
    event: Event
    notify: tuple[str, ...] = ()
    broadcast: bool = False


@dataclass(frozen=True, slots=True)
class FiringSummary:
    """One message in place of many that tell of something wrong."""

    key: str
    team_id: str
    channel_id: str
    items: tuple[tuple[Session, Firing], ...]
    notify: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RollUp:
    """One message in place of many. `notify` as in Post."""

    team_id: str
    channel_id: str
    opened: tuple[Session, ...]
    ended: tuple[Session, ...]
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recap:
    """The catch-up after silence: the withheld sessions that are still live, and the number that have ended. `told`
    are ended sessions whose start the channel had heard of, as far as they are known. `wrong`: what was kept back and
    is still wrong."""

    team_id: str
    channel_id: str
    live: tuple[Session, ...]
    told: tuple[Session, ...]
    ended: int
    wrong: tuple[tuple[Session, Firing], ...] = ()


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """One line with the counts of sessions that were too many to announce one by one."""

    team_id: str
    channel_id: str
    opened: int
    ended: int


OfCard = Post | Edit | Reply | Fired | FiringTold | Matched
Notification = OfCard | RollUp | FiringSummary | Recap | CaughtUp


def list_key(kind: str, team_id: str, channel_id: str, seq: int) -> str:
    """The key of a message about many sessions that a channel gets of the sweep that began from snapshot `seq`."""
    return key_of(kind, team_id, channel_id, str(seq))
