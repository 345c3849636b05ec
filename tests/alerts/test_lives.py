"""Each channel's news of whole lives."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import structs

from bot.alerts.catch_up import release
from bot.alerts.decide import ROLL_UP_OVER, route
from bot.alerts.notification import Edit, Notification, Post, Recap, RollUp
from bot.outbox.card import Card
from bot.query.parse import parse
from bot.sessions.diff import diff, track
from bot.sessions.model import Peer, Session
from bot.sessions.tracked import Tracked
from bot.silence.mute import Mute
from bot.silence.policy import SilencePolicy
from bot.silence.quiet_hours import read_quiet
from tests.alerts.parts import HOUR, LOUD, NOW, ROOMS, session, subscription
from tests.effort import effort

SUBSCRIPTIONS = [
    subscription("", "C1"),
    subscription(f"room:{ROOMS[0]} on:start,join,leave", "C2"),
    subscription("on:end", "C3"),
    subscription("peers:>=2", "C4"),
    subscription("on:start", "C4"),
    subscription("on:end", "C5"),
    subscription("peers:>=2 on:start,join", "C5", number=2),
]

CHANNELS = ("C1", "C2", "C3", "C4", "C5")
SET = st.sampled_from(("C1", "C2", "C5"))
"""The channels in which people set something."""
NIGHTS = read_quiet("22:00-07:00", "UTC")
hours = st.integers(1, 9)


class Lives(RuleBasedStateMachine):
    """Sessions live at will, are polled now and then, and a channel shows what it was sent. People mute channels, have
    quiet hours and turn threads off."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, Session] = {}
        self.known: dict[str, Tracked] = {}
        self.cards: dict[tuple[str, str], Card] = {}
        self.shown: dict[str, tuple[str, str, Session]] = {}  # by key: channel, session id, state
        self.listed: set[tuple[str, str]] = set()
        self.in_thread: dict[str, int] = {}
        self.people = 0
        self.now = NOW
        self.mutes: list[Mute] = []
        self.quiet: set[str] = set()
        self.unthreaded: set[str] = set()
        self.policy = LOUD
        self.hushed: set[tuple[str, str]] = set()  # (channel, session) at the last poll
        self.missed: set[tuple[str, str]] = set()  # those that ended in silence
        self.alone: set[tuple[str, str]] = set()  # those that ended at the last poll in a mute of their own
        self.over: set[tuple[str, str]] = set()
        self.announced: set[tuple[str, str]] = set()  # in a list, and live since
        self.owed: set[tuple[str, str]] = set()  # those of C1 whose end is to be told when the silence is over

    def _change(self, each: Session, **changes: Any) -> None:
        self.sessions[each.id] = structs.replace(each, **changes)

    @property
    def posted(self) -> set[tuple[str, str]]:
        return {(channel, session_id) for channel, session_id, _ in self.shown.values()}

    @rule(room=st.sampled_from(ROOMS), size=st.integers(0, 3), many=st.booleans())
    def open(self, room: str, size: int, many: bool) -> None:
        for _ in range(ROLL_UP_OVER + 2 if many else 1):
            self.people += size
            names = [f"p{self.people - place}" for place in range(size)]
            self._change(session(*names, number=len(self.sessions) + 1, room=room))

    @rule(data=st.data())
    def join(self, data: st.DataObject) -> None:
        if each := self._pick(data, active=True):
            self.people += 1
            who = f"p{self.people}"
            self._change(each, peers={**each.peers, who: Peer(name="x", user_id=who, joined_at=NOW)}, updated_at=None)

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        if each := self._pick(data, active=True):
            peers = {who: structs.replace(peer, left_at=NOW) for who, peer in each.each_peer()}
            self._change(each, peers=peers, updated_at=None)

    @rule(data=st.data(), active=st.booleans())
    def end_or_reopen(self, data: st.DataObject, active: bool) -> None:
        if each := self._pick(data, active=not active):
            self._change(each, active=active, updated_at=NOW)

    def _pick(self, data: st.DataObject, *, active: bool) -> Session | None:
        some = [each for each in self.sessions.values() if each.active is active]
        return data.draw(st.sampled_from(some)) if some else None

    @rule(channel=SET, hours=hours, data=st.data())
    def mute_session(self, channel: str, hours: int, data: st.DataObject) -> None:
        if each := self._pick(data, active=True):
            self.mute(channel, "", hours, each.id)

    @rule(channel=SET, line=st.sampled_from(["", f"room:{ROOMS[0]}", "peers:<2"]), hours=hours)
    def mute(self, channel: str, line: str, hours: int, session_id: str = "") -> None:
        now_ms = int(self.now.timestamp() * 1000)
        self.mutes.append(Mute("T1", channel, parse(line), session_id, now_ms + hours * HOUR, "U1", now_ms))

    @rule(data=st.data())
    def unmute(self, data: st.DataObject) -> None:
        if self.mutes:
            self.mutes.remove(data.draw(st.sampled_from(self.mutes)))

    @rule(channel=SET)
    def quiet_on_or_off(self, channel: str) -> None:
        self.quiet ^= {channel}

    @rule(channel=SET)
    def threads_on_or_off(self, channel: str) -> None:
        self.unthreaded ^= {channel}

    @rule(hours=hours)
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def poll(self) -> None:
        seen = list(self.sessions.values())
        changes = diff(self.known, seen)
        ids = {change.session.id for change in changes}
        self.policy = SilencePolicy(self.mutes, {key: [NIGHTS] for key in self.quiet}, self.unthreaded, self.now)
        before = [card for card in self.cards.values() if card.session_id in ids]
        cards, tasks, _ = route(changes, SUBSCRIPTIONS, before, self.now, self.policy)
        self.cards |= {card.place: card for card in cards}
        held = [card for card in self.cards.values() if card.withheld_until_ms]
        live = {each.id: each for each in seen if each.active}
        cards, released = release(held, live, {}, SUBSCRIPTIONS, self.now, self.policy)
        self.cards |= {card.place: card for card in cards}
        self.known |= {each.id: track(each, 0) for each in seen}
        everywhere = list(product(CHANNELS, seen))
        hushed = {(channel, each.id) for channel, each in everywhere if self.policy.until_ms(channel, each) is not None}
        ended = {(channel, each.id) for channel, each in everywhere if not each.active}
        self.missed |= (hushed | self.hushed) & ended
        ends = [change.session for change in changes if change.ended]
        self.alone = {(channel, each.id) for channel in CHANNELS for each in ends if self.policy.alone(channel, each)}
        self.owed |= ({("C1", each.id) for each in ends} & hushed) - self.posted - self.alone
        self.owed &= ended
        self.hushed = hushed
        assert len({task.channel_id for task in released if isinstance(task, Recap)}) == len(released)
        for task in (*tasks, *released):
            self._receive(task)
        told = self.posted | self.over | self.missed
        assert {place for place in self.announced & ended if place[0] == "C1"} <= told, "no end told"
        assert self.policy.holds("C1") or not self.owed, "no end told after the silence"
        self.announced -= ended
        assert diff(self.known, seen) == []
        assert not any(isinstance(task, Post) for task in released)
        self.check()

    def _receive(self, task: Notification) -> None:
        if isinstance(task, RollUp | Recap):
            live = task.opened if isinstance(task, RollUp) else task.live
            places = {(task.channel_id, each.id) for each in live}
            over = {(task.channel_id, each.id) for each in task.ended} if isinstance(task, RollUp) else set()
            if isinstance(task, Recap):
                missed = sum(channel == task.channel_id for channel, _ in self.missed)
                assert task.ended <= missed
                assert live or (task.ended and task.channel_id != "C2"), "C2 asks for no ends"
                self.owed -= {place for place in self.owed if place[0] == task.channel_id}
                assert not places & self.announced, "listed twice"
                assert not places & self.posted
            assert all(self.sessions[each.id].active for each in live)
            assert not (places | over) & self.hushed, "listed while hushed"
            self.announced |= places
            self.listed |= places | over
            self.over |= over
            return
        place = task.card.place
        if isinstance(task, Post):
            assert task.card.key not in self.shown, "posted twice"
            assert place not in self.posted, "two messages"
            seen = place in self.alone & self.announced  # its close, told to who saw it open in a list
            assert seen or place not in self.hushed, "posted while hushed"
            self.shown[task.card.key] = (*place, task.session)
        elif isinstance(task, Edit):
            assert task.card.key in self.shown, "an edit of nothing"
            self.shown[task.card.key] = (*place, task.session)
        else:
            assert task.card.key in self.shown, "a reply to nothing"
            assert place not in self.hushed, "replied while hushed"
            assert task.card.channel_id not in self.unthreaded, "a reply where threads are off"
            self.in_thread[task.card.channel_id] = self.in_thread.get(task.card.channel_id, 0) + 1

    def check(self) -> None:
        """After a poll every card says what is, and every session that concerns a channel has been told there, or it is
        hushed, or has ended while it was."""
        told = self.posted | self.listed
        for _, session_id, state in self.shown.values():
            now = self.sessions[session_id]
            assert (state.active, state.people_in_count()) == (now.active, now.people_in_count())
        for each in self.sessions.values():
            excused = self.hushed if each.active else self.missed
            known = {channel for channel, session_id in told | excused if session_id == each.id}
            assert "C1" in known
            assert each.room_id != ROOMS[0] or not each.active or "C2" in known
            assert each.active or "C3" in known
            assert "C4" in known
            assert each.room_id == ROOMS[0] or ("C2", each.id) not in told
        assert all(bool(card.withheld_until_ms) <= (card.gen == 0) for card in self.cards.values())

    @invariant()
    def only_wanted_threads(self) -> None:
        assert set(self.in_thread) <= {"C2", "C5"}


Lives.TestCase.settings = settings(max_examples=effort(60), stateful_step_count=40)
TestLives = Lives.TestCase
