"""The checker finds what is put in front of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from bot.demo.fake_hms import Account, Peer, Session
from bot.demo.fake_slack import Message
from tests.chaos.checker import Asked, Findings, check
from tests.chaos.digests import Due
from tests.chaos.keys import key_of
from tests.chaos.neighbour import astray
from tests.chaos.silence import Silence
from tests.chaos.span import Span

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
        self.card = card(self.over, T + 101, "⚪ Ended · Room\n1 person, peak 1 at 16:00")
        said = ["P2 joined · 2", "P3 joined · 3", "P2 left · 2"]
        self.replies = [message(T + 11 + 10 * n, f"👥 {each} in now", one.ts) for n, each in enumerate(said)]
        self.messages = [hello, one, *self.replies, self.card]
        self.first = {each.ts: each for each in self.messages}
        self.silences: list[Silence] = []
        self.queued: dict[str, float] = {}
        self.due = Due("T1", "C1", 3, date(2025, 11, 24), T + 300)
        self.digest = digest(self.due, sessions=2, people=4, minutes=11, peak=3)
        self.show(self.digest)

    def _join(self, session: Session, name: str, at: float) -> Peer:
        return self.account.join(session, name=name, role="guest", user_id=name, at=at)

    def check(self) -> Findings:
        shown = {"ops": self.messages}
        return check(
            self.account, self.asked, shown, self.first, silences=self.silences, dues=[self.due], queued=self.queued
        )

    def hush(self, since: float, until: float, *, replies: bool = False) -> None:
        """The channel, for that time."""
        self.silences.append(Silence("ops", Span(since, since, until, until), replies=replies))

    def swap(self, new: Message) -> None:
        """In place of the summary."""
        self.messages[self.messages.index(self.card)] = new

    def show(self, added: Message) -> None:
        self.messages.append(added)
        self.first[added.ts] = added


def message(at: float, text: str, thread_ts: str | None = None, key: str = "", **more: object) -> Message:
    metadata = {"event_type": "sessions_bot", "event_payload": {"key": key or f"{at} {text}"}}
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}]
    return Message(f"{at:.6f}", "C1", "U1", text, blocks, thread_ts=thread_ts, metadata=metadata, bot_id="B1")


def card(session: Session, at: float, text: str) -> Message:
    button = {"type": "button", "action_id": "sessions.show", "value": f"1|{session.id}"}
    return message(at, text, accessory=button)


def digest(due: Due, *, sessions: int, people: int, minutes: float, peak: int) -> Message:
    lines = [
        "📊 Daily digest · Mon 24 Nov",
        "All sessions",
        f"*{sessions}* sessions",
        f"*{people}* people",
        f"*{minutes:.0f}* participant-minutes",
        f"*{peak}* people at once, at 16:00",
    ]
    return message(due.end + 6, "\n".join(lines), key=due.key)


def recap(at: float, session: Session) -> Message:
    return message(
        at,
        f"*1 session is live* that you didn't hear of while it was quiet here.\n1 🟢 Live · Room · session {session.id}",
    )


def test_what_is_right() -> None:
    assert Shown().check().good


def test_a_session_that_was_live_before_may_get_its_card_later() -> None:
    shown = Shown()
    shown.asked = [Asked("ops", shown.asked[0].room_id, ALL, T + 50)]
    _cards_crossed(shown)
    assert shown.check().disorder == []


def test_what_opens_in_a_silence_stands_in_the_recap() -> None:
    shown = _hushed()
    shown.show(recap(T + 100, shown.live))
    assert shown.check() == Findings()


def test_what_ends_in_a_silence_is_not_told() -> None:
    shown = Shown()
    shown.hush(T + 40, T + 45)  # that another was over long before changes nothing
    shown.hush(T + 90, T + 170)
    shown.messages.remove(shown.card)
    assert shown.check() == Findings()


def test_who_comes_in_a_silence_is_not_told() -> None:
    shown = Shown()
    shown.hush(T + 5, T + 70, replies=True)
    for reply in shown.replies:
        shown.messages.remove(reply)
    assert shown.check() == Findings()


def test_what_was_queued_before_a_silence_may_come() -> None:
    shown = Shown()
    assert shown.card.metadata
    shown.queued[shown.card.metadata["event_payload"]["key"]] = T + 100.5
    shown.hush(T + 100.7, T + 200)
    assert shown.check() == Findings()


def test_a_digest_that_may_come_need_not() -> None:
    shown = Shown()
    shown.due = replace(shown.due, must=False)
    shown.messages.remove(shown.digest)
    assert shown.check() == Findings()


@pytest.mark.parametrize("quietly", [True, False])
def test_a_digest_of_nothing(quietly: bool) -> None:
    shown = Shown()
    empty = shown.account.add_room("Empty")
    shown.due = replace(shown.due, room_id=empty.id, quietly=quietly)
    shown.messages.remove(shown.digest)
    assert bool(shown.check().lost) is not quietly
    shown.show(message(T + 306, "*📊 Daily digest · Mon 24 Nov*: no sessions", key=shown.due.key))
    assert bool(shown.check().wrong) is quietly


def _hushed() -> Shown:
    """The live session opened in a silence."""
    shown = Shown()
    _no_recap(shown)
    return shown


def _no_recap(shown: Shown) -> None:
    shown.hush(T + 0.5, T + 90)
    shown.messages = [each for each in shown.messages if each not in (shown.messages[1], *shown.replies)]


def _no_recap_of_what_ended_later(shown: Shown) -> None:
    shown.hush(T + 90, T + 105)
    shown.messages.remove(shown.card)


def _second_recap(shown: Shown) -> None:
    shown.hush(T + 0.5, T + 90)
    text = "*1 session has ended* while it was quiet here."
    shown.show(message(T + 95, text))
    shown.show(message(T + 97, text))


def _recap_of_nothing(shown: Shown) -> None:
    shown.show(recap(T + 200, shown.account.open_session(shown.account.rooms[shown.live.room_id], T + 60)))


def _recap_counts_too_many(shown: Shown) -> None:
    shown.hush(T + 90, T + 170)
    shown.messages.remove(shown.card)
    shown.show(message(T + 171, "*2 sessions have ended* while it was quiet here."))


def _recap_of_another(shown: Shown) -> None:
    shown.hush(T + 90, T + 170)
    shown.messages.remove(shown.card)
    late = shown.account.open_session(shown.account.rooms[shown.live.room_id], T + 190)
    shown.show(recap(T + 191, late))


def _recap_in_another_silence(shown: Shown) -> None:
    shown.hush(T + 90, T + 170)
    shown.hush(T + 165, T + 300)
    shown.messages.remove(shown.card)
    shown.show(message(T + 171, "*1 session has ended* while it was quiet here."))


def _card_in_a_silence(shown: Shown) -> None:
    shown.hush(T + 90, T + 300)


def _reply_in_a_silence(shown: Shown) -> None:
    shown.hush(T + 5, T + 15)


def _reply_without_threads(shown: Shown) -> None:
    shown.hush(T + 5, T + 15, replies=True)


def _list_in_a_silence(shown: Shown) -> None:
    shown.hush(T + 150, T + 300)
    late = shown.account.open_session(shown.account.rooms[shown.live.room_id], T + 160)
    shown.show(message(T + 200, f"*11 sessions opened*\n1 🟢 Live · Room · session {late.id}"))


def _announced_and_listed(shown: Shown) -> None:
    shown.hush(T + 90, T + 95)
    shown.show(recap(T + 96, shown.live))


def _no_digest(shown: Shown) -> None:
    shown.messages.remove(shown.digest)


def _second_digest(shown: Shown) -> None:
    shown.messages.append(shown.digest)


def _digest_of_a_skipped_date(shown: Shown) -> None:
    before = replace(shown.due, day=date(2025, 11, 23), end=T + 300 - 86_400)
    shown.show(digest(before, sessions=0, people=0, minutes=0, peak=0))


def _other_figures(**figures: float) -> Callable[[Shown], None]:
    def spoil(shown: Shown) -> None:
        _no_digest(shown)
        right = {"sessions": 2, "people": 4, "minutes": 11, "peak": 3}
        shown.show(digest(shown.due, **{**right, **figures}))  # type: ignore[arg-type]

    return spoil


def _wrongly_late(shown: Shown) -> None:
    shown.queued[shown.due.key] = T + 2_000


def _skipped_and_not_said(shown: Shown) -> None:
    shown.due = replace(shown.due, skipped=2)


def _elsewhere(shown: Shown) -> None:
    _no_digest(shown)
    shown.show(replace(shown.digest, channel="C2"))


def _no_card(shown: Shown) -> None:
    shown.messages.remove(shown.card)


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
    shown.messages = [shown.messages[0], shown.card, later]
    shown.first[later.ts] = later


def _replies_crossed(shown: Shown) -> None:
    shown.messages[2], shown.messages[3] = shown.messages[3], shown.messages[2]


def _stale_card(shown: Shown) -> None:
    shown.messages[1] = card(shown.live, T + 2, "🟢 Live · Room · 3 in now, 3 in all · peak 3")


def _stale_summary(shown: Shown) -> None:
    shown.swap(card(shown.over, T + 101, "⚪ Ended · Room\n2 people, peak 1 at 16:00"))


def _still_live(shown: Shown) -> None:
    shown.swap(card(shown.over, T + 101, "🟢 Live · Room · 1 in now, 1 in all · peak 1"))


def _unasked(shown: Shown) -> None:
    other = shown.account.open_session(shown.account.add_room("Other"), T + 50)
    shown.show(card(other, T + 51, "🟢 Live · Other · nobody yet · peak 0"))


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        *((spoil, "lost") for spoil in (_no_card, _no_hello, _no_reply, _not_left, _no_recap, _no_digest)),
        *((spoil, "twice") for spoil in (_same_key, _second_card, _second_line, _second_reply, _second_digest)),
        (_no_recap_of_what_ended_later, "lost"),
        *((spoil, "twice") for spoil in (_second_recap, _recap_of_nothing, _announced_and_listed)),
        *((spoil, "disorder") for spoil in (_cards_crossed, _replies_crossed)),
        *((spoil, "wrong") for spoil in (_stale_card, _stale_summary, _still_live, _unasked)),
        *((spoil, "wrong") for spoil in (_card_in_a_silence, _reply_in_a_silence, _reply_without_threads)),
        *((spoil, "wrong") for spoil in (_list_in_a_silence, _digest_of_a_skipped_date, _wrongly_late)),
        *((spoil, "wrong") for spoil in (_skipped_and_not_said, _elsewhere, _recap_counts_too_many)),
        *((spoil, "wrong") for spoil in (_recap_of_another, _recap_in_another_silence)),
        *((_other_figures(**{name: 5}), "wrong") for name in ("sessions", "people", "minutes", "peak")),
    ],
)
def test_what_is_not(spoil: Callable[[Shown], None], kind: str) -> None:
    shown = Shown()
    spoil(shown)
    assert getattr(shown.check(), kind)


def test_what_is_in_another_workspace() -> None:
    card = Shown().card
    teams = {key_of(card.metadata): "T2"}
    assert astray("T1", [card], teams) and not astray("T2", [card], teams)
