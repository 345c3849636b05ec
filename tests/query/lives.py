"""Random lives of sessions, and a slow, plain reading of their records: an oracle for filters on what lasts."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bot.sessions.model import Peer, Room, Session
from bot.sessions.roles import GUESS, Roles
from bot.text import fold

BEGAN = datetime(2026, 11, 23, 14, 2, 3, 456_789, tzinfo=UTC)
ROOM = "b" * 24
TICK = timedelta(microseconds=1)


def moment(seconds: int) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


moments = st.integers(-2, 12).map(lambda tens: moment(10 * tens))
peers = st.builds(
    lambda name, role, user_id, joined, left: Peer(None, name, role, user_id, None, joined, left),
    st.sampled_from(["Ada", "Ben", None]),
    st.sampled_from(["host", "Teacher", "guest", "recorder", None]),
    st.sampled_from(["u1", "u2", None]),
    st.one_of(st.none(), moments),
    st.one_of(st.none(), moments),
)


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """People who come back, share an id, record, left before they came, or came nobody knows when; live or ended."""
    ended = draw(st.one_of(st.none(), moments))
    here = draw(st.lists(peers, max_size=6))
    session = Session("a" * 24, ROOM, ended is None, here, BEGAN, ended)
    return session.cast(draw(st.sampled_from([GUESS, Roles(hosting=frozenset({"teacher"}))])))


rooms = st.sampled_from([0, 120]).map(lambda most_s: {ROOM: Room(ROOM, "hall", "", most_s)})

State = Callable[[Session, datetime], Hashable]


def people_in(session: Session, at: datetime) -> list[tuple[Hashable, str]]:
    """Return the person and the role of each connection that is in at that moment."""
    end = session.ended_at or datetime.max.replace(tzinfo=UTC)
    return [
        (who, peer.role or "")
        for who, peer in session.keyed_peers
        if (peer.joined or session.started_at) <= at < (peer.left or end)
    ]


def idle(session: Session, at: datetime) -> Hashable:
    return None if people_in(session, at) else "nobody"


def alone(session: Session, at: datetime) -> Hashable:
    people = {who for who, _ in people_in(session, at)}
    return ("alone", people.pop()) if len(people) == 1 else None


def missing(role: str) -> State:
    def state(session: Session, at: datetime) -> Hashable:
        roles = [each for _, each in people_in(session, at)]
        has = [session.roles.leads(each) if role == "host" else fold(each) == fold(role) for each in roles]
        return "missing" if roles and not any(has) else None

    return state


def runs(session: Session, state: State) -> list[tuple[datetime, datetime | None, Hashable]]:
    """Step through all moments at which something happens, and return what held from when to when."""
    last = session.ended_at
    times = {time for _, peer in session.keyed_peers for time in (peer.joined, peer.left) if time}
    steps = sorted({session.started_at} | {time for time in times if time > session.started_at})
    if last is not None:
        steps = [step for step in steps if step < last]
    found: list[tuple[datetime, datetime | None, Hashable]] = []
    for step, following in zip(steps, [*steps[1:], last]):  # noqa: B905 - no step, no end
        holds = state(session, step)
        if found and found[-1][2] == holds:
            found[-1] = (found[-1][0], following, holds)
        else:
            found.append((step, following, holds))
    return [run for run in found if run[2] is not None]
