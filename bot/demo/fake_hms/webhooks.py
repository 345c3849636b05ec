"""Webhooks as 100ms sends them [how-to-guides/configure-webhooks]: what happens in an account, to a URL.

Order is not promised, nor that an event comes once [overview]; a `Plan` makes them late, lost, doubled or reordered.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from .account import Account
from .records import Peer, Session
from .wire import format_time

RETRIES_S = (1.0, 3.0, 10.0)
"""Seconds before each next try unless the answer is exactly 200 [overview]."""
TIMEOUT_S = 10.0
"""The docs don't say how long it waits for an answer."""
INTERNAL = "__internal"
"""The start of the roles of 100ms's own recorders, of which no peer.* event tells since 2023-08-11
[docs/javascript/v2/release-notes]."""

_SENT_KEPT = 10_000

Plan = Callable[[Mapping[str, Any]], Sequence[float]]
"""Returns the seconds after which an event is sent, once for each: none for a lost one."""


def on_time(_: Mapping[str, Any]) -> Sequence[float]:
    """The plan without faults."""
    return (0.0,)


@dataclass(frozen=True, slots=True)
class Sent:
    """A try: the event, where it went, and the status of its answer, 0 for none."""

    event: Mapping[str, Any]
    url: str
    status: int


@dataclass(slots=True, eq=False)
class Webhooks:
    """Sends an account's events once they have a URL. `haste`: how many times faster it tries again. `sent`
    keeps the latest 10,000 tries."""

    account: Account
    clock: Callable[[], float] = time.time
    plan: Plan = on_time
    haste: float = 1.0
    sent: deque[Sent] = field(default_factory=lambda: deque(maxlen=_SENT_KEPT))
    _url: str = ""
    _headers: Mapping[str, str] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _http: aiohttp.ClientSession | None = None

    def send_to(self, url: str, headers: Mapping[str, str]) -> None:
        """Send the workspace's events there, as set on the dashboard's page Developer; "" for nowhere."""
        self._url, self._headers = url, headers
        if self._happened not in self.account.watchers:
            self.account.watchers.append(self._happened)

    async def stop(self) -> None:
        """Drop what is on its way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def send(self, event: Mapping[str, Any], url: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Send an event, and again until it is taken or the tries are over: then it is lost [overview]."""
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT_S))
        url, headers = url or self._url, self._headers if headers is None else headers
        for wait_s in (*RETRIES_S, None):
            try:
                async with self._http.post(url, json=event, headers=headers) as answer:
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError):
                status = 0
            self.sent.append(Sent(event, url, status))
            if status == 200 or wait_s is None:
                return
            await asyncio.sleep(wait_s / self.haste)

    def event(self, kind: str, session: Session, peer: Peer | None = None) -> dict[str, Any]:
        """Return an event about the session as it is now [webhook]."""
        room = self.account.rooms[session.room_id]
        data: dict[str, Any] = {
            "room_id": room.id,
            "room_name": room.name,
            "session_id": session.id,
            "template_id": room.template_id,
            "session_started_at": format_time(session.created_at),
        }
        if kind == "session.close.success":
            data["session_duration"] = int(session.updated_at - session.created_at)
            data["session_stopped_at"] = format_time(session.updated_at)
        if peer is not None:
            data |= {"peer_id": peer.id, "user_id": peer.user_id or "", "user_name": peer.name, "user_data": ""}
            data |= {"role": peer.role, "joined_at": format_time(peer.joined_at)}
        if peer is not None and peer.left_at is not None:
            duration = int(peer.left_at - peer.joined_at)
            data |= {"left_at": format_time(peer.left_at), "duration": duration, "reason": "client request"}
        return {
            "version": "2.0",
            "id": str(uuid.uuid4()),
            "account_id": self.account.customer_id,
            "app_id": self.account.app_id,
            "timestamp": format_time(float(int(self.clock()))),
            "type": kind,
            "data": data,
        }

    def _happened(self, kind: str, session: Session, peer: Peer | None) -> None:
        if peer is not None and peer.role.startswith(INTERNAL):
            return
        own = self.account.rooms[session.room_id].webhook
        # The workspace's URL gets nothing of a room that has its own [api-reference/Rooms/create-via-api].
        url, headers = own if own is not None else (self._url, self._headers)
        if not url:
            return
        event = self.event(kind, session, peer)
        for after_s in self.plan(event):
            task = asyncio.get_running_loop().create_task(self._later(after_s, event, url, headers))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _later(self, after_s: float, event: Mapping[str, Any], url: str, headers: Mapping[str, str]) -> None:
        await asyncio.sleep(after_s)
        await self.send(event, url, headers)
