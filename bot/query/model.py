"""A query: a state and terms, and its text in one canonical form.

    [active|ended|all] [-]key:value …      a repeated key is OR, different keys are AND, a leading - is NOT

`parse.parse` reads the text back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.query.filters import FILTERS
from bot.query.times import Day, TimeOfDay, Wall
from bot.query.tokenizer import quoted
from bot.query.values import LIMIT_DEFAULT, RoomId, RoomPrefix, TemplateId


@dataclass(frozen=True, slots=True)
class Term:
    """One filter of a query. `span` is its place in the line."""

    key: str
    value: Any
    negated: bool = False
    span: tuple[int, int] = field(default=(0, 0), compare=False)

    def __str__(self) -> str:
        entry = FILTERS[self.key]
        text = entry.write(self.value)
        return f"{'-' if self.negated else ''}{self.key}:{text if entry.bounded else quoted(text)}"


@dataclass(frozen=True, slots=True)
class Query:
    """A state and filters, without duplicates, in canonical order. `line` is the text that was parsed."""

    state: str = "active"
    terms: tuple[Term, ...] = ()
    line: str = field(default="", compare=False)

    def __str__(self) -> str:
        return " ".join([self.state, *map(str, self.terms)])

    def having(self, *kinds: type) -> list[Term]:
        """Return the terms whose value is of one of these types."""
        return [term for term in self.terms if isinstance(term.value, kinds)]

    @property
    def named_ids(self) -> list[str]:
        """The ids of rooms and templates, which are shown by name."""
        return [term.value.id for term in self.having(RoomId, TemplateId)]

    @property
    def needs_rooms(self) -> bool:
        """True if matching needs the session's room."""
        return bool(self.having(RoomPrefix, TemplateId)) or any(FILTERS[term.key].by_room for term in self.terms)

    @property
    def timed(self) -> bool:
        """True if time alone can change whether a session matches."""
        return any(FILTERS[term.key].due for term in self.terms)

    @property
    def fires(self) -> bool:
        """True if it has a filter on what lasts, and doesn't merely exclude by it."""
        return any(FILTERS[term.key].fires and not term.negated for term in self.terms)

    @property
    def needs_zone(self) -> bool:
        """True if its meaning depends on the time zone."""
        return bool(self.having(Day, TimeOfDay, Wall))

    @property
    def limit(self) -> int:
        """Maximum sessions of a page."""
        return self.only("limit") or LIMIT_DEFAULT

    def only(self, key: str) -> Any:
        """Return the value of a key that occurs at most once, or None."""
        return next((term.value for term in self.terms if term.key == key), None)

    def with_value(self, term: Term, value: Any) -> Query:
        """Return the query with another value in one term."""
        swapped = (replace(other, value=value) if other == term else other for other in self.terms)
        return replace(self, terms=canonical(swapped))

    def without(self, *keys: str) -> Query:
        """Return the query without these keys."""
        return replace(self, terms=tuple(term for term in self.terms if term.key not in keys))


def canonical(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Return the terms without duplicates, in canonical order."""
    order = list(FILTERS)
    return tuple(sorted(dict.fromkeys(terms), key=lambda term: (order.index(term.key), term.negated, str(term))))
