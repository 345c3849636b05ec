"""`TARGETS`: what is tried, on which examples, and what has to hold. Another target is one entry.

A check raises for what must not be, and gives the input's outcome, by which inputs are told apart that found something
new. Each sees the code as its callers do: a line's reader, a button's value, an answer's bytes, a request at the door.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bot.app import FEATURES
from bot.blockkit import actions
from bot.blockkit.help import COMMAND
from bot.browse.details import details
from bot.digests.lines import PREVIEW
from bot.errors import HmsError, QueryError, StaleButton, said_for
from bot.hms import wire
from bot.hms.shapes import ListAnswer, SessionAnswer
from bot.hms.webhooks import is_known, read_hint, shows
from bot.query import cursor
from bot.query.command_lines import corrected, terms
from bot.query.cursor import PageCursor
from bot.query.filters import DIGEST, FILTERS, LIST, STATE_WORDS, STATES, SYNONYMS
from bot.query.parse import LINE_CHARS, mended, parse
from bot.query.pasted import typed_lines, unmarked
from bot.query.values import is_id
from bot.sessions.diff import same, track
from bot.sessions.model import Peer, Session
from bot.silence.lines import QUIET, end_line
from bot.slack.registry import Registry
from bot.slack.render import query_problem
from bot.text import tidy
from bot.web.webhook import read_event
from tests.blockkit.judge import harmless, inside_limits
from tests.fuzz.door import WORDS, Door, Signatures

Check = Callable[[str], Hashable]

REGISTRY = Registry(FEATURES)
COMMANDS, LINES = REGISTRY.commands, REGISTRY.lines
NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
ZONE = "Europe/Berlin"
ID = "631a0f990e6ffae22efa610c"
DRAWN_EVERY = 16
"""Of so many inputs one is drawn: that takes longer than reading it."""
DATA = Path(__file__).parent.parent / "data" / "hms"


@dataclass(frozen=True, slots=True)
class Target:
    """`open` prepares its check and cleans up after it. `share`: of all inputs, as a number that is weighed against the
    others' shares. `structured`: the examples are JSON."""

    examples: Sequence[str]
    words: Sequence[str]
    open: Callable[[], AbstractContextManager[Check]]
    share: float
    structured: bool = False


def _pure(check: Check) -> Callable[[], AbstractContextManager[Check]]:
    return lambda: nullcontext(check)


FILTER_EXAMPLES = [f"{entry.key}:{entry.example}" for entry in FILTERS.values()]
LINE_WORDS = (
    *(f"{key}:" for key in FILTERS), *FILTER_EXAMPLES, *STATES, *STATE_WORDS, *SYNONYMS, *COMMANDS, ID, "not", "or", "and", "2h", "45m",
    "until", "for", "tomorrow", "monday", "9:00", "22:00-7:00", "weekdays", "weekly", "daily", "Berlin", "UTC", "CST", "off", "today",
    "yesterday", "last", "ago", "noon", "5pm", "25:00", ">=", "3..5", "2026-11-23", "2026-11-23T09:30Z", "23.11.2026", "Town hall",
)  # fmt: skip
_FRONT = {
    "digest": ("daily 9:00", "weekdays 9am new york", "weekly mon,thu 17:00 Berlin", "every second day 9:00 empty:skip"),
    "mute": ("2h", "until tomorrow", "until monday 9:00", "for 3 days", f"{ID} 12h", "until 2026-11-24T09:00+01:00"),
    "quiet": (
        "22:00-7:00", "10pm to 7am weekdays Berlin", "off 22:00-7:00", "7:00-7:00 sat,sun New York", "off", "fri 18:00-mon 8:00",
        "22:00-7:00 -sat",
    ),
}  # fmt: skip
"""Beginnings of the lines of these scopes; others are queries."""


def _lines(scope: str) -> list[str]:
    front = _FRONT.get(scope.removesuffix(" preview"), ("", "active", "ended", "room:x"))
    return [LINES[scope].such, *front, *(f"{first} {filter}" for first in front for filter in FILTER_EXAMPLES)]


PRINTED: dict[str, Callable[[Any], str]] = {
    "list": str,
    "subscribe": str,
    **dict.fromkeys((DIGEST, PREVIEW), lambda read: f"{read[0]} {terms(read[1])}"),
    "mute": lambda read: f"{read[2] or terms(read[1])} {end_line(read[0])}",
    "quiet": lambda read: " ".join(filter(None, ("off" * read[1], str(read[0] or "")))),
}
"""The form of a line that is shown and stored."""


