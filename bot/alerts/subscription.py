"""A channel's subscription."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blockkit.phrases import Names
from bot.db.setting_change import How
from bot.errors import QueryError
from bot.outbox.message import Channel
from bot.query.command_lines import joined, terms
from bot.query.kinds import DEFAULT_KINDS, KINDS
from bot.query.model import Query
from bot.query.notify import write_notify
from bot.query.times import print_length

BESIDE = ("on", "notify", "every")
"""Keys of its line that aren't part of its query."""


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
    def said_beside(self) -> list[str]:
        """The part of its line besides the filters."""
        kinds, notify = ",".join(self.kinds_in_order), ",".join(map(write_notify, self.notify))
        every = print_length(self.every_s) if self.every_s else ""
        return [f"{key}:{value}" for key, value in zip(BESIDE, (kinds, notify, every), strict=True) if value]

    @property
    def kinds_in_order(self) -> list[str]:
        """The kinds in the order of KINDS."""
        return [kind for kind in KINDS if kind in self.kinds]


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A stored subscription, and how its channel is. `live`: the rooms of the sessions that match now; `names`: the
    names of rooms; `waiting`: its first message is still on its way."""

    subscription: Subscription
    how: How
    live: Sequence[str]
    names: Names
    channel: Channel
    waiting: bool


def kinds_of(query: Query) -> frozenset[str]:
    """The kinds in the query's `on:`, else the default ones."""
    return frozenset(term.value for term in query.terms if term.key == "on") or frozenset(DEFAULT_KINDS)


def check_reminders(query: Query) -> None:
    """Raise QueryError for `every:` in a line whose subscription doesn't fire."""
    term = next((term for term in query.terms if term.key == "every"), None)
    if term and not query.fires:
        text = "`every:` reminds while something is wrong, so it takes a filter such as `idle:5m` or `missing:host>2m`."
        raise QueryError.at(text, query.line, term.span, instead=f"idle:5m {term}")


def subscription_line(subscription: Subscription) -> str:
    """The command line that makes the subscription."""
    return joined("subscribe", terms(subscription.query.without(*BESIDE)), *subscription.said_beside)
