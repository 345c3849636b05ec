"""The backlog after a downtime: when there is too much to tell one by one, sessions are counted. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from bot.alerts.notification import CaughtUp, Notification, Post, RollUp
from bot.silence.policy import SilencePolicy


@dataclass(frozen=True, slots=True)
class Backlog:
    """Ended sessions still to be read: those that began at `since_ms` or later, by the clock of 100ms, and follow
    the session `start` in its list, newest first."""

    since_ms: int
    start: str


@dataclass(frozen=True, slots=True)
class Catchup:
    """A channel's progress through the backlog. `told`: ended sessions that had a message of their own or stood in a
    list; `opened` and `ended`: later ones, counted for the one line at the end."""

    told: int = 0
    opened: int = 0
    ended: int = 0


def count(
    notifications: Iterable[Notification], before: Mapping[str, Catchup]
) -> tuple[list[Notification], dict[str, Catchup]]:
    """The notifications that are sent, and each channel's progress after them. After a channel's first list or
    messages, further lists are counted instead of sent."""
    after, sent = dict(before), list[Notification]()
    for notification in notifications:
        if isinstance(notification, Post) and not notification.session.active:
            progress = after.get(notification.card.channel_id, Catchup())
            after[notification.card.channel_id] = replace(progress, told=progress.told + 1)
        elif isinstance(notification, RollUp):
            progress = after.get(notification.channel_id, Catchup())
            opened, ended = len(notification.opened), len(notification.ended)
            if progress.told:
                counts = {"opened": progress.opened + opened, "ended": progress.ended + ended}
                after[notification.channel_id] = replace(progress, **counts)
                continue
            after[notification.channel_id] = replace(progress, told=opened + ended)
        sent.append(notification)
    return sent, after


def finish(
    team_id: str, catchups: Mapping[str, Catchup], channels: Collection[str], policy: SilencePolicy
) -> tuple[list[Notification], dict[str, Catchup]]:
    """The closing line for each of `channels` with counted sessions, and the catch-ups that wait because their channel
    is silent now."""
    notifications: list[Notification] = []
    waiting: dict[str, Catchup] = {}
    for channel_id, progress in catchups.items():
        if channel_id not in channels or not (progress.opened or progress.ended):
            continue
        if policy.every_until_ms(channel_id) is None:
            notifications.append(CaughtUp(team_id, channel_id, progress.opened, progress.ended))
        else:
            waiting[channel_id] = replace(progress, told=0)
    return notifications, waiting
