"""What each channel is told: a table for single cases, a state machine for whole lives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.core.card import Card
from bot.core.diff import Change, diff, missing, track
from bot.core.hush import Hush
from bot.core.mute import Mute
from bot.core.parse import parse
from bot.core.quiet import read_quiet
from bot.core.route import ROLL_UP_OVER, Edit, Post, Recap, Reply, RollUp, Task, release, route
from bot.core.session import Peer, Session
from bot.core.subscription import Subscription, kinds_of
from bot.core.tracked import Tracked

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
HOUR = 3_600_000
ROOMS = ("a" * 24, "b" * 24)
LOUD = Hush((), {}, (), NOW)


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
    return route(changes, [subscription(line)], [card] if card else [], NOW, LOUD)


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
    cards, sent = route(diff({}, [session("ann")]), [only_end, grown], [], NOW, LOUD)
    assert (cards[0].status, cards[0].known, sent) == ("silent", {1}, [])
    known = {session().id: track(session("ann"), 0)}
    cards, sent = route(diff(known, [session("ann", "bob")]), [only_end, grown], cards, NOW, LOUD)
    assert cards[0].status == "live" and isinstance(sent[0], Post)


def test_what_stood_in_a_list_may_come_to_match_another() -> None:
    many = [session("ann", number=number) for number in range(1, ROLL_UP_OVER + 2)]
    every, grown = subscription("", number=1), subscription("peers:>=2", number=2)
    cards, sent = route(diff({}, many), [every, grown], [], NOW, LOUD)
    assert len(sent) == 1 and cards[0].known == {1}
    known = {each.id: track(each, 0) for each in many}
    cards, sent = route(diff(known, [session("ann", "bob", number=1)]), [every, grown], cards[:1], NOW, LOUD)
    assert isinstance(sent[0], Post) and cards[0].gen == 1


def test_what_opens_while_somebody_subscribes_is_told() -> None:
    younger, older = session("ann"), session("ann")
    for minutes_ago, posted in ((60, True), (0, False)):
        made = [subscription("", minutes_ago=minutes_ago)]
        _, sent = route([Change(younger, same=True)], made, [], NOW, LOUD)
        assert bool(sent) is posted
    card = Card("T1", "C1", older.id, "silent", known=frozenset((1,)))  # it was counted as live then
    assert route([Change(older, same=True)], [subscription("", minutes_ago=60)], [card], NOW, LOUD) == ([], [])


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
    cards, sent = route([same], waiting, [], NOW, LOUD)
    assert [each.status for each in cards] == ["live"] and isinstance(sent[0], Post)
    assert route([same], waiting, cards, NOW, LOUD) == ([], [])


def test_two_subscriptions_of_a_channel_are_one_card() -> None:
    both = [subscription("on:join"), subscription(f"room:{ROOMS[0]}")]
    cards, sent = route(diff({}, [session("ann")]), both, [], NOW, LOUD)
    assert len(cards) == len(sent) == 1


@pytest.mark.parametrize("count", [ROLL_UP_OVER, ROLL_UP_OVER + 1, 60])
def test_a_storm_is_one_message(count: int) -> None:
    many = [session("ann", number=number, active=number % 3 > 0) for number in range(1, count + 1)]
    subscriptions = [subscription(""), subscription(f"room:{ROOMS[1]}", "C2"), subscription("on:join", "C3")]
    cards, sent = route(diff({}, many), subscriptions, [], NOW, LOUD)
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
        kept, tasks = route(diff(known, seen), subscriptions, cards.values(), NOW, LOUD)
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
        cards, _ = route(diff({}, some), [first, other], [], NOW, LOUD)
        assert {each.status for each in cards} == {"listed" if len(some) > 1 else "live"}
        assert {each.known for each in cards} == {frozenset((1,))}
    cards, _ = route(
        diff({many[0].id: track(many[0], 0)}, [session("ann", "bob", number=0)]), [second], cards, NOW, LOUD
    )
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
        self.hush = LOUD
        self.hushed: set[tuple[str, str]] = set()  # (channel, session) at the last poll
        self.missed: set[tuple[str, str]] = set()  # those that ended in a hush
        self.alone: set[tuple[str, str]] = set()  # those that ended at the last poll in a mute of their own
        self.over: set[tuple[str, str]] = set()
        self.announced: set[tuple[str, str]] = set()  # in a list, and live since
        self.owed: set[tuple[str, str]] = set()  # those of C1 whose end is to be told when the hush is over

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

    @rule(channel=SET, line=st.sampled_from(["", f"room:{ROOMS[0]}", "peers:<2"]), hours=hours)
    def mute(self, channel: str, line: str, hours: int) -> None:
        self._mute(channel, line, "", hours)

    @rule(channel=SET, hours=hours, data=st.data())
    def mute_session(self, channel: str, hours: int, data: st.DataObject) -> None:
        if each := self._pick(data, active=True):
            self._mute(channel, "", each.id, hours)

    def _mute(self, channel: str, line: str, session_id: str, hours: int) -> None:
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
        self.hush = Hush(self.mutes, {key: [NIGHTS] for key in self.quiet}, self.unthreaded, self.now)
        before = [card for card in self.cards.values() if card.session_id in ids]
        cards, tasks = route(changes, SUBSCRIPTIONS, before, self.now, self.hush)
        self.cards |= {card.place: card for card in cards}
        held = [card for card in self.cards.values() if card.hushed_ms]
        live = {each.id: each for each in seen if each.active}
        cards, released = release(held, live, {}, SUBSCRIPTIONS, self.now, self.hush)
        self.cards |= {card.place: card for card in cards}
        self.known |= {each.id: track(each, 0) for each in seen}
        hushed = {(channel, each.id) for channel in CHANNELS for each in seen if self._hushed(channel, each)}
        ended = {(channel, each.id) for channel in CHANNELS for each in seen if not each.active}
        self.missed |= (hushed | self.hushed) & ended
        carded = {(channel, session_id) for channel, session_id, _ in self.shown.values()}
        ends = [change.session for change in changes if change.ended]
        self.alone = {(channel, each.id) for channel in CHANNELS for each in ends if self.hush.alone(channel, each)}
        self.owed |= ({("C1", each.id) for each in ends} & hushed) - carded - self.alone
        self.owed &= ended
        self.hushed = hushed
        assert len({task.channel_id for task in released if isinstance(task, Recap)}) == len(released)
        for task in (*tasks, *released):
            self._receive(task)
        told = {(channel, session_id) for channel, session_id, _ in self.shown.values()} | self.over | self.missed
        assert {place for place in self.announced & ended if place[0] == "C1"} <= told, "no end told"
        assert self.hush.holds("C1") or "C1" not in {channel for channel, _ in self.owed}, "no end told after the hush"
        self.announced -= ended
        assert diff(self.known, seen) == []
        assert not any(isinstance(task, Post) for task in released)
        self.check()

    def _hushed(self, channel: str, each: Session) -> bool:
        return self.hush.until_ms(channel, each) is not None

    def _receive(self, task: Task) -> None:
        if isinstance(task, RollUp | Recap):
            live = task.opened if isinstance(task, RollUp) else task.live
            places = {(task.channel_id, each.id) for each in live}
            over = {(task.channel_id, each.id) for each in task.ended} if isinstance(task, RollUp) else set()
            if isinstance(task, Recap):
                missed = sum(channel == task.channel_id for channel, _ in self.missed)
                assert task.ended <= missed
                assert live or (task.ended and task.channel_id != "C2"), "C2 asks for no ends"
                self.owed = {place for place in self.owed if place[0] != task.channel_id}
                assert not places & self.announced, "listed twice"
                assert not places & {(channel, session_id) for channel, session_id, _ in self.shown.values()}
            assert all(self.sessions[each.id].active for each in live)
            assert not (places | over) & self.hushed, "listed while hushed"
            self.announced |= places
            self.listed |= places | over
            self.over |= over
            return
        place = task.card.place
        if isinstance(task, Post):
            assert task.card.key not in self.shown, "posted twice"
            assert place not in {(channel, session_id) for channel, session_id, _ in self.shown.values()}, (
                "two messages"
            )
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
        shown = {(channel, session_id) for channel, session_id, _ in self.shown.values()}
        told = shown | self.listed
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
        assert all(bool(card.hushed_ms) <= (card.gen == 0) for card in self.cards.values())

    @invariant()
    def only_wanted_threads(self) -> None:
        assert set(self.in_thread) <= {"C2", "C5"}


Lives.TestCase.settings = settings(max_examples=300, stateful_step_count=40)
TestLives = Lives.TestCase
