"""Draw notifications as messages of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

from bot.alerts import firing_render
from bot.alerts.firing import Firing
from bot.alerts.notification import (
    CaughtUp,
    Edit,
    Fired,
    FiringSummary,
    FiringTold,
    Matched,
    Notification,
    Post,
    Recap,
    Reply,
    RollUp,
    list_key,
)
from bot.alerts.render import caught_up, final_card, live_card, recap, roll_up, went
from bot.blockkit.blocks import Message
from bot.blockkit.phrases import Names
from bot.outbox.card import Card, key_of, lists_of
from bot.outbox.message import Kind, Outgoing
from bot.sessions.diff import SessionChange
from bot.sessions.model import Session

NO_EVENT: Mapping[str, str | int] = {}


def rooms_named(notifications: Iterable[Notification]) -> list[str]:
    """The ids of the rooms that the messages of these notifications name."""
    sessions: list[Session] = []
    for notification in notifications:
        match notification:
            case Post() | Edit() | Fired() | FiringTold() | Matched():
                sessions.append(notification.session)
            case RollUp(opened=opened, ended=ended):
                sessions += [*opened, *ended]
            case Recap():
                sessions += [*notification.live, *notification.told, *(session for session, _ in notification.wrong)]
            case FiringSummary(items=items):
                sessions += [session for session, _ in items]
    return [session.room_id for session in sessions]


class Messages:
    """Draws the messages of the poll that began from snapshot `seq`, each once however many channels show it."""

    def __init__(self, names: Names, seq: int) -> None:
        self._names = names
        self._seq = seq
        self._messages: dict[Hashable, Message] = {}

    def outgoing(self, notification: Notification) -> Outgoing:
        match notification:
            case RollUp(team_id, channel_id, opened, ended, notify):
                return self._of_channel(team_id, channel_id, "roll-up", roll_up(opened, ended, self._names, notify))
            case Recap(team_id, channel_id, live, told, ended, wrong):
                return self._of_channel(team_id, channel_id, "recap", recap(live, told, ended, self._names, wrong))
            case CaughtUp(team_id, channel_id, opened, ended):
                return self._of_channel(team_id, channel_id, "caught-up", caught_up(opened, ended))
            case FiringSummary(_, team_id, channel_id, items, notify):
                drawn = firing_render.summary(items, self._names, notify)
                return self._of_channel(team_id, channel_id, "firings", drawn)
            case Post(card):
                return _of_card(card, card.key, "post", self._card(notification), event=_event(notification.firings))
            case Edit(card):
                drawn, event = self._card(notification), _event(notification.firings)
                message = _of_card(card, f"{card.key}:edit", "edit", drawn, card.key, event=event)
                return replace(
                    message,
                    silenced=notification.silenced,
                    urgent=notification.urgent or not notification.session.active,
                )
            case Reply(card, change):
                key = key_of("reply", card.key, *change.event)
                return _of_card(card, key, "reply", self._went(change), card.key)
            case Fired(card, session, firing, notify):
                drawn, event = firing_render.fired(session, self._names, firing, notify), _state(firing)
                return _of_card(card, firing.key("fired"), "reply", drawn, card.key, event=event, broadcast=True)
            case Matched(card, session, number, notify):
                drawn, key = (
                    firing_render.matched(session, self._names, number, notify),
                    key_of("matched", card.key, str(number)),
                )
                return _of_card(card, key, "reply", drawn, card.key, broadcast=True)
            case FiringTold(card, of, session, firing, why, notify, broadcast):
                drawn, event = firing_render.told(session, firing, why, notify), _state(firing)
                return _of_card(card, firing.key(why), "reply", drawn, of, event=event, broadcast=broadcast)

    def _of_channel(self, team_id: str, channel_id: str, kind: str, message: Message) -> Outgoing:
        key, of = list_key(kind, team_id, channel_id, self._seq), lists_of(team_id, channel_id)
        return Outgoing(key, team_id, channel_id, "post", message.text, message.blocks, of=of)

    def _card(self, of: Post | Edit) -> Message:
        session, reopened, firings, notify = of.session, of.card.reopened, of.firings, of.notify

        def draw() -> Message:
            if session.active:
                return live_card(session, self._names, reopened=reopened, firings=firings, notify=notify)
            return final_card(session, self._names, reopened=reopened, firings=firings)

        return self._once((session.id, reopened, firings, notify), draw)

    def _went(self, change: SessionChange) -> Message:
        joined, left = ([name for name, _ in people] for people in (change.joined, change.left))
        return self._once((change.session.id, change.joined, change.left), lambda: went(change.session, joined, left))

    def _once(self, content: Hashable, draw: Callable[[], Message]) -> Message:
        if content not in self._messages:
            self._messages[content] = draw()
        return self._messages[content]


def _of_card(
    card: Card,
    key: str,
    kind: Kind,
    message: Message,
    of: str = "",
    *,
    event: Mapping[str, str | int] = NO_EVENT,
    broadcast: bool = False,
) -> Outgoing:
    drawn = (message.text, message.blocks)
    return Outgoing(key, card.team_id, card.channel_id, kind, *drawn, of=of, event=event, broadcast=broadcast)


def _event(firings: Sequence[Firing]) -> Mapping[str, str | int]:
    """The metadata of a card that tells of a firing itself."""
    telling = [firing for firing in firings if not firing.thread]
    return _state(min(telling, key=lambda firing: not firing.open)) if telling else NO_EVENT


def _state(firing: Firing) -> Mapping[str, str | int]:
    state = "fired" if firing.open else "resolved"
    return {"session_id": firing.session_id, "subscription": firing.number, "state": state}
