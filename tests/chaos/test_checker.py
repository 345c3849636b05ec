"""The checker finds what is put in front of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.demo.fake_hms import Account, Peer, Session
from bot.demo.fake_slack import Message
from tests.chaos.checker import Asked, Findings, check

T = 1_764_000_000.0
ALL = frozenset(("start", "end", "join", "leave"))


class Shown:
    """An account and a channel that shows it rightly: two sessions with cards, one of them over; one has a thread."""

    def __init__(self) -> None:
        self.account = Account()
        room = self.account.add_room("Room")
        self.asked = [Asked("ops", room.id, ALL, T)]
        self.live, self.over = self.account.open_session(room, T + 1), self.account.open_session(room, T + 100)
        self._join(self.live, "P1", T + 1)
        two = self._join(self.live, "P2", T + 10)
        self._join(self.live, "P3", T + 20)
        self.account.leave(self.live, two, T + 30)
        self._join(self.over, "P4", T + 100)
        self.account.end(self.over, T + 160)
        hello = message(T, "🔔 ada subscribed this channel to sessions")
        one = card(self.live, T + 2, "🟢 Live · Room · 2 in now, 3 in all · peak 3")
        other = card(self.over, T + 101, "⚪ Ended · Room\n1 person, peak 1 at 16:00")
        said = ["P2 joined · 2", "P3 joined · 3", "P2 left · 2"]
        self.replies = [message(T + 11 + 10 * n, f"👥 {each} in now", one.ts) for n, each in enumerate(said)]
        self.messages = [hello, one, *self.replies, other]
        self.first = {each.ts: each for each in self.messages}

    def _join(self, session: Session, name: str, at: float) -> Peer:
        return self.account.join(session, name=name, role="guest", user_id=name, at=at)

    def check(self) -> Findings:
        return check(self.account, self.asked, {"ops": self.messages}, self.first)

    def show(self, added: Message) -> None:
        self.messages.append(added)
        self.first[added.ts] = added


def message(at: float, text: str, thread_ts: str | None = None, **more: object) -> Message:
    metadata = {"event_type": "sessions_bot", "event_payload": {"key": f"{at} {text}"}}
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}]
    return Message(f"{at:.6f}", "C1", "U1", text, blocks, thread_ts=thread_ts, metadata=metadata, bot_id="B1")


def card(session: Session, at: float, text: str) -> Message:
    button = {"type": "button", "action_id": "sessions.show", "value": f"1|{session.id}"}
    return message(at, text, accessory=button)


def test_what_is_right() -> None:
    assert Shown().check().good


def test_a_session_that_was_live_before_may_get_its_card_later() -> None:
    shown = Shown()
    shown.asked = [Asked("ops", shown.asked[0].room_id, ALL, T + 50)]
    _cards_crossed(shown)
    assert shown.check().disorder == []


def _no_card(shown: Shown) -> None:
    del shown.messages[-1]


def _no_hello(shown: Shown) -> None:
    del shown.messages[0]


def _no_reply(shown: Shown) -> None:
    shown.messages.remove(shown.replies[1])


def _not_left(shown: Shown) -> None:
    shown.messages.remove(shown.replies[2])


def _same_key(shown: Shown) -> None:
    shown.messages.append(shown.messages[0])


def _second_card(shown: Shown) -> None:
    shown.show(card(shown.live, T + 200, "🟢 Live · Room · 2 in now, 3 in all · peak 3"))


def _second_line(shown: Shown) -> None:
    shown.show(message(T + 200, f"*11 sessions opened*\n1 ⚪ Ended · Room · session {shown.over.id}"))


def _second_reply(shown: Shown) -> None:
    shown.show(message(T + 200, "👥 P3 joined · 2 in now", shown.messages[1].ts))


def _cards_crossed(shown: Shown) -> None:
    later = card(shown.live, T + 180, shown.messages[1].plain)
    shown.messages = [shown.messages[0], shown.messages[-1], later]
    shown.first[later.ts] = later


def _replies_crossed(shown: Shown) -> None:
    shown.messages[2], shown.messages[3] = shown.messages[3], shown.messages[2]


def _stale_card(shown: Shown) -> None:
    shown.messages[1] = card(shown.live, T + 2, "🟢 Live · Room · 3 in now, 3 in all · peak 3")


def _stale_summary(shown: Shown) -> None:
    shown.messages[-1] = card(shown.over, T + 101, "⚪ Ended · Room\n2 people, peak 1 at 16:00")


def _still_live(shown: Shown) -> None:
    shown.messages[-1] = card(shown.over, T + 101, "🟢 Live · Room · 1 in now, 1 in all · peak 1")


def _unasked(shown: Shown) -> None:
    other = shown.account.open_session(shown.account.add_room("Other"), T + 50)
    shown.show(card(other, T + 51, "🟢 Live · Other · nobody yet · peak 0"))


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        *((spoil, "lost") for spoil in (_no_card, _no_hello, _no_reply, _not_left)),
        *((spoil, "twice") for spoil in (_same_key, _second_card, _second_line, _second_reply)),
        *((spoil, "disorder") for spoil in (_cards_crossed, _replies_crossed)),
        *((spoil, "wrong") for spoil in (_stale_card, _stale_summary, _still_live, _unasked)),
    ],
)
def test_what_is_not(spoil: Callable[[Shown], None], kind: str) -> None:
    shown = Shown()
    spoil(shown)
    assert getattr(shown.check(), kind)
