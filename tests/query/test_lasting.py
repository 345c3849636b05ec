"""Filters on what lasts, held against a reading of the record that steps through all that happened."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.errors import QueryError
from bot.query.filter_entry import Facts
from bot.query.filters import FILTERS
from bot.query.lasting import LIFE_S
from bot.query.model import Query
from bot.query.parse import parse
from bot.query.plan import due, matcher
from bot.query.wrong import Wrong, wrong
from bot.sessions.model import Peer, Room, Session
from tests.effort import effort
from tests.query import lives
from tests.query.lives import BEGAN, ROOM, TICK, moment

STATES = {"idle": lives.idle, "alone": lives.alone} | {
    f"missing:{role}": lives.missing(role) for role in ("host", "teacher", "guest")
}
lasting = st.one_of(
    st.tuples(st.sampled_from(["idle", "alone", "missing:host", "missing:teacher", "missing:guest"]), st.sampled_from([10, 11, 20, 30, 50, 90])),
    st.tuples(st.sampled_from(["missing:host", "missing:teacher", "missing:guest"]), st.just(0)),
    st.tuples(st.just("ending"), st.sampled_from([10, 30, 100, 130, LIFE_S - 50, LIFE_S])),
)  # fmt: skip
Rooms = dict[str, Room]


def line(name: str, seconds: int) -> str:
    return name if not seconds else f"{name}>{seconds}s" if ":" in name else f"{name}:{seconds}s"


def since(session: Session, rooms: Rooms, name: str, now: datetime, seconds: int) -> datetime | None:
    """Return since when what goes on in a live session has held, if it has for so long."""
    if not session.active:
        return None
    if name == "ending":
        begin = BEGAN + timedelta(seconds=max(0, (rooms[ROOM].max_duration_s or LIFE_S) - seconds))
        return begin if begin <= now else None
    begun = [begin for begin, end, _ in lives.runs(session, STATES[name]) if end is None]
    return begun[0] if begun and now - begun[0] >= timedelta(seconds=seconds) else None


def holds(session: Session, rooms: Rooms, name: str, now: datetime, seconds: int) -> bool:
    if session.active or name == "ending":
        return since(session, rooms, name, now, seconds) is not None
    runs = lives.runs(session, STATES[name])
    return any(end is not None and end - begin >= timedelta(seconds=seconds) for begin, end, _ in runs)


def matches(query: Query, session: Session, now: datetime, rooms: Rooms) -> bool:
    return matcher(query, now, rooms)(session)


def changes(session: Session) -> list[datetime]:
    """Return all moments at which an answer may change, and those just before: whatever a length is added to."""
    times = {BEGAN} | {time for _, peer in session.keyed_peers for time in (peer.joined, peer.left) if time}
    ends = [120, LIFE_S]
    lengths = [0, *range(10, 91), *(end - s for end in ends for s in (10, 30, 100, 130, LIFE_S - 50, LIFE_S))]
    at = {time + timedelta(seconds=length) for time in times for length in lengths}
    return sorted(at | {each - TICK for each in at})


@given(lives.sessions(), lives.rooms, lasting, lives.moments)
@settings(max_examples=effort(300))
def test_a_filter_says_what_the_record_says(
    session: Session, rooms: Rooms, asked: tuple[str, int], now: datetime
) -> None:
    name, seconds = asked
    query = parse(line(name, seconds))
    for at in (now, now + timedelta(minutes=2), moment(LIFE_S)):
        assert matches(query, session, at, rooms) is holds(session, rooms, name, at, seconds)
        assert matches(parse(f"-{line(name, seconds)}"), session, at, rooms) is not holds(
            session, rooms, name, at, seconds
        )
        begin = since(session, rooms, name, at, seconds)
        assert wrong(query, session, Facts(at, rooms)) == ([] if begin is None else [Wrong(query.terms[0], begin)])
    assert wrong(parse(f"-{line(name, seconds)}"), session, Facts(now, rooms)) == []


@given(lives.sessions(), lives.rooms, lasting, lives.moments)
@settings(max_examples=effort(100))
def test_due_is_exactly_when_the_answer_changes(
    session: Session, rooms: Rooms, asked: tuple[str, int], now: datetime
) -> None:
    query = parse(line(*asked))
    first = matches(query, session, now, rooms)
    other = next((at for at in changes(session) if at > now and matches(query, session, at, rooms) is not first), None)
    at = due(query, session, now, rooms)
    assert at == other
    if at is not None:
        assert matches(query, session, at - TICK, rooms) is first
        assert due(query, session, at, rooms) is None


@given(
    lives.sessions(), lives.rooms, st.lists(st.tuples(lasting, st.booleans()), min_size=1, max_size=4), lives.moments
)
@settings(max_examples=effort(100))
def test_filters_together_never_change_before_one_is_due(
    session: Session, rooms: Rooms, asked: list[tuple[tuple[str, int], bool]], now: datetime
) -> None:
    """Different keys must all hold, one of a repeated key, and none that is excluded."""
    query = parse(" ".join(f"{'-' if negated else ''}{line(*each)}" for each, negated in asked))

    def answer(at: datetime) -> bool:
        wanted: dict[str, list[bool]] = {}
        for (name, seconds), negated in asked:
            answers = wanted.setdefault(f"not {name} {seconds}" if negated else name.partition(":")[0], [])
            answers.append(holds(session, rooms, name, at, seconds) is not negated)
        return all(map(any, wanted.values()))

    at = due(query, session, now, rooms)
    for each in (now, *(other for other in changes(session)[::7] if other > now and (at is None or other < at))):
        assert matches(query, session, each, rooms) is answer(now)
    if at is not None:
        assert now < at and matches(query, session, at, rooms) is answer(at)
    assert query.fires is any(not negated for _, negated in asked)


@given(lives.sessions())
@example(Session("a" * 24, ROOM, True, [Peer(joined_at=datetime.max.replace(tzinfo=BEGAN.tzinfo))], BEGAN))
@settings(max_examples=effort(50))
def test_a_record_of_another_age_breaks_nothing(session: Session) -> None:
    last = datetime.max.replace(tzinfo=BEGAN.tzinfo)
    for each in (session, Session("f" * 24, ROOM, True, session.peers, last)):
        for asked in ("idle:12h", "alone:12h", "missing:host>12h", "ending:10s"):
            assert due(parse(asked), each, BEGAN, {ROOM: Room(ROOM, "")}) != BEGAN


LIVE = Session(
    "a" * 24,
    ROOM,
    True,
    [
        Peer("1", "Ada", "host", "u1", None, moment(0), moment(30)),
        Peer("2", "Ada", "host", "u1", None, moment(30), moment(60)),
        Peer("3", "Ben", "guest", "u2", None, moment(10), moment(90)),
        Peer("4", "", "recorder", None, None, moment(0), None),
    ],
    BEGAN,
).cast(lives.GUESS)  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "from_s"), [("idle:10s", 100), ("alone:10s", None), ("missing:host>10s", None), ("ending:15m", LIFE_S - 900)]
)  # fmt: skip
def test_what_an_example_says(asked: str, from_s: int | None) -> None:
    """Who comes back at once wasn't gone, and who records is nobody."""
    rooms = {ROOM: Room(ROOM, "hall")}
    at = due(parse(asked), LIVE, moment(90), rooms)
    assert at == (None if from_s is None else moment(from_s))
    ended = Session("a" * 24, ROOM, False, LIVE.peers, BEGAN, moment(100)).cast(lives.GUESS)
    assert matches(parse(asked), ended, moment(200), rooms) is not asked.startswith("ending")
    assert not matches(parse("alone:31s"), ended, moment(200), rooms)


