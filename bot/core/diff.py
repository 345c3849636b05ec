"""What changed between the last good poll and this one. Pure: facts in, changes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.session import Session
from bot.core.tracked import Tracked

People = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Change:
    """One session that isn't as it was. `opened`: not known before, though it may have ended already. `reopened`: it
    had ended. `joined` and `left` are the names and roles of people who came and went while it was known. `same`: it is
    as it was, and only longer."""

    session: Session
    opened: bool = False
    reopened: bool = False
    joined: tuple[tuple[str, str], ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    same: bool = False

    @property
    def ended(self) -> bool:
        return not self.session.active


def missing(known: Mapping[str, Tracked], seen: Iterable[Session]) -> list[str]:
    """The ids of live sessions that are not among those seen: only their own records say whether they ended."""
    here = {session.id for session in seen}
    return [session_id for session_id, tracked in known.items() if tracked.live and session_id not in here]


def diff(known: Mapping[str, Tracked], seen: Sequence[Session]) -> list[Change]:
    """The changes, in the order in which sessions started. `seen` are this poll's sessions, live and ended, each once;
    a session that is not among them is as it was."""
    changes = [change for session in seen if (change := _change(known.get(session.id), session))]
    return sorted(changes, key=lambda change: (change.session.started_at, change.session.id))


def track(session: Session, now_ms: int) -> Tracked:
    """What is kept of a session until the next poll."""
    started_ms = int(session.started_at.timestamp() * 1000)
    return Tracked(session.id, session.room_id, session.active, started_ms, now_ms, people_in(session))


def people_in(session: Session) -> dict[str, tuple[str, str]]:
    """Who is in now: (name, role) by who they are; nobody once it has ended."""
    if not session.active:
        return {}
    return {_who(key): (peer.name or "", peer.role or "") for key, peer in session.keyed_peers() if peer.left is None}


def _who(key: object) -> str:
    return key if isinstance(key, str) else f"peer:{key[1]}"  # type: ignore[index]


def _change(before: Tracked | None, session: Session) -> Change | None:
    if before is None:
        return Change(session, opened=True)
    if not before.live:
        return Change(session, reopened=True) if session.active else None
    if not session.active:
        return Change(session)
    now = people_in(session)
    if now.keys() == before.people.keys():
        return None
    joined = tuple(person for who, person in now.items() if who not in before.people)
    left = tuple(person for who, person in before.people.items() if who not in now)
    return Change(session, joined=joined, left=left)
