"""Computes the changes between the last good poll and this one. Pure."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass

from bot.sessions.model import Session
from bot.sessions.tracked import Tracked

_GUEST = "peer:"

People = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SessionChange:
    """A change of one session. `opened`: new, though it may have ended already. `reopened`: it had ended. `joined` and
    `left` are (name, role) of people who came or went while it was known. `event` identifies the change, in parts,
    whoever sees it and when; () if only time passed."""

    session: Session
    opened: bool = False
    reopened: bool = False
    joined: tuple[tuple[str, str], ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    event: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        return not self.session.active


def missing(known: Mapping[str, Tracked], seen: Container[str]) -> list[str]:
    """Return the ids of live sessions that are not in `seen`; their own records tell if they ended."""
    return [session_id for session_id, tracked in known.items() if tracked.live and session_id not in seen]


def diff(known: Mapping[str, Tracked], seen: Iterable[Session], *, renamed: bool = False) -> list[SessionChange]:
    """Return the changes, ordered by the sessions' start. `seen` are this poll's sessions, live and ended, each once;
    other sessions count as unchanged. `renamed`: names changed as a whole since the last poll, so arrivals and
    departures can't be told."""
    changes = [change for session in seen if (change := _change(known.get(session.id), session, renamed))]
    return sorted(changes, key=lambda change: (change.session.started_at, change.session.id))


def track(session: Session, now_ms: int) -> Tracked:
    """Return the record of a session to keep until the next poll."""
    people, moves = people_in(session), session.moves()
    return Tracked(session.id, session.room_id, session.active, session.started_ms, now_ms, people, moves)


def same(before: Tracked, session: Session) -> bool:
    """True if the session equals its record."""
    return (
        before.live == session.active
        and before.peers == session.moves()
        and before.people == people_in(session)
        and before.started_ms == session.started_ms
        and before.room_id == session.room_id
    )


def people_in(session: Session) -> dict[str, tuple[str, str]]:
    """Return (name, role) of the people in now, by identity; empty once it has ended. A hot path, called for every peer
    of changed sessions, so `left` is inlined."""
    if not session.active:
        return {}
    return {
        who if isinstance(who, str) else f"{_GUEST}{who[1]}": (peer.name or "", peer.role or "")  # type: ignore[index]
        for who, peer in session.keyed_peers
        if (left := peer.left_at) is None or left.year == 1
    }


def _change(before: Tracked | None, session: Session, renamed: bool) -> SessionChange | None:
    if before is None:
        return SessionChange(session, opened=True, event=("opened", session.id))
    if not before.live:
        again = ("reopened", session.id, str(session.updated_at))
        return SessionChange(session, reopened=True, event=again) if session.active else None
    if not session.active:
        return SessionChange(session, event=("ended", session.id, str(session.ended_at)))
    now = people_in(session)
    if now == before.people and before.peers == session.moves():
        return None
    if renamed:
        return SessionChange(session, event=_moved(session, ()))
    joined = {who: person for who, person in now.items() if who not in before.people}
    gone = {who: person for who, person in before.people.items() if who not in now}
    # a peer that counted as a person until its role was known to record hasn't left
    left = {who: person for who, person in gone.items() if not session.roles.records(person[1])}
    event = _moved(session, {*joined, *left})
    return SessionChange(session, joined=tuple(joined.values()), left=tuple(left.values()), event=event)


def _moved(session: Session, people: Collection[str]) -> tuple[str, ...]:
    """Return the event id of these people's arrivals and departures; a later visit of theirs changes it."""
    visits = [
        f"{name} {peer.joined} {peer.left}"
        for who, peer in session.keyed_peers
        if (name := who if isinstance(who, str) else f"{_GUEST}{who[1]}") in people  # type: ignore[index]
    ]
    return ("moved", session.id, str(session.moves()), *sorted(people), *sorted(visits))
