"""What a channel doesn't want to hear is withheld, and told once in one message when that is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.alerts.catch_up import release
from bot.alerts.decide import ROLL_UP_OVER, route
from bot.alerts.notification import Edit, Post, Recap, Reply, RollUp
from bot.sessions.diff import SessionChange, track
from bot.silence.mute import Mute
from tests.alerts.parts import (
    EVERY,
    HOUR,
    MUTED,
    NOW,
    NOW_MS,
    ROOMS,
    Channel,
    card,
    mute,
    policy,
    session,
    subscription,
)


def test_what_opens_is_told_once_when_the_mute_is_over() -> None:
    here = Channel()
    assert here.poll(session("ann", number=2), session("ann"), mutes=MUTED) == []
    assert here.state() == ("unannounced", 0, True)
    assert here.poll(session("ann", "bob"), session("ann", number=2), mutes=MUTED) == []
    assert here.poll(session("ann", "bob"), session("ann", number=2)) == [Recap]
    assert here.recap == ([session().id, session(number=2).id], 0)
    assert here.state() == ("summarised", 0, False)
    assert here.poll(session("ann", "bob"), session("ann", number=2)) == []
    assert here.poll(session("ann", active=False), session("ann", number=2)) == [Post]
    assert here.state() == ("final", 1, False)


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("kinds", ["on:start", "on:end", "on:start,end"])
def test_what_came_and_went_is_counted_where_there_is_something_to_tell(live: bool, kinds: str) -> None:
    """Where nothing is live any more, to those who ask for ends; no start of it is still true."""
    here = Channel(subscription(kinds))
    here.poll(session(number=1), session(number=2), mutes=MUTED)
    ended = [session(number=1, active=False), session(number=2, active=live), session(number=3, active=False)]
    assert here.poll(*ended, mutes=MUTED) == []
    started = live and "start" in kinds
    told = started or "end" in kinds
    assert here.poll(*ended) == [Recap] * told
    assert not told or here.recap == ([session(number=2).id] * started, 2 + (not live))
    assert here.state() == here.state(3) == ("final", 0, False)
    assert here.poll(*ended) == []


def test_an_end_that_nobody_asks_for_any_more_is_not_told() -> None:
    here = Channel()
    here.poll(session(active=False), mutes=MUTED)
    here.subscriptions = [subscription("on:start"), subscription("on:end", "C2", number=1), subscription("", number=2)]
    assert here.poll(session(active=False)) == []
    assert here.state() == ("final", 0, False)


def test_only_the_ends_that_somebody_asks_for_are_counted() -> None:
    here = Channel()
    here.poll(session(active=False), mutes=MUTED)
    here.subscriptions = [subscription("on:start,end", number=2)]
    some = session(active=False), session(number=2, active=False)
    assert here.poll(*some, mutes=MUTED) == []
    assert here.poll(*some) == [Recap]
    assert here.recap == ([], 1)
    assert here.state() == here.state(2) == ("final", 0, False)


@pytest.mark.parametrize("comes_back", [True, False])
def test_one_whose_card_was_deleted_in_a_mute_is_told_as_one_without(comes_back: bool) -> None:
    here = Channel()
    assert here.poll(session()) == [Post]
    assert here.poll(session(active=False), mutes=MUTED) == [Edit]
    here.cards[session().id] = replace(here.cards[session().id], withheld_until_ms=NOW_MS + HOUR)
    assert here.poll(session(active=comes_back), mutes=MUTED) == []
    assert here.poll(session(active=comes_back)) == [Recap]
    assert here.recap == ([session().id] * comes_back, int(not comes_back))
    assert here.poll(session(active=False)) == ([Edit] if comes_back else [])
    assert here.state() == ("final", 1, False)


def test_one_that_ends_just_as_the_mute_does_is_counted() -> None:
    here = Channel()
    here.poll(session(), mutes=MUTED)
    assert here.poll(session(active=False)) == [Recap]
    assert here.recap == ([], 1)
    assert here.state() == ("final", 0, False)


@pytest.mark.parametrize("kinds", ["on:start,end", "on:start"])
def test_one_that_stood_in_a_list_is_named_when_it_has_ended_in_a_mute(kinds: str) -> None:
    here = Channel(subscription(kinds))
    here.poll(session(), mutes=MUTED)
    assert here.poll(session()) == [Recap]
    ended = [session(active=False), session(number=2, active=False)]
    assert here.poll(*ended, mutes=MUTED) == []
    assert here.poll(*ended) == ([Recap] if "end" in kinds else [])
    for task in here.sent:
        assert isinstance(task, Recap)
        assert ([*task.live], [*task.told], task.ended) == ([], ended[:1], 2)


@pytest.mark.parametrize("kinds", ["on:start,end", "on:end", "on:start"])
@pytest.mark.parametrize("others", [(), (mute(f"room:{ROOMS[1]}", hours=3),)])
def test_a_session_that_is_muted_until_it_ends_ends_without_a_word(kinds: str, others: tuple[Mute, ...]) -> None:
    """The channel has not seen it open. It may come back, and is muted still."""
    here = Channel(subscription(kinds))
    alone = [mute(session_id=session().id, hours=12), *others]
    for seen in (session("ann"), session("ann", "bob"), session(active=False), session("ann")):
        assert here.poll(seen, mutes=alone) == []
        assert here.state()[:2] == ("unannounced" if seen.active else "final", 0)
    assert here.poll(session(active=False), mutes=alone) == []
    assert here.state() == ("final", 0, False)


@pytest.mark.parametrize("kinds", ["on:start,end", "on:start"])
def test_the_end_of_a_muted_session_that_was_seen_to_open_is_told(kinds: str) -> None:
    alone = [mute(session_id=session().id, hours=12)]
    here = Channel(subscription(kinds))
    assert here.poll(session("ann")) == [Post]
    assert here.poll(session("ann", "bob"), mutes=alone) == [Edit]
    assert here.poll(session(active=False), mutes=alone) == [Edit]
    assert here.state() == ("final", 1, False)
    here = Channel(subscription(kinds))
    here.poll(session("ann"), mutes=MUTED)
    assert here.poll(session("ann")) == [Recap]
    assert here.poll(session(active=False), mutes=alone) == ([Post] if "end" in kinds else [])


def test_a_mute_of_one_session_gives_way_to_a_wider_one() -> None:
    here = Channel()
    both = [mute(session_id=session().id, hours=12), mute(hours=2)]
    here.poll(session(), mutes=both)
    assert here.poll(session(active=False), mutes=both) == []
    alone = [mute(session_id=session(number=2).id, hours=12)]
    assert here.poll(session(active=False), mutes=alone, minutes=120) == [Recap]


def test_an_edit_goes_on_and_a_reply_does_not() -> None:
    here = Channel()
    assert here.poll(session("ann")) == [Post]
    assert here.poll(session("ann", "bob"), mutes=MUTED) == [Edit]
    assert [each.silenced for each in here.sent if isinstance(each, Edit)] == [True]
    assert here.poll(session("ann", "bob", "eve"), unthreaded=["C1"]) == [Edit]
    assert [each.silenced for each in here.sent if isinstance(each, Edit)] == [False]
    assert here.poll(session("ann", "bob", "eve", "dan"), unthreaded=["C2"]) == [Edit, Reply]
    assert here.poll(session("ann", active=False), mutes=MUTED) == [Edit]
    assert here.state() == ("final", 1, False)
    assert here.poll(session("ann", active=False)) == []
    assert here.poll(session("ann"), mutes=MUTED) == [Edit]


def test_only_what_is_muted_is_withheld() -> None:
    here = Channel()
    room, alone = mute(f"room:{ROOMS[1]}", hours=2), mute(session_id=session(number=3).id)
    some = [session(number=1), session(number=2, room=ROOMS[1]), session(number=3)]
    assert here.poll(*some, mutes=[room, alone]) == [Post]
    assert here.poll(*some, mutes=[room]) == [Recap]
    assert here.recap == ([some[2].id], 0)
    assert here.poll(*some) == [Recap]
    assert here.recap == ([some[1].id], 0)


def test_quiet_hours_within_a_mute_make_one_message() -> None:
    here = Channel()
    for minutes in (0, 60, 118):  # the mute ends at 15:02, the hours at 16:00
        sent = here.poll(session(), mutes=MUTED, quiet="14:00-16:00", minutes=minutes)
        assert sent == ([Recap] if minutes == 118 else [])
        if minutes == 0:
            assert here.cards[session().id].withheld_until_ms == NOW_MS + 118 * 60_000


def test_a_longer_mute_is_a_later_end() -> None:
    here = Channel()
    here.poll(session(), mutes=MUTED)
    assert here.poll(session(), mutes=[mute(hours=5)]) == []
    assert here.cards[session().id].withheld_until_ms == NOW_MS + 5 * HOUR


def test_what_has_ended_is_counted_with_what_its_mute_held() -> None:
    """Which mute that was is not known: as long as another one holds, its end says so."""
    here = Channel()
    both = (mute(f"room:{ROOMS[0]}"), mute(f"room:{ROOMS[1]}", hours=3))
    here.poll(session(number=1), session(number=2), session(number=3, room=ROOMS[1]), mutes=both)
    after = (session(number=1), session(number=2, active=False), session(number=3, room=ROOMS[1], active=False))
    here.poll(*after, mutes=both)
    assert here.poll(*after, mutes=both[1:], minutes=60) == [Recap]
    assert here.recap == ([session(number=1).id], 1)
    assert here.state(3) == ("final", 0, True)
    assert here.poll(*after) == [Recap]  # unmuted
    assert here.recap == ([], 1)
    assert here.state(3) == ("final", 0, False)


def test_what_ended_in_a_mute_that_was_ended_early_is_counted_at_the_end_it_was_to_have() -> None:
    """As above: which mute it was isn't known."""
    here = Channel()
    other = mute(f"room:{ROOMS[1]}", hours=3)
    some = (session(number=1), session(number=2, active=False))
    assert here.poll(*some, mutes=[*MUTED, other]) == []
    assert here.poll(*some, mutes=[other]) == [Recap]
    assert here.recap == ([session(number=1).id], 0)
    assert here.poll(*some, mutes=[other], minutes=60) == [Recap]
    assert here.recap == ([], 1)


