"""A channel's share of a backlog, part by part: a list or ten messages, then a line that counts the rest."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.alerts.backlog import Catchup, count, finish
from bot.alerts.decide import ROLL_UP_OVER, route
from bot.alerts.notification import CaughtUp, Notification, Post, RollUp
from bot.sessions.diff import diff
from bot.sessions.model import Session
from bot.silence.policy import SilencePolicy
from tests.alerts.parts import LOUD, NOW, mute, policy, session, subscription


class Parts:
    """One channel, part after part."""

    def __init__(self) -> None:
        self.catchups: dict[str, Catchup] = {}
        self.seen = 0

    def part(self, ended: int, opened: int = 0) -> list[Notification]:
        some: Sequence[Session] = [
            session("ann", number=self.seen + place, active=place < opened) for place in range(ended + opened)
        ]
        self.seen += len(some)
        told = {channel_id: each.told for channel_id, each in self.catchups.items()}
        cards, tasks, _ = route(diff({}, some), [subscription("")], [], NOW, LOUD, told)
        assert all(card.gen or card.status == "summarised" for card in cards), "what is over needs a card no more"
        sent, self.catchups = count(tasks, self.catchups)
        return sent

    def end(self, at: SilencePolicy = LOUD, channels: Sequence[str] = ("C1",)) -> list[Notification]:
        tasks, self.catchups = finish("T1", self.catchups, channels, at)
        return tasks


def test_after_a_list_all_is_counted() -> None:
    parts = Parts()
    assert [type(task) for task in parts.part(500, opened=3)] == [RollUp]
    assert parts.part(500) == parts.part(1) == []
    assert parts.end() == [CaughtUp("T1", "C1", 0, 501)]
    assert parts.catchups == {} and parts.end() == []


def test_few_of_many_have_messages_of_their_own() -> None:
    parts = Parts()
    assert [type(task) for task in parts.part(ROLL_UP_OVER - 4)] == [Post] * (ROLL_UP_OVER - 4)
    assert len(parts.part(4)) == 4
    assert parts.part(2) == []
    assert parts.end() == [CaughtUp("T1", "C1", 0, 2)]


def test_what_is_live_is_told_meanwhile() -> None:
    parts = Parts()
    parts.part(500)
    told = parts.part(500, opened=2)
    assert [type(task) for task in told] == [Post, Post]
    assert parts.part(0, opened=ROLL_UP_OVER + 1) == [], "but not as a storm of its own"
    assert parts.end() == [CaughtUp("T1", "C1", ROLL_UP_OVER + 1, 500)]


@pytest.mark.parametrize("few", [0, 1, ROLL_UP_OVER])
def test_nothing_is_said_where_nothing_was_counted(few: int) -> None:
    parts = Parts()
    parts.part(few)
    assert parts.end() == [] and parts.catchups == {}


def test_who_wants_to_hear_nothing_hears_it_later_and_who_left_not_at_all() -> None:
    parts = Parts()
    parts.part(500), parts.part(500)
    assert parts.end(policy(mute())) == []
    assert parts.catchups == {"C1": Catchup(0, 0, 500)}
    assert len(parts.part(1)) == 1, "what comes meanwhile is told as ever"
    assert parts.end(policy(mute("role:host"))) == [CaughtUp("T1", "C1", 0, 500)]
    parts.part(500), parts.part(500)
    assert parts.end(channels=()) == [] and parts.catchups == {}
