"""Draw notifications as messages of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace

from bot.alerts.notification import CaughtUp, Edit, Notification, Post, Recap, Reply, RollUp
from bot.alerts.render import caught_up, final_card, live_card, recap, roll_up, went
from bot.blockkit.blocks import Message
from bot.blockkit.phrases import Names
from bot.outbox.card import Card, key_of, lists_of
from bot.outbox.message import Kind, Outgoing
from bot.sessions.diff import SessionChange
from bot.sessions.model import Session


def rooms_named(notifications: Iterable[Notification]) -> list[str]:
    """The ids of the rooms that the messages of these notifications name."""
    sessions: list[Session] = []
    for notification in notifications:
        match notification:
            case Post() | Edit():
                sessions.append(notification.session)
            case RollUp(opened=first, ended=rest) | Recap(live=first, told=rest):
                sessions += [*first, *rest]
    return [session.room_id for session in sessions]


class Messages:
    """Draws the messages of the poll that began from snapshot `seq`, each once however many channels show it."""

    def __init__(self, names: Names, seq: int) -> None:
        self._names = names
        self._seq = str(seq)
        self._messages: dict[Hashable, Message] = {}

    def outgoing(self, notification: Notification) -> Outgoing:
        match notification:
            case RollUp(team_id, channel_id, opened, ended):
                return self._of_channel(team_id, channel_id, "roll-up", roll_up(opened, ended, self._names))
            case Recap(team_id, channel_id, live, told, ended):
                return self._of_channel(team_id, channel_id, "recap", recap(live, told, ended, self._names))
            case CaughtUp(team_id, channel_id, opened, ended):
                return self._of_channel(team_id, channel_id, "caught-up", caught_up(opened, ended))
            case Post(card, session):
                return _of_card(card, card.key, "post", self._card(card, session))
            case Edit(card, session, silenced):
                edit = _of_card(card, f"{card.key}:edit", "edit", self._card(card, session), card.key, silenced)
                return replace(edit, urgent=not session.active)
            case Reply(card, change):
                key = key_of("reply", card.key, *change.event)
                return _of_card(card, key, "reply", self._went(change), card.key)

    def _of_channel(self, team_id: str, channel_id: str, kind: str, message: Message) -> Outgoing:
        key, of = key_of(kind, team_id, channel_id, self._seq), lists_of(team_id, channel_id)
        return Outgoing(key, team_id, channel_id, "post", message.text, message.blocks, of)

    def _card(self, card: Card, session: Session) -> Message:
        draw = live_card if session.active else final_card
        return self._once((session.id, card.reopened), lambda: draw(session, self._names, reopened=card.reopened))

    def _went(self, change: SessionChange) -> Message:
        joined, left = ([name for name, _ in people] for people in (change.joined, change.left))
        return self._once((change.session.id, change.joined, change.left), lambda: went(change.session, joined, left))

    def _once(self, content: Hashable, draw: Callable[[], Message]) -> Message:
        if content not in self._messages:
            self._messages[content] = draw()
        return self._messages[content]


def _of_card(card: Card, key: str, kind: Kind, message: Message, of: str = "", silenced: bool = False) -> Outgoing:
    return Outgoing(key, card.team_id, card.channel_id, kind, message.text, message.blocks, of, silenced)
