"""`MASK_NAMES`: participants under pseudonyms, the same for one person in every session, process and message.

A pseudonym is a keyed hash: without the key nobody can try out names or ids until one fits.
"""

from __future__ import annotations

from hashlib import blake2b

from msgspec.structs import replace

from bot.core.session import Peer, Session

_PURPOSE = b"names, 1"
_BYTES = 4
"""Among 1,000 people in a session two share a pseudonym once in 10,000 times."""


class Mask:
    """Pseudonyms from a secret. `naming` is the same for the same pseudonyms, and says nothing of the secret."""

    def __init__(self, secret: str) -> None:
        self._key = blake2b(secret.encode(), person=_PURPOSE).digest()
        self.naming = self._hash("naming", "")

    def session(self, session: Session) -> Session:
        """The session with a pseudonym for each peer's name and user id. Whoever has no user id is told by the peer's
        id, as where names are shown."""
        masked = [(peer_id, self._peer(peer, session.id, peer_id)) for peer_id, peer in session.each_peer()]
        return replace(session, peers=dict(masked) if isinstance(session.peers, dict) else [peer for _, peer in masked])

    def _peer(self, peer: Peer, session_id: str, peer_id: str) -> Peer:
        who = peer.user_id or peer.user
        name = "Guest " + (self._hash("user", who) if who else self._hash("peer", f"{session_id}/{peer_id}"))
        return Peer(peer.id, name, peer.role, name if who else None, None, peer.joined_at, peer.left_at)

    def _hash(self, kind: str, text: str) -> str:
        said = f"{kind} {text}".encode(errors="surrogatepass")
        return blake2b(said, key=self._key, digest_size=_BYTES).hexdigest()
