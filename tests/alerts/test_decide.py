"""Each channel's news of each change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.alerts.decide import ROLL_UP_OVER, route
from bot.alerts.notification import Edit, Notification, Post, Reply, RollUp
from bot.outbox.card import Card
from bot.sessions.diff import SessionChange, diff, missing, track
from bot.sessions.model import Peer, Session
from tests.alerts.parts import LOUD, NOW, ROOMS, Channel, card, session, subscription


def told(
    before: Session | None, after: Session, line: str, card: Card | None = None
) -> tuple[list[Card], list[Notification]]:
    known = {before.id: track(before, 0)} if before else {}
    changes = diff(known, [after])
    return route(changes, [subscription(line)], [card] if card else [], NOW, LOUD)[:2]


@pytest.mark.parametrize(
    ("before", "after", "line", "had", "status", "tasks"),
    [
        (None, session("ann"), "", None, "posted", [Post]),
        (None, session("ann"), f"room:{ROOMS[1]}", None, None, []),
        (None, session("ann"), "on:end", None, "unannounced", []),
        (None, session("ann"), "on:join", None, "posted", [Post]),
        (None, session("ann", active=False), "", None, "final", [Post]),
        (None, session("ann", active=False), "on:join", None, None, []),
        (session("ann"), session("ann", "bob"), "", card("posted"), "posted", [Edit]),
        (session("ann"), session("ann", "bob"), "on:join", card("posted"), "posted", [Edit, Reply]),
        (session("ann"), session("ann", "bob"), "on:leave", card("posted"), "posted", [Edit]),
        (session("ann"), session(), "on:leave", card("posted"), "posted", [Edit, Reply]),
        (session("ann"), session("ann", active=False), "", card("posted"), "final", [Edit]),
        (session("ann"), session("ann", active=False), f"room:{ROOMS[1]}", card("posted"), "final", [Edit]),
        (session("ann", active=False), session("ann"), "", card("final"), "posted", [Edit]),
        (session("ann", active=False), session("ann"), "", card("final", 0), "posted", [Post]),
        (session(active=False), session("ann"), "", None, "posted", [Post]),
        # live when the subscription was made
        (session("ann"), session("ann", "bob"), "", card("unannounced", 0), None, []),
        (session("ann"), session("ann", active=False), "", card("unannounced", 0), "final", [Post]),
        (session("ann"), session("ann", active=False), "on:start", card("unannounced", 0), "final", []),
        (session("ann"), session("ann", "bob"), "", None, "unannounced", []),
        # it comes to match
        (session("ann"), session("ann", "bob"), "peers:>=2", None, "posted", [Post]),
        (session("ann"), session("ann", "bob"), "peers:>=3", None, None, []),
        (session("ann", "bob"), session("ann"), "peers:>=2", card("posted"), "posted", [Edit]),
    ],
)
def test_each_change(
    before: Session | None, after: Session, line: str, had: Card | None, status: str | None, tasks: list[type]
) -> None:
    cards, sent = told(before, after, line, had)
    assert [type(task) for task in sent] == tasks
    assert [each.status for each in cards] == ([status] if status else [])


def test_each_subscription_has_its_own_start() -> None:
    """A change that one was told of silently may still be announced by another."""
    here = Channel(subscription("on:end", number=1), subscription("peers:>=2 on:start", number=2))
    assert here.poll(session("ann")) == []
    assert (here.card().status, here.card().matched) == ("unannounced", {1})
    assert here.poll(session("ann", "bob")) == [Post]
    assert here.card().status == "posted"


def test_what_stood_in_a_list_may_come_to_match_another() -> None:
    here = Channel(subscription("", number=1), subscription("peers:>=2", number=2))
    assert here.poll(*(session("ann", number=number) for number in range(1, ROLL_UP_OVER + 2))) == [RollUp]
    assert here.card().matched == {1}
    assert here.poll(session("ann", "bob")) == [Post]
    assert here.card().gen == 1


def test_what_opens_while_somebody_subscribes_is_told() -> None:
    younger, older = session("ann"), session("ann")
    for minutes_ago, posted in ((60, True), (0, False)):
        made = [subscription("", minutes_ago=minutes_ago)]
        _, sent, _ = route([SessionChange(younger)], made, [], NOW, LOUD)
        assert bool(sent) is posted
    card = Card("T1", "C1", older.id, "unannounced", matched=frozenset((1,)))  # it was counted as live then
    assert route([SessionChange(older)], [subscription("", minutes_ago=60)], [card], NOW, LOUD) == ([], [], [])


def test_another_role_or_another_visit_is_a_change() -> None:
    before = {session().id: track(session("ann"), 0)}
    assert diff(before, [session("ann")]) == diff({}, []) == []
    (change,) = diff(before, [session("ann", role="host")])
    assert (change.joined, change.left) == ((), ())
    visited = session("ann")
    gone = Peer(name="Bob", user_id="bob", joined_at=NOW, left_at=NOW)
    between = Session(visited.id, visited.room_id, True, {**visited.peers, "bob": gone}, visited.created_at)  # type: ignore[dict-item]
    (change,) = diff(before, [between])
    assert (change.joined, change.left) == ((), ())


def test_a_session_that_comes_back_is_counted_on_its_card() -> None:
    closed = card("final")
    cards, sent = told(session(active=False), session("ann"), "", closed)
    assert cards[0].reopened == 1 and cards[0].key == closed.key and isinstance(sent[0], Edit)


def test_only_what_is_missing_is_asked_for() -> None:
    seen = session(number=1), session(number=2), session(number=3, active=False)
    known = {each.id: track(each, 0) for each in seen}
    assert missing(known, {session(number=2).id}) == [session(number=1).id]


def test_longer_is_noticed_without_a_change() -> None:
    same, waiting = SessionChange(session("ann")), [subscription("longer:10m")]
    (card,), (post,), _ = route([same], waiting, [], NOW, LOUD)
    assert card.status == "posted" and isinstance(post, Post)
    assert route([same], waiting, [card], NOW, LOUD) == ([], [], [])


def test_a_session_starts_and_stops_matching() -> None:
    """It is told when it starts for the first time; that it stopped is kept, also of one without a message."""
    here = Channel(subscription("on:end", number=1), subscription("peers:>=2 on:end", number=2))
    steps = ((("ann",), {1}, set()), (("ann", "bob"), {1, 2}, set()), (("ann",), {1, 2}, {2}))
    for people, matched, stopped in (*steps, steps[1]):
        assert here.poll(session(*people)) == []
        assert (here.card().matched, here.card().stopped) == (matched, stopped)


def test_what_stops_matching_by_time_is_kept_and_says_nothing() -> None:
    wanted = [subscription("-longer:45m")]
    (card,), (post,), _ = route(diff({}, [session("ann")]), wanted, [], NOW, LOUD)
    assert isinstance(post, Post) and card.stopped == set()
    (over,), sent, _ = route([SessionChange(session("ann"))], wanted, [card], NOW + timedelta(minutes=30), LOUD)
    assert (over, sent) == (replace(card, stopped=frozenset((1,))), [])


def test_two_subscriptions_of_a_channel_are_one_card() -> None:
    here = Channel(subscription("on:join"), subscription(f"room:{ROOMS[0]}"))
    assert here.poll(session("ann")) == [Post] and len(here.cards) == 1


@pytest.mark.parametrize("count", [ROLL_UP_OVER, ROLL_UP_OVER + 1, 60])
def test_a_storm_is_one_message(count: int) -> None:
    many = [session("ann", number=number, active=number % 3 > 0) for number in range(1, count + 1)]
    subscriptions = [subscription(""), subscription(f"room:{ROOMS[1]}", "C2"), subscription("on:join", "C3")]
    cards, sent, _ = route(diff({}, many), subscriptions, [], NOW, LOUD)
    here = [task for task in sent if (task.channel_id if isinstance(task, RollUp) else task.card.channel_id) == "C1"]
    if count <= ROLL_UP_OVER:
        assert [type(task) for task in here] == [Post] * count
        return
    assert len(here) == 1 and isinstance(here[0], RollUp)
    assert [each.id for each in many if each.active] == [each.id for each in here[0].opened]
    assert [each.id for each in many if not each.active] == [each.id for each in here[0].ended]
    assert {each.status for each in cards if each.channel_id == "C1"} == {"summarised"}
    assert all(each.gen == 0 for each in cards if each.channel_id == "C1")


def test_a_storm_that_has_been_listed_is_not_listed_again() -> None:
    """Sessions that a channel knew without a message, and that come to match another of its subscriptions."""
    here = Channel(subscription("on:end", number=1), subscription("peers:>=2 on:start,join", number=2))
    for people, sent in enumerate(([], [RollUp], [], [], []), start=1):
        names = [f"p{place}" for place in range(people)]
        assert here.poll(*(session(*names, number=number) for number in range(ROLL_UP_OVER + 2))) == sent


@pytest.mark.parametrize(("line", "tasks"), [("on:join", [Post, Reply]), ("on:leave", []), ("on:start,end", [])])
def test_who_joins_a_session_that_was_live_before_is_told(line: str, tasks: list[type]) -> None:
    _, sent = told(session("ann"), session("ann", "bob"), line, card("unannounced", 0))
    assert [type(task) for task in sent] == tasks
    if tasks:
        assert isinstance(sent[0], Post) and isinstance(sent[1], Reply) and sent[0].card == sent[1].card


def test_a_card_knows_the_subscriptions_that_it_is_for() -> None:
    """Also one that came later, and those of a storm's list."""
    many = [session("ann", number=number) for number in range(1, ROLL_UP_OVER + 2)]
    first, second, other = (subscription(line, number=n) for n, line in ((1, ""), (2, "on:end"), (3, "role:host")))
    for seen, status in ((many, "summarised"), (many[:1], "posted")):
        here = Channel(first, other)
        here.poll(*seen)
        assert {(each.status, each.matched) for each in here.cards.values()} == {(status, frozenset((1,)))}
    here.subscriptions = [second]
    here.poll(session("ann", "bob"))
    assert here.card().matched == {1, 2}
