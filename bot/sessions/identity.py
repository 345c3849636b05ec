"""Which connections are one person's.

Connections with one `user_id` are, unless the id is shared: as soon as two of them overlap under different names, each
name is somebody else. Without an id, connections of the same name and role that don't overlap are one guest who came
back; those that overlap are several.

A person keeps their key while others come and go: that of a shared id is whose name was there first, that of a guest is
their first connection.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.sessions.model import Peer

_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)
Keyed = list[tuple[Hashable, "Peer"]]


def keyed(peers: Iterable[tuple[str, Peer]]) -> Keyed:
    """(who, peer) for each (peer id, peer): `who` is the same for all peers of one person. Its text is a `user_id`, or
    begins with one; a guest's is a pair."""
    found: Keyed = [(peer.user_id or peer.user or ("peer", peer_id), peer) for peer_id, peer in peers]
    names: dict[Hashable, str | None] = {}  # by id
    shared: dict[Hashable, list[int]] = {}
    guests: dict[tuple[str, str | None], int] = {}
    back: dict[int, list[int]] = {}  # by the place of the first of a name and role
    for place, (who, peer) in enumerate(found):
        name = peer.name
        if type(who) is str:
            if names.setdefault(who, name) != name:
                shared[who] = []
        elif name and (first := guests.setdefault((name, peer.role), place)) != place:
            back.setdefault(first, [first]).append(place)
    if shared:
        for place, (who, _) in enumerate(found):
            if who in shared:
                shared[who].append(place)
    for who, places in shared.items():
        _share(found, str(who), places)
    for places in back.values():
        _rejoin(found, places)
    return found


def _share(found: Keyed, user_id: str, places: Iterable[int]) -> None:
    """Tell those apart who share an id, if they do."""
    named = _by_joining(found, (place for place in places if found[place][1].name))
    latest, name = _EVER, None
    for joined, place in named:
        peer = found[place][1]
        if name not in (None, peer.name) and latest > joined:
            break
        if (left := peer.left or _NEVER) >= latest:
            latest, name = left, peer.name
    else:
        return
    owner = found[named[0][1]][1].name
    for _, place in named:
        peer = found[place][1]
        if peer.name != owner:
            found[place] = f"{user_id}\n{peer.name}", peer


def _rejoin(found: Keyed, places: Iterable[int]) -> None:
    """Give guests of one name and role who came back their first key again."""
    gone: list[tuple[datetime, int]] = []  # when they left, and the place of their first connection
    for joined, place in _by_joining(found, places):
        peer = found[place][1]
        who = heappop(gone)[1] if gone and gone[0][0] <= joined else place
        found[place] = found[who][0], peer
        if left := peer.left:
            heappush(gone, (left, who))


def _by_joining(found: Keyed, places: Iterable[int]) -> list[tuple[datetime, int]]:
    """When each joined, and its place, in this order."""
    return sorted((found[place][1].joined or _EVER, place) for place in places)
