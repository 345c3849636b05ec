"""What each channel is told: a table for single cases, a state machine for whole lives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.core.card import Card
from bot.core.diff import Change, diff, missing, track
from bot.core.parse import parse
from bot.core.route import ROLL_UP_OVER, Edit, Post, Reply, RollUp, Task, route
from bot.core.session import Peer, Session
from bot.core.subscription import Subscription, kinds_of
from bot.core.tracked import Tracked

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
ROOMS = ("a" * 24, "b" * 24)


def subscription(line: str, channel: str = "C1", number: int = 1, minutes_ago: int = 0) -> Subscription:
    query = parse(line, scope="subscribe")
    created_ms = int((NOW - timedelta(minutes=minutes_ago)).timestamp() * 1000)
    return Subscription("T1", channel, query.without("on"), kinds_of(query), "U1", created_ms, number)


def session(*people: str, number: int = 1, active: bool = True, room: str = ROOMS[0], role: str = "guest") -> Session:
    started = NOW - timedelta(minutes=30) + timedelta(seconds=number)
    peers = {name: Peer(name=name, role=role, user_id=name, joined_at=started) for name in people}
    return Session(f"{number:024x}", room, active, peers, started, None if active else NOW)


def told(before: Session | None, after: Session, line: str, card: Card | None = None) -> tuple[list[Card], list[Task]]:
    known = {before.id: track(before, 0)} if before else {}
    changes = diff(known, [after])
    return route(changes, [subscription(line)], [card] if card else [], NOW)


def card(status: str, gen: int = 1) -> Card:
    known = frozenset((1,)) if gen == 0 else frozenset[int]()
    return Card("T1", "C1", session().id, status, gen, known=known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "line", "had", "status", "tasks"),
    [
        (None, session("ann"), "", None, "live", [Post]),
        (None, session("ann"), f"room:{ROOMS[1]}", None, None, []),
        (None, session("ann"), "on:end", None, "silent", []),
        (None, session("ann"), "on:join", None, "live", [Post]),
        (None, session("ann", active=False), "", None, "closed", [Post]),
        (None, session("ann", active=False), "on:join", None, "closed", []),
        (session("ann"), session("ann", "bob"), "", card("live"), "live", [Edit]),
        (session("ann"), session("ann", "bob"), "on:join", card("live"), "live", [Edit, Reply]),
        (session("ann"), session("ann", "bob"), "on:leave", card("live"), "live", [Edit]),
        (session("ann"), session(), "on:leave", card("live"), "live", [Edit, Reply]),
        (session("ann"), session("ann", active=False), "", card("live"), "closed", [Edit]),
        (session("ann"), session("ann", active=False), f"room:{ROOMS[1]}", card("live"), "closed", [Edit]),
        (session("ann", active=False), session("ann"), "", card("closed"), "live", [Edit]),
        (session("ann", active=False), session("ann"), "", card("closed", 0), "live", [Post]),
        # live when the subscription was made
        (session("ann"), session("ann", "bob"), "", card("silent", 0), None, []),
        (session("ann"), session("ann", active=False), "", card("silent", 0), "closed", [Post]),
        (session("ann"), session("ann", active=False), "on:start", card("silent", 0), "closed", []),
        (session("ann"), session("ann", "bob"), "", None, "silent", []),
        # it comes to match
        (session("ann"), session("ann", "bob"), "peers:>=2", None, "live", [Post]),
        (session("ann"), session("ann", "bob"), "peers:>=3", None, None, []),
        (session("ann", "bob"), session("ann"), "peers:>=2", card("live"), "live", [Edit]),
    ],
)
def test_each_change(
    before: Session | None, after: Session, line: str, had: Card | None, status: str | None, tasks: list[type]
) -> None:
    cards, sent = told(before, after, line, had)
    assert [type(task) for task in sent] == tasks
    assert [each.status for each in cards] == ([status] if status else [])


def test_each_subscription_has_its_own_start() -> None:
    """What one was told of silently may still be announced by another."""
    only_end, grown = subscription("on:end", number=1), subscription("peers:>=2 on:start", number=2)
    cards, sent = route(diff({}, [session("ann")]), [only_end, grown], [], NOW)
    assert (cards[0].status, cards[0].known, sent) == ("silent", {1}, [])
    known = {session().id: track(session("ann"), 0)}
    cards, sent = route(diff(known, [session("ann", "bob")]), [only_end, grown], cards, NOW)
    assert cards[0].status == "live" and isinstance(sent[0], Post)


def test_what_stood_in_a_list_may_come_to_match_another() -> None:
    many = [session("ann", number=number) for number in range(1, ROLL_UP_OVER + 2)]
    every, grown = subscription("", number=1), subscription("peers:>=2", number=2)
    cards, sent = route(diff({}, many), [every, grown], [], NOW)
    assert len(sent) == 1 and cards[0].known == {1}
    known = {each.id: track(each, 0) for each in many}
    cards, sent = route(diff(known, [session("ann", "bob", number=1)]), [every, grown], cards[:1], NOW)
    assert isinstance(sent[0], Post) and cards[0].gen == 1


def test_what_opens_while_somebody_subscribes_is_told() -> None:
    younger, older = session("ann"), session("ann")
    for minutes_ago, posted in ((60, True), (0, False)):
        made = [subscription("", minutes_ago=minutes_ago)]
        _, sent = route([Change(younger, same=True)], made, [], NOW)
        assert bool(sent) is posted
    card = Card("T1", "C1", older.id, "silent", known=frozenset((1,)))  # it was counted as live then
    assert route([Change(older, same=True)], [subscription("", minutes_ago=60)], [card], NOW) == ([], [])


def test_one_that_comes_back_after_subscribing_is_news() -> None:
    _, sent = told(session(active=False), session("ann"), "")
    assert isinstance(sent[0], Post)


def test_another_role_or_another_visit_is_a_change() -> None:
    before = {session().id: track(session("ann"), 0)}
    (change,) = diff(before, [session("ann", role="host")])
    assert (change.joined, change.left) == ((), ())
    visited = session("ann")
    gone = Peer(name="Bob", user_id="bob", joined_at=NOW, left_at=NOW)
    between = Session(visited.id, visited.room_id, True, {**visited.peers, "bob": gone}, visited.created_at)  # type: ignore[dict-item]
    (change,) = diff(before, [between])
    assert (change.joined, change.left) == ((), ())


def test_nothing_changed_is_nothing_told() -> None:
    assert diff({session("ann").id: track(session("ann"), 0)}, [session("ann")]) == []
    assert diff({}, []) == []


def test_a_session_that_comes_back_is_counted_on_its_card() -> None:
    closed = card("closed")
    cards, sent = told(session(active=False), session("ann"), "", closed)
    assert cards[0].reopened == 1 and cards[0].key == closed.key and isinstance(sent[0], Edit)


def test_only_what_is_missing_is_asked_for() -> None:
    known = {
        each.id: track(each, 0) for each in (session(number=1), session(number=2), session(number=3, active=False))
    }
    assert missing(known, {session(number=2).id}) == [session(number=1).id]


def test_longer_is_noticed_without_a_change() -> None:
    same = Change(session("ann"), same=True)
    waiting = [subscription("longer:10m")]
    cards, sent = route([same], waiting, [], NOW)
    assert [each.status for each in cards] == ["live"] and isinstance(sent[0], Post)
    assert route([same], waiting, cards, NOW) == ([], [])


def test_two_subscriptions_of_a_channel_are_one_card() -> None:
    both = [subscription("on:join"), subscription(f"room:{ROOMS[0]}")]
    cards, sent = route(diff({}, [session("ann")]), both, [], NOW)
    assert len(cards) == len(sent) == 1


@pytest.mark.parametrize("count", [ROLL_UP_OVER, ROLL_UP_OVER + 1, 60])
def test_a_storm_is_one_message(count: int) -> None:
    many = [session("ann", number=number, active=number % 3 > 0) for number in range(1, count + 1)]
    subscriptions = [subscription(""), subscription(f"room:{ROOMS[1]}", "C2"), subscription("on:join", "C3")]
    cards, sent = route(diff({}, many), subscriptions, [], NOW)
    here = [task for task in sent if (task.channel_id if isinstance(task, RollUp) else task.card.channel_id) == "C1"]
    if count <= ROLL_UP_OVER:
        assert [type(task) for task in here] == [Post] * count
        return
    assert len(here) == 1 and isinstance(here[0], RollUp)
    assert [each.id for each in many if each.active] == [each.id for each in here[0].opened]
    assert [each.id for each in many if not each.active] == [each.id for each in here[0].ended]
    assert {each.status for each in cards if each.channel_id == "C1"} == {"listed", "closed"}
    assert all(each.gen == 0 for each in cards if each.channel_id == "C1")


def test_a_storm_that_has_been_listed_is_not_listed_again() -> None:
    """Sessions that a channel knew without a message, and that come to match another of its subscriptions."""
    subscriptions = [subscription("on:end", number=1), subscription("peers:>=2 on:start,join", number=2)]
    known: dict[str, Tracked] = {}
    cards: dict[str, Card] = {}
    told = []
    for people in range(1, 6):
        names = [f"p{place}" for place in range(people)]
        seen = [session(*names, number=number) for number in range(ROLL_UP_OVER + 2)]
        kept, tasks = route(diff(known, seen), subscriptions, cards.values(), NOW)
        cards |= {each.session_id: each for each in kept}
        known = {each.id: track(each, 0) for each in seen}
        told.append([type(task) for task in tasks])
    assert told == [[], [RollUp], [], [], []]


@pytest.mark.parametrize(("line", "tasks"), [("on:join", [Post, Reply]), ("on:leave", []), ("on:start,end", [])])
def test_who_joins_a_session_that_was_live_before_is_told(line: str, tasks: list[type]) -> None:
    _, sent = told(session("ann"), session("ann", "bob"), line, card("silent", 0))
    assert [type(task) for task in sent] == tasks
    if tasks:
        assert isinstance(sent[0], Post) and isinstance(sent[1], Reply) and sent[0].card == sent[1].card


def test_a_card_knows_the_subscriptions_that_it_is_for() -> None:
    """Also one that came later, and those of a storm's list."""
    many = [session("ann", number=number) for number in range(ROLL_UP_OVER + 1)]
    first, second, other = (subscription(line, number=n) for n, line in ((1, ""), (2, "on:end"), (3, "role:host")))
    for some in (many, many[:1]):
        cards, _ = route(diff({}, some), [first, other], [], NOW)
        assert {each.status for each in cards} == {"listed" if len(some) > 1 else "live"}
        assert {each.known for each in cards} == {frozenset((1,))}
    cards, _ = route(diff({many[0].id: track(many[0], 0)}, [session("ann", "bob", number=0)]), [second], cards, NOW)
    assert [each.known for each in cards] == [frozenset((1, 2))]