def _line(scope: str) -> Check:
    read = LINES[scope].read

    def check(text: str) -> Hashable:
        line = " ".join(typed_lines(text, COMMAND))
        assert unmarked(line) == line, "marks are left"
        try:
            with said_for(scope):
                said = read(line, NOW, ZONE)
        except QueryError as error:
            return _refused(error, scope, line)
        if scope == "mute" and said[0].microsecond:  # lines are written to the second
            return "between seconds"
        printed = PRINTED[scope](said)
        assert read(printed, NOW, ZONE) == said, "what is printed is read as something else"
        assert scope != LIST or len(printed) <= LINE_CHARS, "the canonical line is too long"
        return re.sub(r"[^\s:]+(?=\s|$)", "", printed)

    return check


def _refused(error: QueryError, scope: str, line: str) -> Hashable:
    """Check that the error has a place in the line, and another line that can be read."""
    assert error.text and 0 <= error.start <= error.end <= len(error.line), "the place isn't in the line"
    assert scope != LIST or mended(error) != tidy(line), "the fix changes nothing"
    words = tuple(COMMANDS) if scope == LIST else ()
    better = corrected(error, NOW, ZONE, LINES, commands=words)
    if not zlib.crc32(line.encode("utf-8", "surrogatepass")) % DRAWN_EVERY:
        message = query_problem(error, better)
        inside_limits(message)
        harmless(message)
        return scope, "drawn"
    if better.line.split(" ")[0].lower() not in words:
        LINES[scope].read(better.line, NOW, ZONE)
    return scope, better.sure, re.sub(r"`[^`]*`|\d+", "", error.text)


_PLACE = PageCursor.first(parse("ended role:host room:x after:2h limit:20"), NOW, ZONE)
VALUES = (
    _PLACE.write(),
    _PLACE.more(ID).write(),
    _PLACE.more(ID).more(f"{int(ID, 16) - 9:x}").more(f"{int(ID, 16) - 99:x}").write(),
    actions.write(ID),
    actions.write('mute room:"Town hall" 2h'),
    actions.write("C07QX6MRE01", "settings", "unmute 3"),
    actions.write("C07QX6MRE01"),
)
_VALUE_WORDS = (
    "1|", "|", ID, "Europe/Berlin", "UTC", "../UTC", "Europe", "posixrules", "1790000000000", "-1", *LINE_WORDS[:40],
)  # fmt: skip


def _value(text: str) -> Hashable:
    outcomes: list[str] = []
    for read in (
        cursor.read_cursor, actions.read_session_id, actions.read_line, actions.read_set,
        actions.read_channel_id,
    ):  # fmt: skip
        try:
            said = read(text)
        except StaleButton:
            outcomes.append("")
            continue
        outcomes.append(type(said).__name__)
        if isinstance(said, PageCursor):
            written = said.write()
            assert len(written) <= cursor.VALUE_CHARS, "the value is too long for a button"
            assert cursor.read_cursor(written).write() == written, "the place is read as another"
            outcomes.append(f"{said.number > 1} {len(said.trail)} {said.query.state}")
    return tuple(outcomes)


def _compact(name: str) -> str:
    return json.dumps(json.loads((DATA / name).read_text()))


ANSWERS = (
    _compact("list-sessions.json"),
    _compact("legacy.json"),
    *(json.dumps(each) for each in json.loads((DATA / "list-sessions.json").read_text())["data"]),
    json.dumps({"limit": 10, "data": [{"id": ID, "name": "Town hall", "enabled": True}], "last": ID}),
    json.dumps({"limit": 10, "data": None, "last": ""}),
    json.dumps({"code": 404, "message": "not found", "details": []}),
)
_ANSWER_WORDS = (
    *SessionAnswer.__struct_fields__, *Peer.__struct_fields__, *ListAnswer.__struct_fields__, "unreadable", ID,
    "2022-09-08T15:52:02.194Z", "0001-01-01T00:00:00Z",
)  # fmt: skip


def _answer(text: str) -> Hashable:
    body = text.encode("utf-8", "surrogatepass")
    outcomes: list[Hashable] = []
    for read in (wire.sessions, wire.entries, wire.session, wire.rooms, wire.room, wire.templates):
        try:
            said = read(body)
        except HmsError as error:
            outcomes.append((type(error).__name__, re.sub(r"`[^`]*`|\d+", "", error.cause)))
            continue
        outcomes.append(_sound(read, said))
    return tuple(outcomes)


def _sound(read: Any, said: Any) -> Hashable:
    """Check that what was read can be counted and kept."""
    if read is wire.entries:
        for raw in said.entries:
            with suppress(HmsError):
                _session(wire.Entry(raw).read())
    sessions = [said] if read is wire.session else said.entries if read is wire.sessions else []
    return read.__name__, tuple(_session(each) for each in sessions[:3])