def test_the_end_of_what_stood_in_a_list_is_told_after_the_mute() -> None:
    many = [session(number=number) for number in range(1, ROLL_UP_OVER + 2)]
    over = [session(number=number, active=number != 1) for number in range(1, ROLL_UP_OVER + 2)]
    here = Channel()
    assert here.poll(*many) == [RollUp]
    assert here.poll(*over, mutes=MUTED) == []
    assert here.poll(*over) == [Recap]
    assert here.recap == ([], 1)
    assert here.state() == ("final", 0, False)


def test_one_from_a_list_that_was_over_for_a_moment_is_as_it_was() -> None:
    many = [session(number=number) for number in range(1, ROLL_UP_OVER + 2)]
    here = Channel()
    here.poll(*many)
    here.poll(session(active=False), mutes=MUTED)
    assert here.poll(session(), mutes=MUTED) == []
    assert here.state() == ("summarised", 0, False)
    assert here.poll(session()) == []


def test_one_that_comes_back_is_still_live() -> None:
    here = Channel()
    for active in (True, False, True):
        assert here.poll(session(active=active), mutes=MUTED) == []
    assert here.poll(session()) == [Recap]
    assert here.recap == ([session().id], 0)


def test_an_end_that_was_withheld_is_no_start() -> None:
    here = Channel(subscription("on:end"))
    here.poll(session())
    here.poll(session(active=False), mutes=MUTED)
    assert here.state() == ("final", 0, True)
    assert here.poll(session(), mutes=MUTED) == []
    assert here.poll(session()) == []
    assert here.poll(session(active=False)) == [Post]


