"""Pseudonyms: one for each person, everywhere; nothing of a name or an id in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bot.sessions.diff import people_in
from bot.sessions.mask import Mask
from bot.sessions.model import Peer, Session
from bot.sessions.summary import summarise
from tests.strategies import texts

BEGAN = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=1)

who = st.one_of(st.none(), st.just(""), texts, st.sampled_from(["ada@example.com", "u2"]))
peers = st.builds(
    Peer,
    id=st.uuids().map(str),
    name=who,
    role=st.sampled_from([None, "host", "guest"]),
    user_id=who,
    user=who,
    joined_at=st.sampled_from([None, BEGAN]),
    left_at=st.sampled_from([None, NOW]),
)
people = st.lists(peers, max_size=8, unique_by=lambda peer: peer.id)
sessions = st.builds(
    lambda some, keyed, active: Session(
        "6b0472c2" + 16 * "0", "a" * 24, active, {p.id: p for p in some} if keyed else some, BEGAN, NOW
    ),
    people,
    st.booleans(),
    st.booleans(),
)


@given(sessions)
def test_all_but_names_stays(session: Session) -> None:
    masked = Mask("secret").session(session)
    assert [each for each, _ in masked.each_peer()] == [each for each, _ in session.each_peer()]
    assert (masked.people_count(), masked.people_in_count()) == (session.people_count(), session.people_in_count())
    assert len(people_in(masked)) == len(people_in(session))
    assert masked.participant_s(NOW) == session.participant_s(NOW)
    before, after = summarise(session), summarise(masked)
    assert (before.people, before.roles, before.host_left) == (after.people, after.roles, after.host_left)
    bare = [(p.id, p.role, p.joined_at, p.left_at) for _, p in session.each_peer()]
    assert bare == [(p.id, p.role, p.joined_at, p.left_at) for _, p in masked.each_peer()]


@given(sessions, texts)
def test_no_name_and_no_id_is_left(session: Session, secret: str) -> None:
    renamed = msgspec.structs.replace(session, peers=[
        msgspec.structs.replace(peer, name=f"Ünique {place}", user_id=peer.user_id and f"zyx-{peer.user_id}", user=None)
        for place, (_, peer) in enumerate(session.each_peer())
    ])  # fmt: skip
    sent = msgspec.json.encode(Mask(secret).session(renamed)).decode()
    assert "Ünique" not in sent and "zyx" not in sent


@given(st.lists(texts.filter(bool), min_size=2, max_size=2, unique=True))
def test_one_pseudonym_for_one_person(users: list[str]) -> None:
    mask, names = Mask("secret"), []
    for number, user_id in enumerate((users[0], users[0], users[1])):
        of = {"user": user_id} if number == 1 else {"user_id": user_id}  # older answers
        peers = [Peer(id=f"p{number}", name=f"Name {number}", **of)]
        (person,) = mask.session(Session(f"{number:024x}", peers=peers)).people()
        assert person.name == person.user_id and person.name.startswith("Guest ")
        names.append(person.name)
    assert names[0] == names[1] != names[2]


def test_without_a_user_id_it_is_that_of_the_peer() -> None:
    session = Session("a" * 24, peers={"p1": Peer(name="Ada"), "p2": Peer(name="Ada")})
    mask = Mask("secret")
    names = [person.name for person in mask.session(session).people()]
    assert len(set(names)) == 2 and all(person.user_id == "" for person in mask.session(session).people())
    listed = Session("a" * 24, peers=[Peer(id="p1", name="Ada"), Peer(id="p2", name="Ada")])
    assert [person.name for person in mask.session(listed).people()] == names


def test_another_secret_is_another_naming() -> None:
    session = Session("a" * 24, peers={"p1": Peer(name="Ada", user_id="ada")})
    one, other = Mask("one"), Mask("other")
    assert one.naming != other.naming and one.naming == Mask("one").naming
    assert one.session(session) == Mask("one").session(session) != other.session(session)
