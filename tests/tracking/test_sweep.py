"""A poll's reading of pages that it has had before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.subscription import Subscription
from bot.hms.wire import Entry
from bot.query.times import ms
from bot.sessions.model import Session
from bot.tracking.store import Snapshot
from bot.tracking.sweep import Memory, Sweep
from tests.alerts import parts
from tests.alerts.parts import NOW, ROOMS

BEGAN = NOW - timedelta(minutes=30)


def session(number: int, people: int = 1, *, active: bool = True, room: int = 0) -> Session:
    return parts.session(*"abc"[:people], number=number, active=active, room=ROOMS[room])


def entry(value: object) -> Entry:
    return Entry(msgspec.Raw(msgspec.json.encode(value)))


class Polls:
    """One poll after the other, as `Poll` makes them. `skips` False: every entry is read, always."""

    def __init__(self, *, skips: bool = True) -> None:
        self._skips = skips
        self.memory = Memory(Snapshot(0, None, {}))

    def poll(
        self, *pages: list[Entry], asking: Sequence[Subscription] = (), minutes: int = 0, withheld: Collection[str] = ()
    ) -> Sweep:
        """`minutes`: so long after the sessions began."""
        sweep = Sweep(self.memory, frozenset(asking), withheld, BEGAN + timedelta(minutes=minutes))
        for page in pages:
            sweep.page(page)
        known = self.memory.snapshot
        snapshot = Snapshot(known.seq + 1, minutes, {**known.sessions, **sweep.tracked})
        self.memory = sweep.memory(snapshot)
        if not self._skips:
            self.memory = replace(self.memory, fingerprints={})
        return sweep


def subscription(line: str, minutes: int = 0) -> Subscription:
    """`minutes`: made so long after the sessions began."""
    return parts.subscription(f"{line} on:start", minutes_ago=30 - minutes)


def ids(sessions: Iterable[Session]) -> list[str]:
    return [each.id for each in sessions]


def test_what_is_as_it_was_is_not_read() -> None:
    polls = Polls()
    first = polls.poll([entry(session(1)), entry(session(2))])
    assert set(first.tracked) == first.ids and len(first.ids) == 2
    unreadable = entry({"id": []})
    polls.memory.fingerprints[unreadable.fingerprint] = session(1).id  # type: ignore[index] # reading it would fail
    again = polls.poll([unreadable, entry(session(2, people=2))])
    assert again.ids == first.ids
    assert [each.id for each in again.changed] == [session(2).id]


def test_one_that_only_grew_longer_is_read_when_that_is_due() -> None:
    """One that may match no longer too; after a restart, what has become due meanwhile."""
    polls, page = Polls(), [entry(session(1)), entry(session(2, room=1))]
    asking = [subscription(f"longer:45m room:{ROOMS[1]}")]
    polls.poll(page, asking=asking)
    (due_ms,) = polls.memory.due_ms.values()
    assert due_ms == ms(session(2).started_at) + 2_700_001
    assert polls.poll(page, asking=asking, minutes=44).due == []
    assert ids(polls.poll(page, asking=asking, minutes=46).due) == [session(2).id]
    assert polls.poll(page, asking=asking, minutes=47).due == []
    for line, restarts, minutes in (("-longer:45m", False, 46), ("longer:45m", True, 90)):
        polls, asking = Polls(), [subscription(line)]
        polls.poll(page[:1], asking=asking)
        if restarts:
            polls.memory = Memory(polls.memory.snapshot)
        else:
            assert polls.poll(page[:1], asking=asking, minutes=44).due == []
        assert ids(polls.poll(page[:1], asking=asking, minutes=minutes).due) == [session(1).id]


def test_a_moment_between_two_milliseconds_is_asked_for_at_the_later_one() -> None:
    """At the earlier one the answer is still the old one, and nobody would ask again until the next poll."""
    began = NOW + timedelta(microseconds=1_500)
    alone = msgspec.structs.replace(session(1), created_at=began, peers={})
    asking, memory = frozenset([subscription("idle:10m")]), Memory(Snapshot(0, None, {}))
    for micros, expected in ((0, []), (2_000, []), (600_000_000 + 1_499, []), (600_000_000 + 2_000, [alone.id])):
        sweep = Sweep(memory, asking, (), NOW + timedelta(microseconds=micros))
        sweep.add([alone])
        memory = sweep.memory(Snapshot(1, 1, sweep.tracked))
        assert ids(sweep.due) == expected, micros
        assert memory.due_ms == ({} if expected else {alone.id: ms(NOW) + 600_002}), micros


def test_what_a_channel_may_want_to_hear_of_now_is_read_again() -> None:
    polls, page = Polls(), [entry(session(1)), entry(session(2)), entry(session(3, active=False))]
    assert polls.poll(page).held == {}
    again = polls.poll(page, withheld={session(1).id, session(3).id, "gone"})
    assert again.held == {session(1).id: session(1)}
    assert again.tracked == {} and again.due == []
    assert polls.poll(page).held == {}


def test_one_that_began_as_somebody_subscribed_is_due_once() -> None:
    polls, page = Polls(), [entry(session(1))]
    polls.poll(page)
    assert polls.poll(page, asking=[subscription("active", minutes=5)]).due == []
    new = [subscription("active", minutes=1)]
    assert ids(polls.poll(page, asking=new).due) == [session(1).id]
    assert polls.poll(page, asking=new).due == []


def test_one_that_ended_while_the_pages_were_read_is_read_by_the_next_poll() -> None:
    polls, live, over = Polls(), entry(session(1)), entry(session(1, active=False))
    polls.poll([live])
    assert polls.poll([live], [over]).changed == []
    assert [each.active for each in polls.poll([], [over]).changed] == [False]


def test_an_entry_that_cannot_be_read_costs_no_other() -> None:
    odd = {"id": 7, "active": True, "peers": None}
    assert Polls().poll([*map(entry, (session(1), {"id": {}}, None, odd))]).ids == {session(1).id, "7"}
    assert Polls().poll([entry(3), entry({"id": []})]).ids == set()


states = st.builds(session, st.integers(1, 4), st.integers(0, 3), active=st.booleans(), room=st.sampled_from([0, 1]))
lines = st.sampled_from(["", "longer:45m", f"longer:50m room:{ROOMS[0]}", "longer:40m peers:>=2"])


@given(st.lists(st.tuples(st.lists(states, max_size=6), lines), min_size=1, max_size=6))
def test_skipping_changes_nothing(accounts: list[tuple[list[Session], str]]) -> None:
    """But for what a subscription is asked again that has answered already."""
    skips, reads, asking = Polls(), Polls(skips=False), list[Subscription]()
    for number, (some, line) in enumerate(accounts):
        page = [entry(each) for each in some]
        asking += [subscription(line)] if line else []
        one, other = (polls.poll(page, asking=asking, minutes=number * 15) for polls in (skips, reads))
        assert (one.ids, one.tracked, one.changed) == (other.ids, other.tracked, other.changed)
        assert set(ids(one.due)) <= set(ids(other.due))
        assert skips.memory.due_ms == reads.memory.due_ms
