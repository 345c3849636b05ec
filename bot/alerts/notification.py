"""Notifications: decided for a channel, not drawn yet."""

from __future__ import annotations

from dataclasses import dataclass

from bot.outbox.card import Card
from bot.sessions.diff import SessionChange
from bot.sessions.model import Session


@dataclass(frozen=True, slots=True)
class Post:
    """A new message for the card: of a live session, or the summary of one that has ended."""

    card: Card
    session: Session


@dataclass(frozen=True, slots=True)
class Edit:
    """An update of the card's message. With `silenced` it posts no new message if Slack had refused the card."""

    card: Card
    session: Session
    silenced: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply in the card's thread about joins and leaves."""

    card: Card
    change: SessionChange


@dataclass(frozen=True, slots=True)
class RollUp:
    """One message in place of many."""

    team_id: str
    channel_id: str
    opened: tuple[Session, ...]
    ended: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class Recap:
    """The catch-up after silence: the withheld sessions that are still live, and the number that have ended. `told`
    are ended sessions whose start the channel had heard of, as far as they are known."""

    team_id: str
    channel_id: str
    live: tuple[Session, ...]
    told: tuple[Session, ...]
    ended: int


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """One line with the counts of sessions that were too many to announce one by one."""

    team_id: str
    channel_id: str
    opened: int
    ended: int


OfCard = Post | Edit | Reply
Notification = OfCard | RollUp | Recap | CaughtUp
