"""An account whose live sessions change when it is told to, and Slack's `chat.postMessage`. Prints its port.

`POST /bench/turn` moves the account on by one poll interval, `POST /bench/slack` says how many `ms` Slack takes for an
answer, `GET /bench/counts` says what was asked for since the last
such call, `GET /bench/bodies` gives the last bodies posted as JSON. Pages are encoded once a turn.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from bench.servers import data
from bench.servers.stub import as_json, behind_token, page, serve

PEERS, ROOMS = 20, 100
ROOM_IDS = [f"{0x63000000 + number:08x}{number:016x}" for number in range(ROOMS)]
BODIES = 1_000
BEGAN = 1_790_000_000
"""The beginning of the account's time, which goes on by turns."""


@dataclass(slots=True)
class Living:
    """A session, and its JSON as it is now."""

    id: str
    started: int
    active: bool
    json: bytes


class Account:
    """Sessions of 20 peers in 100 rooms. `now` is the account's own time."""

    def __init__(self, sessions: int) -> None:
        self._rng = random.Random(7)
        self._count = 0
        self.now = BEGAN
        self.all: list[Living] = []
        for number in reversed(range(sessions)):
            self._open(BEGAN - 600 - number)

    def turn(self, *, seconds: int, opens: int, moves: int, ends: int, among: int) -> None:
        """Sessions open, one of them ends at once (where there are several), and of the newest `among` in some people
        come or go, and some end."""
        self.now += seconds
        live = [each for each in self.all[-among:] if each.active]
        changing = self._rng.sample(live, moves + ends)
        for session in changing[:moves]:
            self._move(session)
        for session in changing[moves:]:
            self._end(session)
        for _ in range(opens):
            self._open(self.now - 1)
        if opens > 1:
            self._end(self.all[-1])

    def _open(self, started: int) -> None:
        number = self._count
        self._count += 1
        session_id = f"{started:08x}{number:016x}"
        peers = {}
        for place in range(PEERS):
            peer_id = f"{self._rng.getrandbits(128):032x}"
            who = place if place < PEERS - 2 else place - 5  # two came back
            left = started + 2.0 if who != place - 5 and self._rng.random() < 0.4 else None
            user = number * PEERS + who
            peers[peer_id] = data.peer(peer_id, session_id, who, user, started + self._rng.random(), left)
        room_id = ROOM_IDS[number % ROOMS]
        body = data.session(session_id, room_id, peers, active=True, created=started + 0.5, updated=started + 0.5)
        self.all.append(Living(session_id, started, True, data.encoded(body)))

    def _move(self, session: Living) -> None:
        """Somebody comes, or somebody who is in goes."""
        body = json.loads(session.json)
        users = Counter(peer["user_id"] for peer in body["peers"].values() if "left_at" not in peer)
        once = [peer for peer in body["peers"].values() if "left_at" not in peer and users[peer["user_id"]] == 1]
        if once and self._rng.random() < 0.5:
            self._rng.choice(once)["left_at"] = data.clock(self.now)
        else:
            peer_id, user = f"{self._rng.getrandbits(128):032x}", self._rng.randrange(10**9, 10**10)
            body["peers"][peer_id] = data.peer(peer_id, session.id, user, user, self.now, None)
        session.json = data.encoded(body)

    def _end(self, session: Living) -> None:
        body = json.loads(session.json)
        for peer in body["peers"].values():
            peer.setdefault("left_at", data.clock(self.now))
        session.active = False
        session.json = data.encoded(body | {"active": False, "updated_at": data.clock(self.now)})


class Live:
    """Answers as 100ms and Slack do."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._rooms = {each: data.room(each, f"Room {number}") for number, each in enumerate(ROOM_IDS)}
        self._counts: Counter[str] = Counter()
        self._bodies: deque[bytes] = deque(maxlen=BODIES)
        self._posts = 0
        self._slack_s = 0.0
        self._index()

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v2/sessions", behind_token(self.sessions))
        app.router.add_get("/v2/sessions/{id}", behind_token(self.session))
        app.router.add_get("/v2/rooms", behind_token(self.rooms))
        app.router.add_post("/api/chat.postMessage", self.post)
        app.router.add_post("/bench/turn", self.turn)
        app.router.add_post("/bench/slack", self.slack)
        app.router.add_get("/bench/counts", self.counts)
        app.router.add_get("/bench/bodies", self.bodies)
        return app

    async def sessions(self, request: web.Request) -> web.Response:
        self._counts["pages"] += 1
        query = request.query
        key = tuple(query.get(name, "") for name in ("active", "after", "start", "limit"))
        if key not in self._pages:
            self._pages[key] = self._page(*key)
        return as_json(self._pages[key])

    async def session(self, request: web.Request) -> web.Response:
        self._counts["records"] += 1
        return as_json(self._by_id[request.match_info["id"]].json)

    async def rooms(self, request: web.Request) -> web.Response:
        self._counts["rooms"] += 1
        return as_json(page(list(self._rooms.values()), 100, ""))

    async def slack(self, request: web.Request) -> web.Response:
        self._slack_s = (await request.json())["ms"] / 1_000
        return web.json_response({})

    async def post(self, request: web.Request) -> web.Response:
        self._counts["posts"] += 1
        body = await request.read()
        if request.content_type == "application/json":
            self._bodies.append(body)
        self._posts += 1
        if self._slack_s:
            await asyncio.sleep(self._slack_s)
        return as_json(b'{"ok":true,"channel":"C1","ts":"1790000000.%06d","message":{}}' % self._posts)

    async def turn(self, request: web.Request) -> web.Response:
        self._account.turn(**await request.json())
        self._index()
        return web.json_response({"now": self._account.now})

    async def counts(self, request: web.Request) -> web.Response:
        counts, self._counts = self._counts, Counter()
        return web.json_response(counts)

    async def bodies(self, request: web.Request) -> web.Response:
        return as_json(b"[%s]" % b",".join(self._bodies))

    def _index(self) -> None:
        """Lists, newest first, as they are asked for."""
        newest = self._account.all[::-1]
        self._pages: dict[tuple[str, ...], bytes] = {}
        self._by_id = {each.id: each for each in newest}
        self._lists = {"true": _live(newest, True), "false": _live(newest, False)}

    def _page(self, active: str, after: str, start: str, limit: str) -> bytes:
        most, found = int(limit or 10), self._lists[active]
        if after:
            found = [each for each in found if data.clock(each.started) >= after]
        place = bisect_right(found, _backwards(start), key=lambda each: _backwards(each.id)) if start else 0
        some = found[place : place + most]
        return page([each.json for each in some], most, some[-1].id if some else "")


def _live(sessions: Iterable[Living], active: bool) -> list[Living]:
    return [each for each in sessions if each.active is active]


def _backwards(session_id: str) -> int:
    return -int(session_id, 16)


if __name__ == "__main__":
    asyncio.run(serve(Live(Account(int(sys.argv[1]))).application()))
