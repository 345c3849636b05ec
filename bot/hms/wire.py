"""Answers of 100ms into `sessions.model`. Status codes and broken bodies become HmsError here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
    """The readable entries of a page, and the number of the others."""

    entries: list[T]
    unreadable: int
    page: ListAnswer[Any]

    def ends(self, limit: int) -> bool:
        """True where no page follows one that was asked for with this limit."""
        count = len(self.entries) + self.unreadable
        return not self.page.follows or count < min(limit, self.page.size or limit)


class Entry:
    """A session in a page of List sessions, not yet read: of those that a poll gets, most are as they were.
    `fingerprint` is the same for the same bytes, within this process. `finish`: what is done to each that is read."""

    __slots__ = ("_finish", "_raw", "fingerprint")

    def __init__(self, raw: msgspec.Raw, finish: Callable[[Session], Session] = lambda session: session) -> None:
        self._raw = bytes(raw)
        self._finish = finish
        self.fingerprint = hash(self._raw)

    def read(self) -> Session:
        """Raises HmsBadReply."""
        return self._finish(_session(self._raw))


_entry_decoder = msgspec.json.Decoder(SessionAnswer)
_sessions_decoder = msgspec.json.Decoder(ListAnswer[SessionAnswer])
_raw_decoder = msgspec.json.Decoder(ListAnswer[msgspec.Raw])
_room_decoder = msgspec.json.Decoder(RoomAnswer)
_template_decoder = msgspec.json.Decoder(TemplateAnswer)
_error_decoder = msgspec.json.Decoder(ErrorAnswer)

_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # the last: brackets in brackets, too deep
_NOT_JSON = "100ms sent something that is not an answer, as it does when it is having trouble."
_REASON_CHARS = 160


def sessions(body: bytes) -> Listed[Session]:
    """A page of List sessions. Raises HmsError."""
    with _said(body):
        try:
            page = _sessions_decoder.decode(body)
            return Listed([each.session() for each in page.data or ()], 0, page)
        except msgspec.ValidationError:
            return _each(body, _session)


def entries(body: bytes) -> Listed[msgspec.Raw]:
    """The same, each session left as it is."""
    with _said(body):
        page = _raw_decoder.decode(body)
        return Listed(page.data or [], 0, page)


def session(body: bytes) -> Session:
    """One session's record. Raises HmsError."""
    with _said(body):
        return _session(body, msgspec.json.decode)


def rooms(body: bytes) -> Listed[Room]:
    """A page of List rooms. Raises HmsError."""
    with _said(body):
        return _each(body, lambda raw: _room_decoder.decode(raw).room())


def room(body: bytes) -> Room:
    """Raises HmsError."""
    with _said(body):
        return _room_decoder.decode(body).room()


def templates(body: bytes) -> Listed[Template]:
    """A page of List templates. Raises HmsError."""
    with _said(body):
        return _each(body, lambda raw: _template_decoder.decode(raw).template())


def _anything(raw: bytes) -> object:
    """Any JSON; None for what is none, such as a number beyond all bounds."""
    try:
        return msgspec.json.decode(raw)
    except _NO_JSON:
        return None


def _session(raw: bytes, loads: Callable[[bytes], object] = _anything) -> Session:
    """Decides what a session is, for lists, records and polls alike. Raises HmsBadReply."""
    try:
        return _entry_decoder.decode(raw).session()
    except msgspec.ValidationError:
        return salvage.session(loads(raw))


def _each(body: bytes, read: Callable[[bytes], T]) -> Listed[T]:
    """A page entry by entry, without those that can't be read."""
    page = _raw_decoder.decode(body)
    read_entries = []
    for raw in page.data or ():
        with suppress(HmsBadReply, *_NO_JSON):
            read_entries.append(read(bytes(raw)))
    return Listed(read_entries, len(page.data or ()) - len(read_entries), page)


@contextmanager
def _said(body: bytes) -> Iterator[None]:
    """Errors of decoding a body as HmsErrors."""
    try:
        try:
            yield
        except msgspec.ValidationError as error:
            msgspec.json.decode(body)  # it was wrong at its beginning: what follows may be no JSON
            raise HmsBadReply(salvage.UNKNOWN_FORM, cause=f"wrong shape: {log.safe(error)}") from None
    except _NO_JSON:
        raise HmsUnavailable(_NOT_JSON, cause="the body is not JSON") from None


def decode(response: httpx.Response, read: Callable[[bytes], T]) -> T:
    """The body of a good answer. Raises an HmsError that fits any other."""
    if response.status_code != 200:
        raise error_of(response)
    return read(response.content)


def error_of(response: httpx.Response) -> HmsError:
    """What an answer with another status than 200 means."""
    status = response.status_code
    said = log.safe(_words(response))[:_REASON_CHARS]
    cause = f"status {status}: {said}" if said else f"status {status}"
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
    """100ms's own words in an error's body, or ""."""
    try:
        return _error_decoder.decode(response.content).text
    except _NO_JSON:
        return ""
