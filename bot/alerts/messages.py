"""Draw notifications as messages of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from bot.alerts.notification import CaughtUp, Edit, Notification, Post, Recap, Reply, RollUp
from bot.alerts.render import caught_up, final_card, live_card, recap, roll_up, went
from bot.blockkit.blocks import Message
from bot.blockkit.phrases import Names
from bot.outbox.card import key_of, lists_of
from bot.outbox.message import Kind, Outgoing
from bot.sessions.diff import SessionChange
from bot.sessions.model import Session


def rooms_named(notifications: Iterable[Notification]) -> list[str]:
    """The ids of the rooms that the messages of these notifications name."""
    rooms: list[str] = []
    for notification in notifications:
        if isinstance(notification, Post | Edit):
            rooms.append(notification.session.room_id)
        elif isinstance(notification, RollUp):
            rooms += [session.room_id for session in (*notification.opened, *notification.ended)]
        elif isinstance(notification, Recap):
            rooms += [session.room_id for session in (*notification.live, *notification.told)]
    return rooms


class Messages:
    """Draws the messages of the poll that began from snapshot `seq`, each once however many channels show it."""

    def __init__(self, names: Names, seq: int) -> None:
        self._names = names
        self._seq = str(seq)
        self._messages: dict[Hashable, Message] = {}

    def outgoing(self, notification: Notification) -> Outgoing:
        if isinstance(notification, RollUp):
            return self._of_channel(
                notification, "roll-up", roll_up(notification.opened, notification.ended, self._names)
            )
        if isinstance(notification, Recap):
            return self._of_channel(
                notification, "recap", recap(notification.live, notification.told, notification.ended, self._names)
            )
        if isinstance(notification, CaughtUp):
            return self._of_channel(notification, "caught-up", caught_up(notification.opened, notification.ended))
        card = notification.card
        if isinstance(notification, Reply):
            key = key_of("reply", card.key, *notification.change.event)
            return _outgoing(key, card.team_id, card.channel_id, "reply", self._went(notification.change), of=card.key)
        message = self._card(notification.session, card.reopened)
        if isinstance(notification, Post):
            return _outgoing(card.key, card.team_id, card.channel_id, "post", message)
        key, where = f"{card.key}:edit", (card.team_id, card.channel_id)
        return Outgoing(key, *where, "edit", message.text, message.blocks, card.key, notification.silenced)

    def _of_channel(self, notification: RollUp | Recap | CaughtUp, kind: str, message: Message) -> Outgoing:
        key = key_of(kind, notification.team_id, notification.channel_id, self._seq)
        of = lists_of(notification.team_id, notification.channel_id)
        return _outgoing(key, notification.team_id, notification.channel_id, "post", message, of)

    def _card(self, session: Session, reopened: int) -> Message:
        draw = live_card if session.active else final_card
        return self._once((session.id, reopened), lambda: draw(session, self._names, reopened=reopened))

    def _went(self, change: SessionChange) -> Message:
        joined, left = ([name for name, _ in people] for people in (change.joined, change.left))
        return self._once((change.session.id, change.joined, change.left), lambda: went(change.session, joined, left))

    def _once(self, content: Hashable, draw: Callable[[], Message]) -> Message:
        if content not in self._messages:
            self._messages[content] = draw()
        return self._messages[content]


def _outgoing(key: str, team_id: str, channel_id: str, kind: Kind, message: Message, of: str = "") -> Outgoing:
    return Outgoing(key, team_id, channel_id, kind, message.text, message.blocks, of)
