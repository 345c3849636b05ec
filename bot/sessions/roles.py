"""Host and recorder roles: by the settings, else the room's template, else a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.text import fold

OURS = frozenset({"__internal_recorder", "beam"})
"""Roles of 100ms's own recorders; no template lists them."""
_RECORDERS = OURS | {"recorder"}
_HOST = re.compile(r"(?:^|[^a-z])(?:co[-_ ]?)?host$|[a-z](?-i:Host)$", re.IGNORECASE)
"""`host`, `co-host`, `webinar_host`, `eventHost`; not `ghost`."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template's roles (100ms docs, policy/template-object). `hosts` may end a room or remove others; `recorders` are
    the roles of its browser recordings."""

    id: str
    name: str
    roles: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    recorders: frozenset[str] = frozenset()


class Templates:
    """The account's known templates."""

    def __init__(self, templates: Iterable[Template] = ()) -> None:
        self.all = tuple(templates)
        self._by_id = {each.id: each for each in self.all}

    def get(self, template_id: str) -> Template | None:
        return self._by_id.get(template_id)

    def find(self, name: str) -> list[Template]:
        """Return the templates with that id, else with that name."""
        if (found := self._by_id.get(name.strip().lower())) is not None:
            return [found]
        return [each for each in self.all if fold(each.name) == fold(name)]

    def having(self, role: str) -> list[Template]:
        """Return the templates with a role of that name."""
        return [each for each in self.all if fold(role) in map(fold, each.roles)]

    def hosts(self, template_id: str = "") -> frozenset[str]:
        """Return a template's host roles; those of all templates if it isn't known."""
        return frozenset[str]().union(*(each.hosts for each in self._meant(template_id)))

    def recorders(self, template_id: str = "") -> frozenset[str]:
        """Return a template's recorder roles, as `hosts` does."""
        return frozenset[str]().union(*(each.recorders for each in self._meant(template_id)))

    def roles(self) -> frozenset[str]:
        """Return all roles of all templates."""
        return frozenset[str]().union(*(each.roles for each in self.all))

    def _meant(self, template_id: str) -> Iterable[Template]:
        return (self._by_id[template_id],) if template_id in self._by_id else self.all


@dataclass(frozen=True, slots=True)
class Roles:
    """Folded names of the host and recorder roles; None if neither settings nor template tell, so a guess applies."""

    hosting: frozenset[str] | None = None
    recording: frozenset[str] | None = None

    def leads(self, role: str) -> bool:
        """True for a host role."""
        return _HOST.search(role) is not None if self.hosting is None else fold(role) in self.hosting

    def records(self, role: str) -> bool:
        """True for a recorder's role."""
        return fold(role) in (_RECORDERS if self.recording is None else self.recording)


GUESS = Roles()


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """`HOST_ROLES` and `IGNORE_ROLES`; empty if not set."""

    hosts: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()

    def roles(self, templates: Templates, template_id: str = "") -> Roles:
        """Return a room's roles, by the settings and its template if known."""
        hosts = self.hosts or templates.hosts(template_id)
        recorders = templates.recorders(template_id)
        recording = self.ignored or (recorders | OURS if recorders else ())
        return Roles(_folded(hosts) if hosts else None, _folded(recording) if recording else None)


def _folded(roles: Iterable[str]) -> frozenset[str]:
    return frozenset(map(fold, roles))
