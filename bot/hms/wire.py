"""Answers of 100ms into `core.session`. Status codes and broken bodies become HmsError here and nowhere else."""

from __future__ import annotations

import re
import time
from typing import TypeVar

import httpx
import msgspec

from bot.core.mask import Mask
from bot.core.roles import Template
from bot.core.session import Room, Session
from bot.core.times import http_date_s
from bot.errors import HmsAuth, HmsError, HmsNotFound, HmsRateLimited, HmsRefused, HmsUnavailable
from bot.hms.salvage import salvage
from bot.patience import granted

T = TypeVar("T")


class SessionsAnswer(msgspec.Struct):
    """List sessions. `data` may be null; `last` may be missing, null or empty; `limit` is the number it tried for.
    `unreadable`: entries that `salvage` left out."""

    limit: int | None = None
    data: list[Session] | None = None
    last: str | None = None
    unreadable: int = 0


class Entry:
    """A session in a page of List sessions, not yet read: of those that a poll gets, most are as they were.
    `fingerprint` is the same for the same bytes, within this process."""

    __slots__ = ("_mask", "_raw", "fingerprint")

    def __init__(self, raw: msgspec.Raw, mask: Mask | None = None) -> None:
        self._raw = bytes(raw)
        self._mask = mask
        self.fingerprint = hash(self._raw)

    def read(self) -> Session:
        """Raises HmsBadReply."""
        session = read(self._raw, session_decoder)
        return self._mask.session(session) if self._mask else session


class EntriesAnswer(msgspec.Struct):
    """List sessions, with its sessions left as they are."""

    limit: int | None = None
    data: list[msgspec.Raw] | None = None
    last: str | None = None


class RoomAnswer(msgspec.Struct):
    """One room, of which the id and the name matter here (Rooms/object)."""

    id: str
    name: str | None = None

    def room(self) -> Room:
        return Room(self.id, self.name or "")


class RoomsAnswer(msgspec.Struct):
    """List rooms, paged like List sessions."""

    data: list[RoomAnswer] | None = None
    last: str | None = None
    unreadable: int = 0


class _Permissions(msgspec.Struct, rename="camel"):
    end_room: bool = False
    remove_others: bool = False


class _Role(msgspec.Struct):
    permissions: _Permissions | None = None

    @property
    def hosts(self) -> bool:
        may = self.permissions
        return may is not None and (may.end_room or may.remove_others)


class _Recording(msgspec.Struct):
    role: str | None = None


class _Destinations(msgspec.Struct, rename="camel"):
    browser_recordings: dict[str, _Recording] | None = None


class TemplateAnswer(msgspec.Struct):
    """One template (policy/template-object): its roles, what they may, and what records in which of them."""

    id: str
    name: str | None = None
    roles: dict[str, _Role] | None = None
    destinations: _Destinations | None = None

    def template(self) -> Template:
        roles = self.roles or {}
        recordings = self.destinations.browser_recordings if self.destinations else None
        return Template(
            self.id,
            self.name or "",
            frozenset(roles),
            frozenset(name for name, role in roles.items() if role.hosts),
            frozenset(each.role for each in (recordings or {}).values() if each.role),
        )


class TemplatesAnswer(msgspec.Struct):
    """List templates, paged like List sessions."""

    data: list[TemplateAnswer] | None
    last: str | None = None
    unreadable: int = 0


class _ErrorAnswer(msgspec.Struct):
    message: str = ""


sessions_decoder = msgspec.json.Decoder(SessionsAnswer)
entries_decoder = msgspec.json.Decoder(EntriesAnswer)
session_decoder = msgspec.json.Decoder(Session)
rooms_decoder = msgspec.json.Decoder(RoomsAnswer)
templates_decoder = msgspec.json.Decoder(TemplatesAnswer)
room_decoder = msgspec.json.Decoder(RoomAnswer)

_WAIT_IN_WORDS = re.compile(r"retry after (\d{1,6}(?:\.\d+)?) ?s", re.IGNORECASE)
_NO_ANSWER = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # the last: brackets in brackets, too deep
_NOT_JSON = "100ms sent something that is not an answer, as it does when it is having trouble."


def decode(response: httpx.Response, decoder: msgspec.json.Decoder[T]) -> T:
    """The body of a good answer. Raises an HmsError that fits any other."""
    if response.status_code != 200:
        raise error_of(response)
    return read(response.content, decoder)


def read(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Raises HmsError."""
    try:
        try:
            return decoder.decode(body)
        except msgspec.ValidationError:  # of its beginning: what follows may still be no JSON
            return salvage(body, decoder)
    except _NO_ANSWER:
        raise HmsUnavailable(_NOT_JSON, cause="the body is not JSON") from None


def error_of(response: httpx.Response) -> HmsError:
    """What an answer with another status than 200 means."""
    status = response.status_code
    cause = f"status {status}"
    if status in (401, 403):
        check = "HMS_ACCESS_KEY and HMS_SECRET, or HMS_MANAGEMENT_TOKEN"
        text = f"100ms refused the bot's token. Whoever runs the bot should check {check}."
        return HmsAuth(text, cause=cause)
    if status == 404:
        return HmsNotFound("100ms doesn't know that id.", cause=cause)
    if status == 429:
        wait_s = retry_after_s(response)
        when = f"in {wait_s:.0f} seconds" if wait_s else "in a minute"
        return HmsRateLimited(f"100ms asks us to slow down. Try again {when}.", cause=cause, retry_after_s=wait_s)
    if status >= 500:
        return HmsUnavailable(f"100ms is having trouble (it answered {status}).", cause=cause)
    return HmsRefused(f"100ms refused that request (it answered {status}).", cause=cause)


def retry_after_s(response: httpx.Response) -> float | None:
    """Seconds to wait after a 429, as far as `granted`: from the header, or from the wording ("retry after 45 seconds",
    analytics pages). A date in the header counts from the answer's own Date, whatever our clock says."""
    asked_s = _asked_s(response)
    return None if asked_s is None else granted(asked_s, "100ms")


def _asked_s(response: httpx.Response) -> float | None:
    header = response.headers.get("Retry-After", "")
    if re.fullmatch(r"\d{1,6}(\.\d+)?", header):
        return float(header)
    if header:
        when, now_s = http_date_s(header), http_date_s(response.headers.get("Date", ""))
        if when is not None:
            return when - (time.time() if now_s is None else now_s)
    try:
        message = msgspec.json.decode(response.content, type=_ErrorAnswer).message
    except _NO_ANSWER:
        return None
    found = _WAIT_IN_WORDS.search(message)
    return float(found[1]) if found else None
