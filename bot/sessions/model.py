"""A session, its peers and the people behind them.

`Peer` has the shape of the API's JSON (100ms docs, server-side/v2, Sessions/object), and the client decodes into it:
decoding is the hot path, and a second class for peers would cost more than the fetch.
Fields that older answers leave out have defaults. All times are UTC-aware, all lengths are seconds.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, NamedTuple

from msgspec import Meta, Struct
from msgspec.structs import replace

from bot.sessions.identity import Keyed, keyed
from bot.sessions.roles import GUESS, Roles
from bot.text import fold

if TYPE_CHECKING:
    from bot.sessions.spells import Spell

FALLBACK_TIME = datetime(1970, 1, 1, tzinfo=UTC)
UtcTime = Annotated[datetime, Meta(tz=True)]


class Peer(Struct, gc=False, frozen=True):
    """One connection of a person or recorder. A rejoin is a new peer with the same `user_id`, which older answers call
    `user`."""

    id: str | None = None
    name: str | None = None
    role: str | None = None
    user_id: str | None = None
    user: str | None = None
    joined_at: UtcTime | None = None
    left_at: UtcTime | None = None

    @property
    def joined(self) -> datetime | None:
        """The join time, or None if it isn't known."""
        return _known(self.joined_at)

    @property
    def left(self) -> datetime | None:
        """The leave time, or None while in: the API sends no `left_at` or the year 1 then."""
        return _known(self.left_at)

    def came_by(self, moment: datetime) -> bool:
        return self.joined is None or self.joined <= moment

    def as_of(self, moment: datetime) -> Peer:
        """Return the peer, still in if it left after that moment."""
        return replace(self, left_at=None) if self.left and self.left > moment else self


Peers = dict[str, Peer] | list[Peer]


