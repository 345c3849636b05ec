"""Digests: every figure in blocks and in the text, inside every limit, and free of live markup, whatever the names."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message
from bot.blockkit.limits import UPDATE_TEXT_CHARS
from bot.blockkit.phrases import NO_BREAK
from bot.blockkit.sizes import texts
from bot.digests.due import Due
from bot.digests.figures import (
    ODD_MAX,
    ROOMS_MAX,
    Bucket,
    Figures,
    Longest,
    Odd,
    OtherRooms,
    RoomFigures,
    Totals,
    edges,
)
from bot.digests.model import Digest
from bot.digests.phrasing import Period, change, days, longer, unique
from bot.digests.render import ODD_SHOWN, digest_message
from bot.query.cursor import read_cursor
from bot.query.parse import parse
from bot.query.plan import plan
from bot.query.schedule import EVERY_DAY, Schedule, Window
from bot.query.times import api_time
from bot.query.wrong import LOOKS_WRONG, Lasted
from tests.accounts import HOSTILE
from tests.blockkit.judge import harmless, inside_limits
from tests.effort import effort
from tests.strategies import ids as object_ids

BERLIN, LONGEST_ZONE = "Europe/Berlin", "America/Argentina/ComodRivadavia"
DAY = date(2026, 11, 23)
DAILY = Schedule(EVERY_DAY, time(9), BERLIN)
HALL, LAB, DESK = ("631a0f990e6ffae22efa610c", "631a0f990e6ffae22efa610d", "631a0f990e6ffae22efa610e")
NAMES = {HALL: "Town hall", LAB: "Lab", DESK: "Help desk"}
OPEN_LONG, OPEN_EMPTY, WAS_LONG = "631a0fa23e3d9fdb00832596", "631a0fa23e3d9fdb00832597", "631a0fa23e3d9fdb00832598"
NOTHING = Totals(0, 0, 0.0, 0, None, 0.0)


def digest(line: str = "all", schedule: Schedule = DAILY) -> Digest:
    return Digest("T1", "C1", parse(line), schedule, "say", "U1", 0, number=3)


def due(schedule: Schedule = DAILY, day: date = DAY, **more: Any) -> Due:
    return Due(day, schedule.window(day), **more)


def series(window: Window, zone: str, peaks: list[int]) -> tuple[Bucket, ...]:
    parts = pairwise(edges(window.start, window.end, ZoneInfo(zone)))
    return tuple(Bucket(begin, end, peaks[n % len(peaks)]) for n, (begin, end) in enumerate(parts))


def was(**seconds: float) -> tuple[Lasted, ...]:
    return tuple(Lasted(term, seconds[term.key]) for term in LOOKS_WRONG if term.key in seconds)


def usual() -> Figures:
    window = DAILY.window(DAY)
    peak_at = datetime(2026, 11, 22, 13, 5, tzinfo=UTC)
    return Figures(
        window.start,
        window.end,
        totals=Totals(112, 84, 204_720.0, 31, peak_at, 39_600.0),
        before=Totals(100, 84, 205_920.0, 4, peak_at, 36_000.0),
        longest=Longest(OPEN_LONG, HALL, 39_600.0, live=True),
        rooms=(
            RoomFigures(HALL, 60, 70, 120_000.0, 108_000.0), RoomFigures(LAB, 50, 20, 84_720.0, None),
            RoomFigures(DESK, 2, 0, 0.0, 1_200.0),
        ),
        other_rooms=None,
        odd=(
            Odd(OPEN_LONG, HALL, was(longer=39_600.0), True, 4),
            Odd(WAS_LONG, LAB, was(longer=18_000.0, missing=720.0), False, 0),
            Odd(OPEN_EMPTY, DESK, was(idle=7_500.0), True, 0),
        ),
        odd_more=0,
        odd_before=2,
        series=series(window, BERLIN, [0, 4, 31]),
    )  # fmt: skip


def sound(message: Message) -> None:
    """Cells are shown as they are (docs.slack.dev/reference/block-kit/blocks/data-table-block, `raw_text`)."""
    inside_limits(message)
    harmless(Message(message.text, [block for block in message.blocks if block["type"] != "data_table"]))
    assert all("\n" not in text and text.strip() for text in texts(blocks_of(message, "data_table")))


def draw(figures: Figures, what: Due | None = None, line: str = "all", **more: Any) -> Message:
    message = digest_message(figures, digest(line), NAMES, what or due(), **more)
    sound(message)
    return message


def plain(text: str) -> str:
    return text.replace(NO_BREAK, " ")


def shown(message: Message) -> str:
    return plain("\n".join(reversed(list(texts(message.blocks)))))


def blocks_of(message: Message, kind: str) -> list[Any]:
    return [block for block in message.blocks if block["type"] == kind]


def test_every_figure_with_its_change_in_blocks_and_text() -> None:
    message = draw(usual())
    for text in (shown(message), plain(message.text)):
        for piece in (
            "Daily digest · Mon 23 Nov", "*All sessions* · Sun 22 Nov 09:00 – Mon 23 Nov 09:00, Europe/Berlin",
            "Compared with the day before.", "Digest 3 of this channel.", "`/sessions digests`",
            "*Worth a look*, as of Mon 23 Nov 09:00 · 3 sessions · ▲ 1 more",
            "*Town hall* · it was open for 11 h 00 min · still open, 4 in",
            "*Lab* · it was open for 5 h 00 min and no host was in for 12 min",
            "*Help desk* · nobody was in for 2 h 05 min · still open",
        ):  # fmt: skip
            assert piece in text, piece
    facts = [
        ("*112* sessions", "▲ 12 more (12 %)"),
        ("*84* people", "unchanged"),
        ("*3,412* participant-minutes", "▼ 20 fewer (1 %)"),
        ("*11 h 00 min* longest session, in *Town hall*, still open", "▲ 1 h 00 min longer"),
        ("*31* people at once, at 14:05 on Sun", "▲ 27 more"),
    ]
    assert [plain(each["text"]) for each in message.blocks[2]["fields"]] == [f"{fact}\n{how}" for fact, how in facts]
    for fact, how in facts:
        assert f"• {fact}: {how}\n" in plain(message.text)
    for room in (
        "1. *Town hall*: 60 sessions, 70 people, 2,000 participant-minutes, ▲ 200 more (11 %)\n",
        "2. *Lab*: 50 sessions, 20 people, 1,412 participant-minutes, new\n",
        "3. *Help desk*: 2 sessions, 0 people, 0 participant-minutes, ▼ 20 fewer (100 %)\n",
    ):
        assert room in plain(message.text)
    assert "from: 09:00 0, 10:00 4, 12:00 31" in message.text
    assert plain(message.text.splitlines()[0]).endswith(": 112 sessions, 84 people, 3,412 participant-minutes.")


def test_charts_and_a_table_that_sorts() -> None:
    message = draw(usual())
    at_once, by_room = blocks_of(message, "data_visualization")
    labels = [f"{hour:02}:00" for hour in (9, 10, 12, 14, 16, 18, 20, 22, 0, 2, 4, 6, 8)]
    assert at_once["chart"]["axis_config"]["categories"] == labels
    assert [each["value"] for each in at_once["chart"]["series"][0]["data"]][:4] == [0, 4, 31, 0]
    assert at_once["chart"]["axis_config"]["x_label"] == "time in Europe/Berlin"
    segments = [(each["label"], each["value"]) for each in by_room["chart"]["segments"]]
    assert segments == [("Town hall", 2_000), ("Lab", 1_412)]  # nobody was in the help desk
    (table,) = blocks_of(message, "data_table")
    rows = [[cell.get("value", cell["text"]) for cell in row] for row in table["rows"]]
    assert rows[0] == ["Room", "Minutes", "Change", "Sessions", "People"]
    assert rows[1:] == [["Town hall", 2_000, 200, 60, 70], ["Lab", 1_412, 1_412, 50, 20], ["Help desk", 0, -20, 2, 0]]
    changes = [plain(row[2]["text"]) for row in table["rows"]]
    assert changes == ["Change", "▲ 200 more (11 %)", "new", "▼ 20 fewer (100 %)"]


def test_what_looks_wrong_can_be_shown_and_the_rest_listed() -> None:
    message = draw(usual(), line=f"room:{HALL} role:host")
    shows = [block["accessory"] for block in message.blocks if "accessory" in block]
    assert [(each["action_id"], each["value"]) for each in shows] == [
        (ids.SHOW, f"1|{session_id}") for session_id in (OPEN_LONG, WAS_LONG, OPEN_EMPTY)
    ]
    (every,) = blocks_of(message, "actions")[0]["elements"]
    place, window = read_cursor(every["value"]), DAILY.window(DAY)
    assert plan(place.query, place.asked_at).params == {
        "room_id": HALL, "after": api_time(window.start), "before": api_time(window.end)
    }  # fmt: skip
    crowded = draw(replace(usual(), odd=usual().odd * 3, odd_more=7))
    assert sum("accessory" in block for block in crowded.blocks) == ODD_SHOWN
    assert f"… and {9 - ODD_SHOWN + 7} more" in shown(crowded)
    assert "… and 7 more" in crowded.text


def test_nothing_to_compare_with() -> None:
    message = draw(replace(usual(), before=NOTHING, odd_before=0))
    text = shown(message)
    assert "Nothing to compare with: no sessions the day before." in text
    assert "▲" not in text and "▼" not in text and "▲" not in message.text
    assert "new" not in text and "new" not in message.text
    header = blocks_of(message, "data_table")[0]["rows"][0]
    assert [cell["text"] for cell in header] == ["Room", "Minutes", "Sessions", "People"]


def test_nothing_looks_wrong_any_more() -> None:
    message = draw(replace(usual(), odd=()))
    for text in (shown(message), plain(message.text)):
        assert "*Nothing worth a look*, as of Mon 23 Nov 09:00 · ▼ 2 fewer" in text
    assert "worth a look" not in draw(replace(usual(), odd=(), odd_before=0)).text.lower()


def test_a_quiet_period_is_one_line() -> None:
    quiet = replace(
        usual(), totals=NOTHING, longest=None, rooms=(), odd=(), series=series(DAILY.window(DAY), BERLIN, [0])
    )
    for line, words in (("all", ""), (f"room:{HALL} role:host", " in *Town hall*, with the role host")):
        message = draw(quiet, line=line)
        none = f"no sessions{words} · Sun 22 Nov 09:00 – Mon 23 Nov 09:00, Europe/Berlin"
        assert plain(message.text) == f"📊 Daily digest · Mon 23 Nov: {none}"
        drawn = [plain(block["text"]["text"]) for block in message.blocks]
        assert drawn == [f"*📊 Daily digest · Mon 23 Nov*: {none}"]
    message = draw(quiet, due(late=True, skipped=(date(2026, 11, 22),)))
    assert [block["type"] for block in message.blocks] == ["section"]
    for text in (shown(message), plain(message.text)):
        assert "no sessions" in text
        assert "This digest is late: it was due at 09:00 on Mon 23 Nov." in text
        assert "Skipped: Sun 22 Nov." in text


def test_late_and_skipped_and_a_preview() -> None:
    skipped = (date(2026, 11, 21), date(2026, 11, 22))
    message = draw(usual(), due(late=True, skipped=skipped))
    for text in (shown(message), plain(message.text)):
        assert "This digest is late: it was due at 09:00 on Mon 23 Nov." in text
        assert "Skipped: Sat 21 Nov, Sun 22 Nov." in text
        assert "preview" not in text.replace("previews", "")
    assert "A preview, which only you see." in draw(usual(), preview=True).text
    year = tuple(DAY - timedelta(days=number) for number in range(300, 0, -1))
    assert days(year, 5) == "300 digests, Tue 27 Jan to Sun 22 Nov"


def test_one_room_needs_no_table_and_nobody_no_chart() -> None:
    alone = replace(usual(), rooms=usual().rooms[:1])
    assert [len(blocks_of(draw(alone), kind)) for kind in ("data_visualization", "data_table")] == [1, 0]
    nobody = replace(
        usual(), totals=replace(usual().totals, people=0, participant_s=0.0, peak=0, peak_at=None),
        rooms=tuple(replace(each, people=0, participant_s=0.0) for each in usual().rooms),
    )  # fmt: skip
    message = draw(nobody)
    assert [len(blocks_of(message, kind)) for kind in ("data_visualization", "data_table")] == [0, 1]
    assert "*0* people at once\n" in shown(message)


def test_the_other_rooms_are_counted() -> None:
    rooms = tuple(RoomFigures(f"{number:024x}", 1, 1, 600.0 - number, 60.0) for number in range(ROOMS_MAX))
    message = draw(replace(usual(), rooms=rooms, other_rooms=OtherRooms(14, 12, 1, 20_400.0)))
    for text in (shown(message), message.text):
        assert "And 14 other rooms: 12 sessions, 1 person, 340 participant-minutes." in text
    segments = blocks_of(message, "data_visualization")[1]["chart"]["segments"]
    assert len(segments) == 6
    assert segments[-1] == {"label": "Other rooms", "value": 340 + 15 * 10}


def test_a_session_without_a_start_is_not_decades_long() -> None:
    long = 56 * 365 * 86_400.0
    odd = Odd(OPEN_LONG, HALL, was(longer=long, idle=long), True, 0)
    message = draw(replace(usual(), longest=Longest(OPEN_LONG, HALL, long, live=True), odd=(odd,)))
    for text in (shown(message), plain(message.text)):
        assert "*more than a month* longest session" in text
        assert "it was open for more than a month and nobody was in for more than a month · still open" in text
        assert not re.search(r"\d d \d", text)


@pytest.mark.parametrize(
    ("schedule", "day", "title", "before", "labels"),
    [
        (Schedule((0,), time(9), BERLIN), DAY, "Weekly digest · Mon 23 Nov", "the week before",
         ["Mon 16", "Tue 17", "Wed 18", "Thu 19", "Fri 20", "Sat 21", "Sun 22", "Mon 23"]),
        (Schedule((0, 1, 2, 3, 4), time(9), BERLIN), DAY, "Digest · Mon 23 Nov", "the 3 days before",
         ["Fri 20", "Sat 21", "Sun 22", "Mon 23"]),
        # the clocks went back at 3:00 on 25 October, and forward at 2:00 on 28 March
        (Schedule(EVERY_DAY, time(1), BERLIN), date(2026, 10, 26), "Daily digest · Mon 26 Oct", "the day before",
         ["01:00", "02:00", "04:00", "06:00", "08:00", "10:00", "12:00", "14:00", "16:00", "18:00", "20:00", "22:00",
          "00:00"]),
        (Schedule(EVERY_DAY, time(1), BERLIN), date(2027, 3, 29), "Daily digest · Mon 29 Mar", "the day before",
         ["01:00", "03:00", "04:00", "06:00", "08:00", "10:00", "12:00", "14:00", "16:00", "18:00", "20:00", "22:00",
          "00:00"]),
    ],
    ids=["week", "weekend", "25 hours", "23 hours"],
)  # fmt: skip
def test_periods(schedule: Schedule, day: date, title: str, before: str, labels: list[str]) -> None:
    window = schedule.window(day)
    period = Period(window.start, window.end, schedule.zone)
    assert (period.title, period.before) == (title, before)
    assert period.labels(series(window, schedule.zone, [1])) == labels


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (112, 100, "▲ 12 more (12 %)"), (88, 100, "▼ 12 fewer (12 %)"), (5, 5, "unchanged"), (3, 1, "▲ 2 more"),
        (0, 100, "▼ 100 fewer (100 %)"), (1_000, 1_001, "▼ 1 fewer"), (5_000, 10, "▲ 4,990 more"), (7, 0, "▲ 7 more"),
    ],
)  # fmt: skip
def test_changes_in_words(now: int, before: int, said: str) -> None:
    assert plain(change(now, before)) == said


def test_longer_and_shorter() -> None:
    said = [plain(longer(*pair)) for pair in ((60.0, 60.4), (3_600.0, 60.0), (60.0, 3_600.0), (60.0, 0.0), (9e9, 60.0))]
    assert said == ["unchanged", "▲ 59 min longer", "▼ 59 min shorter", "", ""]


@given(st.lists(st.sampled_from((*HOSTILE, "Lab", "Lab (2)", "a" * 40)), max_size=20))
def test_labels_are_unique_and_short(labels: list[str]) -> None:
    made = unique(labels)
    assert len(set(made)) == len(labels)
    assert all(0 < len(label) <= 20 and label.strip() for label in made)


names = st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3).map(" ".join)
seconds = st.one_of(st.sampled_from((0.0, 29.0, 30.0, 59.9, 3_600.0)), st.floats(0, 2e9))
numbers = st.one_of(st.integers(0, 30), st.integers(0, 10**9))
windows = st.tuples(
    st.builds(
        Schedule,
        st.sets(st.integers(0, 6), min_size=1).map(lambda some: tuple(sorted(some))),
        st.builds(time, st.integers(0, 23), st.sampled_from((0, 30))),
        st.sampled_from((BERLIN, "UTC", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", LONGEST_ZONE)),
    ),
    st.dates(date(2011, 12, 1), date(2027, 12, 31)),
)


@st.composite
def drawings(draw: st.DrawFn) -> tuple[Figures, Digest, dict[str, str], Due]:
    schedule, around = draw(windows)
    day = schedule.next(datetime(around.year, around.month, around.day, tzinfo=UTC))[0]
    window = schedule.window(day)
    rooms = draw(st.lists(object_ids | st.just(""), unique=True, max_size=ROOMS_MAX))
    totals = st.builds(
        Totals, numbers, numbers, seconds, numbers, st.sampled_from((None, window.start, window.end)), seconds
    )
    room_id = st.sampled_from(rooms or [""])
    why = st.lists(st.builds(Lasted, st.sampled_from(LOOKS_WRONG), seconds), min_size=1, max_size=4).map(tuple)
    odd = draw(st.lists(st.builds(Odd, object_ids, room_id, why, st.booleans(), numbers), max_size=ODD_MAX))
    of_rooms = (st.builds(RoomFigures, st.just(each), numbers, numbers, seconds, st.none() | seconds) for each in rooms)
    peaks = st.lists(numbers, min_size=1, max_size=14)
    figures = Figures(
        window.start, window.end, draw(totals), draw(totals | st.just(NOTHING)),
        draw(st.none() | st.builds(Longest, object_ids, room_id, seconds, st.booleans())), draw(st.tuples(*of_rooms)),
        draw(st.none() | st.builds(OtherRooms, numbers, numbers, numbers, seconds)), tuple(odd), draw(numbers),
        draw(numbers), series(window, schedule.zone, draw(peaks)),
    )  # fmt: skip
    lines = ("all", "role:host -peers:>5", " ".join(["all", *(f"room:{each}" for each in rooms[:18] if each)]))
    named = {each: draw(names) for each in rooms if draw(st.booleans())}
    skipped = tuple(day - timedelta(days=back) for back in range(draw(st.integers(0, 8)), 0, -1))
    made = digest(draw(st.sampled_from(lines)), schedule)
    return figures, made, named, Due(day, window, draw(st.booleans()), skipped)


@settings(max_examples=effort(25))
@given(drawings())
def test_whatever_the_figures_and_names(drawing: tuple[Figures, Digest, dict[str, str], Due]) -> None:
    message = digest_message(*drawing)
    sound(message)
    assert len(message.text) <= UPDATE_TEXT_CHARS


@pytest.mark.parametrize("name", HOSTILE)
def test_the_worst_names_at_their_most(name: str) -> None:
    rooms = [f"{number:024x}" for number in range(ROOMS_MAX)]
    window = DAILY.window(DAY)
    huge = Totals(10**9, 10**9, 1e12, 10**9, window.start, 2e9)
    figures = Figures(
        window.start, window.end, huge, replace(huge, sessions=1, people=2, participant_s=0.0, peak=1),
        Longest(OPEN_LONG, rooms[0], 4e6, live=True), tuple(RoomFigures(each, 10**9, 10**9, 1e12, 60.0) for each in rooms),
        OtherRooms(10**9, 10**9, 10**9, 1e12),
        tuple(Odd(each, each, was(longer=2.6e6, idle=2.6e6, alone=2.6e6, missing=2.6e6), True, 10**9) for each in rooms[:ODD_MAX]), 10**9, 1,
        series(window, BERLIN, [10**9]),
    )  # fmt: skip
    what = due(late=True, skipped=tuple(DAY - timedelta(days=back) for back in range(366, 0, -1)))
    made = digest(" ".join(f"room:{each}" for each in rooms[:18]))
    message = digest_message(figures, made, dict.fromkeys(rooms, name), what, preview=True)
    sound(message)
    assert len(message.text) <= UPDATE_TEXT_CHARS
    assert "of this channel" in message.text and "more\n" in message.text
