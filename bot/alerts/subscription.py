"""A channel's subscription."""

from __future__ import annotations

from dataclasses import dataclass

from bot.blockkit.phrases import Names
from bot.db.setting_change import How
from bot.outbox.message import Channel
from bot.query.command_lines import joined, terms
from bot.query.kinds import DEFAULT_KINDS, KINDS
from bot.query.model import Query


@dataclass(frozen=True, slots=True)
class Subscription:
    """A query with all its rooms resolved, and the kinds of alert that a channel gets of it. `number` is its name for
    people; 0 before it is stored. `created_ms` is in milliseconds since 1970. `notify`: the ids of people and user
    groups that a firing mentions; `every_s`: the seconds between its reminders, 0 for none."""

    team_id: str
    channel_id: str
    query: Query
    kinds: frozenset[str]
    created_by: str
    created_ms: int
    number: int = 0
    notify: tuple[str, ...] = ()
    every_s: int = 0

    @property
    def fires(self) -> bool:
        """True if it tells of what is wrong, and of its end."""
        return self.query.fires

    @property
    def kinds_in_order(self) -> list[str]:
        """The kinds in the order of KINDS."""
        return [kind for kind in KINDS if kind in self.kinds]


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A stored subscription, and how its channel is. `live`: the number of sessions that match now; `names`: those of
    its rooms; `waiting`: its first message is still on its way."""

    subscription: Subscription
    how: How
    live: int
    names: Names
    channel: Channel
    waiting: bool


def kinds_of(query: Query) -> frozenset[str]:
    """The kinds in the query's `on:`, else the default ones."""
    return frozenset(term.value for term in query.terms if term.key == "on") or frozenset(DEFAULT_KINDS)


def subscription_line(subscription: Subscription) -> str:
    """The command line that makes the subscription."""
    return joined("subscribe", terms(subscription.query.without("on")), f"on:{','.join(subscription.kinds_in_order)}")