def test_who_is_alone_in_place_of_another_is_so_from_then_on() -> None:
    here = [
        Peer("1", "Ada", "host", "u1", None, moment(0), moment(30)),
        Peer("2", "Ben", "guest", "u2", None, moment(30)),
    ]
    handed = Session("a" * 24, ROOM, True, here, BEGAN)
    assert due(parse("alone:40s"), handed, moment(60), {}) == moment(70)
    shared = [Peer("1", "Ada", "host", "u1", None, moment(0)), Peer("2", "Ben", "guest", "u1", None, moment(30))]
    assert due(parse("alone:40s"), Session("a" * 24, ROOM, True, shared, BEGAN), moment(60), {}) is None


def test_a_room_ends_its_sessions_earlier() -> None:
    rooms = {ROOM: Room(ROOM, "hall", "", 3_600)}
    assert due(parse("ending:15m"), LIVE, moment(0), rooms) == moment(2_700)
    assert due(parse("ending:2h"), LIVE, moment(0), rooms) is None and matches(parse("ending:2h"), LIVE, BEGAN, rooms)
    assert parse("ending:15m").needs_rooms and not parse("idle:15m alone:15m missing:host").needs_rooms


WRITTEN = {
    "missing:host 5m": "missing:host>5m", "missing:host for 5 minutes": "missing:host>5m",
    'missing:"lead teacher" for 5m peers:2': 'peers:=2 missing:"lead teacher">5m',
    "idle:10m": "idle:10m", "idle:>10m": "idle:10m", "idle:>=600s": "idle:10m", "idle: 10 min": "idle:10m", "ALONE:1h30m": "alone:90m",
    "missing:host": "missing:host", "missing:Host>2m": "missing:host>2m", "missing:host>=2m": "missing:host>2m",
    "missing:host > 2m": "missing:host>2m", "missing:host >2m": "missing:host>2m", "missing:host> 2m": "missing:host>2m",
    "missing:2m": "missing:host>2m", "missing:>2m": "missing:host>2m", "missing: host": "missing:host",
    'missing:"lead teacher">5m': 'missing:"lead teacher">5m', 'missing:"lead teacher>5m"': 'missing:"lead teacher">5m',
    'missing:"lead teacher" > 5m': 'missing:"lead teacher">5m', "missing:teacher,host>2m": "missing:host>2m missing:teacher",
    'missing:"a > b">5m': 'missing:"a > b">5m', "-missing:host>90s": "-missing:host>90s", "ending:<=15m": "ending:15m",
}  # fmt: skip
REFUSED = {
    "«nohost»": ("did you mean `missing:host`", "active missing:host"), "«no host»": ("did you mean `missing:host`", "active missing:host"),
    "«idle for 5m»": ("did you mean `idle:5m`", "active idle:5m"), "«ending in 15m»": ("did you mean `ending:15m`", "active ending:15m"),
    "«no host» for 5m": ("did you mean `missing:host`", "active missing:host>5m"),
    "«without a host» room:x*": ("did you mean `missing:host`", "active room:x* missing:host"),
    "«idle:9s»": ("the shortest is 10s", "active idle:10s"), "«idle:0m»": ("the shortest is 10s", "active idle:10s"),
    "«alone:13h»": ("the longest is 12h", "active alone:12h"), "«ending:99999w»": ("the longest is 12h", "active ending:12h"),
    "«missing:host>1s»": ("the shortest is 10s", "active missing:host>10s"),
    '«missing:"lead teacher">1d»': ("the longest is 12h", 'active missing:"lead teacher">12h'),
    "«idle:soon»": ("not a length such as 45m", "active idle:10m"), "«idle:»": ("Which length?", "active idle:10m"),
    "«missing:host>»": ("not a length such as 45m", "active missing:host>2m"), "«missing:host>x»": ("not a length", "active missing:host>2m"),
    "«missing:»": ("Which role?", "active missing:host>2m"), "«idle:10»": ("not a length", "active idle:10m"),
    "«idle>10m»": ("did you mean `idle:10m`", "active idle:10m"), "«ending<15m»": ("did you mean `ending:15m`", "active ending:15m"),
    "«missing>5m»": ("did you mean `missing:5m`", "active missing:host>5m"), "«nohost:5m»": ("did you mean `missing:5m`", "active missing:host>5m"),
    "«alone<5m»": ("did you mean `-alone:5m`", "active -alone:5m"), "«empty:5m»": ("`idle:`", "active idle:5m"),
    "«idle 5m»": ("did you mean `idle:5m`", "active idle:5m"), "«expires 5m»": ("did you mean `ending:5m`", "active ending:5m"),
}  # fmt: skip


@pytest.mark.parametrize("typed", WRITTEN)
def test_how_they_are_written(typed: str) -> None:
    for scope in FILTERS["idle"].scopes:
        query = parse(typed, scope=scope)
        assert str(query) == f"active {WRITTEN[typed]}" and parse(str(query)).terms == query.terms


@pytest.mark.parametrize("marked", REFUSED)
def test_what_is_refused_and_the_line_that_was_meant(marked: str) -> None:
    says, better = REFUSED[marked]
    start, end = marked.index("«"), marked.index("»") - 1
    with pytest.raises(QueryError) as caught:
        parse(marked.replace("«", "").replace("»", ""))
    error = caught.value
    assert says in error.text and (error.start, error.end) == (start, end)
    for _ in range(3):  # a fix may need one of its own
        try:
            assert str(parse(error.line[: error.start] + error.fix + error.line[error.end :])) == better
            break
        except QueryError as another:
            error = another
    else:
        pytest.fail(str(error))