def test_what_nobody_asks_for_any_more_is_not_told() -> None:
    here = Channel()
    here.poll(session(), mutes=MUTED)
    here.subscriptions = [subscription("on:end", number=1), subscription("", "C2", number=2)]
    assert here.poll(session()) == []
    assert here.state() == ("unannounced", 0, False)
    here.subscriptions = [subscription("", number=2, minutes_ago=60)]
    assert here.poll(session("ann")) == [Post]


def test_a_subscription_made_meanwhile_is_told_with_the_others() -> None:
    here = Channel()
    here.poll(session(), mutes=MUTED)
    here.subscriptions = [subscription("peers:>=1", number=2)]
    assert here.poll(session("ann"), mutes=MUTED) == []
    assert here.cards[session().id].matched == {1, 2}
    assert here.poll(session("ann")) == [Recap]
    assert here.poll(session("ann", "bob")) == []


def test_one_that_joins_a_session_without_a_card_waits_too() -> None:
    here = Channel(subscription("on:join"))
    here.known = {session().id: track(session(), 0)}
    here.cards = {session().id: card("unannounced", 0)}
    assert here.poll(session("ann"), mutes=MUTED) == []
    assert here.state() == ("unannounced", 0, True)
    assert here.poll(session("ann")) == [Recap]


