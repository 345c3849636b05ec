"""What a line about a session says of its people, in one pass over its peers: rooms hold up to 20,000 of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bot.core.session import Session

HOSTS_KEPT = 10


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of people, not of peers: someone who came back counts once. `roles` and `hosts` are of those who are in
    while the session is live, of all who were in once it has ended. The most frequent role is first, "" is for none."""

    people_in: int
    people: int
    roles: tuple[tuple[str, int], ...]
    hosts: tuple[str, ...]
    hosts_more: int
    host_left: bool  # a live session that had a host and has none in now


def summarise(session: Session) -> Summary:
    """Count a session's people."""
    seen: dict[str, tuple[bool, str, str]] = {}
    for key, peer in session.keyed_peers():
        is_in = session.active and peer.left is None
        known = seen.get(key)
        if known is None or is_in or not known[0]:
            seen[key] = (is_in or (known is not None and known[0]), peer.role or "", peer.name or "")
    counted = [(role, name) for is_in, role, name in seen.values() if is_in or not session.active]
    hosts = list(dict.fromkeys(name for role, name in counted if is_host(role) and name))
    return Summary(
        people_in=sum(is_in for is_in, _, _ in seen.values()),
        people=len(seen),
        roles=tuple(Counter(role for role, _ in counted).most_common()),
        hosts=tuple(hosts[:HOSTS_KEPT]),
        hosts_more=max(0, len(hosts) - HOSTS_KEPT),
        host_left=session.active
        and any(is_host(role) for _, role, _ in seen.values())
        and not any(is_host(role) for role, _ in counted),
    )


def is_host(role: str) -> bool:
    """Roles are the account's own words (100ms docs, Rooms/templates); `host`, `co-host` and the like lead."""
    return role.casefold().endswith("host")
