"""The messages of one poll."""

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


def rooms_named(tasks: Iterable[Notification]) -> list[str]:
    """The ids of the rooms that their messages name."""
    rooms: list[str] = []
    for task in tasks:
        if isinstance(task, Post | Edit):
            rooms.append(task.session.room_id)
        elif isinstance(task, RollUp):
            rooms += [session.room_id for session in (*task.opened, *task.ended)]
        elif isinstance(task, Recap):
            rooms += [session.room_id for session in (*task.live, *task.told)]
    return rooms


class Messages:
    """The messages of the poll that began from snapshot `seq`. Each is drawn once, in however many channels it is
    shown."""

    def __init__(self, names: Names, seq: int) -> None:
        self._names = names
        self._seq = str(seq)
        self._messages: dict[Hashable, Message] = {}

    def outgoing(self, task: Notification) -> Outgoing:
        if isinstance(task, RollUp):
            return self._of_channel(task, "roll-up", roll_up(task.opened, task.ended, self._names))
        if isinstance(task, Recap):
            return self._of_channel(task, "recap", recap(task.live, task.told, task.ended, self._names))
        if isinstance(task, CaughtUp):
            return self._of_channel(task, "caught-up", caught_up(task.opened, task.ended))
        card = task.card
        if isinstance(task, Reply):
            key = key_of("reply", card.key, *task.change.event)
            return _outgoing(key, card.team_id, card.channel_id, "reply", self._went(task.change), of=card.key)
        message = self._card(task.session, card.reopened)
        if isinstance(task, Post):
            return _outgoing(card.key, card.team_id, card.channel_id, "post", message)
        key, where = f"{card.key}:edit", (card.team_id, card.channel_id)
        return Outgoing(key, *where, "edit", message.text, message.blocks, card.key, task.hushed)

    def _of_channel(self, task: RollUp | Recap | CaughtUp, what: str, message: Message) -> Outgoing:
        key = key_of(what, task.team_id, task.channel_id, self._seq)
        of = lists_of(task.team_id, task.channel_id)
        return _outgoing(key, task.team_id, task.channel_id, "post", message, of)

    def _card(self, session: Session, reopened: int) -> Message:
        draw = live_card if session.active else final_card
        return self._once((session.id, reopened), lambda: draw(session, self._names, reopened=reopened))

    def _went(self, change: SessionChange) -> Message:
        joined, left = ([name for name, _ in people] for people in (change.joined, change.left))
        return self._once((change.session.id, change.joined, change.left), lambda: went(change.session, joined, left))

    def _once(self, what: Hashable, draw: Callable[[], Message]) -> Message:
        if what not in self._messages:
            self._messages[what] = draw()
        return self._messages[what]


def _outgoing(key: str, team_id: str, channel_id: str, kind: Kind, message: Message, of: str = "") -> Outgoing:
    return Outgoing(key, team_id, channel_id, kind, message.text, message.blocks, of)
