"""An account with 10,000 sessions of 20 peers a week, for digests. Prints its port.

A session begins every minute, nearly; the newest are live at `NOW`. People come back: 20,000 in all. `/bench/counts`
says what was asked for since the last such call. A page is put together when it is first asked for, and kept.
"""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_left
from collections import Counter
from datetime import datetime

from aiohttp import web

from bench.servers import data
from bench.servers.stub import as_json, behind_token, page, serve

WEEK_S = 7 * 86_400
A_WEEK, PEERS, PEOPLE, ROOMS = 10_000, 20, 20_000, 100
SESSIONS = 22_000
"""A week, the one before, half a day in which a session may have begun that lasted into it, and more."""
DUE = 1_789_981_200
"""Monday, 2026-09-21, 09:00 UTC."""
NOW = DUE + 30
ROOM_IDS = [f"{0x63000000 + number:08x}{number:016x}" for number in range(ROOMS)]


def _session(number: int, rng: random.Random) -> data.Stored:
    started = DUE - (number + 1) * WEEK_S / A_WEEK
    session_id = f"{int(started):08x}{number:016x}"
    lasts = rng.uniform(120, 3_600)
    active = started + lasts > NOW
    ended = min(started + lasts, NOW)
    peers = {}
    for place in range(PEERS):
        peer_id = f"{rng.getrandbits(128):032x}"
        joined = started + rng.random() ** 3 * (ended - started)
        left = None if active and rng.random() < 0.6 else rng.uniform(joined, ended)
        peers[peer_id] = data.peer(peer_id, session_id, place, rng.randrange(PEOPLE), joined, left)
    room_id = ROOM_IDS[int(rng.random() ** 2 * ROOMS)]
    body = data.session(session_id, room_id, peers, active=active, created=started, updated=ended)
    return data.Stored(session_id, room_id, active, data.encoded(body))


class Weeks:
    """Answers List sessions with `active`, `after`, `before`, `start` and `limit`."""

    def __init__(self) -> None:
        rng = random.Random(7)
        sessions = [_session(number, rng) for number in range(SESSIONS)]
        self._lists = {
            name: [each for each in sessions if each.active is (name == "true")] for name in ("true", "false")
        }
        self._rooms = [data.room(each, f"Room {number}") for number, each in enumerate(ROOM_IDS)]
        self._pages: dict[tuple[str, ...], bytes] = {}
        self._counts: Counter[str] = Counter()

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v2/sessions", behind_token(self.sessions))
        app.router.add_get("/v2/rooms", behind_token(self.rooms))
        app.router.add_get("/bench/counts", self.counts)
        return app

    async def sessions(self, request: web.Request) -> web.Response:
        self._counts["pages"] += 1
        key = tuple(request.query.get(name, "") for name in ("active", "after", "before", "start", "limit"))
        if key not in self._pages:
            self._pages[key] = self._page(*key)
        return as_json(self._pages[key])

    async def rooms(self, request: web.Request) -> web.Response:
        self._counts["rooms"] += 1
        return as_json(page(self._rooms, 100, ""))

    async def counts(self, request: web.Request) -> web.Response:
        counts, self._counts = self._counts, Counter()
        return web.json_response(counts)

    def _page(self, active: str, after: str, before: str, start: str, limit: str) -> bytes:
        """Newest first; `after` and `before` by the second in a session's id, which is finer than is asked for."""
        newest, most = self._lists[active], int(limit or 10)
        low = _place(newest, f"{_second(before) + 1:08x}") if before else 0
        high = _place(newest, f"{_second(after):08x}") if after else len(newest)
        low = max(low, _place(newest, start)) if start else low
        some = newest[low:high][:most]
        return page([each.json for each in some], most, some[-1].id if some else "")


def _place(newest: list[data.Stored], id: str) -> int:
    """Return the number of them that are at `id` or newer."""
    return bisect_left(newest, -int(id.ljust(24, "0"), 16) + (len(id) == 24), key=lambda each: -int(each.id, 16))


def _second(when: str) -> int:
    return int(datetime.fromisoformat(when).timestamp())


if __name__ == "__main__":
    asyncio.run(serve(Weeks().application()))
