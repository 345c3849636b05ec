"""What each channel is told of each change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.alerts.decide import ROLL_UP_OVER, route
from bot.alerts.notification import Edit, Notification, Post, Reply, RollUp
from bot.outbox.card import Card
from bot.sessions.diff import SessionChange, diff, missing, track
from bot.sessions.model import Peer, Session
from bot.sessions.tracked import Tracked
from tests.alerts.parts import LOUD, NOW, ROOMS, card, session, subscription


def told(
    before: Session | None, after: Session, line: str, card: Card | None = None
) -> tuple[list[Card], list[Notification]]:
    known = {before.id: track(before, 0)} if before else {}
    changes = diff(known, [after])
    return route(changes, [subscription(line)], [card] if card else [], NOW, LOUD)


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
    """What one was told of silently may still be announced by another."""
    only_end, grown = subscription("on:end", number=1), subscription("peers:>=2 on:start", number=2)
    cards, sent = route(diff({}, [session("ann")]), [only_end, grown], [], NOW, LOUD)
    assert (cards[0].status, cards[0].matched, sent) == ("unannounced", {1}, [])
    known = {session().id: track(session("ann"), 0)}
    cards, sent = route(diff(known, [session("ann", "bob")]), [only_end, grown], cards, NOW, LOUD)
    assert cards[0].status == "posted" and isinstance(sent[0], Post)


def test_what_stood_in_a_list_may_come_to_match_another() -> None:
    many = [session("ann", number=number) for number in range(1, ROLL_UP_OVER + 2)]
    every, grown = subscription("", number=1), subscription("peers:>=2", number=2)
    cards, sent = route(diff({}, many), [every, grown], [], NOW, LOUD)
    assert len(sent) == 1 and cards[0].matched == {1}
    known = {each.id: track(each, 0) for each in many}
    cards, sent = route(diff(known, [session("ann", "bob", number=1)]), [every, grown], cards[:1], NOW, LOUD)
    assert isinstance(sent[0], Post) and cards[0].gen == 1


def test_what_opens_while_somebody_subscribes_is_told() -> None:
    younger, older = session("ann"), session("ann")
    for minutes_ago, posted in ((60, True), (0, False)):
        made = [subscription("", minutes_ago=minutes_ago)]
        _, sent = route([SessionChange(younger)], made, [], NOW, LOUD)
        assert bool(sent) is posted
    card = Card("T1", "C1", older.id, "unannounced", matched=frozenset((1,)))  # it was counted as live then
    assert route([SessionChange(older)], [subscription("", minutes_ago=60)], [card], NOW, LOUD) == ([], [])


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
    closed = card("final")
    cards, sent = told(session(active=False), session("ann"), "", closed)
    assert cards[0].reopened == 1 and cards[0].key == closed.key and isinstance(sent[0], Edit)


def test_only_what_is_missing_is_asked_for() -> None:
    known = {
        each.id: track(each, 0) for each in (session(number=1), session(number=2), session(number=3, active=False))
    }
    assert missing(known, {session(number=2).id}) == [session(number=1).id]


def test_longer_is_noticed_without_a_change() -> None:
    same = SessionChange(session("ann"))
    waiting = [subscription("longer:10m")]
    cards, sent = route([same], waiting, [], NOW, LOUD)
    assert [each.status for each in cards] == ["posted"] and isinstance(sent[0], Post)
    assert route([same], waiting, cards, NOW, LOUD) == ([], [])


def test_a_session_starts_and_stops_matching() -> None:
    """It is told when it starts for the first time; that it stopped is kept, also of one without a message."""
    alone, both = session("ann"), session("ann", "bob")
    wanted = [subscription("on:end", number=1), subscription("peers:>=2 on:end", number=2)]
    (card,), _ = route(diff({}, [alone]), wanted, [], NOW, LOUD)
    assert (card.matched, card.stopped) == ({1}, set())
    for before, after, stopped in ((alone, both, set()), (both, alone, {2}), (alone, both, set())):
        (card,), sent = route(diff({before.id: track(before, 0)}, [after]), wanted, [card], NOW, LOUD)
        assert (card.matched, card.stopped, sent) == ({1, 2}, stopped, [])


def test_what_stops_matching_by_time_is_kept_and_says_nothing() -> None:
    wanted = [subscription("-longer:45m")]
    (card,), (post,) = route(diff({}, [session("ann")]), wanted, [], NOW, LOUD)
    assert isinstance(post, Post) and card.stopped == set()
    (over,), sent = route([SessionChange(session("ann"))], wanted, [card], NOW + timedelta(minutes=30), LOUD)
    assert (over, sent) == (replace(card, stopped=frozenset((1,))), [])


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
    assert {each.status for each in cards if each.channel_id == "C1"} == {"summarised"}
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
    _, sent = told(session("ann"), session("ann", "bob"), line, card("unannounced", 0))
    assert [type(task) for task in sent] == tasks
    if tasks:
        assert isinstance(sent[0], Post) and isinstance(sent[1], Reply) and sent[0].card == sent[1].card


def test_a_card_knows_the_subscriptions_that_it_is_for() -> None:
    """Also one that came later, and those of a storm's list."""
    many = [session("ann", number=number) for number in range(ROLL_UP_OVER + 1)]
    first, second, other = (subscription(line, number=n) for n, line in ((1, ""), (2, "on:end"), (3, "role:host")))
    for some in (many, many[:1]):
        cards, _ = route(diff({}, some), [first, other], [], NOW, LOUD)
        assert {each.status for each in cards} == {"summarised" if len(some) > 1 else "posted"}
        assert {each.matched for each in cards} == {frozenset((1,))}
    cards, _ = route(
        diff({many[0].id: track(many[0], 0)}, [session("ann", "bob", number=0)]), [second], cards, NOW, LOUD
    )
    assert [each.matched for each in cards] == [frozenset((1, 2))]
