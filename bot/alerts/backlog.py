"""Catching up: the messages of a channel where there is too much to tell one by one, as after a downtime. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from bot.alerts.notification import CaughtUp, Notification, Post, RollUp
from bot.silence.policy import SilencePolicy


@dataclass(frozen=True, slots=True)
class Backlog:
    """Ended sessions that are still to be read: those that began at `since_ms` or later, by the clock of 100ms, and
    follow the session `start` in its list, newest first."""

    since_ms: int
    start: str


@dataclass(frozen=True, slots=True)
class Catchup:
    """`told`: how many sessions that have ended the channel was told of, in messages of their own or in a list.
    `opened` and `ended`: those that came after and were counted, for the one line that tells of them in the end."""

    told: int = 0
    opened: int = 0
    ended: int = 0


def count(
    tasks: Iterable[Notification], before: Mapping[str, Catchup]
) -> tuple[list[Notification], dict[str, Catchup]]:
    """The tasks without the lists that are counted instead, and how far each channel has caught up then: after its
    first list, or its first messages, lists are counted."""
    after, sent = dict(before), list[Notification]()
    for task in tasks:
        if isinstance(task, Post) and not task.session.active:
            had = after.get(task.card.channel_id, Catchup())
            after[task.card.channel_id] = replace(had, told=had.told + 1)
        elif isinstance(task, RollUp):
            had = after.get(task.channel_id, Catchup())
            opened, ended = len(task.opened), len(task.ended)
            if had.told:
                after[task.channel_id] = replace(had, opened=had.opened + opened, ended=had.ended + ended)
                continue
            after[task.channel_id] = replace(had, told=opened + ended)
        sent.append(task)
    return sent, after


def finish(
    team_id: str, catchups: Mapping[str, Catchup], channels: Collection[str], hush: SilencePolicy
) -> tuple[list[Notification], dict[str, Catchup]]:
    """The line for each of these `channels` that something was counted for, and what has to wait, as its channel wants
    to hear of nothing now."""
    tasks: list[Notification] = []
    waiting: dict[str, Catchup] = {}
    for channel_id, each in catchups.items():
        if channel_id not in channels or not (each.opened or each.ended):
            continue
        if hush.every_until_ms(channel_id) is None:
            tasks.append(CaughtUp(team_id, channel_id, each.opened, each.ended))
        else:
            waiting[channel_id] = replace(each, told=0)
    return tasks, waiting
