"""100ms's webhooks on their way to the processes: some are lost, come twice, late or out of order, and others come that
nobody sent, or about sessions that never were. None of it may be told."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from bot.demo.fake_hms import Account, Session
from bot.demo.fake_hms.webhooks import Webhooks
from tests.chaos.replicas import Replica

SECRET = "as-long-as-a-secret-of-32-characters-or-more"
LOST, DOUBLED, DELAYED, VERY_LATE = 0.1, 0.15, 0.3, 0.03
"""Shares of the events. What is delayed comes after what happens next."""
DELAY_S, MOST_S = 2.0, 60.0
TIMEOUT_S = 5.0
OTHERS_S = 0.5
"""Between two that no event of the account has sent."""
BURST, BURST_S, STEP_S = 1_000, 2, 0.05
"""So many a second for so long."""
OK, UNAUTHORIZED = 200, 401


class Hooks:
    """`met` counts what became of them, `wrong` answers that must not be."""

    def __init__(self, webhooks: Webhooks, account: Account, replicas: Sequence[Replica], dice: random.Random) -> None:
        self._webhooks, self._account, self._replicas, self._dice = webhooks, account, replicas, dice
        self._turn = itertools.count()
        self.met: Counter[str] = Counter()
        self.wrong: list[str] = []
        webhooks.plan = self._plan

    def begin(self) -> None:
        """Send what happens from now on."""
        self._webhooks.send_to(self._url(), {"X-Sessions-Secret": SECRET})

    def end(self) -> None:
        """Send nothing any more, as where hooks are broken: polls are to see the rest. What is on its way comes."""
        self._webhooks.send_to("", {})

    async def run(self, until: asyncio.Event) -> None:
        """Send others, too, until told to stop."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT_S)) as http:
            while not until.is_set():
                await self._dice.choice([self._forged, self._unknown, self._again, self._odd])(http)
                await asyncio.sleep(self._dice.expovariate(1 / OTHERS_S))

    async def burst(self) -> None:
        """As many at once as no account sends: of all its sessions, and of others."""
        sessions = list(self._account.sessions.values())
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT_S)) as http,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(int(BURST_S / STEP_S)):
                for _ in range(int(BURST * STEP_S)):
                    event = self._event(self._dice.choice(sessions))
                    if self._dice.random() < 0.5:
                        event["data"]["session_id"] = f"{self._dice.getrandbits(96):024x}"
                    group.create_task(self._post(http, "burst", event))
                await asyncio.sleep(STEP_S)

    def _plan(self, event: Mapping[str, Any]) -> Sequence[float]:
        """After how many seconds an event is sent, once for each; the next one goes to another process."""
        self.begin()
        draw = self._dice.random()
        what, after_s = "on time", [0.0]
        if draw < LOST:
            what, after_s = "lost", []
        elif draw < LOST + DOUBLED:
            what, after_s = "doubled", [0.0, self._dice.expovariate(1 / DELAY_S)]
        elif draw < LOST + DOUBLED + DELAYED:
            what, after_s = "delayed", [self._dice.expovariate(1 / DELAY_S)]
        elif draw < LOST + DOUBLED + DELAYED + VERY_LATE:
            what, after_s = "very late", [self._dice.uniform(MOST_S / 2, MOST_S)]
        self.met[what] += 1
        return after_s

    async def _forged(self, http: aiohttp.ClientSession) -> None:
        await self._post(http, "forged", self._event(), secret=f"{SECRET}?", right=UNAUTHORIZED)

    async def _unknown(self, http: aiohttp.ClientSession) -> None:
        event = self._event()
        event["data"]["session_id"] = f"{self._dice.getrandbits(96):024x}"
        await self._post(http, "unknown", event)

    async def _again(self, http: aiohttp.ClientSession) -> None:
        """Of a session in which nothing like it happens, or did long ago."""
        await self._post(http, "again", self._event())

    async def _odd(self, http: aiohttp.ClientSession) -> None:
        event = self._event() | self._dice.choice(
            [{"type": "moon.rise"}, {"data": None}, {"data": {"session_id": 7}}, {}]
        )
        await self._post(http, "odd", event)

    def _event(self, session: Session | None = None) -> dict[str, Any]:
        session = session or self._dice.choice(list(self._account.sessions.values()))
        peer = self._dice.choice([None, *session.peers.values()])
        if peer is None:
            return self._webhooks.event(self._dice.choice(["session.open.success", "session.close.success"]), session)
        return self._webhooks.event(self._dice.choice(["peer.join.success", "peer.leave.success"]), session, peer)

    async def _post(
        self, http: aiohttp.ClientSession, what: str, event: Mapping[str, Any], *, secret: str = SECRET, right: int = OK
    ) -> None:
        """To any process; one that is dead doesn't answer."""
        self.met[what] += 1
        try:
            async with http.post(self._url(), json=event, headers={"X-Sessions-Secret": secret}) as answer:
                if answer.status != right:
                    self.wrong.append(f"a hook that is {what} was answered with {answer.status}")
        except (aiohttp.ClientError, TimeoutError):
            pass

    def _url(self) -> str:
        replica = self._replicas[next(self._turn) % len(self._replicas)]
        return f"http://127.0.0.1:{replica.port}/100ms/webhook"
