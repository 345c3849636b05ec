"""`MASK_NAMES`: participants under pseudonyms, the same for one person in every session, process and message.

A pseudonym is a keyed hash: without the key nobody can try out names or ids until one fits.
"""

from __future__ import annotations

from collections.abc import Hashable
from hashlib import blake2b

from msgspec.structs import replace

from bot.sessions.model import Peer, Session

_PURPOSE = b"names, 1"
_BYTES = 4
"""Among 1,000 people in a session two share a pseudonym once in 10,000 times."""


class Mask:
    """Pseudonyms from a secret. `naming` is the same for the same pseudonyms, and says nothing of the secret."""

    def __init__(self, secret: str) -> None:
        self._key = blake2b(secret.encode(errors="surrogatepass"), person=_PURPOSE).digest()
        self.naming = self._hash("naming", "")

    def session(self, session: Session) -> Session:
        """The session with a pseudonym for each person's name and user id. Whoever has no user id is told by their
        first peer's id, as where names are shown."""
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
        said = f"{kind} {text}".encode(errors="surrogatepass")
        return blake2b(said, key=self._key, digest_size=_BYTES).hexdigest()