def _session(session: Session) -> Hashable:
    people = session.people()
    assert session.people_in_count() <= session.people_count() == len(people), "people are counted in two ways"
    assert session.length_s(NOW) >= 0 and session.participant_s(NOW) >= 0, "a time is negative"
    assert same(track(session, 0), session), "a session that is kept is another"
    if is_id(session.id) and is_id(session.room_id):  # others would be 100ms's own doing: they are no names
        message = details(session, {}, as_of=NOW, zone=ZONE)
        inside_limits(message)
        harmless(message)
    return session.active, type(session.peers).__name__, min(len(people), 3), session.created_at is None


REFUSALS = (
    "429\n45\n" + json.dumps({"code": 429, "message": "rate limit exceeded, retry after 45 seconds", "details": []}),
    "429\n\n" + json.dumps({"code": 429, "message": "rate limit exceeded, retry after 45 seconds", "details": []}),
    "429\nMon, 23 Nov 2026 14:03:00 GMT\n{}",
    "500\n\n<html>oops</html>",
    *(f"{status}\n\n{{}}" for status in (301, 400, 401, 403, 404, 418, 503)),
)


def _refusal(text: str) -> Hashable:
    status, header, body = [*text.split("\n", 2), "", ""][:3]
    code = int(status) if re.fullmatch("[1-5][0-9][0-9]", status) else 429
    header = "".join(char for char in header if " " <= char <= "~")
    error = wire.error_of(
        httpx.Response(code, headers={"Retry-After": header}, content=body.encode("utf-8", "replace"))
    )
    wait_s = getattr(error, "retry_after_s", None)
    assert wait_s is None or wait_s >= 0, "the wait is negative"
    if wait_s is not None:
        timedelta(seconds=wait_s)  # it can be waited for
    return type(error).__name__, wait_s is None, wait_s == 0


WEBHOOKS = tuple(
    json.dumps({"version": "2.0", "id": "x", "type": kind, "data": {"session_id": ID, "peer_id": "p", "role": "host"}})
    for kind in ("session.open.success", "peer.join.success", "peer.leave.success", "role.change.success", "beam.failure", "x")
)  # fmt: skip


def _webhook(text: str) -> Hashable:
    event = read_event(text.encode("utf-8", "surrogatepass"))
    if event is None:
        return None
    hint = read_hint(event)
    if hint is None:
        return is_known(event)
    assert is_id(hint.session_id) and len(hint.expects) < 30, "more is kept than a session and an event"
    shows(Session(hint.session_id, peers={"p": Peer("p", role="host")}), hint.expects)
    return hint.expects.partition(" ")[0]


TYPED = (
    "", "active", f"show {ID}", "limit:9", "mute 2h", "unmute all", "subscribe room:x",
    *(re.sub("[<>]", "", command.usage) for command in COMMANDS.values()), *_lines(QUIET)[:6],
)  # fmt: skip
SIGNED = ("{now}\nv0={good}\n{form}\n", "{now-400}\nv0={good}\n{form}\n", "{now}\nv0=\n{form}\n", "\n\n{form}\n")
_SIGNED_BODIES = (
    "command=%2Fsessions&text=active&team_id=T1&user_id=U1",
    'payload={"type":"block_actions"}',
    '{"type":"x"}',
    "ssl_check=1",
)

TARGETS: dict[str, Target] = {
    **{f"line {scope}": Target(_lines(scope), LINE_WORDS, _pure(_line(scope)), share=8) for scope in LINES},
    "button value": Target(VALUES, _VALUE_WORDS, _pure(_value), share=20),
    "answer of 100ms": Target(ANSWERS, _ANSWER_WORDS, _pure(_answer), share=20, structured=True),
    "refusal of 100ms": Target(REFUSALS, ("Retry-After", "GMT", "retry after", "seconds", "+0100"), _pure(_refusal), share=5),
    "webhook": Target(WEBHOOKS, ("session_id", "peer_id", "data", "type", "NaN", ID), _pure(_webhook), share=5, structured=True),
    "signature": Target(
        [head + body for head in SIGNED for body in _SIGNED_BODIES],
        ("{now}", "{now-301}", "{now+301}", "{good}", "v0=", "v1=", "{form}", "application/json", "charset=utf-16"),
        Signatures,
        share=13,
    ),
    "request": Target(Door.examples(TYPED, VALUES), (*LINE_WORDS[:60], *WORDS), Door, share=2, structured=True),
}  # fmt: skip
"""The lines' targets follow `LINES`."""
