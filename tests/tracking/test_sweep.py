"""What a poll reads of pages that it has had before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.matching import Matcher
from bot.alerts.subscription import Subscription
from bot.hms.wire import Entry
from bot.query.parse import parse
from bot.sessions.model import Peer, Session
from bot.sessions.tracked import Tracked
from bot.store import Snapshot
from bot.tracking.sweep import News, Seen

BEGAN = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
ROOMS = ("a" * 24, "b" * 24)


def session(number: int, people: int = 1, *, active: bool = True, room: int = 0) -> Session:
    peers = {f"p{place}": Peer(name=f"P {place}", user_id=f"u{place}", joined_at=BEGAN) for place in range(people)}
    started = BEGAN + timedelta(seconds=number)
    return Session(f"{number:024x}", ROOMS[room], active, peers, started, None if active else BEGAN)


def entry(value: object) -> Entry:
    return Entry(msgspec.Raw(msgspec.json.encode(value)))


class Polls:
    """One poll after the other, as `Poll` makes them. `skips` False: every entry is read, always."""

    def __init__(self, *, skips: bool = True) -> None:
        self._skips = skips
        self.known = Snapshot(0, None, {})
        self.before: dict[int, str] = {}

    def poll(self, *pages: list[Entry], news: News | None = None, now: int = 0) -> Seen:
        seen = Seen(self.known, self.before, news or expected(now), now)
        for page in pages:
            seen.page(page)
        self.known = Snapshot(self.known.seq + 1, now, {**self.known.sessions, **seen.tracked})
        self.before = seen.fingerprints if self._skips else {}
        return seen


def expected(minutes: int, *, longer: str = "", young: str = "") -> News:
    """What subscriptions with these lines wait for, so long after the sessions began."""
    now = BEGAN + timedelta(minutes=minutes)

    def matcher(line: str) -> Matcher:
        made = Subscription("T", "C", parse(line, scope="subscribe"), frozenset({"start"}), "U", 0, 1)
        return Matcher([made] if line else [], now)

    return News(matcher(longer), matcher(young), int(BEGAN.timestamp() * 1000))


def test_what_is_as_it_was_is_not_read() -> None:
    polls = Polls()
    first = polls.poll([entry(session(1)), entry(session(2))])
    assert set(first.tracked) == first.ids and len(first.ids) == 2
    unreadable = entry({"id": []})
    polls.before[unreadable.fingerprint] = session(1).id  # reading it would fail
    again = polls.poll([unreadable, entry(session(2, people=2))])
    assert again.ids == first.ids
    assert [each.id for each in again.changed] == [session(2).id]


def test_one_that_only_grew_longer_is_read_for_who_waits_for_that() -> None:
    polls, page = Polls(), [entry(session(1)), entry(session(2, room=1))]
    polls.poll(page)
    assert polls.poll(page, news=expected(44, longer="longer:45m")).ripe == []
    ripe = polls.poll(page, news=expected(50, longer=f"longer:45m room:{ROOMS[1]}")).ripe
    assert [each.id for each in ripe] == [session(2).id]


def test_what_a_channel_may_want_to_hear_of_now_is_read_again() -> None:
    polls, page = Polls(), [entry(session(1)), entry(session(2)), entry(session(3, active=False))]
    assert polls.poll(page).held == {}
    news = replace(expected(1), held={session(1).id, session(3).id, "gone"})
    again = polls.poll(page, news=news)
    assert again.held == {session(1).id: session(1)}
    assert again.tracked == {} and again.ripe == []
    assert polls.poll(page).held == {}


def test_one_that_began_as_somebody_subscribed_is_read() -> None:
    polls, old = Polls(), Tracked(session(9).id, ROOMS[0], True, 0, 0, {}, 0)
    polls.poll([entry(session(1))])
    polls.known.sessions[old.session_id] = old  # type: ignore[index]
    news = expected(1, young="active")
    assert not news.may_have(old)
    assert [each.id for each in polls.poll([entry(session(1))], news=news).ripe] == [session(1).id]


def test_one_that_ended_while_the_pages_were_read_is_read_by_the_next_poll() -> None:
    polls, live, over = Polls(), entry(session(1)), entry(session(1, active=False))
    polls.poll([live])
    assert polls.poll([live], [over]).changed == []
    assert [each.active for each in polls.poll([], [over]).changed] == [False]


def test_an_entry_that_cannot_be_read_costs_no_other() -> None:
    seen = Polls().poll(
        [entry(session(1)), entry({"id": {}}), entry(None), entry({"id": 7, "active": True, "peers": None})]
    )
    assert seen.ids == {session(1).id, "7"}


def test_a_page_of_which_nothing_can_be_read_is_no_error() -> None:
    assert Polls().poll([entry(3), entry({"id": []})]).ids == set()


states = st.builds(session, st.integers(1, 4), st.integers(0, 3), active=st.booleans(), room=st.sampled_from([0, 1]))
lines = st.sampled_from(["", "longer:45m", f"longer:50m room:{ROOMS[0]}", "longer:40m peers:>=2"])


@given(st.lists(st.tuples(st.lists(states, max_size=6), lines), min_size=1, max_size=6))
def test_skipping_changes_nothing(accounts: list[tuple[list[Session], str]]) -> None:
    skips, reads = Polls(), Polls(skips=False)
    for number, (some, line) in enumerate(accounts):
        minutes = number * 15
        page = [entry(each) for each in some]
        news = expected(minutes, longer=line, young=line and "active")
        one, other = (polls.poll(page, news=news, now=minutes) for polls in (skips, reads))
        assert (one.ids, one.tracked, one.changed) == (other.ids, other.tracked, other.changed)
        assert one.ripe == other.ripe
