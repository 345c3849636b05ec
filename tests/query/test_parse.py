"""The query line: tables for what people type, properties for what holds of any text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import QueryError
from bot.query.filters import FILTERS
from bot.query.model import Query
from bot.query.parse import LINE_CHARS, TERMS, mended, parse
from bot.query.values import RoomId, RoomName
from bot.text import from_slack, quote, tidy
from tests import strategies
from tests.effort import effort
from tests.query.mending import corrected, refused

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
ID = "631a0f990e6ffae22efa610c"
COMMANDS = ("show", "help")
read = partial(parse, commands=COMMANDS)

UNDERSTOOD = {
    **dict.fromkeys(("", "  ACTIVE  ", "Active:TRUE", "active:live", "active."), "active"),
    **dict.fromkeys(("ended", "active:false", "active:ended", "ended!?"), "ended"),
    **dict.fromkeys((
        f"room_id:{ID.upper()}", f"ROOM:{ID}", f"room:https://dashboard.example.com/rooms/{ID}?tab=1", f"room:#{ID}",
    ), f"active room:{ID}"),
    **dict.fromkeys(("room:“Morning standup”", "room:'Morning standup'"), 'active room:"Morning standup"'),
    **dict.fromkeys(("room: standup", "room : standup"), "active room:standup"),
    **dict.fromkeys(("user:O'Brien", "user:O’Brien"), 'active user:"O\'Brien"'),
    **dict.fromkeys((
        "role:host,guest", "role:host, guest,", "ａｃｔｉｖｅ role：host、guest",
    ), "active role:guest role:host"),
    **dict.fromkeys(("active, role:host,", "role:host role:host", "\u202erole:host\u202c"), "active role:host"),
    **dict.fromkeys(("longer:٩٠m", "longer:1 hour 30 minutes", "longer:1h30m", "longer:1.5h"), "active longer:90m"),
    **dict.fromkeys(("peers:3+", "peers:≥3", "peers:=>3"), "active peers:>=3"),
    **dict.fromkeys(("after:>=3d", "after:3days"), "active after:3d"),
    **dict.fromkeys((
        "after:2026-11-23 09:30", "after:2026-11-23T09:30", 'after:"2026-11-23 09:30"',
    ), "active after:2026-11-23T09:30:00"),
    **dict.fromkeys(("peers:>= 2", "peers:&gt;=2"), "active peers:>=2"),
    **dict.fromkeys(("user:<@U1|Ada Lovelace>", 'user:"<@U1|Ada Lovelace>"'), 'active user:"Ada Lovelace"'),
    "active:all": "all", "–role:bot": "active -role:bot", "ended\u00a0limit:20": "ended limit:20",
    "peers:3": "active peers:=3", "peers:>=３ limit:２０": "active peers:>=3 limit:20",
    "ended room :standup -role : host": "ended room:standup -role:host", "peers:5-3": "active peers:3..5",
    "-peers:3..5": "active -peers:3..5", r'room:"a \ b"': 'active room:"a b"',
    "ended after:2026-11-23 2pm": "ended after:2026-11-23T14:00:00", "after:noon": "active after:12:00",
    "after:120m": "active after:2h", "after:MON before:tues": "active after:monday before:tuesday",
    "after:9:30": "active after:09:30", "after:9am": "active after:09:00",
    "after:yesterday 9am": 'active after:"yesterday 09:00"',
    "after:9am yesterday role:host": 'active after:"yesterday 09:00" role:host',
    "after:monday 0:00": "active after:monday", "after:last mon": 'active after:"last monday"',
    "ended after:last monday 9:30 before:now": 'ended after:"last monday 09:30" before:0m',
    "after:12:15pm": "active after:12:15", "ended after:3 days ago role:host": "ended after:3d role:host",
    "longer:1 hour active": "active longer:1h", "longer:>2h": "active longer:2h",
    "user:@ada room:#general": "active room:general user:ada", "after:2026-11-23": "active after:2026-11-23",
    "after:2026-11-23T09:30:01.123456z": "active after:2026-11-23T09:30:01.123Z",
    "after:2026-11-23T09:30+01:00": "active after:2026-11-23T08:30:00.000Z",
    f"start:{ID} limit:100": f"active limit:100 start:{ID}",
    "before:1h after:2h role:b -role:a": "active after:2h before:1h role:b -role:a", "user:<@U1>": "active user:U1",
    "user:<@W2|x>": r'active user:"Bo \"B\" Li"', "room:<#C1|general>": "active room:general",
    "room:<http://town.hall|town.hall>": "active room:town.hall",
    "user:<mailto:a@b.example|a@b.example>": "active user:a@b.example", "role:a&amp;b": "active role:a&b",
    r'room:"a \"b\" \\c"': r'active room:"a \"b\" \\c"',
}  # fmt: skip
"""The canonical form of each line that is typed."""


@pytest.mark.parametrize("typed", UNDERSTOOD)
def test_understood(typed: str) -> None:
    query = parse(from_slack(typed, {"W2": 'Bo "B" Li'}))
    assert str(query) == UNDERSTOOD[typed]
    assert parse(UNDERSTOOD[typed]) == query


MEANT = {
    "«rom:x»": "room:x", "ended «-Rloe:x»": "-role:x", "ended «Limt:20»": "limit:20", "«actve»": "active",
    "«hlep»": "help", "«state:ended»": "active:ended",
    "ended «room:Big Town hall» role:host": 'room:"Big Town hall"', "«room:Town hall»": 'room:"Town hall"',
    "«peers>=2»": "peers:>=2", "«limit=20»": "limit:20", "«longer 45m»": "longer:45m",
    "active «longer than 45m»": "longer:45m", "«shorter than 1h»": "-longer:1h", "«limit 20» role:host": "limit:20",
    "«3 people»": "peers:3", "«people 3»": "peers:3", "«since yesterday 9am»": 'all after:"yesterday 9am"',
    "«last 2 hours»": 'all after:"2 hours"', "«live»": "active", "«finished»": "ended", "«everything»": "all",
    "«today»": "all after:today", "ended «yesterday»": "after:yesterday before:today", "ended «3d»": "after:3d",
    "«hall»": "room:hall", "«the big hall»": 'room:"big hall"', "«people:3»": "peers:3", "«since:2h»": "after:2h",
    "«until:today»": "before:today", "«name:ada»": "user:ada", "«duration:>45m»": "longer:>45m",
    "«shorter:45m»": "-longer:45m", "«-shorter:45m»": "longer:45m", "«-room=hall»": "-room:hall",
    "«-peers>=3»": "-peers:>=3", "«-finished»": "active", '«room="x ended"»': 'room:"x ended"',
    "«user=Ada»": "user:Ada", "«room=Q3:review»": "room:Q3:review", "«people>3»": "peers:>3",
    "«duration<1h»": "-longer:1h", "«since=2h»": "after:2h", "«status=ended»": "active:ended",
    "«state:live»": "active:live", "«last hour»": 'all after:"1 hour"', "ended «last monday»": 'after:"last monday"',
    "«9:30»": "all after:9:30", "«after 9:30»": "after:9:30", "«2 hours ago»": 'all after:"2 hours ago"',
    "«longer than 1 hour 30 minutes»": 'longer:"1 hour 30 minutes"', "«@ada»": "user:ada",
    "«LİMİT:20» active": "limit:20", "«Physics»": "room:Physics", "active «`<!channel>`»": 'room:"`<!channel>`"',
}  # fmt: skip
"""Lines with a marked place, and its meaning."""


@pytest.mark.parametrize("marked", MEANT)
def test_a_place_that_means_something_else(marked: str) -> None:
    before, spot, after = re.split("[«»]", marked)
    error = refused(read, marked)
    assert error.text == f"{quote(spot)}: did you mean {quote(MEANT[marked])}?"
    assert corrected(error, NOW, "UTC", commands=COMMANDS)[0] == before + MEANT[marked] + after


REFUSED = {
    "«qqq:1»": ("`qqq:` is not a filter. The filters are", "active"), "active «help»": ("goes first", "active"),
    "«limit:9»": ("pages hold 10 to 100 sessions", "limit:10"),
    "active «limit:101»": ("pages hold 10 to 100 sessions", "active limit:100"),
    "«limit:ten»": ("a whole number from 10 to 100", "limit:10"),
    f"«room:{ID[:-1]}»": ("an id has 24 hex digits, this has 23", "active"),
    "«room_id:town»": ("24 hex digits", "active"), "«after:25:00»": ("no time 25:00", "after:2h"),
    "«after:2026-02-30»": ("no such date", "after:2h"), "«after:1999-01-01»": ("the year must be", "after:2h"),
    "«before:soon»": ("not a time I know", "before:2h"), "«after:yesteday»": ("not a time I know", "after:yesterday"),
    "«active:flase»": ("say true or false", "active:false"),
    "«room:Town hall» live": ("did you mean", 'room:"Town hall" active'),
    "role:host «OR» role:guest": ("a comma between values is *or*", "role:host role:guest"),
    "ended «not »role:host": ("a `-` in front is *not*", "ended -role:host"),
    "«after:99999d»": ("more than ten years", "after:2h"), "«longer:45»": ("not a length", "longer:45m"),
    "«peers:many»": ("say a number", "peers:>=2"), "«role:»": ("Which role?", "role:host"),
    '«role:""»': ("Which role?", "role:host"), "«role»": ("Which role?", "role:host"),
    "«limit»": ("`limit:` needs a value", "limit:10"), "«-after:2h»": ("can't be excluded", "after:2h"),
    "«-ended»": ("say `active`", "active"), "«ended active»": ("Pick one, or use `all` for both.", "all"),
    "«ended active:true»": ("Pick one", "all"), "after:2h «after:3h»": ("given twice", "after:2h"),
    '«room:"abc»': ("not closed", 'room:"abc"'), f"«{ID}»": (f"did you mean `show {ID}`", f"show {ID}"),
    f"ended «{ID}»": (f"did you mean `room:{ID}`", f"ended room:{ID}"),
    f"«room {ID}»": (f"did you mean `room:{ID}`", f"room:{ID}"),
    "«room Town» hall": ("did you mean `room:Town`", 'room:"Town hall"'),
    "ended «sessions» since monday": ("is not needed", "ended after:monday"),
    "«Town hall» since monday": ('did you mean `room:"Town hall"`', 'room:"Town hall" all after:monday'),
    "all «live»": ("did you mean `active`", "active"),
    "«sort:name»": ("`sort:` is not a filter. The filters are", "active"),
    "«after:yesterday evening»": ("not a time I know", "after:yesterday"),
    "«after:23.11.2026»": ("a date as year-month-day", "after:2026-11-23"),
    "«after:11/23/2026»": ("a date as year-month-day", "after:2026-11-23"),
    "«after:23/11/2026»": ("a date as year-month-day", "after:2026-11-23"),
    "«after:05/06/2026»": ("a date as year-month-day", "after:2h"), "«longer:1:30»": ("not a length", "longer:1h30m"),
    "«longer:10»": ("not a length", "longer:10m"), "«not »room hall": ("a `-` in front is *not*", "-room:hall"),
    "«not »longer than 1h": ("a `-` in front is *not*", "-longer:1h"),
    "«not »shorter than 1h": ("a `-` in front is *not*", "longer:1h"),
    "«not »live": ("a `-` in front is *not*", "ended"),
    "room:hall« or »lobby": ("a comma between values is *or*", "room:hall,lobby"),
    "room:hall« not »lobby": ("a `-` in front is *not*", "room:hall,-lobby"),
    "«limit 5»": ("did you mean `limit:5`", "limit:10"), "«room:»,": ("Which room?", "active"),
    "«active, ended»": ("Pick one", "all"), "«all role:host ended»": ("Pick one", "ended role:host"),
    "«live» and over": ("did you mean `active`", "all"), f"«please», {ID}": ("is not needed", f"show {ID}"),
    "«🙂»": ("not a word I know", "active"), "active «on:start»": ("only works with `subscribe`", "active"),
    "\u202e\u202e«שלום»": ("did you mean", "room:שלום"),
}  # fmt: skip
"""Lines with a marked place, what is said of it, and the line that is offered."""


@pytest.mark.parametrize("marked", REFUSED)
def test_errors_point_at_the_spot(marked: str) -> None:
    says, better = REFUSED[marked]
    error = refused(read, marked)
    assert says in error.text
    assert corrected(error, NOW, "UTC", commands=COMMANDS)[0] == better


@pytest.mark.parametrize(
    ("typed", "faithful"),
    [
        ("rom:x", True), ("limit:9", True), ("longer>2h", True), ("room:Town hall", True),
        ("after:soon", False), (f"ended room:{ID[:-1]}", False), ("ended active", True), ("-after:2h", False),
        ("Physics", True), ("Town hall", True), ("live", True), ("show me all calls", True), ("longer 45m", True),
        ("people:3", True), ("yesterday", True), ("after:next friday", False), ("role:", False),
        ("-room=hall", True), ("not live", True), ("not yesterday", False), ("room:hall or lobby", True),
        ("role:host and guest", False), ("role:host or user:ada", False), ("role:host and user:ada", True),
        ("in the last hour", True), ("list all sessions", True), ("room:hall last week", True), ("@ada", True),
        ("room:hall 3 people", True), ("last monday", True), ("what is live right now?", True), (ID[:-1], False),
        ("qqq:1", False), ("limit:ten", False), ("peers:many", False),
    ],
)  # fmt: skip
def test_only_a_line_that_asks_the_same_may_be_run(typed: str, faithful: bool) -> None:
    with pytest.raises(QueryError) as caught:
        parse(typed)
    assert corrected(caught.value, NOW, "UTC")[1] is faithful


@pytest.mark.parametrize(
    ("typed", "rooms"),
    [
        ("hello", ("hello",)),
        ("ended the big hall yesterday", ("big hall",)),
        ("room:Town hall of fame", ("Town hall of fame",)),
        ("rom:hall role:host", ("hall",)),
        ("room=hall", ("hall",)),
        ("-lobby", ("lobby",)),
        ("live now", ()),
    ],
)
def test_words_that_are_nothing_else_may_be_a_rooms_name(typed: str, rooms: tuple[str, ...]) -> None:
    try:
        parse(typed)
    except QueryError as error:
        assert corrected(error, NOW, "UTC").rooms == rooms
    else:
        assert not rooms


def test_long_lines_and_many_filters() -> None:
    too_many = " ".join(f"role:{n}" for n in range(TERMS + 1))
    for line in ("x" * 3000, "role:a " * 500, too_many, "role:" + "\\" * 350):
        with pytest.raises(QueryError) as caught:
            parse(line)
        better, faithful, *_ = corrected(caught.value, NOW, "UTC")
        assert parse(better) and not faithful
    assert len(parse(" ".join(f"role:{n}" for n in range(TERMS))).terms) == TERMS


def test_every_example_in_the_table_parses() -> None:
    for key, entry in FILTERS.items():
        query = parse(f"{key}:{entry.example}", scope=entry.scopes[0])
        assert query.terms or entry.becomes == "state"
        assert entry.becomes or query.terms[0].key == key


@given(strategies.queries())
@settings(max_examples=effort(50))
def test_parse_undoes_print(query: Query) -> None:
    assert parse(str(query)) == query


@given(st.one_of(strategies.lines, strategies.texts, st.text(max_size=700)))
@settings(max_examples=effort(100))
def test_any_text_is_read_or_refused_with_a_line_that_works(text: str) -> None:
    line = from_slack(text)
    try:
        query = parse(line, commands=COMMANDS)
    except QueryError as error:
        assert 0 <= error.start <= error.end <= len(error.line)
        assert error.text
        assert mended(error) != tidy(line)
        better = corrected(error, NOW, "UTC", commands=COMMANDS).line
        if better.split(" ")[0].lower() not in COMMANDS:
            parse(better, commands=COMMANDS)
    else:
        assert len(str(query)) <= LINE_CHARS
        assert parse(str(query)) == query


@given(st.text())
def test_tidy_is_idempotent_and_one_line(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert "\n" not in once and "  " not in once


SUBSCRIBED = {
    "": "active", "active room:standup on:start,end": "active room:standup on:end on:start",
    "on: JOIN, leave -role:bot": "active -role:bot on:join on:leave", "on:opened,closed": "active on:end on:start",
    "on:joined,left": "active on:join on:leave",
    "notify:@U123,S123 notify: @oncall,U123": "active notify:@S123 notify:@U123 notify:@oncall",
    "notify:<@U123|ada>,<!subteam^S123|@oncall>": "active notify:@S123 notify:@U123",
    "every:90m": "active every:90m", "every: 1 hour 30 minutes": "active every:90m", "every:12h": "active every:12h",
}  # fmt: skip
NOT_SUBSCRIBED = {
    "«after:2h» room:a": ("it tells of what comes", "room:a"), "«limit:20»": ("it tells of what comes", ""),
    "«ended» room:a": ("say `on:end`", "on:end room:a"), "«on:clozed»": ("say start, end, join, leave", "on:end"),
    "«on:stat»": ("say start, end, join, leave", "on:start"), "«-on:join»": ("can't be excluded", "on:join"),
    "«notify:@here»": ("rings for a whole channel", "notify:@oncall"),
    "room:a «notify:<!channel>»": ("rings for a whole channel", "room:a notify:@oncall"),
    "«every:5m»": ("every 10m to 12h", "every:10m"), "«every:1d» room:a": ("every 10m to 12h", "every:12h room:a"),
    "every:1h «every:2h»": ("given twice", "every:1h"), "«cc:@oncall»": ("did you mean", "notify:@oncall"),
    "«rom:a» on:join": ("did you mean `room:a`", "room:a on:join"),
}  # fmt: skip


def test_what_can_be_subscribed_to_and_what_belongs_elsewhere() -> None:
    subscribed = partial(parse, scope="subscribe")
    for typed, canonical in SUBSCRIBED.items():
        query = subscribed(typed)
        assert str(query) == canonical and subscribed(canonical) == query
    for marked, (says, better) in NOT_SUBSCRIBED.items():
        error = refused(subscribed, marked)
        assert says in error.text
        assert corrected(error, NOW, "UTC", scope="subscribe")[0] == better
        subscribed(better)


def test_an_id_in_place_of_a_name_keeps_canonical_order() -> None:
    query = parse("room:zeta room:alpha")
    known = query.with_value(query.having(RoomName)[0], RoomId(ID))
    assert parse(str(known)) == known
