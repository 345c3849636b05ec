"""Alerts that fire and resolve, through whole lives of sessions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.alerts.catch_up import release, still_wrong
from bot.alerts.decide import route
from bot.alerts.firing import AGAIN_MS, Firing
from bot.alerts.messages import Messages
from bot.alerts.notification import Fired, FiringTold, Notification, Post, Recap
from bot.outbox.card import Card
from bot.query.parse import parse
from bot.query.plan import matcher
from bot.query.times import ms
from bot.sessions.diff import SessionChange, diff, track
from bot.sessions.model import Peer, Session
from bot.sessions.tracked import Tracked
from bot.silence.mute import Mute
from bot.silence.policy import SilencePolicy
from tests.alerts.parts import NOW, ROOMS, subscription
from tests.effort import effort

SUBSCRIPTIONS = [
    replace(subscription("missing:host>1m", "C1", 1), notify=("U1ADA",)),
    subscription("alone:2m", "C1", 2),
    subscription("on:start,join,leave", "C2", 1),
    replace(subscription("missing:host", "C2", 2), every_s=600, notify=("S1CALL",)),
    subscription("idle:3m -role:bot", "C3", 1),
]
CHANNELS = ("C1", "C2", "C3")
KEYS = [(each.channel_id, each.number) for each in SUBSCRIPTIONS if each.fires]
channels, numbers = st.sampled_from(CHANNELS), st.integers(0, 1)


class FiringLives(RuleBasedStateMachine):
    """Two sessions live at will and are looked at whenever something happens or time passes. People mute channels,
    turn threads off, and take what fires."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.seq, self.people = NOW, 0, 0
        self.sessions: dict[int, Session] = {}
        self.known: dict[str, Tracked] = {}
        self.cards: dict[tuple[str, str], Card] = {}
        self.firings: dict[tuple[str, str, int], Firing] = {}
        self.mutes: dict[str, Mute] = {}
        self.unthreaded: set[str] = set()
        self.sent: dict[str, str] = {}  # by key, what was said
        self.told: list[Notification] = []

    @rule(number=numbers, role=st.sampled_from(("guest", "guest", "bot")))
    def join(self, number: int, role: str) -> None:
        session = self.sessions.get(number)
        if session is None:
            session = Session(f"{number + 1:024x}", ROOMS[0], True, {}, self.now)
        if not session.active:
            return
        self.people += 1
        peer = Peer(str(self.people), f"P{self.people}", role, f"p{self.people}", joined_at=self.now)
        assert isinstance(session.peers, dict)
        self._becomes(number, session, {**session.peers, str(self.people): peer})

    @rule(number=numbers, which=st.integers(0, 9))
    def leave(self, number: int, which: int) -> None:
        session = self.sessions.get(number)
        if session is None or not session.active or not isinstance(session.peers, dict):
            return
        if here := [key for key, peer in session.peers.items() if peer.left_at is None]:
            gone = session.peers[here[which % len(here)]]
            left = Peer(gone.id, gone.name, gone.role, gone.user_id, joined_at=gone.joined_at, left_at=self.now)
            self._becomes(number, session, session.peers | {str(gone.id): left})

    @rule(number=numbers)
    def host_comes_or_goes(self, number: int) -> None:
        session = self.sessions.get(number)
        peers = list(session.peers.values()) if session and isinstance(session.peers, dict) else []
        here = [place for place, peer in enumerate(p for p in peers if p.left_at is None) if peer.role == "host"]
        self.leave(number, here[0]) if here else self.join(number, "host")

    @rule(number=numbers, seldom=st.integers(0, 7))
    def end(self, number: int, seldom: int) -> None:
        session = self.sessions.get(number)
        if session is not None and session.active and not seldom:
            self.sessions[number] = Session(session.id, ROOMS[0], False, session.peers, session.created_at, self.now)
            self.look()

    @rule(seconds=st.sampled_from((1, 10, 60, 61, 120, 180, 299, 301, 600)))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.look()

    @rule(channel=channels, minutes=st.integers(1, 12))
    def mute(self, channel: str, minutes: int) -> None:
        until_ms = ms(self.now) + minutes * 60_000
        self.mutes[channel] = Mute("T1", channel, parse(""), "", until_ms, "U1", ms(self.now))

    @rule(channel=channels)
    def unmute(self, channel: str) -> None:
        self.mutes.pop(channel, None)
        self.look()

    @rule(channel=channels)
    def turn_threads(self, channel: str) -> None:
        self.unthreaded ^= {channel}

    @rule(channel=channels, number=numbers)
    def take(self, channel: str, number: int) -> None:
        for place, firing in self.firings.items():
            if place[0] == channel and place[1] == f"{number + 1:024x}" and firing.state == "fired":
                taken = replace(firing, taken_by="U1 Ada", remind_ms=0, untold="taken")
                self.firings[place] = firing if firing.taken_by else taken
        self.look()

    def look(self) -> None:
        """A complete sweep: what changed, and all else as if it were due."""
        seen = list(self.sessions.values())
        changes = diff(self.known, seen)
        changed = {change.session.id for change in changes}
        changes += [SessionChange(each) for each in seen if each.active and each.id not in changed]
        policy = SilencePolicy(self.mutes.values(), {}, self.unthreaded, self.now)
        known = dict(self.firings)
        decided = route(
            changes, SUBSCRIPTIONS, self.cards.values(), self.now, policy, firings=known.values(), seq=self.seq
        )
        self.cards |= {card.place: card for card in decided.cards}
        self.firings |= {firing.place: firing for firing in decided.firings}
        held = [card for card in self.cards.values() if card.withheld_until_ms]
        live = {each.id: each for each in seen if each.active}
        freed, recaps = release(held, live, {}, SUBSCRIPTIONS, self.now, policy)
        self.cards |= {card.place: card for card in freed}
        kept = [firing for firing in self.firings.values() if firing.state == "kept"]
        recaps, heard = still_wrong(recaps, kept, live, SUBSCRIPTIONS, ms(self.now), policy, self.seq)
        self.firings |= {firing.place: firing for firing in heard}
        self.known |= {each.id: track(each, 0) for each in seen}
        self.told = [*decided.notifications, *recaps]
        self._send()
        self._check(policy, known)
        self.seq += 1

    def _send(self) -> None:
        messages = Messages({ROOMS[0]: "Hall"}, self.seq)
        for outgoing in map(messages.outgoing, self.told):
            if outgoing.kind != "edit":
                assert outgoing.key not in self.sent, (outgoing.text, self.sent[outgoing.key])
                self.sent[outgoing.key] = outgoing.text

    def _check(self, policy: SilencePolicy, before: dict[tuple[str, str, int], Firing]) -> None:
        begun, over = list(_begun(self.told)), [each for each in self.told if isinstance(each, FiringTold)]
        for firing in begun:
            was = before.get(firing.place)
            assert policy.until_ms(firing.channel_id, self._session(firing.session_id)) is None
            assert was is None or was.state != "fired"
            if was is not None and was.state == "resolved" and was.over_ms:
                assert firing.state == "fired" and ms(self.now) - was.over_ms >= AGAIN_MS
        for reply in over:
            was = before[reply.firing.place]
            assert was.state == ("resolved" if reply.event == "again" else "fired")
            assert reply.event != "reminder" or not was.taken_by
            assert policy.threads(reply.card.channel_id) or reply.event == "reminder"

    def _session(self, session_id: str) -> Session:
        return next(each for each in self.sessions.values() if each.id == session_id)

    def _becomes(self, number: int, session: Session, peers: dict[str, Peer]) -> None:
        self.sessions[number] = Session(session.id, ROOMS[0], True, peers, session.created_at)
        self.look()

    @invariant()
    def what_is_wrong_is_known(self) -> None:
        """Each channel knows exactly what is wrong now, unless it is silent: then that is kept for it."""
        for session in self.sessions.values():
            for each in SUBSCRIPTIONS:
                if each.fires and session.id in self.known:
                    wrong = session.active and matcher(each.query, self.now)(session)
                    firing = self.firings.get((each.channel_id, session.id, each.number))
                    assert wrong == (firing is not None and firing.open)
                    silent = each.channel_id in self.mutes and self.mutes[each.channel_id].holds(ms(self.now))
                    assert firing is None or firing.state != "kept" or silent

    @invariant()
    def a_shown_card_says_what_is_wrong(self) -> None:
        for told in self.told:
            if isinstance(told, Post) and told.begun:
                assert set(told.begun) <= set(told.firings)


def _begun(told: Iterable[Notification]) -> Iterable[Firing]:
    for each in told:
        if isinstance(each, Post | Fired):
            yield from each.begun
        elif isinstance(each, Recap):
            yield from (firing for _, firing in each.wrong)


FiringLives.TestCase.settings = settings(max_examples=effort(60), stateful_step_count=40, deadline=None)
TestFiringLives = FiringLives.TestCase
