"""What channels are to be sent after a poll."""

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
    """The card's message says how the session is now. `hushed`: no new one comes where Slack had refused it."""

    card: Card
    session: Session
    hushed: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """Who came and went, in the card's thread."""

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
    """The one message when a channel may hear again of what was withheld: what is still live of it, and how many have
    ended. `told` are those of the ended that it was told of when they opened, as far as they are known."""

    team_id: str
    channel_id: str
    live: tuple[Session, ...]
    told: tuple[Session, ...]
    ended: int


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """The one line about all that a channel wasn't told of one by one, as there was too much at once."""

    team_id: str
    channel_id: str
    opened: int
    ended: int


Notification = Post | Edit | Reply | RollUp | Recap | CaughtUp
