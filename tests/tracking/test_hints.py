"""The queue of hints, held against the contract's rates for random lives of hints, reads and polls."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hms.webhooks import CLOSED, Hint
from bot.sessions.model import Session
from bot.tracking.hints import (
    AGAIN_S,
    EVENTS_MOST,
    KEPT_S,
    READS_PER_S,
    SESSIONS_MOST,
    UNKNOWN_MOST,
    UNKNOWN_S,
    WINDOW_S,
    HintQueue,
)

TICK_S = 0.05


def key(number: int) -> str:
    return f"{number:024x}"


@dataclass
class Account:
    """A queue whose reads are answered at once by `records`; `reads` has the time and session of each."""

    queue: HintQueue = field(default_factory=HintQueue)
    records: dict[str, Session] = field(default_factory=dict)
    reads: list[tuple[float, str]] = field(default_factory=list)

    def has(self, number: int, *, active: bool) -> None:
        self.records[key(number)] = Session(key(number), active=active)

    def run(self, now: float) -> None:
        taken = self.queue.take(now)
        self.reads += [(now, each) for each in taken]
        self.queue.settle(taken, {each: self.records.get(each) for each in taken}, now)

    def pass_time(self, start: float, end: float) -> list[float]:
        """Run the queue from tick to tick; returns the times of the reads meanwhile, from `start` on."""
        begun = len(self.reads)
        for tick in range(round((end - start) / TICK_S) + 1):
            self.run(round(start + tick * TICK_S, 3))
        return [round(at - start, 2) for at, _ in self.reads[begun:]]


@pytest.fixture
def account() -> Account:
    return Account()


OPEN, END = Hint(key(1)), Hint(key(1), CLOSED)


def test_the_first_hint_is_read_at_once_and_the_next_200_ms_with_one_read(account: Account) -> None:
    account.has(1, active=True)
    account.queue.add(OPEN, 0.0)
    account.run(0.0)
    for at in (0.05, 0.1, 0.15):
        account.queue.add(OPEN, at)
    assert account.pass_time(0.05, 1.0) == [0.15]
    account.queue.add(OPEN, 1.0)
    assert account.pass_time(1.0, 8.0) == [0.0]


def test_a_record_that_does_not_show_the_event_is_read_after_1_s_and_3_s(account: Account) -> None:
    account.has(1, active=True)
    account.queue.add(END, 0.0)
    assert account.pass_time(0.0, 100.0) == [0.0, *AGAIN_S]
    account.queue.add(END, 100.0)
    assert account.pass_time(100.0, 101.5) == [0.0, 1.0]
    account.has(1, active=False)
    assert account.pass_time(101.5, 200.0) == [1.5]
    assert len(account.queue) == 0


def test_an_id_that_nobody_knows_is_not_asked_for_in_the_next_minute(account: Account) -> None:
    account.queue.add(OPEN, 0.0)
    assert account.pass_time(0.0, 5.0) == [0.0, *AGAIN_S]
    for tick in range(100):
        account.queue.add(OPEN, 5.0 + tick * 0.5)
        account.run(5.0 + tick * 0.5)
    assert len(account.reads) == 3
    account.queue.add(OPEN, 3.0 + UNKNOWN_S)
    assert account.pass_time(3.0 + UNKNOWN_S, 4.0 + UNKNOWN_S) == [0.0, 1.0]


def test_a_session_that_is_there_is_never_unknown(account: Account) -> None:
    account.has(1, active=True)
    account.queue.add(END, 0.0)
    account.pass_time(0.0, 5.0)
    account.queue.add(OPEN, 5.0)
    assert account.pass_time(5.0, 6.0) == [0.0]


def test_an_event_that_comes_while_the_record_is_read_is_read_again(account: Account) -> None:
    account.queue.add(OPEN, 0.0)
    taken = account.queue.take(0.0)
    account.queue.add(OPEN, 0.1)
    account.queue.settle(taken, {key(1): Session(key(1), active=True)}, 0.0)
    assert account.queue.take(0.15) == []
    assert account.queue.take(WINDOW_S) == [key(1)]


def test_beyond_20_reads_a_second_a_poll_is_wanted_which_covers_the_rest(account: Account) -> None:
    for number in range(50):
        account.has(number, active=True)
        account.queue.add(Hint(key(number)), 0.0)
    account.run(0.0)
    assert (len(account.reads), account.queue.crowded) == (READS_PER_S, True)
    account.queue.add(Hint(key(60)), 0.5)
    account.queue.polled(0.4)
    assert (len(account.queue), account.queue.crowded) == (1, False)
    account.queue.polled(0.4)
    account.has(60, active=True)
    assert account.pass_time(0.5, 2.0) == [0.5]


def test_a_poll_does_not_cover_what_it_may_not_have_seen_yet(account: Account) -> None:
    account.has(1, active=True)
    account.queue.add(END, 0.0)
    account.run(0.0)
    account.queue.polled(0.5)
    assert account.pass_time(0.5, 5.0) == [0.5, 2.5]


def test_hints_that_nobody_reads_are_dropped_after_a_minute(account: Account) -> None:
    account.queue.add(OPEN, 0.0)
    assert account.pass_time(KEPT_S, KEPT_S + 1) == []


def test_what_is_passed_on_is_gone_here(account: Account) -> None:
    for hint in (OPEN, END, OPEN):
        account.queue.add(hint, 1.0)
    assert account.queue.drain(3.0) == [(OPEN, 2.0), (END, 2.0)]
    assert account.queue.drain(3.0) == []


def test_memory_is_bounded(account: Account) -> None:
    queue = account.queue
    for number in range(3 * SESSIONS_MOST):
        queue.add(Hint(key(number)), 0.0)
    assert (len(queue), queue.crowded) == (SESSIONS_MOST, True)
    for number in range(3 * EVENTS_MOST):
        queue.add(Hint(key(1), f"joined {number}"), 0.0)
    assert len(queue.drain(0.0)) == SESSIONS_MOST - 1 + EVENTS_MOST
    for number in range(UNKNOWN_MOST + 10):
        queue._block(key(number), 60.0)
    assert len(queue._unknown_until) == UNKNOWN_MOST


Steps = st.lists(
    st.tuples(
        st.integers(0, 40),  # hundredths of a second
        st.one_of(
            st.tuples(st.just("hint"), st.integers(1, 30), st.sampled_from(["", CLOSED])),
            st.tuples(st.just("end"), st.integers(1, 30)),
            st.tuples(st.just("poll")),
        ),
    ),
    max_size=120,
)


@given(Steps, st.sets(st.integers(1, 30)))
def test_rates_hold_and_no_hint_is_lost(steps: list[tuple[int, tuple[object, ...]]], there: set[int]) -> None:
    """Each hint's session is read after it came, unless a poll began since, its id was unknown, or a minute passed."""
    account, now, hinted, polled = Account(), 0.0, dict[str, float](), 0.0
    for number in there:
        account.has(number, active=True)
    for wait, (kind, *what) in steps:
        now = round(now + wait / 100, 2)
        if kind == "hint":
            number, expects = what
            hinted[key(int(str(number)))] = now
            account.queue.add(Hint(key(int(str(number))), str(expects)), now)
        elif kind == "end" and what[0] in there:
            account.has(int(str(what[0])), active=False)
        elif kind == "poll":
            account.queue.polled(now)
            polled = now
        account.run(now)
    account.pass_time(now, now + 6.0)
    times = [at for at, _ in account.reads]
    assert all(times[place + READS_PER_S] - at >= 1.0 for place, at in enumerate(times[:-READS_PER_S]))
    last: dict[str, float] = {}
    for at, session_id in account.reads:
        assert at - last.get(session_id, -1.0) >= WINDOW_S - 1e-9
        last[session_id] = at
    for session_id, at in hinted.items():
        if at >= polled and session_id in account.records:
            assert last[session_id] >= at
    assert len(account.queue) == 0
