"""The checker finds what is put in front of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Self

import pytest

from bot.demo.fake_hms import Account, Peer, Session
from bot.demo.fake_slack import Message
from tests.chaos.checker import Asked, Findings, check, key_of
from tests.chaos.digests import Due
from tests.chaos.silence import Silence, Span
from tests.chaos.team import astray

T = 1_764_000_000.0
ALL = frozenset(("start", "end", "join", "leave"))


class Shown:
    """An account and a channel that shows it rightly: two sessions with cards, one of them over; one has a thread.
    Moments are seconds after `T`."""

    def __init__(self) -> None:
        self.account = Account()
        room = self.account.add_room("Room")
        self.asked = [Asked("ops", room.id, ALL, T)]
        self.live, self.over = self.open(1), self.open(100)
        self._join(self.live, "P1", T + 1)
        two = self._join(self.live, "P2", T + 10)
        self._join(self.live, "P3", T + 20)
        self.account.leave(self.live, two, T + 30)
        self._join(self.over, "P4", T + 100)
        self.account.end(self.over, T + 160)
        self.hello = message(0, "🔔 ada subscribed this channel to sessions")
        self.live_card = card(self.live, 2, "🟢 Live · Room · 2 in now, 3 in all · peak 3")
        self.over_card = card(self.over, 101, "⚪ Ended · Room\n1 person, peak 1 at 16:00")
        said = ["P2 joined · 2", "P3 joined · 3", "P2 left · 2"]
        self.replies = [message(11 + 10 * n, f"👥 {each} in now", self.live_card.ts) for n, each in enumerate(said)]
        self.messages = [self.hello, self.live_card, *self.replies, self.over_card]
        self.first = {each.ts: each for each in self.messages}
        self.silences: list[Silence] = []
        self.queued: dict[str, float] = {}
        self.due = Due("T1", "C1", 3, date(2025, 11, 24), T + 300)
        self.digest = digest(self.due)
        self.show(self.digest)

    def _join(self, session: Session, name: str, at: float) -> Peer:
        return self.account.join(session, name=name, role="guest", user_id=name, at=at)

    def check(self) -> Findings:
        shown = {"ops": self.messages}
        return check(
            self.account, self.asked, shown, self.first, silences=self.silences, dues=[self.due], queued=self.queued
        )

    def open(self, at: float, room: str = "Room") -> Session:
        known = next((each for each in self.account.rooms.values() if each.name == room), None)
        return self.account.open_session(known or self.account.add_room(room), T + at)

    def hush(self, since: float, until: float, *, replies: bool = False) -> Self:
        """The channel is silent for that time."""
        since, until = T + since, T + until
        self.silences.append(Silence("ops", Span(since, since, until, until), replies=replies))
        return self

    def without(self, *gone: Message) -> Self:
        self.messages = [each for each in self.messages if each not in gone]
        return self

    def swap(self, old: Message, new: Message) -> Self:
        """`new` in place of `old`; what was first shown under its ts stays known."""
        self.messages[self.messages.index(old)] = new
        return self

    def show(self, *added: Message) -> Self:
        self.messages += added
        self.first |= {each.ts: each for each in added}
        return self

    def queue(self, of: Message, at: float) -> Self:
        """The message was queued then."""
        self.queued[key_of(of.metadata)] = T + at
        return self

    def ask(self, at: float) -> Self:
        """The subscription is made then."""
        self.asked = [replace(each, at=T + at) for each in self.asked]
        return self

    def plan(self, **changes: object) -> Self:
        """The digest is due otherwise."""
        self.due = replace(self.due, **changes)  # type: ignore[arg-type]
        return self

    def cross_cards(self) -> Self:
        """The card of the session that opened last stands first."""
        later = card(self.live, 180, self.live_card.plain)
        self.messages = [self.hello, self.over_card]
        return self.show(later)


def message(at: float, text: str, thread_ts: str | None = None, key: str = "", **more: object) -> Message:
    metadata = {"event_type": "sessions_bot", "event_payload": {"key": key or f"{at} {text}"}}
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}]
    return Message(f"{T + at:.6f}", "C1", "U1", text, blocks, thread_ts=thread_ts, metadata=metadata, bot_id="B1")


def card(session: Session, at: float, text: str) -> Message:
    button = {"type": "button", "action_id": "sessions.show", "value": f"1|{session.id}"}
    return message(at, text, accessory=button)


def digest(due: Due, *, sessions: int = 2, people: int = 4, minutes: float = 11, peak: int = 3) -> Message:
    lines = [
        "📊 Daily digest · Mon 24 Nov",
        "All sessions",
        f"*{sessions}* sessions",
        f"*{people}* people",
        f"*{minutes:.0f}* participant-minutes",
        f"*{peak}* people at once, at 16:00",
    ]
    return message(due.end + 6 - T, "\n".join(lines), key=due.key)


def recap(at: float, session: Session) -> Message:
    line = f"1 🟢 Live · Room · session {session.id}"
    return message(at, f"*1 session is live* that you didn't hear of while it was quiet here.\n{line}")


def counted(at: float, what: str = "1 session has") -> Message:
    return message(at, f"*{what} ended* while it was quiet here.")


def listed(at: float, state: str, session: Session) -> Message:
    return message(at, f"*11 sessions opened*\n1 {state} · Room · session {session.id}")


RIGHT: dict[str, Callable[[Shown], object]] = {
    "everything": lambda shown: shown,
    "a recap of what opened in a silence": lambda shown: (
        shown.hush(0.5, 90).without(shown.live_card, *shown.replies).show(recap(100, shown.live))
    ),
    # that another silence was over long before changes nothing
    "no end in a silence": lambda shown: shown.hush(40, 45).hush(90, 170).without(shown.over_card),
    "nobody who comes in a silence": lambda shown: shown.hush(5, 70, replies=True).without(*shown.replies),
    "what was queued before a silence": lambda shown: shown.queue(shown.over_card, 100.5).hush(100.7, 200),
    "no digest that need not come": lambda shown: shown.plan(must=False).without(shown.digest),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right(name: str) -> None:
    shown = Shown()
    RIGHT[name](shown)
    assert shown.check() == Findings()


def test_a_session_that_was_live_before_may_get_its_card_later() -> None:
    assert Shown().ask(50).cross_cards().check().disorder == []


@pytest.mark.parametrize("quietly", [True, False])
def test_a_digest_of_nothing(quietly: bool) -> None:
    shown = Shown()
    empty = shown.account.add_room("Empty")
    shown.plan(room_id=empty.id, quietly=quietly).without(shown.digest)
    assert bool(shown.check().lost) is not quietly
    shown.show(message(306, "*📊 Daily digest · Mon 24 Nov*: no sessions", key=shown.due.key))
    assert bool(shown.check().wrong) is quietly


WRONG: dict[str, dict[str, Callable[[Shown], object]]] = {
    "lost": {
        "no card": lambda shown: shown.without(shown.over_card),
        "no first message": lambda shown: shown.without(shown.hello),
        "no reply": lambda shown: shown.without(shown.replies[1]),
        "no reply of who left": lambda shown: shown.without(shown.replies[2]),
        "no digest": lambda shown: shown.without(shown.digest),
        "no recap": lambda shown: shown.hush(0.5, 90).without(shown.live_card, *shown.replies),
        "no recap of what ended later": lambda shown: shown.hush(90, 105).without(shown.over_card),
    },
    "twice": {
        "a key": lambda shown: shown.messages.append(shown.hello),
        "a digest": lambda shown: shown.messages.append(shown.digest),
        "a card": lambda shown: shown.show(card(shown.live, 200, shown.live_card.plain)),
        "a line": lambda shown: shown.show(listed(200, "⚪ Ended", shown.over)),
        "a reply": lambda shown: shown.show(message(200, "👥 P3 joined · 2 in now", shown.live_card.ts)),
        "a recap": lambda shown: shown.hush(0.5, 90).show(counted(95), counted(97)),
        "a recap after no silence": lambda shown: shown.show(recap(200, shown.open(60))),
        "a card and a recap": lambda shown: shown.hush(90, 95).show(recap(96, shown.live)),
    },
    "disorder": {
        "cards": lambda shown: shown.cross_cards(),
        "replies": lambda shown: shown.without(*shown.replies).show(*(shown.replies[place] for place in (1, 0, 2))),
    },
    "wrong": {
        "a card": lambda shown: shown.swap(
            shown.live_card, card(shown.live, 2, "🟢 Live · Room · 3 in now, 3 in all · peak 3")
        ),
        "a summary": lambda shown: shown.swap(
            shown.over_card, card(shown.over, 101, "⚪ Ended · Room\n2 people, peak 1 at 16:00")
        ),
        "a state": lambda shown: shown.swap(
            shown.over_card, card(shown.over, 101, "🟢 Live · Room · 1 in now, 1 in all · peak 1")
        ),
        "unasked": lambda shown: shown.show(card(shown.open(50, "Other"), 51, "🟢 Live · Other · nobody yet · peak 0")),
        "a card in a silence": lambda shown: shown.hush(90, 300),
        "a reply in a silence": lambda shown: shown.hush(5, 15),
        "a reply without threads": lambda shown: shown.hush(5, 15, replies=True),
        "a list in a silence": lambda shown: shown.hush(150, 300).show(listed(200, "🟢 Live", shown.open(160))),
        "a digest of a skipped date": lambda shown: shown.show(
            digest(replace(shown.due, day=date(2025, 11, 23), end=T + 300 - 86_400))
        ),
        "a digest that is late and doesn't say so": lambda shown: shown.queue(shown.digest, 2_000),
        "skipped dates that are not named": lambda shown: shown.plan(skipped=2),
        "a digest elsewhere": lambda shown: shown.swap(shown.digest, replace(shown.digest, channel="C2")),
        "a recap that counts too many": lambda shown: (
            shown.hush(90, 170).without(shown.over_card).show(counted(171, "2 sessions have"))
        ),
        "a recap of another session": lambda shown: (
            shown.hush(90, 170).without(shown.over_card).show(recap(191, shown.open(190)))
        ),
        "a recap in another silence": lambda shown: (
            shown.hush(90, 170).hush(165, 300).without(shown.over_card).show(counted(171))
        ),
        **{
            f"{figure} of a digest": lambda shown, figure=figure: shown.swap(
                shown.digest, digest(shown.due, **{figure: 5})
            )
            for figure in ("sessions", "people", "minutes", "peak")
        },
    },
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in WRONG.items() for name in names])
def test_what_is_not(kind: str, name: str) -> None:
    shown = Shown()
    WRONG[kind][name](shown)
    assert getattr(shown.check(), kind)


def test_what_is_in_another_workspace() -> None:
    card = Shown().live_card
    teams = {key_of(card.metadata): "T2"}
    assert astray("T1", [card], teams) and not astray("T2", [card], teams)
