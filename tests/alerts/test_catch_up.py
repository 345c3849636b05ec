"""News that a channel doesn't want to hear is withheld, and told once in one message when that is over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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

ONE, OVER = session(), session(active=False)
TWO, TWO_OVER = session(number=2), session(number=2, active=False)
STORM = [session(number=number) for number in range(1, 3 * ROLL_UP_OVER)]
FINAL, HELD, SUMMARISED = ("final", 0, False), ("final", 0, True), ("summarised", 0, False)


def test_what_opens_is_told_once_when_the_mute_is_over() -> None:
    here = Channel()
    assert here.poll(session("ann", number=2), session("ann"), mutes=MUTED) == []
    assert here.state() == ("unannounced", 0, True)
    assert here.poll(session("ann", "bob"), session("ann", number=2), mutes=MUTED) == []
    assert here.recap(session("ann", "bob"), session("ann", number=2)) == ([1, 2], 0)
    assert here.state() == SUMMARISED
    assert here.poll(session("ann", "bob"), session("ann", number=2)) == []
    assert here.poll(session("ann", active=False), session("ann", number=2)) == [Post]
    assert here.state() == ("final", 1, False)


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("kinds", ["on:start", "on:end", "on:start,end"])
def test_what_came_and_went_is_counted_where_there_is_something_to_tell(live: bool, kinds: str) -> None:
    """If nothing is live any more, to those who ask for ends; no start of it is still true."""
    here = Channel(subscription(kinds))
    here.poll(ONE, TWO, mutes=MUTED)
    ended = [session(number=1, active=False), session(number=2, active=live), session(number=3, active=False)]
    assert here.poll(*ended, mutes=MUTED) == []
    started = live and "start" in kinds
    if started or "end" in kinds:
        assert here.recap(*ended) == ([2] * started, 2 + (not live))
    else:
        assert here.poll(*ended) == []
    assert here.state() == here.state(3) == FINAL
    assert here.poll(*ended) == []


@pytest.mark.parametrize(
    ("line", "polls"),
    [
        # one that ends just as the mute does is counted
        ("", [(MUTED, [ONE], []), ((), [OVER], ([], 1), FINAL)]),
        # one that comes back is still live
        ("", [(MUTED, [ONE], []), (MUTED, [OVER], []), (MUTED, [ONE], []), ((), [ONE], ([1], 0))]),
        # the end of what stood in a list is told after the mute
        ("", [((), STORM, [RollUp]), (MUTED, [OVER, *STORM[1:]], []), ((), [OVER, *STORM[1:]], ([], 1), FINAL)]),
        # one from a list that was over for a moment is as it was
        ("", [((), STORM, [RollUp]), (MUTED, [OVER], []), (MUTED, [ONE], [], SUMMARISED), ((), [ONE], [])]),
        # a storm in a mute is withheld as a whole
        ("", [(MUTED, STORM, []), ((), STORM, ([*range(1, len(STORM) + 1)], 0))]),
        # an end that was withheld is no start
        (
            "on:end",
            [((), [ONE], []), (MUTED, [OVER], [], HELD), (MUTED, [ONE], []), ((), [ONE], []), ((), [OVER], [Post])],
        ),
    ],
)
def test_one_poll_after_the_other(line: str, polls: list[tuple[Any, ...]]) -> None:
    """Of each: mutes, sessions, what is sent (of a recap what it lists and counts), and the first one's state."""
    here = Channel(subscription(line or "on:start,end,join,leave"))
    for mutes, seen, sent, *state in polls:
        tell = here.recap if isinstance(sent, tuple) else here.poll
        assert tell(*seen, mutes=mutes) == sent
        assert state in ([], [here.state()])


def test_only_what_somebody_asks_for_is_told() -> None:
    here = Channel()
    here.poll(OVER, mutes=MUTED)
    here.subscriptions = [subscription("on:start,end", number=2)]
    assert here.poll(OVER, TWO_OVER, mutes=MUTED) == []
    assert here.recap(OVER, TWO_OVER) == ([], 1)
    assert here.state() == here.state(2) == FINAL
    here = Channel()
    here.poll(OVER, mutes=MUTED)
    here.subscriptions = [subscription("on:start"), subscription("on:end", "C2", number=1), subscription("", number=2)]
    assert here.poll(OVER) == []
    assert here.state() == FINAL


