"""The client of 100ms's API, over one connection pool."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TypeVar

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bot import log, metrics
from bot.errors import HmsBadReply, HmsError, HmsNotFound, HmsRefused, HmsUnavailable, NotFound
from bot.hms import wire
from bot.hms.auth import ManagementAuth, Token, account_of
from bot.hms.bounded import bound
from bot.hms.templates import TemplateCache
from bot.hms.wire import Entry, Listed, decode
from bot.net.retry_budget import RetryBudget
from bot.net.waits import http_date_s
from bot.query.values import LIMIT_MAX, LIMIT_MIN
from bot.sessions.mask import Mask
from bot.sessions.model import Room, Session
from bot.sessions.roles import RoleSettings, Template
from bot.text import quote

T = TypeVar("T")

TIMEOUT = httpx.Timeout(connect=3.0, read=6.0, write=3.0, pool=3.0)
"""Seconds for each phase of one attempt."""
_NO_ANSWER = "100ms can't be reached, or doesn't answer in time."
LIMITS = httpx.Limits(max_connections=100, keepalive_expiry=60.0)
TEMPLATE_PAGES = 10
LIFE_MOST = timedelta(hours=13)
"""Maximum age of a live session: 12 hours (100ms docs, Sessions/object), and a margin."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One page of List sessions, newest first. `last`: no page follows. `unreadable` counts sessions that couldn't be
    decoded. `last_id`: the cursor that 100ms itself sent."""

    sessions: list[Session]
    last: bool
    unreadable: int = 0
    last_id: str = ""

    @property
    def cursor(self) -> str:
        """The id that the next page starts after."""
        return self.sessions[-1].id if self.sessions else self.last_id

    @property
    def marks(self) -> list[Hashable]:
        """A fingerprint for each session, to detect a repeated page."""
        return [session.id for session in self.sessions]


@dataclass(frozen=True, slots=True)
class RawBatch:
    """A `Batch` whose sessions are not decoded yet."""

    entries: list[Entry]
    last: bool
    last_id: str = ""

    @property
    def cursor(self) -> str:
        """The id that the next page starts after: that of the last readable session."""
        for entry in reversed(self.entries):
            with suppress(HmsBadReply):
                if session_id := entry.read().id:
                    return session_id
        return self.last_id

    @property
    def marks(self) -> list[Hashable]:
        """Fingerprints, as in `Batch`."""
        return [entry.fingerprint for entry in self.entries]


class Hms:
    """Client of 100ms's server-side API v2. Every method raises HmsError. A `mask` replaces all names and user ids.
    `roles`: those in the settings. `proxy`: a URL as returned by `proxy_to`. `hear` receives each answer's Date."""

    def __init__(
        self,
        base_url: str,
        token: Token,
        budget: RetryBudget | None = None,
        *,
        mask: Mask | None = None,
        roles: RoleSettings | None = None,
        proxy: str | None = None,
        clock: Callable[[], float] = time.time,
        hear: Callable[[str], None] = lambda date: None,
    ) -> None:
        self._budget = budget or RetryBudget()
        self._mask = mask
        self.naming = mask.naming if mask else ""
        """The id of the pseudonyms in use, or "" for real names."""
        self.templates = TemplateCache(self.list_templates, roles or RoleSettings())
        self.account = account_of(token.current())
        """The account's id, a hash of its access key; "" if the token has none."""
        self._limit_most = LIMIT_MAX  # lowered if the account's limit is lower
        self.ahead_s = 0.0
        """Seconds by which 100ms's clock was ahead of `clock` at its last answer, to about one."""
        self._clock = clock
        self._hear = hear
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            auth=ManagementAuth(token),
            timeout=TIMEOUT,
            transport=AiohttpTransport(_tls(), limits=LIMITS, proxy=httpx.Proxy(proxy) if proxy else None),
            event_hooks={"response": [self._note_time, bound]},
            headers={"Accept": "application/json", "User-Agent": "sessions-bot"},
        )

    async def close(self) -> None:
        await self.templates.close()
        await self._http.aclose()

    async def check(self) -> Batch:
        """Send one small request, without retries, to check access, clock and decoding."""
        page = await self._attempt("/sessions", {"limit": str(LIMIT_MIN)}, wire.sessions, "")
        return Batch(page.entries, page.ends(LIMIT_MIN), page.unreadable)

    async def list_sessions(self, params: Mapping[str, str], *, limit: int, start: str | None) -> Batch:
        """Return a page of sessions. `params` are List sessions' own filters; `start` is the id to start after."""
        page, limit = await self._list("/sessions", params, wire.sessions, limit, start)
        sessions = [self._finished(session) for session in page.entries]
        batch = Batch(sessions, page.ends(limit), page.unreadable, page.page.cursor)
        _must_move_on(batch.cursor, start, last=batch.last)
        return batch

    async def list_entries(self, params: Mapping[str, str], *, limit: int, start: str | None) -> RawBatch:
        """Return a page of sessions undecoded, for a caller that has seen most of them."""
        page, limit = await self._list("/sessions", params, wire.entries, limit, start)
        entries = [Entry(raw, self._finished) for raw in page.entries]
        return RawBatch(entries, page.ends(limit), page.page.cursor)

    async def session(self, session_id: str) -> Session:
        return self._finished(await self._get("/sessions/{id}", {}, wire.session, session_id))

    async def find_session(self, session_id: str) -> Session:
        """Read the session that a person asks for, with its template's roles. Raises NotFound, too."""
        await self.templates.ready()
        try:
            return await self.session(session_id)
        except HmsNotFound:
            raise NotFound(f"There is no session with the id {quote(session_id)}.") from None

    async def room(self, room_id: str) -> Room:
        return await self._get("/rooms/{id}", {}, wire.room, room_id)

    async def list_rooms(
        self, *, name: str | None = None, before: str | None = None, start: str | None = None, enabled: bool = True
    ) -> tuple[list[Room], str | None]:
        """Return up to 100 rooms, newest first, and the next page's cursor or None. They are either enabled or
        disabled: no request lists both (Rooms/list-rooms). `before`: the latest creation time."""
        filters = {"enabled": str(enabled).lower(), "name": name, "before": before}
        params = {key: value for key, value in filters.items() if value is not None}
        page, limit = await self._list("/rooms", params, wire.rooms, LIMIT_MAX, start)
        cursor, last = _after(page), page.ends(limit)
        _must_move_on(cursor, start, last=last)
        return page.entries, None if last else cursor

    async def list_templates(self) -> list[Template]:
        """Return all templates, up to `TEMPLATE_PAGES` pages; one request a page, without retries."""
        templates: list[Template] = []
        start = ""
        for _ in range(TEMPLATE_PAGES):
            page = await self._attempt("/templates", _page(self._limit_most, start), wire.templates, "")
            templates += page.entries
            if page.ends(self._limit_most):
                break
            _must_move_on(_after(page), start, last=False)
            start = _after(page)
        return templates

    def _finished(self, session: Session) -> Session:
        session = session.cast(self.templates.roles(session.room_id))
        return self._mask.session(session) if self._mask else session

    async def _list(
        self, path: str, params: Mapping[str, str], read: Callable[[bytes], Listed[T]], limit: int, start: str | None
    ) -> tuple[Listed[T], int]:
        """Return a page and the limit used: once 100ms refuses a limit, a smaller one is used from then on."""
        while True:
            limit = min(limit, self._limit_most)
            try:
                page = await self._get(path, {**params, **_page(limit, start)}, read)
                break
            except HmsRefused as error:
                if limit <= LIMIT_MIN or (most := error.limit_most(limit)) is None:
                    raise
                self._limit_most = max(LIMIT_MIN, most)
                log.warning("smaller_pages", limit=self._limit_most, cause=error.cause)
        if page.unreadable:
            log.warning("unreadable_entries", count=page.unreadable, of=page.unreadable + len(page.entries))
        return page, limit

    async def _get(self, path: str, params: Mapping[str, str], read: Callable[[bytes], T], item: str = "") -> T:
        """Send a request with retries. An `{id}` in `path` stands for `item`."""
        try:
            return await self._budget.call(
                lambda: self._attempt(path, params, read, item),
                again=lambda error: isinstance(error, HmsError) and error.retryable,
            )
        except TimeoutError:
            raise HmsUnavailable(_NO_ANSWER, cause="the budget is used up") from None

    async def _attempt(self, path: str, params: Mapping[str, str], read: Callable[[bytes], T], item: str) -> T:
        began, status = time.perf_counter(), "cancelled"  # by the caller's timeout
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
        return decode(response, read)

    async def _note_time(self, response: httpx.Response) -> None:
        """Record the Date of every answer, a refusal included: the next token is dated by it."""
        date = response.headers.get("Date", "")
        if (theirs_s := http_date_s(date)) is not None:
            self._hear(date)
            self.ahead_s = theirs_s - self._clock()


@cache
def _tls() -> ssl.SSLContext:
    """Return the trusted roots, loaded once for all clients: 40 ms and some megabytes each time."""
    return httpx.create_ssl_context()


def _page(limit: int, start: str | None) -> dict[str, str]:
    return {"limit": str(limit)} | ({"start": start} if start else {})


def _after(page: Listed[Room] | Listed[Template]) -> str:
    """Return the next page's cursor: 100ms's own, else the id of the last readable entry."""
    return page.page.cursor or (page.entries[-1].id if page.entries else "")


def _must_move_on(cursor: str, start: str | None, *, last: bool) -> None:
    """Raise HmsBadReply if a page repeats the previous one, or the next would be the first."""
    if (start and cursor == start) or not (cursor or last):
        raise repeats()


def repeats() -> HmsBadReply:
    """Return the error for a list that repeats its pages and so has no end."""
    return HmsBadReply("100ms repeats a page of its list.", cause="a page repeats an earlier one")
