"""Sample answers of the session listing, read into records."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from .records import Peer, Session, id_seconds, is_hex_id, on_ms

ZERO_TIME = "0001-01-01T00:00:00Z"
"""The API's form of "no time yet"."""


def sessions_of(answer: bytes) -> list[Session]:
    """The sessions of a `GET /v2/sessions` answer, each with its JSON kept as `verbatim`.

    Accepts the variants that the docs show: `peers` as object or array, `user` for `user_id`, peers without
    `id`, `session_id` or `left_at`. Raises `ValueError` for anything else, and where the second in a
    session's id is more than 2 s from its `created_at`: the listing relies on both falling together.
    """
    try:
        data = msgspec.json.decode(answer)["data"] or []
        return [_session(item) for item in data]
    except (KeyError, TypeError, AttributeError, msgspec.DecodeError) as error:
        raise ValueError(f"not a session listing: {error!r}") from error


def _session(item: dict[str, Any]) -> Session:
    created_at = _time(item["created_at"])
    if not is_hex_id(item["id"]) or abs(id_seconds(item["id"]) - created_at) > 2:
        raise ValueError(f"session id {item['id']!r} does not carry its created_at {item['created_at']!r}")
    session = Session(
        id=item["id"],
        room_id=item["room_id"],
        active=item["active"],
        created_at=created_at,
        updated_at=_time(item["updated_at"]),
        version=1,
        verbatim=item,
    )
    peers = item.get("peers") or {}
    keyed = enumerate(peers) if isinstance(peers, list) else peers.items()
    for key, raw in keyed:
        peer = _peer(str(raw.get("id", key)), session, raw)
        session.peers[peer.id] = peer
    return session


def _peer(peer_id: str, session: Session, raw: dict[str, Any]) -> Peer:
    left = raw.get("left_at")
    return Peer(
        id=peer_id,
        session_id=session.id,
        name=raw.get("name", ""),
        role=raw.get("role", ""),
        user_id=raw.get("user_id") or raw.get("user"),
        joined_at=_time(raw["joined_at"]),
        left_at=None if left in (None, "", ZERO_TIME) else _time(left),
    )


def _time(text: str) -> float:
    return on_ms(datetime.fromisoformat(text).timestamp())
