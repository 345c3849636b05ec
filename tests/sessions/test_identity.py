"""Connections, and the people they belong to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sessions.diff import diff, people_in, track
from bot.sessions.mask import Mask
from bot.sessions.model import Peer, Session
from bot.sessions.peak import peak
from bot.sessions.roles import Roles
from bot.sessions.summary import summarise

BEGAN = datetime(2026, 11, 23, 14, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=2)


def peer(
    name: str | None, joined: int, left: int | None = None, user_id: str | None = None, role: str = "guest"
) -> Peer:
    """In from one minute to another."""
    when = [None if each is None else BEGAN + timedelta(minutes=each) for each in (joined, left)]
    return Peer(name=name, role=role, user_id=user_id, joined_at=when[0], left_at=when[1])


def session(*peers: Peer, active: bool = True) -> Session:
    return Session("a" * 24, "b" * 24, active, {f"p{n}": each for n, each in enumerate(peers)}, BEGAN, NOW)


CASES = {
    "three guests under one id": ([peer("Ann", 0, None, "u"), peer("Bob", 1, None, "u"), peer("Cyd", 2, 9, "u")], 3),
    "one who came back under another name": ([peer("Ann", 0, 5, "u"), peer("Ann M.", 5, None, "u")], 1),
    "one on two devices": ([peer("Ann", 0, None, "u"), peer("Ann", 1, None, "u")], 1),
    "a shared id, whose people come back": (
        [peer("Ann", 0, 5, "u"), peer("Bob", 1, 3, "u"), peer("Ann", 6, 7, "u"), peer("Bob", 8, None, "u")],
        2,
    ),
    "a long stay around short ones": ([peer("Ann", 0, None, "u"), peer("Ann", 1, 2, "u"), peer("Bob", 50, 60, "u")], 2),
    "a guest without an id who came three times": ([peer("Ann", 0, 5), peer("Ann", 5, 9), peer("Ann", 20, None)], 1),
    "two guests of one name": ([peer("Ann", 0, 5), peer("Ann", 4, 9)], 2),
    "two of one name, one of whom came back": ([peer("Ann", 0, 5), peer("Ann", 4, 9), peer("Ann", 6, None)], 2),
    "one name in two roles": ([peer("Ann", 0, 5), peer("Ann", 6, None, role="host")], 2),
    "guests without a name": ([peer(None, 0, 5), peer(None, 6, 7), peer("", 8, None)], 3),
}


@pytest.mark.parametrize("case", CASES)
def test_people_are_told_apart(case: str) -> None:
    peers, people = CASES[case]
    seen = session(*peers)
    assert seen.people_count() == people == len(seen.people()) == summarise(seen).people
    assert seen.people_in_count() == len(people_in(seen)) == summarise(seen).people_in
    assert Mask("secret").session(seen).people_count() == people


def test_who_has_a_shared_id_is_at_the_peak_with_the_others() -> None:
    assert peak(session(*CASES["three guests under one id"][0]))[0] == 3


def told(before: Session, after: Session) -> tuple[list[str], list[str]]:
    """The names said to have joined, and left."""
    changes = diff({before.id: track(before, 0)}, [after])
    return [name for each in changes for name, _ in each.joined], [name for each in changes for name, _ in each.left]


def test_who_joins_under_a_shared_id_is_told_and_nobody_else() -> None:
    alone = session(peer("Ann", 0, None, "u"))
    both = session(peer("Ann", 0, None, "u"), peer("Bob", 1, None, "u"))
    assert told(alone, both) == (["Bob"], [])
    assert told(both, session(peer("Ann", 0, 5, "u"), peer("Bob", 1, None, "u"))) == ([], ["Ann"])


def test_a_guest_who_comes_back_between_two_polls_is_no_news() -> None:
    assert told(session(peer("Ann", 0)), session(peer("Ann", 0, 5), peer("Ann", 5))) == ([], [])
    assert told(session(peer("Ann", 0, 5)), session(peer("Ann", 0, 5), peer("Ann", 6))) == (["Ann"], [])


moves = st.builds(
    peer,
    st.sampled_from(["Ann", "Bob", "", None]),
    st.integers(0, 20),
    st.one_of(st.none(), st.integers(0, 20)),
    st.sampled_from([None, None, "u", "v"]),
)


@given(st.lists(moves, max_size=8))
def test_however_people_come_and_go_they_are_counted_alike(peers: list[Peer]) -> None:
    seen = session(*peers)
    assert seen.people_in_count() <= seen.people_count() == len(seen.people()) <= len(peers)
    assert len(people_in(seen)) == seen.people_in_count()
    together = {who for who, each in seen.keyed_peers if each.left is None}
    assert len(together) == seen.people_in_count()


@given(st.lists(moves, min_size=1, max_size=8))
def test_a_person_keeps_their_key_while_others_come(peers: list[Peer]) -> None:
    """As long as the id was known to be shared, or not, before."""
    ordered = sorted((each for each in peers if not each.user_id), key=lambda each: each.joined_at or BEGAN)
    before, after = session(*ordered[:-1]), session(*ordered)
    assert [who for who, _ in before.keyed_peers] == [who for who, _ in after.keyed_peers][: len(ordered) - 1 or 0]


def test_a_session_with_other_peers_is_counted_anew() -> None:
    """People are told apart once for a session, not for those that are made of it."""
    seen = session(peer("Ann", 0), peer("beam", 1, role="beam"))
    assert seen.keyed_peers is seen.keyed_peers and seen.people_count() == 2
    assert seen.cast(Roles(recording=frozenset({"beam"}))).people_count() == 1
    assert seen == session(peer("Ann", 0), peer("beam", 1, role="beam"))
