"""The lines of commands, read and mended: the place is right, and what is offered works."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests.lines import read_digest
from bot.errors import QueryError, said_for
from bot.query.command_lines import corrected
from bot.silence.lines import read_hours
from bot.silence.quiet_hours import read_quiet
from tests.query.mending import LINES, refused

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)  # a Monday
ZONE = "Europe/Berlin"
ID = "631a0f990e6ffae22efa610c"


def read_for(scope: str, line: str) -> None:
    with said_for(scope):
        LINES[scope].read(line, NOW, ZONE)


def test_quiet_hours_and_their_end() -> None:
    night = read_quiet("22:00-7:00", ZONE)
    assert read_hours("22:00-7:00", ZONE) == (night, False)
    assert read_hours(" Off ", ZONE) == read_hours("off.", ZONE) == (None, True)
    assert read_hours("off, 22:00-7:00", ZONE) == (night, True)


REFUSED = {
    "digest daily 9:00 «rol:host»": ("did you mean `role:host`", "daily 9:00 role:host", True),
    "digest daily 9:00 Berlin «after:2h»": ("no place in a digest", "daily 9:00 Berlin", False),
    "digest daily 9:00 «all»": ("leave `all` out", "daily 9:00", True),
    "digest daily 9:00 «ended»": ("leave `ended` out", "daily 9:00", False),
    "digest daily 9:00 «on:start»": ("only works with `subscribe`", "daily 9:00", False),
    "digest daily 9:00 «empty:skp»": ("say `say` or `skip`", "daily 9:00 empty:skip", True),
    "digest «»": ("Say when", "daily 09:00 Europe/Berlin", False), "mute «»": ("needs an end", "2h", False),
    "mute role:host«»": ("needs an end", "role:host 2h", False),
    "mute role:host «40d»": ("the longest mute", "role:host 30d", False),
    "mute 2h «rol:host»": ("did you mean `role:host`", "role:host 2h", True),
    "digest daily 9:00 «today»": ("`today` has no place in a digest", "daily 9:00", False),
    "mute «2h» until tomorrow": ("no place in a mute", "until tomorrow", False),
    "mute «from 17:00» until 18:00": ("no place in a mute", "until 18:00", False),
    "mute «on» 2h": ("only works with `subscribe`", "2h", False), "mute «channel» 2h": ("not needed", "2h", True),
    "mute «tomorrow»": ("did you mean `until tomorrow`", "until tomorrow", True),
    "mute «here» for 2h": ("not needed", "for 2h", True),
    "mute «this» channel until tomorrow": ("not needed", "until tomorrow", True),
    "mute «channel x» 2h": ("did you mean `room:x`", "room:x 2h", True),
    "subscribe role:host «2h»": ("no place in a subscription", "role:host", False),
    "mute «all» rooms 2h": ("leave `all` out", "2h", True), "mute «all» 2h": ("leave `all` out", "2h", True),
    "mute room:Town hall until «tomorow»": ("not a time", 'room:"Town hall" until tomorrow', True),
    "mute «on:start» 2h": ("only works with `subscribe`", "2h", False),
    "quiet «25:00»-7:00": ("no time 25:00", "22:00-7:00", False),
    "quiet «22:00»": ("from when until when", "22:00-07:00 daily Europe/Berlin", False),
    "quiet off «fri 18:00-mon 8:00»": ("24 hours", "off 18:00-18:00 fri,sat Europe/Berlin", False),
    "quiet 22:00-7:00 «CST»": ("that could be", "22:00-7:00 America/Chicago", False),
}  # fmt: skip
"""Lines with a marked place, what is said of it, the line that is offered, and whether that asks the same."""


@pytest.mark.parametrize("marked", REFUSED)
def test_an_error_marks_the_place_and_offers_a_line(marked: str) -> None:
    scope, _, line = marked.partition(" ")
    error = refused(partial(read_for, scope), line)
    says, better, faithful = REFUSED[marked]
    assert says in error.text
    assert corrected(error, NOW, ZONE, LINES)[:2] == (better, faithful)


PIECES = (
    "daily", "mon", "9:00", "25:00", "CST", "Berlin", "2h", "40d", "until", "tomorow", "room:x", "rol:host", '"', "all",
    "ended", "off", "22:00-7:00", "-", "on:start", "after:2h", "Town", "hall", ",", ID, "empty:no",
)  # fmt: skip


@given(st.sampled_from(sorted(LINES)), st.lists(st.sampled_from(PIECES), max_size=7).map(" ".join))
def test_what_is_offered_can_be_read(scope: str, line: str) -> None:
    try:
        read_for(scope, line)
    except QueryError as error:
        assert 0 <= error.start <= error.end <= len(error.line)
        better = corrected(error, NOW, ZONE, LINES).line
        LINES[scope].read(better, NOW, ZONE)


@pytest.mark.parametrize("scope", ["digest", "mute", "quiet"])
def test_a_line_that_is_too_long_is_not_read(scope: str) -> None:
    with pytest.raises(QueryError, match="1200 is the most I read") as caught:
        read_for(scope, "9am monday room:x " * 5_000)
    better, faithful, *_ = corrected(caught.value, NOW, ZONE, LINES)
    assert LINES[scope].read(better, NOW, ZONE) and not faithful


def test_the_longest_query_can_be_said_with_the_longest_schedule() -> None:
    query = " ".join(f"user:{'x' * 45}{number:02}" for number in range(20))
    schedule, asked = read_digest(f"9:00 {query}", "America/Argentina/ComodRivadavia")
    assert len(query) > 1_050 and str(schedule) == "daily 09:00 America/Argentina/ComodRivadavia"
    printed = f"weekly mon,tue,wed,thu,sat,sun {schedule.clock:%H:%M} {schedule.zone} {query}"
    assert read_digest(printed, ZONE)[1] == asked


@pytest.mark.parametrize("scope", sorted(LINES))
def test_a_line_with_many_errors_is_given_up(scope: str) -> None:
    """Each fix reads the line anew: a full line of such took seconds, in which nobody else was answered."""
    line = f"{LINES[scope].such} " + "rom:x " * 12
    with pytest.raises(QueryError) as caught:
        read_for(scope, line)
    assert corrected(caught.value, NOW, ZONE, LINES)[:2] == (LINES[scope].such, False)