SUBSCRIPTIONS = [
    subscription("", "C1"),
    subscription(f"room:{ROOMS[0]} on:start,join,leave", "C2"),
    subscription("on:end", "C3"),
    subscription("peers:>=2", "C4"),
    subscription("on:start", "C4"),
    subscription("on:end", "C5"),
    subscription("peers:>=2 on:start,join", "C5", number=2),
]


class Lives(RuleBasedStateMachine):
    """Sessions live at will, are polled now and then, and a channel shows what it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, Session] = {}
        self.known: dict[str, Tracked] = {}
        self.cards: dict[tuple[str, str], Card] = {}
        self.shown: dict[str, tuple[str, str, Session]] = {}  # by key: channel, session id, state
        self.listed: set[tuple[str, str]] = set()
        self.in_thread: dict[str, int] = {}
        self.people = 0

    def _set(self, each: Session) -> None:
        self.sessions[each.id] = each

    @rule(room=st.sampled_from(ROOMS), size=st.integers(0, 3), many=st.booleans())
    def open(self, room: str, size: int, many: bool) -> None:
        for _ in range(ROLL_UP_OVER + 2 if many else 1):
            self.people += size
            names = [f"p{self.people - place}" for place in range(size)]
            self._set(session(*names, number=len(self.sessions) + 1, room=room))

    @rule(data=st.data())
    def join(self, data: st.DataObject) -> None:
        each = self._pick(data, active=True)
        if each:
            self.people += 1
            peers = {**each.peers, f"p{self.people}": Peer(name="x", user_id=f"p{self.people}", joined_at=NOW)}  # type: ignore[dict-item]
            self._set(Session(each.id, each.room_id, True, peers, each.created_at, None))  # type: ignore[arg-type]

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        each = self._pick(data, active=True)
        if each and each.peers:
            peers = {
                who: Peer(name=peer.name, user_id=who, joined_at=peer.joined_at, left_at=NOW)
                for who, peer in each.each_peer()
            }
            self._set(Session(each.id, each.room_id, True, peers, each.created_at, None))

    @rule(data=st.data(), active=st.booleans())
    def end_or_reopen(self, data: st.DataObject, active: bool) -> None:
        each = self._pick(data, active=not active)
        if each:
            self._set(Session(each.id, each.room_id, active, each.peers, each.created_at, NOW))

    def _pick(self, data: st.DataObject, *, active: bool) -> Session | None:
        some = [each for each in self.sessions.values() if each.active is active]
        return data.draw(st.sampled_from(some)) if some else None

    @rule()
    def poll(self) -> None:
        seen = list(self.sessions.values())
        changes = diff(self.known, seen)
        ids = {change.session.id for change in changes}
        cards, tasks = route(changes, SUBSCRIPTIONS, [c for c in self.cards.values() if c.session_id in ids], NOW)
        self.known |= {each.id: track(each, 0) for each in seen}
        for each in cards:
            self.cards[each.channel_id, each.session_id] = each
        for task in tasks:
            self._receive(task)
        assert diff(self.known, seen) == []
        self.check()

    def _receive(self, task: Task) -> None:
        if isinstance(task, RollUp):
            for each in (*task.opened, *task.ended):
                self.listed.add((task.channel_id, each.id))
        elif isinstance(task, Post):
            assert task.card.key not in self.shown, "posted twice"
            assert all(
                (task.card.channel_id, task.card.session_id) != (channel, session_id)
                for channel, session_id, _ in self.shown.values()
            ), "two messages for a session"
            self.shown[task.card.key] = (task.card.channel_id, task.card.session_id, task.session)
        elif isinstance(task, Edit):
            assert task.card.key in self.shown, "an edit of nothing"
            self.shown[task.card.key] = (task.card.channel_id, task.card.session_id, task.session)
        else:
            assert task.card.key in self.shown, "a reply to nothing"
            self.in_thread[task.card.channel_id] = self.in_thread.get(task.card.channel_id, 0) + 1

    def check(self) -> None:
        """After a poll every card says what is, and every session that concerns a channel has been told there."""
        told = {(channel, session_id) for channel, session_id, _ in self.shown.values()} | self.listed
        for _, session_id, state in self.shown.values():
            now = self.sessions[session_id]
            assert (state.active, state.people_in_count()) == (now.active, now.people_in_count())
        for each in self.sessions.values():
            assert ("C1", each.id) in told
            assert each.room_id != ROOMS[0] or not each.active or ("C2", each.id) in told
            assert each.active or ("C3", each.id) in told
            assert ("C4", each.id) in told
            assert each.room_id == ROOMS[0] or ("C2", each.id) not in told

    @invariant()
    def only_wanted_threads(self) -> None:
        assert set(self.in_thread) <= {"C2", "C5"}


Lives.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestLives = Lives.TestCase
