"""Cache of the account's templates, which tell the roles that host and record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from bot import log
from bot.errors import HmsError
from bot.sessions.roles import Roles, RoleSettings, Template, Templates

KEPT_S = 600.0
REST_S = 60.0
"""Seconds between a failed read and the next one."""
WAIT_S = 2.0
"""Maximum seconds that an answer waits for the first read; later reads block nobody."""

Read = Callable[[], Awaitable[list[Template]]]


class TemplateCache:
    """Cache of the account's templates; `current` are the last ones read, kept if 100ms can't be asked. `template_of`
    returns a room's template id, "" if it isn't known."""

    def __init__(self, read: Read, settings: RoleSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.current = Templates()
        self.settings = settings
        self.template_of: Callable[[str], str] = lambda room_id: ""
        self._read = read
        self._clock = clock
        self._due = clock()
        self._reading: asyncio.Task[None] | None = None
        self._roles: dict[str, Roles] = {}

    def roles(self, room_id: str) -> Roles:
        """Return the host and recorder roles of a room."""
        template_id = self.template_of(room_id)
        if template_id not in self._roles:
            self._roles[template_id] = self.settings.roles(self.current, template_id)
            if template_id and self.current.all and self.current.get(template_id) is None:
                self._due = min(self._due, self._clock())  # it is new
        return self._roles[template_id]

    async def ready(self) -> None:
        """Start a refresh if one is due. Waits, briefly, only for the first one; never raises."""
        if self._reading is None and self._clock() >= self._due:
            self._reading = asyncio.create_task(self._refresh())
        if self._reading is not None and not self.current.all:
            await asyncio.wait([self._reading], timeout=WAIT_S)

    async def find(self, said: str) -> list[Template]:
        """Return the templates with a name or id; an unknown one may be new, so it triggers a refresh."""
        return await self._look(lambda templates: templates.find(said))

    async def having(self, role: str) -> list[Template]:
        """Return the templates with a role of that name, as `find` does."""
        return await self._look(lambda templates: templates.having(role))

    async def _look(self, look: Callable[[Templates], list[Template]]) -> list[Template]:
        await self.ready()
        if not look(self.current):
            self._due = self._clock()
            await self.ready()
            if self._reading is not None:
                await asyncio.wait([self._reading], timeout=WAIT_S)
        return look(self.current)

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def _refresh(self) -> None:
        rest_s = REST_S
        try:
            templates = await self._read()
            rest_s = KEPT_S
            if Templates(templates).all != self.current.all:
                self.current = Templates(templates)
                self._roles = {}
        except HmsError as error:
            log.warning("templates_unread", outcome=type(error).__name__, cause=error.cause)
        finally:
            self._due = self._clock() + rest_s
            self._reading = None
