"""Every end that is kept back is counted once, whatever mutes and quiet hours there were: judged by what was hushed when
it ended."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alerts.notification import Recap
from bot.query.parse import parse
from bot.sessions.model import Session
from bot.silence.mute import Mute
from bot.silence.policy import SilencePolicy
from tests.alerts.parts import NOW, NOW_MS, ROOMS, Channel, policy, session
from tests.effort import effort

HOURS = ("22:00-7:00 Berlin", "1:30-2:30 Berlin", "9:00-12:00 UTC", "7:00-7:00 sat UTC")
MINUTE = 60_000


class Life:
    """`minutes` have passed; `owed` is how many ends were kept back, `counted` how many were told as a number."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.here = Channel()
        self.sessions: dict[str, Session] = {}
        self.mutes: list[Mute] = []
        self.hours = ""
        self.minutes = self.owed = self.counted = 0

    def act(self) -> None:
        live = [each for each in self.sessions.values() if each.active]
        match self.dice.choice(["open", "open", "end", "mute", "mute one", "unmute", "quiet"]):
            case "open":
                for number in range(len(self.sessions), len(self.sessions) + self.dice.choice([1, 2, 12])):
                    new = session(*"abc"[: self.dice.randrange(4)], number=number, room=self.dice.choice(ROOMS))
                    self.sessions[new.id] = new
            case "end":
                for each in self.dice.sample(live, min(len(live), self.dice.choice([1, 3, 9]))):
                    self.end(each)
            case "mute":
                self.mute(self.dice.choice(["", f"room:{ROOMS[0]}", f"room:{ROOMS[1]}", "peers:<2"]), "")
            case "mute one" if live:
                self.mute("", self.dice.choice(live).id)
            case "unmute" if self.mutes:
                self.mutes.remove(self.dice.choice(self.mutes))
            case "quiet":
                self.hours = self.dice.choice(["", *HOURS])
        self.minutes += self.dice.choice([0, 5, 30, 120])

    def end(self, each: Session) -> None:
        self.sessions[each.id] = Session(each.id, each.room_id, False, each.peers, each.created_at, NOW)

    def mute(self, line: str, session_id: str) -> None:
        now_ms = NOW_MS + self.minutes * MINUTE
        until_ms = now_ms + self.dice.choice([20, 60, 180, 720]) * MINUTE
        self.mutes.append(Mute("T1", "C1", parse(line), session_id, until_ms, "U1", now_ms))

    def poll(self) -> None:
        silence = policy(*self.mutes, now=NOW + timedelta(minutes=self.minutes), quiet=self.hours)
        for each in self.sessions.values():
            before = self.here.known.get(each.id)
            if not each.active and (before is None or before.live):
                self.owed += self.owes(each, silence)
        self.here.poll(*self.sessions.values(), mutes=self.mutes, quiet=self.hours, minutes=self.minutes)
        self.counted += sum(task.ended for task in self.here.sent if isinstance(task, Recap))

    def owes(self, each: Session, silence: SilencePolicy) -> bool:
        card = self.here.cards.get(each.id)
        if card is not None and card.gen:  # its card says it
            return False
        if silence.until_ms("C1", each) is None:  # that it opened was kept back until now, or its end is told
            return card is not None and bool(card.withheld_until_ms)
        return not silence.alone("C1", each)


@given(st.integers(0, 1_000_000))
@settings(max_examples=effort(25))
def test_what_is_kept_back_is_counted_once(seed: int) -> None:
    life = Life(seed)
    for _ in range(40):
        life.act()
        if life.dice.random() < 0.7:
            life.poll()
    life.mutes, life.hours = [], ""
    life.poll()
    for each in list(life.sessions.values()):
        life.end(each)
    life.poll()
    assert life.counted == life.owed
    assert not any(card.withheld_until_ms for card in life.here.cards.values())
    assert life.here.poll(*life.sessions.values(), minutes=life.minutes) == []
