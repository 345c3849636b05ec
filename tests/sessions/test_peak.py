"""The most people in at once, against a count at every moment."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.sessions.model import Peer, Session
from bot.sessions.peak import peak

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
moments = st.one_of(st.none(), st.integers(-3, 12).map(lambda minutes: START + timedelta(minutes=minutes)))
peers = st.builds(
    Peer,
    name=st.just("x"),
    user_id=st.sampled_from([None, None, "ann", "bob", "cem"]),
    joined_at=moments,
    left_at=moments,
)


def made(members: list[Peer], *, active: bool = True) -> Session:
    return Session(id="a" * 24, active=active, peers=members, created_at=START, updated_at=START + timedelta(hours=1))


def counted(session: Session) -> tuple[int, datetime | None]:
    """The people in at each moment at which somebody comes; a visit lasts a microsecond at least."""
    visits = []
    for who, peer in session.keyed_peers:
        joined = peer.joined or (START if peer.left is None else min(START, peer.left))
        last = None if peer.left is None else max(peer.left, joined + timedelta(microseconds=1))
        visits.append((who, joined, last))
    most: tuple[int, datetime | None] = (0, None)
    for moment in sorted({joined for _, joined, _ in visits}):
        here = len({who for who, joined, last in visits if joined <= moment and (last is None or moment < last)})
        if here > most[0]:
            most = (here, moment)
    return most


@given(st.lists(peers, max_size=12), st.booleans())
def test_it_is_what_a_count_at_every_moment_gives(members: list[Peer], active: bool) -> None:
    session = made(members, active=active)
    assert peak(session) == counted(session)
    assert session.people_in_count() <= peak(session)[0] <= session.people_count()


def test_nobody_was_in() -> None:
    assert peak(made([])) == (0, None)
    assert peak(Session(id="a" * 24)) == (0, None)


def test_a_person_with_two_devices_counts_once_until_both_have_left() -> None:
    minute = [START + timedelta(minutes=each) for each in range(6)]
    members = [
        Peer(user_id="ann", joined_at=minute[0], left_at=minute[3]),
        Peer(user_id="ann", joined_at=minute[1], left_at=minute[5]),
        Peer(user_id="bob", joined_at=minute[4], left_at=minute[5]),
        Peer(user_id="cem", joined_at=minute[5]),
    ]
    assert peak(made(members)) == (2, minute[4])


def test_a_time_of_the_year_1_is_a_missing_one() -> None:
    nothing = datetime(1, 1, 1, tzinfo=UTC)
    assert peak(made([Peer(id="a", joined_at=nothing, left_at=nothing)])) == (1, START)


def test_2500_peers_take_no_time() -> None:
    members = [
        Peer(
            user_id=f"u{number // 2}",
            joined_at=START + timedelta(seconds=number * 7 % 3_600),
            left_at=START + timedelta(seconds=number * 7 % 3_600 + number % 900) if number % 3 else None,
        )
        for number in range(2_500)
    ]
    session = made(members)
    began = time.perf_counter()
    found = peak(session)
    assert time.perf_counter() - began < 0.2
    assert found == counted(session)
