"""Reads one session."""

from __future__ import annotations

from bot.errors import HmsNotFound, NotFound
from bot.hms.client import Hms
from bot.sessions.model import Session
from bot.text import quote


async def read_session(hms: Hms, session_id: str) -> Session:
    """Read one session's record. Raises NotFound or HmsError."""
    await hms.templates.ready()
    try:
        return await hms.session(session_id)
    except HmsNotFound:
        raise NotFound(f"There is no session with the id {quote(session_id)}.") from None
