"""Read one session."""

from __future__ import annotations

from bot.core.session import Session
from bot.core.text import quote
from bot.errors import HmsNotFound, NotFound
from bot.flows.rooms import Rooms
from bot.hms.client import Hms


async def show_session(hms: Hms, rooms: Rooms, session_id: str) -> tuple[Session, dict[str, str]]:
    """The session and its room's name. Raises NotFound or HmsError."""
    await hms.templates.ready()
    try:
        session = await hms.session(session_id)
    except HmsNotFound:
        raise NotFound(f"There is no session with the id {quote(session_id)}.") from None
    names = await rooms.names([session.room_id])
    return rooms.cast(session), names
