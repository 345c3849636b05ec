"""Which connections are one person's.

Connections with one `user_id` are, unless the id is shared: as soon as two of them overlap under different names, each
name is somebody else. Without an id, connections of the same name and role that don't overlap are one guest who came
back; those that overlap are several.

A person keeps their key while others come and go: that of a shared id is whose name was there first, that of a guest is
their first connection.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.core.session import Peer

_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)
Keyed = list[tuple[Hashable, "Peer"]]


def keyed(peers: Iterable[tuple[str, Peer]]) -> Keyed:
    """(who, peer) for each (peer id, peer): `who` is the same for all peers of one person. Its text is a `user_id`, or
    begins with one; a guest's is a pair."""
    found: Keyed = [(peer.user_id or peer.user or ("peer", peer_id), peer) for peer_id, peer in peers]
    alike: list[Hashable] = [who if type(who) is str else (peer.name, peer.role) for who, peer in found]
    if len(set(alike)) == len(alike):  # nobody has several connections: a large room is told at once
        return found
    places: dict[Hashable, list[int]] = {}
    for place, each in enumerate(alike):
        places.setdefault(each, []).append(place)
    for each, some in places.items():
        if len(some) > 1 and not isinstance(each, str):
            _rejoin(found, some)
        elif len({found[place][1].name for place in some}) > 1:
            _share(found, str(each), some)
    return found


def _share(found: Keyed, user_id: str, places: Sequence[int]) -> None:
    """Tell those apart who share an id, if they do."""
    named = sorted((place for place in places if found[place][1].name), key=lambda place: _joined(found[place][1]))
    latest, name = _EVER, None
    for place in named:
        peer = found[place][1]
        if name not in (None, peer.name) and latest > _joined(peer):
            break
        if _left(peer) >= latest:
            latest, name = _left(peer), peer.name
    else:
        return
    owner = found[named[0]][1].name
    for place in named:
        peer = found[place][1]
        if peer.name != owner:
            found[place] = f"{user_id}\n{peer.name}", peer


def _rejoin(found: Keyed, places: Sequence[int]) -> None:
    """Give guests of one name and role who came back their first key again."""
    if not found[places[0]][1].name:
        return
    gone: list[tuple[datetime, int]] = []  # when they left, and the place of their first connection
    for place in sorted(places, key=lambda place: _joined(found[place][1])):
        peer = found[place][1]
        who = heappop(gone)[1] if gone and gone[0][0] <= _joined(peer) else place
        found[place] = found[who][0], peer
        heappush(gone, (_left(peer), who))


def _joined(peer: Peer) -> datetime:
    return peer.joined or _EVER


def _left(peer: Peer) -> datetime:
    return peer.left or _NEVER
