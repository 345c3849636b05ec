"""The roles that host and that record: as the settings say, else as the room's template does, else by a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.text import fold

OURS = frozenset({"__internal_recorder", "beam"})
"""Roles that 100ms itself joins with to record; no template has them."""
_RECORDERS = OURS | {"recorder"}
_HOST = re.compile(r"(?:^|[^a-z])(?:co[-_ ]?)?host$|[a-z](?-i:Host)$", re.IGNORECASE)
"""`host`, `co-host`, `webinar_host`, `eventHost`; not `ghost`."""


@dataclass(frozen=True, slots=True)
class Template:
    """The roles of the rooms made from it (100ms docs, policy/template-object). `hosts` may end a room or remove
    others; `recorders` are those that its browser recordings join with."""

    id: str
    name: str
    roles: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    recorders: frozenset[str] = frozenset()


class Templates:
    """The account's templates, as far as they are known."""

    def __init__(self, templates: Iterable[Template] = ()) -> None:
        self.all = tuple(templates)
        self._by_id = {each.id: each for each in self.all}

    def get(self, template_id: str) -> Template | None:
        return self._by_id.get(template_id)

    def find(self, said: str) -> list[Template]:
        """The templates with that id, else of that name."""
        if (found := self._by_id.get(said.strip().lower())) is not None:
            return [found]
        return [each for each in self.all if fold(each.name) == fold(said)]

    def hosts(self, template_id: str = "") -> frozenset[str]:
        """The roles that host with a template; with any where that one isn't known."""
        return frozenset[str]().union(*(each.hosts for each in self._meant(template_id)))

    def recorders(self, template_id: str = "") -> frozenset[str]:
        """The roles that record, as `hosts`."""
        return frozenset[str]().union(*(each.recorders for each in self._meant(template_id)))

    def roles(self) -> frozenset[str]:
        """Every role that a template has."""
        return frozenset[str]().union(*(each.roles for each in self.all))

    def _meant(self, template_id: str) -> Iterable[Template]:
        return (self._by_id[template_id],) if template_id in self._by_id else self.all


@dataclass(frozen=True, slots=True)
class Roles:
    """The folded names of the roles that host and that record. None: neither the settings nor the template say, so that
    it is guessed."""

    hosting: frozenset[str] | None = None
    recording: frozenset[str] | None = None

    def leads(self, role: str) -> bool:
        """True for a role that hosts."""
        return _HOST.search(role) is not None if self.hosting is None else fold(role) in self.hosting

    def records(self, role: str) -> bool:
        """True for a role that is no person's, but a recording's."""
        return fold(role) in (_RECORDERS if self.recording is None else self.recording)


GUESS = Roles()


@dataclass(frozen=True, slots=True)
class Said:
    """`HOST_ROLES` and `IGNORE_ROLES`; none where they aren't set."""

    hosts: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()

    def roles(self, templates: Templates, template_id: str = "") -> Roles:
        """The roles of a room, by its template as far as that is known."""
        hosts = self.hosts or templates.hosts(template_id)
        recorders = templates.recorders(template_id)
        recording = self.ignored or (recorders | OURS if recorders else ())
        return Roles(_folded(hosts) if hosts else None, _folded(recording) if recording else None)


def _folded(roles: Iterable[str]) -> frozenset[str]:
    return frozenset(map(fold, roles))