def test_one_that_could_not_be_read_waits() -> None:
    here = Channel()
    here.poll(session(), mutes=MUTED)
    assert here.poll(session(), unread=[session().id]) == []
    assert here.poll(session()) == [Recap]


@pytest.mark.parametrize(("longer", "quiet"), [(mute(hours=3), ""), (mute(hours=0), "14:00-17:02")])
def test_what_has_ended_waits_as_long_as_the_whole_channel_is_quiet(longer: Mute, quiet: str) -> None:
    """The mute that held it is over in an hour, another thing in three; meanwhile one of it ends."""
    here = Channel()
    room = mute(f"room:{ROOMS[0]}")
    here.poll(session(), session(number=2), mutes=[room])
    after = (session(active=False), session(number=2))
    here.poll(*after, mutes=[room, longer], quiet=quiet)
    for minutes in (60, 90, 170, 180):
        sent = here.poll(*after, mutes=[longer], quiet=quiet, minutes=minutes)
        assert sent == ([Recap] if minutes == 180 else [])
    assert here.recap == ([session(number=2).id], 1)


def test_a_storm_in_a_mute_is_withheld_as_a_whole() -> None:
    many = [session(number=number) for number in range(1, 3 * ROLL_UP_OVER)]
    here = Channel()
    assert here.poll(*many, mutes=MUTED) == []
    assert here.poll(*many) == [Recap]
    assert here.recap == ([each.id for each in many], 0)


def test_each_channel_has_its_own() -> None:
    cards = [
        replace(card("unannounced", 0), channel_id=channel, withheld_until_ms=NOW_MS) for channel in ("C1", "C2", "C3")
    ]
    subscriptions = [subscription("", channel) for channel in ("C1", "C2")]
    kept, tasks = release(cards, {session().id: session()}, {}, subscriptions, NOW, policy(mute()))
    assert [(each.channel_id, each.status, each.withheld_until_ms) for each in kept] == [
        ("C1", "unannounced", NOW_MS + HOUR),
        ("C2", "summarised", 0),
        ("C3", "unannounced", 0),
    ]
    assert tasks == [Recap("T1", "C2", (session(),), (), 0)]


def test_what_waits_changes_only_where_something_does() -> None:
    held = replace(card("unannounced", 0), withheld_until_ms=NOW_MS + HOUR)
    same = [SessionChange(session())]
    assert route(same, [EVERY], [held], NOW, policy(mute())) == ([], [])
    assert release([held], {session().id: session()}, {}, [EVERY], NOW, policy(mute())) == ([], [])
