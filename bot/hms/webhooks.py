"""Read what 100ms sends to a webhook, as hints of sessions that changed (how-to-guides/configure-webhooks/webhook).

An event is never taken for the truth: a hint names the session to read, and what its record then shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from bot.query.values import is_id
from bot.sessions.model import Peer, Session

JOINED, LEFT, ROLE, CLOSED = "joined", "left", "role", "closed"
_EXPECTS = {
    "session.close.success": CLOSED,
    "room.end.success": CLOSED,
    "peer.join.success": JOINED,
    "peer.leave.success": LEFT,
    "role.change.success": ROLE,
}
"""For each type, the event that the record must show; of the others it must only be there."""
_FAMILIES = frozenset(
    {"session", "peer", "room", "role", "track", "stream", "recording", "beam", "hls", "transcription", "ingest"}
)
"""The first words of all documented types."""
_HASH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Hint:
    """A session to read. `expects`: the event that its record must show, with a hash in place of a peer's id; "" for
    any record."""

    session_id: str
    expects: str = ""


def is_known(event: Mapping[str, Any]) -> bool:
    """True for an event of a documented family."""
    kind = event.get("type")
    return isinstance(kind, str) and kind.partition(".")[0] in _FAMILIES


def read_hint(event: Mapping[str, Any]) -> Hint | None:
    """Return the hint of an event; None for one that names no session, or of a kind that nobody knows."""
    data = event.get("data")
    if not is_known(event) or not isinstance(data, dict):
        return None
    session_id = data.get("session_id")
    if not isinstance(session_id, str) or not is_id(session_id):
        return None
    expects = _EXPECTS.get(event["type"], "")
    if expects in ("", CLOSED):
        return Hint(session_id, expects)
    peer_id, role = data.get("peer_id"), data.get("role") if expects == ROLE else ""
    if not isinstance(peer_id, str) or not isinstance(role, str):
        return Hint(session_id)
    return Hint(session_id, f"{expects} {_hashed(session_id, peer_id, role)}")


def shows(record: Session | None, expects: str) -> bool:
    """True if a session's record is there and shows the event."""
    if record is None or not expects:
        return record is not None
    if expects == CLOSED:
        return not record.active
    kind, _, who = expects.partition(" ")
    for peer_id, peer in _everyone(record):
        if _hashed(record.id, peer_id, peer.role or "" if kind == ROLE else "") == who:
            return kind != LEFT or peer.left is not None or not record.active
    return False


def _everyone(record: Session) -> Iterator[tuple[str, Peer]]:
    yield from record.each_peer()
    yield from ((peer.id or "", peer) for peer in record.recorders)


def _hashed(session_id: str, peer_id: str, role: str) -> str:
    text = f"{peer_id}\n{role}".encode(errors="surrogatepass")
    return blake2b(text, key=session_id.encode(), digest_size=_HASH_BYTES).hexdigest()