def test_only_what_is_muted_is_withheld() -> None:
    here = Channel()
    room, alone = mute(f"room:{ROOMS[1]}", hours=2), mute(session_id=session(number=3).id)
    some = [ONE, session(number=2, room=ROOMS[1]), session(number=3)]
    assert here.poll(*some, mutes=[room, alone]) == [Post]
    assert here.recap(*some, mutes=[room]) == ([3], 0)
    assert here.recap(*some) == ([2], 0)


def test_what_has_ended_is_counted_with_what_its_mute_held() -> None:
    """It isn't known any more which mute that was: as long as another one holds, its end says so. One that was ended early has the
    end that it was to have."""
    here = Channel()
    both = (mute(f"room:{ROOMS[0]}"), mute(f"room:{ROOMS[1]}", hours=3))
    here.poll(ONE, TWO, session(number=3, room=ROOMS[1]), mutes=both)
    after = (ONE, TWO_OVER, session(number=3, room=ROOMS[1], active=False))
    here.poll(*after, mutes=both)
    assert here.recap(*after, mutes=both[1:], minutes=60) == ([1], 1)
    assert here.state(3) == HELD
    assert here.recap(*after) == ([], 1)  # unmuted
    assert here.state(3) == FINAL
    here = Channel()
    assert here.poll(ONE, TWO_OVER, mutes=[*MUTED, both[1]]) == []
    assert here.recap(ONE, TWO_OVER, mutes=both[1:]) == ([1], 0)
    assert here.recap(ONE, TWO_OVER, mutes=both[1:], minutes=60) == ([], 1)


@pytest.mark.parametrize("comes_back", [True, False])
def test_one_whose_card_was_deleted_in_a_mute_is_told_as_one_without(comes_back: bool) -> None:
    here = Channel()
    assert here.poll(ONE) == [Post]
    assert here.poll(OVER, mutes=MUTED) == [Edit]
    here.cards[ONE.id] = replace(here.cards[ONE.id], withheld_until_ms=NOW_MS + HOUR)
    assert here.poll(session(active=comes_back), mutes=MUTED) == []
    assert here.recap(session(active=comes_back)) == ([1] * comes_back, int(not comes_back))
    assert here.poll(OVER) == ([Edit] if comes_back else [])
    assert here.state() == ("final", 1, False)


@pytest.mark.parametrize("kinds", ["on:start,end", "on:start"])
def test_one_that_stood_in_a_list_is_named_when_it_has_ended_in_a_mute(kinds: str) -> None:
    here = Channel(subscription(kinds))
    here.poll(ONE, mutes=MUTED)
    assert here.poll(ONE) == [Recap]
    ended = [OVER, TWO_OVER]
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
    alone = [mute(session_id=ONE.id, hours=12), *others]
    for seen in (session("ann"), session("ann", "bob"), OVER, session("ann")):
        assert here.poll(seen, mutes=alone) == []
        assert here.state()[:2] == ("unannounced" if seen.active else "final", 0)
    assert here.poll(OVER, mutes=alone) == []
    assert here.state() == FINAL


@pytest.mark.parametrize("kinds", ["on:start,end", "on:start"])
def test_the_end_of_a_muted_session_that_was_seen_to_open_is_told(kinds: str) -> None:
    alone = [mute(session_id=ONE.id, hours=12)]
    here = Channel(subscription(kinds))
    assert here.poll(session("ann")) == [Post]
    assert here.poll(session("ann", "bob"), mutes=alone) == [Edit]
    assert here.poll(OVER, mutes=alone) == [Edit]
    assert here.state() == ("final", 1, False)
    here = Channel(subscription(kinds))
    here.poll(session("ann"), mutes=MUTED)
    assert here.poll(session("ann")) == [Recap]
    assert here.poll(OVER, mutes=alone) == ([Post] if "end" in kinds else [])


def test_a_mute_of_one_session_gives_way_to_a_wider_one() -> None:
    here = Channel()
    both = [mute(session_id=ONE.id, hours=12), mute(hours=2)]
    here.poll(ONE, mutes=both)
    assert here.poll(OVER, mutes=both) == []
    alone = [mute(session_id=TWO.id, hours=12)]
    assert here.poll(OVER, mutes=alone, minutes=120) == [Recap]


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


