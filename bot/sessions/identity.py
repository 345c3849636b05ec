"""Groups connections by person.

Connections with one `user_id` are one person, unless the id is shared: once two of them overlap under different names,
each name is a person. Without an id, connections of the same name and role are one returning guest if they don't
overlap, else several.

A person's key stays stable while others come and go: the first name on a shared id keeps the id, a guest keeps the key
of their first connection.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.sessions.model import Peer

_EVER = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
"""Stand-in leave time for people who are still in."""
Keyed = list[tuple[Hashable, "Peer"]]


def keyed(peers: Iterable[tuple[str, Peer]]) -> Keyed:
    """Return (who, peer) for each (peer id, peer); `who` is the same for all peers of one person. As text it is a
    `user_id`, or begins with one; a guest's is a pair."""
    found: Keyed = [(peer.user_id or peer.user or ("peer", peer_id), peer) for peer_id, peer in peers]
    names: dict[Hashable, str | None] = {}  # by id
    shared: dict[Hashable, list[int]] = {}
    guests: dict[tuple[str, str | None], int] = {}
    back: dict[int, list[int]] = {}  # by the index of the first with a name and role
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
    """Split the connections of a shared id by name."""
    named = _by_joining(found, (place for place in places if found[place][1].name))
    latest, name = _EVER, None
    for joined, place in named:
        peer = found[place][1]
        if name not in (None, peer.name) and latest > joined:
            break
        if (left := peer.left or NEVER) >= latest:
            latest, name = left, peer.name
    else:
        return
    owner = found[named[0][1]][1].name
    for _, place in named:
        peer = found[place][1]
        if peer.name != owner:
            found[place] = f"{user_id}\n{peer.name}", peer


def _rejoin(found: Keyed, places: Iterable[int]) -> None:
    """Give a returning guest the key of their first connection."""
    gone: list[tuple[datetime, int]] = []  # leave time, index of the first connection
    for joined, place in _by_joining(found, places):
        peer = found[place][1]
        who = heappop(gone)[1] if gone and gone[0][0] <= joined else place
        found[place] = found[who][0], peer
        if left := peer.left:
            heappush(gone, (left, who))


def _by_joining(found: Keyed, places: Iterable[int]) -> list[tuple[datetime, int]]:
    """Return (join time, index), sorted."""
    return sorted((found[place][1].joined or _EVER, place) for place in places)
