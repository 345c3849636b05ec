"""The checker finds what is put in front of it, of firings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

import pytest

from bot.demo.fake_hms import Account
from bot.demo.fake_slack import Message
from tests.chaos.checker import Findings, check, key_of
from tests.chaos.firings import Alarm, Taken
from tests.chaos.silence import Silence, Span
from tests.chaos.test_checker import T, card, message

NOW, BEFORE = "🔴 *No host is in* since 3:02 PM", "✅ No host was in for 4 min"
ADA = "<@U1ADA>"


class Shown:
    """A channel that shows a session rightly: it has no host from 50 to 400 s, and from 1,000 s on; Ada is to be
    mentioned, and is on it. Moments are seconds after `T`."""

    def __init__(self) -> None:
        self.account = Account()
        self.session = self.account.open_session(self.account.add_room("Room"), T + 40)
        self.account.join(self.session, name="P1", role="guest", user_id="p1", at=T + 40)
        self.account.join(self.session, name="P2", role="host", user_id="p2", at=T + 400)
        self.account.leave(self.session, self.session.present()[1], T + 1_000)
        self.alarms = [Alarm("ops", 1, "no host", 10.0, self.session.room_id, T, T + 1, ADA)]
        self.silences: list[Silence] = []
        self.taken = [Taken("ops", self.session.id, T + 1_100)]
        whole = f"🟢 Live · Room · 1 in now, 2 in all · peak 2\n{NOW}, for the 2nd time · Ada is on it\n{BEFORE}"
        self.card = card(self.session, 51, whole)
        self.hello = message(1, "🔔 ada subscribed this channel to no host")
        self.over = self.about(401, "✅ Over. No host was in for 6 min", "resolved")
        self.again = self.about(1_011, "🔴 *Room*: *no host is in*, since 3:15 PM " + ADA, "fired", broadcast=True)
        self.on_it = self.about(1_101, "🙋 Ada is on it.", "fired")
        posted = f"🟢 Live · Room · 1 in now, 1 in all · peak 1\n{NOW} {ADA}"
        self.messages = [self.hello, self.card, self.over, self.again, self.on_it]
        self.first = {each.ts: each for each in self.messages} | {
            self.card.ts: self.with_event(card(self.session, 51, posted), "fired")
        }

    def about(self, at: float, text: str, state: str, *, broadcast: bool = False) -> Message:
        return replace(self.with_event(message(at, text, self.card.ts), state), broadcast=broadcast)

    def with_event(self, of: Message, state: str) -> Message:
        event: dict[str, Any] = {"session_id": self.session.id, "subscription": 1, "state": state}
        return replace(of, metadata={"event_payload": {"key": key_of(of.metadata), **event}})

    def check(self) -> Findings:
        return check(
            self.account, [], {"ops": self.messages}, self.first, silences=self.silences, alarms=self.alarms,
            taken=self.taken, still=T + 2_000,
        )  # fmt: skip

    def hush(self, since: float, until: float, *, replies: bool = False) -> Self:
        since, until = T + since, T + until
        self.silences.append(Silence("ops", Span(since, since, until, until), replies=replies))
        return self

    def without(self, *gone: Message) -> Self:
        self.messages = [each for each in self.messages if each not in gone]
        return self

    def show(self, *added: Message) -> Self:
        self.messages = sorted([*self.messages, *added], key=lambda each: each.ts)
        self.first |= {each.ts: each for each in added}
        return self

    def swap(self, old: Message, new: Message) -> Self:
        return self.without(old).show(new)

    def ask(self, at: float) -> Self:
        """The subscription is made then."""
        self.alarms = [replace(each, first=T + at, made=T + at + 1) for each in self.alarms]
        return self

    def came_late(self) -> Self:
        """The card was posted when it was over."""
        late = card(self.session, 51, f"🟢 Live · Room · 2 in now, 2 in all · peak 2\n{BEFORE}")
        self.first[self.card.ts] = self.with_event(late, "resolved")
        return self

    def recap(self, lines: int = 1) -> Message:
        line = "🔴 Room: no host is in, since 3:15 PM"
        return message(1_102, "\n".join(["*1 thing is still wrong* while it was quiet here.", *[line] * lines]))

    def end(self) -> Self:
        self.account.end(self.session, T + 1_500)
        return self


RIGHT: dict[str, Callable[[Shown], object]] = {
    "everything": lambda shown: shown,
    "what a catch-up tells of": lambda shown: (
        shown.hush(1_005, 1_100).without(shown.again, shown.on_it).show(shown.recap()).taken.clear()
    ),
    "an end in a silence": lambda shown: shown.hush(380, 500).without(shown.over),
    "an end without threads": lambda shown: shown.hush(380, 500, replies=True).without(shown.over),
    "a card that comes when it is over": lambda shown: shown.came_late(),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right(name: str) -> None:
    shown = Shown()
    RIGHT[name](shown)
    assert shown.check() == Findings()


WRONG: dict[str, dict[str, Callable[[Shown], object]]] = {
    "lost": {
        "a firing": lambda shown: shown.without(shown.again, shown.on_it).taken.clear(),
        "an end": lambda shown: shown.end(),
        "who is on it": lambda shown: shown.without(shown.on_it),
        "what the card says": lambda shown: shown.swap(
            shown.card, card(shown.session, 51, "🟢 Live · Room · 1 in now, 2 in all · peak 2")
        ),
    },
    "twice": {
        "a firing": lambda shown: shown.show(
            shown.about(1_200, "🔴 Again, for the 3rd time: no host is in", "fired")
        ),
        "an end": lambda shown: shown.show(shown.about(420, "✅ Over. No host was in for 6 min", "resolved")),
        "who is on it": lambda shown: shown.show(shown.about(1_140, "🙋 Ada is on it.", "fired")),
    },
    "wrong": {
        "a firing that was never true": lambda shown: shown.show(
            shown.about(700, "🔴 *Room*: *no host is in* " + ADA, "fired", broadcast=True)
        ),
        "what was true when somebody subscribed": lambda shown: shown.ask(1_010.5),
        "an end of what goes on": lambda shown: shown.show(shown.about(1_500, "✅ Over. No host was in", "resolved")),
        "a firing in a silence": lambda shown: shown.hush(1_005, 1_100),
        "a state": lambda shown: shown.swap(shown.over, shown.about(401, "✅ Over. No host was in for 6 min", "fired")),
        "a reply that the channel doesn't see": lambda shown: shown.swap(
            shown.again, replace(shown.again, broadcast=False)
        ),
        "who is on it though nobody is": lambda shown: shown.taken.clear(),
        "a mention of an end": lambda shown: shown.swap(
            shown.over, shown.about(401, f"✅ Over. No host was in for 6 min {ADA}", "resolved")
        ),
        "no mention": lambda shown: shown.swap(
            shown.again, shown.about(1_011, "🔴 *Room*: *no host is in*", "fired", broadcast=True)
        ),
        "a catch-up that counts too many": lambda shown: (
            shown.hush(1_005, 1_100).without(shown.again, shown.on_it).show(shown.recap(2)).taken.clear()
        ),
        "another subscription": lambda shown: shown.alarms.clear(),
    },
}  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in WRONG.items() for name in names])
def test_what_is_not(kind: str, name: str) -> None:
    shown = Shown()
    WRONG[kind][name](shown)
    assert getattr(shown.check(), kind)


@pytest.mark.parametrize(
    ("words", "times"),
    [("no host", [(50, 400), (1_010, None)]), ("one person", [(50, 400), (1_010, None)]), ("nobody", [])],
)
def test_when_it_is_true(words: str, times: list[tuple[float, float | None]]) -> None:
    shown = Shown()
    alarm = replace(shown.alarms[0], words=words)
    right = [(T + since, T + until if until else float("inf")) for since, until in times]
    assert alarm.times(shown.session) == right