class Session(Struct, frozen=True, dict=True):
    """One session of a room. `peers` is an object by peer id, or an array (the object page). `lost` counts unreadable
    peers. `recorders` are peers that don't count as people. `roles` tells who hosts."""

    id: str
    room_id: str = ""
    active: bool = False
    peers: Peers | None = None
    created_at: UtcTime | None = None
    updated_at: UtcTime | None = None
    lost: int = 0
    recorders: Sequence[Peer] = ()
    roles: Roles = GUESS

    def cast(self, roles: Roles) -> Session:
        """Return the session with these roles, and its recorders split from its peers, whatever its previous roles."""
        peers = self._everyone()
        every = peers.values() if isinstance(peers, dict) else peers
        recording = {role for role in {peer.role for peer in every} if role and roles.records(role)}
        if not recording and not self.recorders:
            return replace(self, roles=roles) if roles != self.roles else self
        if isinstance(peers, dict):
            people: Peers = {key: peer for key, peer in peers.items() if peer.role not in recording}
        else:
            people = [peer for peer in peers if peer.role not in recording]
        recorders = [peer for peer in every if peer.role in recording]
        return replace(self, peers=people, recorders=recorders, roles=roles)

    def _everyone(self) -> Peers:
        """Return peers and recorders together."""
        if isinstance(self.peers, dict):
            return self.peers | {peer.id or f"#{place}": peer for place, peer in enumerate(self.recorders)}
        return [*(self.peers or ()), *self.recorders]

    @property
    def recording(self) -> bool:
        """True while a recorder is in."""
        return self.active and any(peer.left is None for peer in self.recorders)

    def moves(self) -> int:
        """Return the count of arrivals, and of recorders' departures; a new value means something to show."""
        return len(self.peers or ()) + sum(1 + (peer.left is not None) for peer in self.recorders)

    @property
    def started_at(self) -> datetime:
        """`created_at`, else the Unix time in the id's first eight hex digits."""
        if created := _known(self.created_at):
            return created
        try:
            return datetime.fromtimestamp(int(self.id[:8], 16), UTC)
        except ValueError:
            return FALLBACK_TIME

    @property
    def started_ms(self) -> int:
        """`started_at` in milliseconds since 1970, the stored form."""
        return int(self.started_at.timestamp() * 1000)

    @property
    def ended_at(self) -> datetime | None:
        """The last update if it has ended, else None (how-to-guides/build-attendance)."""
        return None if self.active else _known(self.updated_at) or self.started_at

    def as_of(self, moment: datetime) -> Session:
        """Return the session as it was at a moment after its start: without those who came later, and with those who
        left later still in."""
        if not self.active and (ended := self.ended_at) and ended <= moment:
            return self
        if isinstance(self.peers, dict):
            peers: Peers = {key: peer.as_of(moment) for key, peer in self.peers.items() if peer.came_by(moment)}
        else:
            peers = [peer.as_of(moment) for peer in self.peers or () if peer.came_by(moment)]
        recorders = [peer.as_of(moment) for peer in self.recorders if peer.came_by(moment)]
        return replace(self, active=True, peers=peers, recorders=recorders)

    def each_peer(self) -> Iterable[tuple[str, Peer]]:
        """Return (peer id, peer) for everybody who was ever in; a missing id is derived from the list index."""
        if isinstance(self.peers, dict):
            return self.peers.items()
        return [(peer.id or f"#{place}", peer) for place, peer in enumerate(self.peers or ())]

    @cached_property
    def keyed_peers(self) -> Keyed:
        """(who, peer); `who` is the same for all peers of one person, see `identity`. Cached, since a poll and its
        messages read it repeatedly."""
        return keyed(self.each_peer())

    @cached_property
    def spells(self) -> dict[str, list[Spell]]:
        """The spells that were asked for, by their kind: a cache of `spells`, as `keyed_peers` is one of `identity`."""
        return {}

    def visits(self, end: datetime) -> Iterator[Visit]:
        """Yield each peer's visit. A missing join time is the start, a missing leave time is `end`; a leave time before
        the join makes a visit of no length."""
        started = self.started_at
        for who, peer in self.keyed_peers:
            gone = peer.left
            joined = peer.joined or min(started, gone or started)
            yield Visit(who, peer, joined, max(joined, gone or end))

    def length_s(self, now: datetime) -> float:
        """Return the seconds from start to end, or to `now` while live."""
        return max(0.0, ((self.ended_at or now) - self.started_at).total_seconds())

    def participant_s(self, now: datetime) -> float:
        """Return the sum of all peers' seconds in the session (Sessions/retrieve-a-session)."""
        visits = self.visits(self.ended_at or now)
        return sum((visit.left - visit.joined).total_seconds() for visit in visits if visit.peer.joined)

    def people_count(self) -> int:
        """Return the number of people who were ever in, each counted once."""
        return len({key for key, _ in self.keyed_peers})

    def people_in_count(self) -> int:
        """Return the number of people in now; 0 once it has ended."""
        return len({key for key, peer in self.keyed_peers if peer.left is None}) if self.active else 0

    def people(self) -> list[Person]:
        """Return everybody who was ever in, by first join."""
        merged: dict[Hashable, list[Peer]] = {}
        for key, peer in self.keyed_peers:
            merged.setdefault(key, []).append(peer)
        people = [Person.of(peers, live=self.active) for peers in merged.values()]
        return sorted(people, key=lambda person: person.joined_at or self.started_at)


class Visit(NamedTuple):
    """One peer's time in a session; `who` is the same for all peers of one person."""

    who: Hashable
    peer: Peer
    joined: datetime
    left: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """One person in a session: the last name and role they had, and whether they are in now."""

    name: str
    role: str
    user_id: str
    is_in: bool
    joined_at: datetime | None
    visits: int

    @classmethod
    def of(cls, peers: list[Peer], *, live: bool) -> Person:
        """Merge the peers of one person; the latest to join gives name and role."""
        peers = sorted(peers, key=lambda peer: peer.joined or FALLBACK_TIME)
        last = peers[-1]
        return cls(
            name=next((peer.name for peer in reversed(peers) if peer.name), ""),
            role=last.role or "",
            user_id=last.user_id or last.user or "",
            is_in=live and any(peer.left is None for peer in peers),
            joined_at=peers[0].joined,
            visits=len(peers),
        )


@dataclass(frozen=True, slots=True)
class Room:
    """A room's id and name: a UUID if it was made without one, "" if 100ms doesn't have the room. `max_duration_s`:
    the length at which 100ms ends its sessions, 0 where it has none of its own. `folded`: the name in its form for
    comparison."""

    id: str
    name: str
    template_id: str = ""
    max_duration_s: int = 0
    folded: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", fold(self.name))


def _known(when: datetime | None) -> datetime | None:
    """Return None for a missing time, which the API may send as the year 1."""
    return None if when is None or when.year == 1 else when
