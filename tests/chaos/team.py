"""A workspace and its 100ms account, played by the stand-ins, with what happens in them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import yaml

from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import Channel, FakeSlack, Message
from tests.chaos.checker import DIRECT, key_of
from tests.chaos.doors import Doors
from tests.chaos.life import Life
from tests.chaos.people import People
from tests.conftest import ROOT

SCOPES = frozenset(
    {"commands", "chat:write", "users:read", "channels:history", "groups:history", "im:history", "im:write"}
    | {"channels:read", "groups:read"}  # to be told of invitations
)
MORE = ("stage", "studio")
"""Channels that Slack's stand-in doesn't have by itself."""
WATCHING = ("alarms", "watch")
"""Others, that are told of what is wrong alone."""


class Team:
    """`beside` another one it has a token, keys and an id of its own, and its channels have the ids and names of the
    other's: the same processes serve both, over one database. `options` are those of `Doors`."""

    people: People

    def __init__(
        self,
        seed: int,
        dice: random.Random,
        replicas: int = 1,
        clock: Callable[[], float] = time.time,
        beside: Team | None = None,
        **options: Any,
    ) -> None:
        keys: dict[str, Any] = {}
        own: dict[str, Any] = {}
        if beside is not None:
            keys = {"access_key": "second-key", "secret": f"second {beside.hms.secret}"}
            own = {"team_id": "T07QX5SEC0N", "bot_token": "xoxb-second", "beside": beside.slack}
        manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
        self.hms = FakeHms(Account(any_names=True, seed=seed), clock=clock, **keys)
        self.slack = FakeSlack(manifest=manifest, scopes=SCOPES, tiers=False, clock=clock, **own)
        self.slack.workspace.join(self.slack.workspace.channel("random"), self.slack.workspace.bot_user)
        for number, name in enumerate((*MORE, *WATCHING)):
            add_channel(self.slack, f"C07QX6MRE{number:02}", name)
        self.life = Life(self.hms.account, random.Random(dice.random()), clock)
        self.doors = Doors(self.slack, self.hms, replicas, random.Random(dice.random()), **options)
        if beside is not None:
            beside.doors.others.append(self.doors)

    @property
    def keys(self) -> dict[str, str]:
        """Settings with which a process serves it besides another."""
        keys = {"hms_access_key": self.hms.access_key, "hms_secret": self.hms.secret}
        return {"slack_bot_token": self.slack.bot_token, **keys}

    @property
    def shown(self) -> dict[str, Sequence[Message]]:
        """The messages of each conversation, by its name."""
        channels = self.slack.workspace.channels.values()
        return {each.name or f"{DIRECT}{each.im_user}": self.slack.messages(each.id) for each in channels}

    @property
    def of_the_bot(self) -> list[Message]:
        return [each for messages in self.shown.values() for each in messages if each.bot_id]


def add_channel(slack: FakeSlack, channel_id: str, name: str) -> None:
    """A channel that has the person and the bot in it."""
    workspace = slack.workspace
    workspace.channels[channel_id] = Channel(channel_id, name, {workspace.user(None).id, workspace.bot_user})


def astray(team_id: str, messages: Iterable[Message], teams: Mapping[str, str]) -> list[str]:
    """Messages of the bot in a workspace that are another's. `teams` says whose a message is, by its key."""
    keys = {key_of(each.metadata): each for each in messages if each.metadata}
    wrong = {key: each for key, each in keys.items() if teams.get(key, team_id) != team_id}
    return [f"in {team_id}, for {teams[key]}: {each.plain!r}" for key, each in wrong.items()]
