"""A second workspace with an account of its own, served by the same processes over the same database. Its channels have
the ids and names of the first one's. People there subscribe, and that is all; its requests meet faults as others do."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack, Message
from bot.demo.fake_slack.ledger import Change
from tests.chaos.checker import DIRECT, Findings, check
from tests.chaos.database import Database
from tests.chaos.doors import Doors
from tests.chaos.hands import Hands
from tests.chaos.keys import key_of
from tests.chaos.life import Life
from tests.chaos.people import People
from tests.chaos.replicas import Replica

SUBSCRIPTIONS = (("live-ops", None, "start,end"), ("general", 0, "start,join,leave"), ("support", 2, "end"))
TEAMS = "SELECT key, team_id FROM outbox"


class Neighbour:
    """Its life, its people, and what they see. `first` and `reconcile` are the doors' of the other workspace."""

    def __init__(
        self,
        slack: FakeSlack,
        hms: FakeHms,
        seed: int,
        replicas: Sequence[Replica],
        database: Database,
        first: Doors,
        stale: Callable[[int], bool],
        *,
        many: int,
        reconcile: bool,
        options: dict[str, Any],
    ) -> None:
        dice = random.Random(seed)
        account = Account(any_names=True, seed=seed)
        self.hms = FakeHms(account, access_key="second-key", secret=f"second {hms.secret}", clock=hms.clock)
        self.slack = FakeSlack(team_id="T07QX5SEC0N", bot_token="xoxb-second", beside=slack, **options)
        self.life = Life(account, dice, hms.clock)
        self.doors = Doors(self.slack, self.hms, many, dice, lambda *_: None, lambda _: "", stale, reconcile=reconcile)
        first.others.append(self.doors)
        self.people = People(self.slack, self.life, database, Hands(self.slack, replicas), dice)
        self._database = database
        self._first: dict[str, Message] = {}
        self.slack._site.ledger.listeners.append(self._note)

    @property
    def settings(self) -> dict[str, str]:
        """What a process is told of it."""
        keys = {
            "slack_bot_token": self.slack.bot_token,
            "hms_access_key": self.hms.access_key,
            "hms_secret": self.hms.secret,
        }
        return {"SECOND_ACCOUNT": json.dumps(keys)}

    async def subscribe(self) -> None:
        for subscription in SUBSCRIPTIONS:
            await self.people.subscribe(*subscription)

    async def live(self, over: asyncio.Event) -> None:
        await self.life.run(over)
        self.life.end_all_but(2)

    @property
    def messages(self) -> int:
        return sum(each.bot_id is not None for some in shown(self.slack).values() for each in some)

    def judge(self, queued: dict[str, float]) -> Findings:
        asked, messages, held = self.people.asked, shown(self.slack), self.doors.held
        return check(self.life.account, asked, messages, self._first, {}, held, (), (), queued)

    def _note(self, change: Change) -> None:
        if change.kind == "message.posted" and change.message is not None:
            self._first[change.message.ts] = change.message
            self.doors.posted.add(key_of(change.message.metadata))


def shown(slack: FakeSlack) -> dict[str, Sequence[Message]]:
    """What each conversation of a workspace shows, by its name."""
    channels = slack.workspace.channels.values()
    return {each.name or f"{DIRECT}{each.im_user}": slack.messages(each.id) for each in channels}


def astray(team_id: str, messages: Iterable[Message], teams: Mapping[str, str]) -> list[str]:
    """Messages in a workspace that are another's. `teams` says whose a message is, by its key."""
    keys = {key_of(each.metadata): each for each in messages if each.bot_id and each.metadata}
    wrong = {key: each for key, each in keys.items() if teams.get(key, team_id) != team_id}
    return [f"in {team_id}, for {teams[key]}: {each.plain!r}" for key, each in wrong.items()]
