"""The requests that the bot makes of 100ms, over one pooled client."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import aiohttp
import httpx
import msgspec
from httpx_aiohttp import AiohttpTransport

from bot import metrics
from bot.core.mask import Mask
from bot.core.roles import Said, Template
from bot.core.session import Room, Session
from bot.core.values import LIMIT_MAX, LIMIT_MIN
from bot.errors import HmsBadReply, HmsError, HmsUnavailable
from bot.hms.auth import ManagementAuth, Token
from bot.hms.bounded import bound
from bot.hms.templates import TemplateCache
from bot.hms.wire import (
    Entry,
    decode,
    entries_decoder,
    room_decoder,
    rooms_decoder,
    session_decoder,
    sessions_decoder,
    templates_decoder,
)
from bot.patience import Patience

T = TypeVar("T")

TIMEOUT = httpx.Timeout(connect=3.0, read=6.0, write=3.0, pool=3.0)
"""Seconds for each phase of one attempt."""
_NO_ANSWER = "100ms can't be reached, or doesn't answer in time."
LIMITS = httpx.Limits(max_connections=100, keepalive_expiry=60.0)
TEMPLATE_PAGES = 10
LIFE_MOST = timedelta(hours=13)
"""A session lasts 12 hours at most (100ms docs, Sessions/object), and is surely over after that."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One page of List sessions, newest first. `last`: no page follows."""

    sessions: list[Session]
    last: bool

    @property
    def cursor(self) -> str:
        """The id that the next page starts after."""
        return self.sessions[-1].id if self.sessions else ""

    @property
    def marks(self) -> list[Hashable]:
        """One for each session, by which a page that repeats an earlier one is known."""
        return [session.id for session in self.sessions]


@dataclass(frozen=True, slots=True)
class RawBatch:
    """A `Batch` whose sessions are still to be read."""

    entries: list[Entry]
    last: bool

    @property
    def cursor(self) -> str:
        """The id that the next page starts after: of the last session that can be read."""
        for entry in reversed(self.entries):
            with suppress(HmsBadReply):
                if session_id := entry.read().id:
                    return session_id
        return ""

    @property
    def marks(self) -> list[Hashable]:
        """As those of a `Batch`."""
        return [entry.fingerprint for entry in self.entries]


