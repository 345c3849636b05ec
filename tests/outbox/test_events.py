"""Keys of messages: each thing that happens has its own, however often it is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.alerts.messages import Messages
from bot.alerts.notification import Edit, Notification, Post, Reply
from bot.outbox.card import Card
from bot.sessions.diff import SessionChange, diff, track
from bot.sessions.model import Peer, Session
from bot.tracking import store as tracking_store
from tests.alerts.parts import NOW, session
from tests.outbox.parts import World

ROOM = "Town hall"


def change(before: Session, after: Session) -> SessionChange:
    (found,) = diff({before.id: track(before, 0)}, [after])
    return found


async def put(world: World, *tasks: Notification) -> None:
    """As one poll would."""
    drawn = Messages({session().room_id: ROOM}, (await tracking_store.state(world.store, tasks[0].card.team_id)).seq)  # type: ignore[union-attr]
    await world.put(*map(drawn.outgoing, tasks), cards=[each.card for each in tasks])  # type: ignore[union-attr]


@pytest.fixture
def card(world: World) -> Card:
    return replace(world.card(session().id), gen=1)


async def test_two_replies_for_one_card_in_one_poll_both_arrive(world: World, card: Card) -> None:
    ann, both, gone = session("ann"), session("ann", "bob"), session("bob")
    await put(world, Post(card, ann), Reply(card, change(ann, both)), Reply(card, change(both, gone)))
    await world.until_sent()
    assert [text.split(" · ")[0] for text in world.shown()[1:]] == ["👥 bob joined", "👥 ann left"]


async def test_what_happened_once_is_told_once_however_often_it_is_seen(world: World, card: Card) -> None:
    ann, both = session("ann"), session("ann", "bob")
    await put(world, Post(card, ann), Reply(card, change(ann, both)))
    await put(world, Reply(card, change(ann, both)))
    await world.until_sent()
    assert world.calls("chat.postMessage") == 2


def test_the_end_of_a_session_is_urgent_and_what_happens_before_is_not(world: World, card: Card) -> None:
    drawn, live = Messages({}, 0), session("ann")
    ended = Session(live.id, live.room_id, False, live.peers, live.created_at)
    assert [drawn.outgoing(Edit(card, each)).urgent for each in (live, ended)] == [False, True]


def test_who_comes_back_is_another_event() -> None:
    empty, ann = session(), session("ann")
    visit = Peer(name="ann", user_id="ann", joined_at=NOW, left_at=NOW)
    again = Session(ann.id, ann.room_id, True, {"v1": visit, **ann.peers}, ann.created_at)  # type: ignore[dict-item]
    assert change(empty, ann).event == change(empty, session("ann")).event
    assert len({change(empty, ann).event, change(empty, again).event, change(ann, empty).event}) == 3
