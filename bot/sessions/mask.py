"""`MASK_NAMES`: pseudonyms for participants, stable across sessions, processes and messages.

A pseudonym is a keyed hash, so names and ids can't be guessed by trial without the key.
"""

from __future__ import annotations

from collections.abc import Hashable
from hashlib import blake2b

from msgspec.structs import replace

from bot.sessions.model import Peer, Session

_PURPOSE = b"names, 1"
_BYTES = 4
"""Bytes of a pseudonym: among 1,000 people, two share one in 1 of 10,000 sessions."""


class Mask:
    """Derives pseudonyms from a secret. `naming` identifies the secret without revealing it."""

    def __init__(self, secret: str) -> None:
        self._key = blake2b(secret.encode(errors="surrogatepass"), person=_PURPOSE).digest()
        self.naming = self._hash("naming", "")

    def session(self, session: Session) -> Session:
        """Return the session with pseudonyms for names and user ids. A person without user id gets one by their first
        peer's id, as where names are shown."""
        people = zip(session.each_peer(), session.keyed_peers, strict=True)
        masked = [(peer_id, self._peer(peer, session.id, who)) for (peer_id, peer), (who, _) in people]
        peers = dict(masked) if isinstance(session.peers, dict) else [peer for _, peer in masked]
        recorders = [replace(each, name=None, user_id=None, user=None) for each in session.recorders]
        return replace(session, peers=peers, recorders=recorders)

    def _peer(self, peer: Peer, session_id: str, who: Hashable) -> Peer:
        if isinstance(who, str):
            name = "Guest " + self._hash("user", who)
            return Peer(peer.id, name, peer.role, name, None, peer.joined_at, peer.left_at)
        name = "Guest " + self._hash("peer", f"{session_id}/{who[1]}")  # type: ignore[index]
        return Peer(peer.id, name, peer.role, None, None, peer.joined_at, peer.left_at)

    def _hash(self, kind: str, text: str) -> str:
        message = f"{kind} {text}".encode(errors="surrogatepass")
        return blake2b(message, key=self._key, digest_size=_BYTES).hexdigest()