class Hms:
    """100ms, server-side API v2. Every method raises HmsError. With a `mask` nobody's name or user id gets further.
    `said`: the roles that the settings name. `proxy`: the URL of one to go through, as `proxy_to` gives it."""

    def __init__(
        self,
        base_url: str,
        token: Token,
        patience: Patience | None = None,
        *,
        mask: Mask | None = None,
        said: Said | None = None,
        proxy: str | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._mask = mask
        self.naming = mask.naming if mask else ""
        """How people are called: "" by their own names."""
        self.templates = TemplateCache(self.list_templates, said or Said())
        self.ahead_s = 0.0
        """How far the clock of 100ms is ahead of ours, to about a second, as its last answer said."""
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            auth=ManagementAuth(token),
            timeout=TIMEOUT,
            transport=AiohttpTransport(limits=LIMITS, proxy=httpx.Proxy(proxy) if proxy else None),
            event_hooks={"response": [bound]},
            headers={"Accept": "application/json", "User-Agent": "sessions-bot"},
        )

    async def close(self) -> None:
        await self.templates.close()
        await self._http.aclose()

    async def check(self) -> None:
        """One small request, not repeated: that 100ms answers, takes the token, and what its clock says."""
        await self._attempt("/sessions", _page(LIMIT_MIN, None), sessions_decoder, "")

    async def list_sessions(self, params: Mapping[str, str], *, limit: int, start: str | None) -> Batch:
        """`params` are List sessions' own filters; `start` is the id to start after."""
        answer = await self._get("/sessions", {**params, **_page(limit, start)}, sessions_decoder)
        sessions = [self._masked(session) for session in answer.data or ()]
        count = len(sessions) + answer.unreadable
        batch = Batch(sessions, last=not answer.last or count < min(limit, answer.limit or limit))
        return _moved_on(batch, batch.cursor, start)

    async def list_entries(self, params: Mapping[str, str], *, limit: int, start: str | None) -> RawBatch:
        """The same, for who has seen most of them before."""
        answer = await self._get("/sessions", {**params, **_page(limit, start)}, entries_decoder)
        entries = [Entry(raw, self._mask) for raw in answer.data or ()]
        return RawBatch(entries, last=not answer.last or len(entries) < min(limit, answer.limit or limit))

    async def session(self, session_id: str) -> Session:
        return self._masked(await self._get("/sessions/{id}", {}, session_decoder, session_id))

    async def room(self, room_id: str) -> Room:
        return (await self._get("/rooms/{id}", {}, room_decoder, room_id)).room()

    async def list_rooms(
        self, *, name: str | None = None, start: str | None = None, enabled: bool = True
    ) -> tuple[list[Room], str | None]:
        """Up to 100 rooms, newest first, and the cursor of the next page (None: there is none). Either those that are
        enabled or those that aren't: no request lists both (Rooms/list-rooms)."""
        params = _page(LIMIT_MAX, start) | {"enabled": str(enabled).lower()}
        params |= {"name": name} if name is not None else {}
        answer = await self._get("/rooms", params, rooms_decoder)
        rooms = [room.room() for room in answer.data or []]
        _moved_on(rooms, answer.last or "", start)
        return rooms, answer.last if answer.last and len(rooms) + answer.unreadable >= LIMIT_MAX else None

    async def list_templates(self) -> list[Template]:
        """All of them, `TEMPLATE_PAGES` at most; one request a page, none of them repeated."""
        templates: list[Template] = []
        start = None
        for _ in range(TEMPLATE_PAGES):
            answer = await self._attempt("/templates", _page(LIMIT_MAX, start), templates_decoder, "")
            templates += [each.template() for each in answer.data or ()]
            if not answer.last or answer.last == start or len(answer.data or ()) + answer.unreadable < LIMIT_MAX:
                break
            start = answer.last
        return templates

    def _masked(self, session: Session) -> Session:
        return self._mask.session(session) if self._mask else session

    async def _get(self, path: str, params: Mapping[str, str], decoder: msgspec.json.Decoder[T], item: str = "") -> T:
        """`path` may have an `{id}`, which is `item`'s."""
        try:
            return await self._patience.call(
                lambda: self._attempt(path, params, decoder, item),
                again=lambda error: isinstance(error, HmsError) and error.retryable,
            )
        except TimeoutError:
            raise HmsUnavailable(_NO_ANSWER, cause="the budget is used up") from None

    async def _attempt(self, path: str, params: Mapping[str, str], decoder: msgspec.json.Decoder[T], item: str) -> T:
        began, status = time.perf_counter(), "cancelled"  # where the caller's time is over
        try:
            response = await self._http.get(path.format(id=item), params=params)
            status = str(response.status_code)
        except (httpx.HTTPError, aiohttp.ClientError) as error:
            status = type(error.__cause__ or error).__name__
            raise HmsUnavailable(_NO_ANSWER, cause=status) from None
        finally:
            metrics.hms_requests.labels(path, status).observe(time.perf_counter() - began)
            if status == "429":
                metrics.rate_limited.labels("100ms").inc()
        self._note_time(response)
        return decode(response, decoder)

    def _note_time(self, response: httpx.Response) -> None:
        try:
            theirs = parsedate_to_datetime(response.headers["Date"]).timestamp()
        except (KeyError, ValueError, OverflowError):
            return
        self.ahead_s = theirs - time.time()


def _page(limit: int, start: str | None) -> dict[str, str]:
    return {"limit": str(limit)} | ({"start": start} if start else {})


def _moved_on(page: T, last: str, start: str | None) -> T:
    """The page, where it isn't the one before again. Raises HmsBadReply."""
    if start and last == start:
        raise repeats()
    return page


def repeats() -> HmsBadReply:
    """The error of a list whose pages come again: there is no end to read to."""
    return HmsBadReply("100ms repeats a page of its list.", cause="a page repeats an earlier one")
