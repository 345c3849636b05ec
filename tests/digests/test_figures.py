"""The figures of a digest, against a count at every moment."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace as replaced

from bot.demo.fake_hms import Account, Life, Oddities
from bot.demo.fake_hms.wire import Writer, page
from bot.digests.figures import Bucket, Figures, Longest, Odd, OtherRooms, RoomFigures, Totals, edges
from bot.digests.tally import Tally
from bot.hms import wire
from bot.query.parse import parse
from bot.query.plan import plan
from bot.query.wrong import LOOKS_WRONG, Lasted
from bot.sessions.model import Peer, Session
from bot.sessions.peak import peak
from bot.sessions.roles import Roles
from tests.accounts import object_id
from tests.query import lives

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
TICK = timedelta(minutes=10)
PERIOD = 36 * TICK
NOTHING = datetime(1, 1, 1, tzinfo=UTC)
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
EMPTY = Totals(sessions=0, people=0, participant_s=0.0, peak=0, peak_at=None, longest_s=0.0)


def at(tick: int) -> datetime:
    return START + tick * TICK


# What the definitions say, moment by moment.


class Visit:
    def __init__(self, session: Session, peer: Peer, who: Hashable, over: datetime) -> None:
        said = [None if when in (None, NOTHING) else when for when in (peer.joined_at, peer.left_at)]
        self.session = session.id
        self.room = session.room_id
        self.person = who if isinstance(who, str) else (session.id, who)
        self.timed = said[0] is not None
        self.left = said[1] or over
        self.joined = said[0] or min(session.created_at, said[1] or session.created_at)

    def is_in(self, moment: datetime) -> bool:
        return self.joined <= moment < self.left


def end_of(session: Session) -> datetime:
    if session.active:
        return FOREVER
    return session.created_at if session.updated_at in (None, NOTHING) else session.updated_at


def visits_of(session: Session) -> list[Visit]:
    return [Visit(session, peer, who, end_of(session)) for who, peer in session.keyed_peers]


STATES = {
    "idle:5m": (lives.idle, timedelta(minutes=5)),
    "alone:15m": (lives.alone, timedelta(minutes=15)),
    "missing:host>5m": (lives.missing("host"), timedelta(minutes=5)),
}


def cut(session: Session, end: datetime) -> Session:
    """The record of a session that went on at `end`, as it was then."""
    peers = {
        key: replaced(peer, left_at=None if peer.left and peer.left > end else peer.left_at)
        for key, peer in session.each_peer()
        if peer.joined is None or peer.joined <= end
    }
    return replaced(session, active=True, peers=peers)


def spell_s(session: Session, state: lives.State, now: datetime, least: timedelta) -> float:
    """The seconds of the spell that goes on, or of the longest of an ended session; 0 where it is too short."""
    runs = lives.runs(session, state)
    went_on = [(end or now) - begin for begin, end, _ in runs if session.active == (end is None)]
    return max((each.total_seconds() for each in went_on if each >= least), default=0.0)


def counted(sessions: Iterable[Session], start: datetime, end: datetime) -> dict[str, Any]:
    """Everything about `[start, end)`: the state at each moment at which it changes, which lasts until the next."""
    sessions = list(sessions)
    hull = {}
    for session in sessions:
        visits = visits_of(session)
        times = [time for visit in visits for time in (visit.joined, visit.left)]
        hull[session.id] = (visits, min(times, default=FOREVER), max(times, default=NOTHING))
    near = [item for item in hull.values() if item[1] < end and item[2] >= start]
    moments = {start, end}
    for visits, _, _ in near:
        moments |= {time for visit in visits for time in (visit.joined, visit.left) if start < time < end}
    people: dict[str, set[Any]] = defaultdict(set)
    lasted: dict[str, timedelta] = defaultdict(timedelta)
    most, when = 0, None
    for moment, following in pairwise(sorted(moments)):
        around = [visit for visits, first, last in near if first <= moment <= last for visit in visits]
        here = [visit for visit in around if visit.is_in(moment) or (visit.left <= visit.joined == moment)]
        for visit in here:
            people[visit.room].add(visit.person)
            if visit.timed and visit.is_in(moment):
                lasted[visit.room] += following - moment
        number = len({(visit.session, visit.person) for visit in here})
        if number > most:
            most, when = number, moment
    opened: dict[str, int] = defaultdict(int)
    for session in sessions:
        opened[session.room_id] += start <= session.created_at < end
    rooms = [
        RoomFigures(room, opened[room], len(people[room]), lasted[room].total_seconds(), None)
        for room in {session.room_id for session in sessions}
        if opened[room] or people[room]
    ]
    odd, longest, longest_s = [], None, 0.0
    for session in sorted(sessions, key=lambda session: (session.created_at, session.id)):
        if session.created_at >= end or not (end_of(session) > start or session.created_at >= start):
            continue
        length_s = max(0.0, (min(end_of(session), end) - session.created_at).total_seconds())
        live = end_of(session) > end
        then = cut(session, end) if live else session
        wrong_s = {each: spell_s(then, state, end, least) for each, (state, least) in STATES.items()}
        if length_s > 4 * 3600:
            wrong_s["longer:4h"] = length_s
        why = tuple(Lasted(term, wrong_s[str(term)]) for term in LOOKS_WRONG if wrong_s.get(str(term)))
        if why:
            still_in = {who for who, _ in lives.people_in(then, end)} if live else ()
            odd.append(Odd(session.id, session.room_id, why, live, len(still_in)))
        if longest is None or length_s > longest_s:
            longest, longest_s = Longest(session.id, session.room_id, length_s, live), length_s
    participant_s = sum(lasted.values(), timedelta()).total_seconds()
    return {
        "totals": Totals(
            sum(opened.values()), len(set().union(*people.values())), participant_s, most, when, longest_s
        ),
        "rooms": sorted(rooms, key=lambda room: (-room.participant_s, -room.sessions, room.room_id)),
        "people": people,
        "odd": sorted(odd, key=lambda each: (-max(was.seconds for was in each.why), each.session_id)),
        "longest": longest,
    }


def tallied(sessions: Iterable[Session], *marks: datetime) -> Figures:
    tally = Tally(marks)
    for session in sessions:
        tally.add(session)
    return tally.figures()


def compare(sessions: list[Session], *marks: datetime) -> Figures:
    """The tally says what the count says."""
    start, *_, end = marks
    found, wanted = tallied(sessions, *marks), counted(sessions, start, end)
    assert (found.start, found.end) == (start, end)
    assert found.totals == wanted["totals"]
    before = counted(sessions, start - (end - start), start)
    assert found.before == before["totals"]
    assert found.odd_before == len(before["odd"])
    assert found.longest == wanted["longest"]
    were_s = {room.room_id: room.participant_s for room in before["rooms"]}
    assert list(found.rooms) == [replace(room, before_s=were_s.get(room.room_id)) for room in wanted["rooms"][:20]]
    others = wanted["rooms"][20:]
    sessions_there = sum(room.sessions for room in others)
    people_there = len(set().union(*(wanted["people"][room.room_id] for room in others)))
    participant_s = pytest.approx(sum(room.participant_s for room in others))
    expected = OtherRooms(len(others), sessions_there, people_there, participant_s)
    assert found.other_rooms == (expected if others else None)
    assert list(found.odd) == wanted["odd"][:10]
    assert found.odd_more == len(wanted["odd"][10:])
    peaks = [counted(sessions, first, last)["totals"].peak for first, last in pairwise(marks)]
    assert list(found.series) == [Bucket(*part, peak) for part, peak in zip(pairwise(marks), peaks, strict=True)]
    return found


# Random accounts. Moments are 10 minutes apart, so that many things happen at once.

ticks = st.integers(-90, 60).map(at)
maybe = st.one_of(st.none(), st.just(NOTHING), ticks, ticks, ticks)


@st.composite
def sessions_of_an_account(draw: st.DrawFn) -> list[Session]:
    sessions = []
    for number in range(draw(st.integers(0, 6))):
        created = draw(ticks)
        close = st.integers(-1, 12).map(lambda tick, created=created: created + tick * TICK)
        times = st.one_of(maybe, close, close)
        user_ids = st.sampled_from([None, None, "", "ann", "bob", "cem"])
        peer = st.builds(
            Peer, role=st.sampled_from(["host", "guest", None]), user_id=user_ids,
            user=st.sampled_from([None, None, "dan"]), joined_at=times, left_at=times,
        )  # fmt: skip
        listed = st.lists(peer, max_size=8)
        keyed = listed.map(lambda peers: {f"p{place}": peer for place, peer in enumerate(peers)})
        session = st.builds(
            Session, st.just(f"{number:024x}"), st.sampled_from(["", "r1", "r2"]), st.booleans(), listed | keyed,
            st.just(created), st.one_of(maybe, close),
        )  # fmt: skip
        sessions.append(draw(session))
    return sessions


accounts = sessions_of_an_account()
divisions = st.sets(st.integers(1, 35), max_size=6).map(lambda inner: [START, *map(at, sorted(inner)), at(36)])


@given(accounts, divisions)
def test_figures_are_what_a_count_at_every_moment_gives(sessions: list[Session], marks: list[datetime]) -> None:
    compare(sessions, *marks)


@given(accounts, st.randoms(use_true_random=False))
def test_neither_order_nor_repeats_matter(sessions: list[Session], rng: random.Random) -> None:
    again = sessions * 2
    rng.shuffle(again)
    assert tallied(again, START, START + PERIOD) == tallied(sessions, START, START + PERIOD)


micros = st.integers(0, 3_600_000_000).map(lambda micros: START + timedelta(microseconds=micros))
stays = st.builds(
    Peer, user_id=st.sampled_from([None, "ann", "bob"]), joined_at=st.none() | micros, left_at=st.none() | micros
)
one_session = st.builds(
    Session, id=st.just("a" * 24), active=st.booleans(), peers=st.lists(stays, max_size=8), created_at=micros,
    updated_at=micros | st.just(START + timedelta(hours=1, seconds=1)),
)  # fmt: skip


@given(one_session)
def test_a_session_within_the_period_has_the_figures_that_show_gives(session: Session) -> None:
    end = START + timedelta(hours=2)
    totals = tallied([session], START, end).totals
    # `peak` has those who never left in for ever, here they are until the session's end: the same but for times gone wrong.
    if all((peer.joined or session.created_at) < end_of(session) for _, peer in session.each_peer()):
        assert (totals.peak, totals.peak_at) == peak(session)
    assert totals.participant_s == pytest.approx(session.participant_s(end))
    assert totals.people == session.people_count()
    assert totals.longest_s == session.length_s(end)


# Accounts as 100ms sends them.


@pytest.mark.parametrize(
    ("seed", "hours", "odd"), [(1, 24, Oddities()), (2, 24, Oddities(mixed=3)), (3, 84, Oddities(mixed=3))]
)
def test_the_demos_account(seed: int, hours: int, odd: Oddities) -> None:
    now = (START + timedelta(hours=1)).timestamp()
    account = Account(seed=seed)
    Life(account, seed=seed, now=now).advance(now + 600)
    writer = Writer(account)
    items = [writer.session(session, odd) for session in account.sessions.values()]
    sessions = wire.sessions(msgspec.json.encode(page(items, limit=100, last=None, more=False, odd=odd))).entries
    hosts = {role.name for template in account.templates.values() for role in template.roles.values() if role.hosts}
    sessions = [session.cast(Roles(frozenset(hosts))) for session in sessions]
    end = START + timedelta(hours=1)
    start = end - timedelta(hours=hours)
    found = compare(sessions, *edges(start, end, ZoneInfo("Asia/Kolkata")))
    assert found.totals.people > 500
    assert found.totals.peak > 320
    assert len(sessions) == len(account.sessions)
    assert [str(was.term) for was in found.odd[0].why] == ["longer:4h"]
    assert 5 <= len(found.odd) + found.odd_more < found.totals.sessions / 10


def test_the_documentations_sample() -> None:
    later, earlier = wire.sessions(Path("tests/data/hms/list-sessions.json").read_bytes()).entries
    start = datetime(2022, 9, 8, tzinfo=UTC)
    end = start + timedelta(days=1)
    found = tallied([later, earlier], start, end)
    joined = datetime(2022, 9, 8, 15, 52, 2, 194_000, tzinfo=UTC)
    assert found == Figures(
        start, end, before=EMPTY, other_rooms=None, odd=(), odd_more=0, odd_before=0, series=(Bucket(start, end, 1),),
        totals=Totals(sessions=1, people=1, participant_s=1.815, peak=1, peak_at=joined, longest_s=1.818),
        longest=Longest(later.id, later.room_id, 1.818, live=False),
        rooms=(RoomFigures(later.room_id, 1, 1, 1.815, None),),
    )  # fmt: skip
    both = tallied([later, earlier], start - timedelta(days=3), end)
    assert [room.room_id for room in both.rooms] == [earlier.room_id, later.room_id]  # 1.827 s and 1.815 s
    assert (both.totals.sessions, both.totals.people, both.totals.participant_s) == (2, 2, 3.642)


# Bounds and edges.


def test_what_is_beyond_20_rooms_and_10_odd_sessions_is_summed() -> None:
    rng = random.Random(5)
    sessions = []
    for number in range(60):
        peers = [Peer(user_id=f"u{number % 7}", joined_at=START, left_at=at(number % 9))]
        sessions.append(Session(object_id(rng), f"r{number % 30:02}", True, peers, created_at=at(-number)))
    found = compare(sessions, START, START + PERIOD)
    assert (len(found.rooms), found.other_rooms and found.other_rooms.rooms) == (20, 10)
    assert (len(found.odd), found.odd_more) == (10, 50)


Stay = tuple[str, str, int, int]


def an_hour(*stays: Stay, lasts_s: int = 3_600) -> Session:
    """An ended session of these people: role, user id, seconds from its start to joining and leaving."""
    peers = [
        Peer(
            role=role, user_id=who, joined_at=START + timedelta(seconds=joined), left_at=START + timedelta(seconds=left)
        )
        for role, who, joined, left in stays
    ]
    return Session("a" * 24, "r", False, peers, START, START + timedelta(seconds=lasts_s))


@st.composite
def ordinary_sessions(draw: st.DrawFn) -> Session:
    """Mostly hosts and guests who are in from about the start to about the end: what is passed over quickly."""
    lasts_s = draw(st.sampled_from([1_000, 3_600, 14_400, 14_401]))
    near = st.sampled_from([0, 100, 299, 300, 301, 899, 900, 901])
    stay = st.tuples(st.sampled_from(["host", "guest"]), st.sampled_from("abc"), near, near.map(lambda s: lasts_s - s))
    return an_hour(*draw(st.lists(stay, max_size=6)), lasts_s=lasts_s)


@given(ordinary_sessions() | accounts.filter(bool).map(lambda sessions: sessions[0]), st.integers(0, 10))
@example(an_hour(("host", "a", 0, 3_600), ("guest", "b", 0, 100)), 2)
@example(an_hour(("host", "a", 0, 3_600), ("guest", "a", 0, 3_600)), 2)
@example(
    an_hour(("host", "a", 0, 100), ("host", "c", 300, 300), ("host", "a", 590, 3_600), ("guest", "b", 0, 3_600)), 2
)
@example(an_hour(("host", "a", 0, 1_800), ("guest", "b", 0, 3_600)), 0)
def test_a_digest_and_the_list_never_disagree(session: Session, after: int) -> None:
    """The list as it was when the period ended, whatever came since."""
    end = max(START, session.created_at) + timedelta(hours=after) + timedelta(seconds=1)
    session = replaced(session, active=True) if end_of(session) > end else session
    found = tallied([session], min(START, session.created_at, end_of(session)) - TICK, end)
    then = cut(session, end) if session.active else session
    listed = [
        str(term)
        for term in LOOKS_WRONG
        if term.key != "ending" and (keep := plan(parse(f"all {term}"), end).keep) and keep(then)
    ]
    assert [str(was.term) for each in found.odd for was in each.why] == listed


def test_what_looks_wrong() -> None:
    assert [str(term) for term in LOOKS_WRONG] == ["longer:4h", "idle:5m", "alone:15m", "missing:host>5m", "ending:15m"]


def test_nothing_was_there() -> None:
    end = START + PERIOD
    found = Figures(START, end, EMPTY, EMPTY, None, (), None, (), 0, 0, (Bucket(START, end, 0),))
    assert compare([], START, end) == found


@pytest.mark.parametrize("marks", [[0, 36, 36], [0, 20, 10, 36], [36, 0]])
def test_edges_that_do_not_rise_are_refused(marks: list[int]) -> None:
    with pytest.raises(ValueError, match="edges must rise"):
        Tally([at(mark) for mark in marks])


instants = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)).map(lambda when: when.replace(tzinfo=UTC))
lengths = st.one_of(
    st.sampled_from([timedelta(hours=hours) for hours in (23, 24, 25, 72, 167, 168, 169)]),
    st.timedeltas(timedelta(microseconds=1), timedelta(days=800)),
)


@given(instants, lengths, st.sampled_from(sorted(available_timezones())))
@example(datetime(2011, 12, 26, 10, tzinfo=UTC), timedelta(days=7), "Pacific/Apia")  # a Friday that there wasn't
@example(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), timedelta(hours=1), "Europe/Berlin")  # from 2:30 to 2:30
def test_edges_are_round_and_few_in_every_zone(start: datetime, length: timedelta, name: str) -> None:
    zone = ZoneInfo(name)
    marks = edges(start, start + length, zone)
    assert (marks[0], marks[-1]) == (start, start + length)
    assert all(mark.tzinfo is UTC for mark in marks)
    assert all(earlier < later for earlier, later in pairwise(marks))
    assert len(marks) <= 15
    for mark in marks[1:-1]:
        # A time that the clock leaps over is moved; on the clock of the day before it is round.
        offsets = {(mark + apart).astimezone(zone).utcoffset() for apart in (timedelta(), -timedelta(hours=26))}
        walls = [(mark + offset).replace(tzinfo=None) for offset in offsets if offset is not None]
        assert any(wall.minute % 5 == wall.second == wall.microsecond == 0 for wall in walls)
        if length > timedelta(days=5):
            assert any(wall.hour == wall.minute == 0 for wall in walls)


@given(instants, st.timedeltas(timedelta(minutes=20), timedelta(days=13)))
def test_edges_are_not_too_few(start: datetime, length: timedelta) -> None:
    assert len(edges(start, start + length, ZoneInfo("UTC"))) >= (5 if length <= timedelta(hours=26) else 3)


@pytest.mark.parametrize(
    ("start", "end", "zone", "local"),
    [
        ("2026-11-22T08:00Z", "2026-11-23T08:00Z", "Europe/Berlin", "22T09 22T10 22T12 … 23T08 23T09"),
        ("2026-11-22T23:00Z", "2026-11-23T23:00Z", "Europe/Berlin", "23T00 23T02 23T04 … 23T22 24T00"),
        ("2026-10-24T22:00Z", "2026-10-25T23:00Z", "Europe/Berlin", "25T00 25T02 25T04 … 25T22 26T00"),
        ("2026-03-28T23:00Z", "2026-03-29T22:00Z", "Europe/Berlin", "29T00 29T03 29T04 … 29T22 30T00"),
        ("2026-03-28T01:30Z", "2026-03-29T01:30Z", "Europe/Berlin", "28T02 28T04 28T06 … 29T03 29T03"),
        ("2026-11-16T03:30Z", "2026-11-23T03:30Z", "Asia/Kolkata", "16T09 17T00 18T00 … 23T00 23T09"),
        ("2026-11-15T18:30Z", "2026-11-22T18:30Z", "Asia/Kolkata", "16T00 17T00 18T00 … 22T00 23T00"),
        ("2026-11-20T09:00Z", "2026-11-23T09:00Z", "UTC", "20T09 21T00 22T00 … 23T00 23T09"),
        ("2026-11-01T00:00Z", "2026-12-01T00:00Z", "UTC", "01T00 02T00 09T00 … 30T00 01T00"),
    ],
)
def test_edges(start: str, end: str, zone: str, local: str) -> None:
    found = edges(datetime.fromisoformat(start), datetime.fromisoformat(end), ZoneInfo(zone))
    said = [mark.astimezone(ZoneInfo(zone)).strftime("%dT%H") for mark in found]
    assert [*said[:3], "…", *said[-2:]] == local.split()
