"""What a channel asked to be told of."""

from __future__ import annotations

from dataclasses import dataclass

from bot.query.command_lines import joined, terms
from bot.query.kinds import DEFAULT_KINDS, KINDS
from bot.query.model import Query


@dataclass(frozen=True, slots=True)
class Subscription:
    """A query, all its rooms known, and the kinds of changes, made by a person for a channel. `number` is how people
    name it; 0 before it is stored. `created_ms` is in milliseconds since 1970."""

    team_id: str
    channel_id: str
    query: Query
    kinds: frozenset[str]
    created_by: str
    created_ms: int
    number: int = 0


def kinds_of(query: Query) -> frozenset[str]:
    """The kinds that a line asks for with `on:`, or the default ones."""
    return frozenset(term.value for term in query.terms if term.key == "on") or frozenset(DEFAULT_KINDS)


def subscription_line(subscription: Subscription) -> str:
    """The line that makes it."""
    kinds = ",".join(kind for kind in KINDS if kind in subscription.kinds)
    return joined("subscribe", terms(subscription.query.without("on")), f"on:{kinds}")
