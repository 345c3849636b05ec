"""Decodes 100ms's answers. Status codes and broken bodies become HmsError here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, TypeVar

import httpx
import msgspec

from bot import log
from bot.errors import HmsAuth, HmsBadReply, HmsError, HmsNotFound, HmsRateLimited, HmsRefused, HmsUnavailable
from bot.hms import salvage
from bot.hms.shapes import ErrorAnswer, ListAnswer, RoomAnswer, SessionAnswer, TemplateAnswer
from bot.net.waits import retry_after_s
from bot.sessions.model import Room, Session
from bot.sessions.roles import Template

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """A page's readable entries, and the number of unreadable ones."""

    entries: list[T]
    unreadable: int
    page: ListAnswer[Any]

    def ends(self, limit: int) -> bool:
        """True if no page follows one requested with this limit."""
        count = len(self.entries) + self.unreadable
        return not self.page.follows or count < min(limit, self.page.size or limit)


class Entry:
    """An undecoded session of a List sessions page: in a poll most are unchanged. `fingerprint` is equal for equal
    bytes, within this process. `finish` is applied to each decoded session."""

    __slots__ = ("_finish", "_raw", "fingerprint")

    def __init__(self, raw: msgspec.Raw, finish: Callable[[Session], Session] = lambda session: session) -> None:
        self._raw = bytes(raw)
        self._finish = finish
        self.fingerprint = hash(self._raw)

    def read(self) -> Session:
        """Decode the session. Raises HmsBadReply."""
        return self._finish(_session(self._raw))


_entry_decoder = msgspec.json.Decoder(SessionAnswer)
_sessions_decoder = msgspec.json.Decoder(ListAnswer[SessionAnswer])
_raw_decoder = msgspec.json.Decoder(ListAnswer[msgspec.Raw])
_room_decoder = msgspec.json.Decoder(RoomAnswer)
_template_decoder = msgspec.json.Decoder(TemplateAnswer)
_error_decoder = msgspec.json.Decoder(ErrorAnswer)

_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # RecursionError: brackets nested too deeply
_NOT_JSON = "100ms sent something that is not an answer, as it does when it is having trouble."
_REASON_CHARS = 160


def _answer(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Make a decoder of bodies raise HmsError, and repair texts first that are no Unicode."""

    def read_shape(body: bytes) -> T:
        try:
            return read(body)
        except msgspec.ValidationError as error:
            msgspec.json.decode(body)  # a schema error stops early: the rest may be invalid JSON
            raise HmsBadReply(salvage.UNKNOWN_FORM, cause=f"wrong shape: {log.safe(error)}") from None

    @wraps(read)
    def decoded(body: bytes) -> T:
        with suppress(*_NO_JSON):
            return read_shape(body)
        try:
            return read_shape(salvage.repaired(body))
        except _NO_JSON:
            raise HmsUnavailable(_NOT_JSON, cause="the body is not JSON") from None

    return decoded


@_answer
def sessions(body: bytes) -> Listed[Session]:
    """Decode a page of List sessions. Raises HmsError."""
    try:
        page = _sessions_decoder.decode(body)
        return Listed([each.session() for each in page.data or ()], 0, page)
    except _NO_JSON:
        return _each(body, _session)


@_answer
def entries(body: bytes) -> Listed[msgspec.Raw]:
    """Decode a page of List sessions, leaving each session undecoded. Raises HmsError."""
    page = _raw_decoder.decode(body)
    return Listed(page.data or [], 0, page)


@_answer
def session(body: bytes) -> Session:
    """Decode one session. Raises HmsError."""
    return _session(body, msgspec.json.decode)


@_answer
def rooms(body: bytes) -> Listed[Room]:
    """Decode a page of List rooms. Raises HmsError."""
    return _each(body, lambda raw: _room_decoder.decode(raw).room())


@_answer
def room(body: bytes) -> Room:
    """Decode one room. Raises HmsError."""
    return _room_decoder.decode(body).room()


@_answer
def templates(body: bytes) -> Listed[Template]:
    """Decode a page of List templates. Raises HmsError."""
    return _each(body, lambda raw: _template_decoder.decode(raw).template())


def _anything(raw: bytes) -> object:
    """Decode any JSON; None for invalid JSON, such as a number out of range."""
    try:
        return msgspec.json.decode(raw)
    except _NO_JSON:
        return None


def _session(raw: bytes, loads: Callable[[bytes], object] = _anything) -> Session:
    """Decode a session, for lists, records and polls alike. Raises HmsBadReply."""
    try:
        return _entry_decoder.decode(raw).session()
    except _NO_JSON:  # a page's decoder passes over the texts in an entry without reading them
        return salvage.session(loads(raw))


def _each(body: bytes, read: Callable[[bytes], T]) -> Listed[T]:
    """Decode a page entry by entry, skipping unreadable ones."""
    page = _raw_decoder.decode(body)
    read_entries = []
    for raw in page.data or ():
        with suppress(HmsBadReply, *_NO_JSON):
            read_entries.append(read(bytes(raw)))
    return Listed(read_entries, len(page.data or ()) - len(read_entries), page)


def decode(response: httpx.Response, read: Callable[[bytes], T]) -> T:
    """Decode the body of a 200 answer. Raises the HmsError for any other status."""
    if response.status_code != 200:
        raise error_of(response)
    return read(response.content)


def error_of(response: httpx.Response) -> HmsError:
    """Return the error for an answer whose status isn't 200."""
    status = response.status_code
    reason = log.safe(_words(response))[:_REASON_CHARS]
    cause = f"status {status}: {reason}" if reason else f"status {status}"
    if status in (401, 403):
        check = "HMS_ACCESS_KEY and HMS_SECRET, or HMS_MANAGEMENT_TOKEN"
        text = f"100ms refused the bot's token. Whoever runs the bot should check {check}."
        return HmsAuth(text, cause=cause)
    if status == 404:
        return HmsNotFound("100ms doesn't know that id.", cause=cause)
    if status == 429:
        wait_s = retry_after_s(response.headers, "100ms", _words(response))
        when = f"in {wait_s:.0f} seconds" if wait_s else "in a minute"
        return HmsRateLimited(f"100ms asks us to slow down. Try again {when}.", cause=cause, retry_after_s=wait_s)
    if status >= 500:
        return HmsUnavailable(f"100ms is having trouble (it answered {status}).", cause=cause)
    return HmsRefused(f"100ms refused that request (it answered {status}).", cause=cause)


def _words(response: httpx.Response) -> str:
    """Return 100ms's own message in an error's body, or ""."""
    try:
        return _error_decoder.decode(response.content).text
    except _NO_JSON:
        return ""