def test_quiet_hours_within_a_mute_make_one_message() -> None:
    here = Channel()
    for minutes in (0, 60, 118):  # the mute ends at 15:02, the hours at 16:00
        sent = here.poll(ONE, mutes=MUTED, quiet="14:00-16:00", minutes=minutes)
        assert sent == ([Recap] if minutes == 118 else [])
        if minutes == 0:
            assert here.card().withheld_until_ms == NOW_MS + 118 * 60_000


def test_a_longer_mute_is_a_later_end() -> None:
    here = Channel()
    here.poll(ONE, mutes=MUTED)
    assert here.poll(ONE, mutes=[mute(hours=5)]) == []
    assert here.card().withheld_until_ms == NOW_MS + 5 * HOUR


def test_what_nobody_asks_for_any_more_is_not_told() -> None:
    here = Channel()
    here.poll(ONE, mutes=MUTED)
    here.subscriptions = [subscription("on:end", number=1), subscription("", "C2", number=2)]
    assert here.poll(ONE) == []
    assert here.state() == ("unannounced", 0, False)
    here.subscriptions = [subscription("", number=2, minutes_ago=60)]
    assert here.poll(session("ann")) == [Post]


def test_a_subscription_made_meanwhile_is_told_with_the_others() -> None:
    here = Channel()
    here.poll(ONE, mutes=MUTED)
    here.subscriptions = [subscription("peers:>=1", number=2)]
    assert here.poll(session("ann"), mutes=MUTED) == []
    assert here.card().matched == {1, 2}
    assert here.poll(session("ann")) == [Recap]
    assert here.poll(session("ann", "bob")) == []


def test_one_that_joins_a_session_without_a_card_waits_too() -> None:
    here = Channel(subscription("on:join"))
    here.known = {ONE.id: track(ONE, 0)}
    here.cards = {ONE.id: card("unannounced", 0)}
    assert here.poll(session("ann"), mutes=MUTED) == []
    assert here.state() == ("unannounced", 0, True)
    assert here.poll(session("ann")) == [Recap]


def test_one_that_could_not_be_read_waits() -> None:
    here = Channel()
    here.poll(ONE, mutes=MUTED)
    assert here.poll(ONE, unread=[ONE.id]) == []
    assert here.poll(ONE) == [Recap]


@pytest.mark.parametrize(("longer", "quiet"), [(mute(hours=3), ""), (mute(hours=0), "14:00-17:02")])
def test_what_has_ended_waits_as_long_as_the_whole_channel_is_quiet(longer: Mute, quiet: str) -> None:
    """The mute that held it is over in an hour, another thing in three; meanwhile one of it ends."""
    here = Channel()
    room = mute(f"room:{ROOMS[0]}")
    here.poll(ONE, TWO, mutes=[room])
    after = (OVER, TWO)
    here.poll(*after, mutes=[room, longer], quiet=quiet)
    for minutes in (60, 90, 170):
        assert here.poll(*after, mutes=[longer], quiet=quiet, minutes=minutes) == []
    assert here.recap(*after, mutes=[longer], quiet=quiet, minutes=180) == ([2], 1)


def test_each_channel_has_its_own() -> None:
    cards = [
        replace(card("unannounced", 0), channel_id=channel, withheld_until_ms=NOW_MS) for channel in ("C1", "C2", "C3")
    ]
    subscriptions = [subscription("", channel) for channel in ("C1", "C2")]
    kept, tasks = release(cards, {ONE.id: ONE}, {}, subscriptions, NOW, policy(mute()))
    assert [(each.channel_id, each.status, each.withheld_until_ms) for each in kept] == [
        ("C1", "unannounced", NOW_MS + HOUR),
        ("C2", "summarised", 0),
        ("C3", "unannounced", 0),
    ]
    assert tasks == [Recap("T1", "C2", (ONE,), (), 0)]


def test_what_waits_changes_only_where_something_does() -> None:
    held = replace(card("unannounced", 0), withheld_until_ms=NOW_MS + HOUR)
    same = [SessionChange(ONE)]
    assert route(same, [EVERY], [held], NOW, policy(mute())) == ([], [], [])
    assert release([held], {ONE.id: ONE}, {}, [EVERY], NOW, policy(mute())) == ([], [])
