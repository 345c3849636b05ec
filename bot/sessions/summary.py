"""Summarises a session's people in one pass over its peers, of which rooms hold up to 20,000."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

from bot.sessions.model import Peer, Session

HOSTS_KEPT = 10


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of people, not of peers. `roles` and `hosts` cover the people in now while it is live, everybody once it
    has ended; hosts first, then the most frequent."""

    people_in: int
    people: int
    roles: tuple[tuple[str, int], ...]
    hosts: tuple[str, ...]
    hosts_more: int
    host_left: bool  # a live session that had a host and has none in now


def summarise(session: Session) -> Summary:
    """Count a session's people."""
    present: dict[Hashable, Peer] = {}
    gone: dict[Hashable, Peer] = {}
    for who, peer in session.keyed_peers:
        if session.active and peer.left is None:
            present[who] = peer
        else:
            gone[who] = peer
    counted = (present if session.active else gone).values()
    roles = Counter([peer.role or "" for peer in counted])
    leading = {role for role in roles if session.roles.leads(role)}
    hosts = list(dict.fromkeys([peer.name for peer in counted if peer.name and peer.role in leading]))
    return Summary(
        people_in=len(present),
        people=len(present.keys() | gone.keys()),
        roles=tuple(sorted(roles.items(), key=lambda each: (each[0] not in leading, -each[1]))),
        hosts=tuple(hosts[:HOSTS_KEPT]),
        hosts_more=max(0, len(hosts) - HOSTS_KEPT),
        host_left=session.active
        and not leading
        and any(map(session.roles.leads, {peer.role or "" for peer in gone.values()})),
    )
