"""The requests that the bot makes of 100ms, over one pooled client."""

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
from bot.errors import HmsBadReply, HmsError, HmsRefused, HmsUnavailable
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
from bot.sessions.roles import Said, Template

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
    """One page of List sessions, newest first. `last`: no page follows. `unreadable`: how many sessions could not be
    read. `said`: the id that 100ms itself says to start after."""

    sessions: list[Session]
    last: bool
    unreadable: int = 0
    said: str = ""

    @property
    def cursor(self) -> str:
        """The id that the next page starts after."""
        return self.sessions[-1].id if self.sessions else self.said

    @property
    def marks(self) -> list[Hashable]:
        """One for each session, by which a page that repeats an earlier one is known."""
        return [session.id for session in self.sessions]


@dataclass(frozen=True, slots=True)
class RawBatch:
    """A `Batch` whose sessions are still to be read."""

    entries: list[Entry]
    last: bool
    said: str = ""

    @property
    def cursor(self) -> str:
        """The id that the next page starts after: of the last session that can be read."""
        for entry in reversed(self.entries):
            with suppress(HmsBadReply):
                if session_id := entry.read().id:
                    return session_id
        return self.said

    @property
    def marks(self) -> list[Hashable]:
        """As those of a `Batch`."""
        return [entry.fingerprint for entry in self.entries]


class Hms:
    """100ms, server-side API v2. Every method raises HmsError. With a `mask` nobody's name or user id gets further.
    `said`: the roles that the settings name. `proxy`: the URL of one to go through, as `proxy_to` gives it. `hear`
    is told the Date of each answer."""

    def __init__(
        self,
        base_url: str,
        token: Token,
        budget: RetryBudget | None = None,
        *,
        mask: Mask | None = None,
        said: Said | None = None,
        proxy: str | None = None,
        clock: Callable[[], float] = time.time,
        hear: Callable[[str], None] = lambda date: None,
    ) -> None:
        self._budget = budget or RetryBudget()
        self._mask = mask
        self.naming = mask.naming if mask else ""
        """How people are called: "" by their own names."""
        self.templates = TemplateCache(self.list_templates, said or Said())
        self.account = account_of(token.current())
        """The account, by its access key: "" where the token names none."""
        self._limit_most = LIMIT_MAX  # less where the account takes less
        self.ahead_s = 0.0
        """Seconds by which the clock of 100ms is ahead of `clock`, to about one, as its last answer said."""
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
        """One small request, not repeated: that 100ms answers, takes the token, what its clock says, and how well its
        sessions can be read."""
        page = await self._attempt("/sessions", {"limit": str(LIMIT_MIN)}, wire.sessions, "")
        return Batch(page.entries, page.ends(LIMIT_MIN), page.unreadable)

    async def list_sessions(self, params: Mapping[str, str], *, limit: int, start: str | None) -> Batch:
        """`params` are List sessions' own filters; `start` is the id to start after."""
        page, limit = await self._list("/sessions", params, wire.sessions, limit, start)
        sessions = [self._finished(session) for session in page.entries]
        batch = Batch(sessions, page.ends(limit), page.unreadable, page.page.cursor)
        _must_move_on(batch.cursor, start, last=batch.last)
        return batch

    async def list_entries(self, params: Mapping[str, str], *, limit: int, start: str | None) -> RawBatch:
        """The same, for who has seen most of them before."""
        page, limit = await self._list("/sessions", params, wire.entries, limit, start)
        entries = [Entry(raw, self._finished) for raw in page.entries]
        return RawBatch(entries, page.ends(limit), page.page.cursor)

    async def session(self, session_id: str) -> Session:
        return self._finished(await self._get("/sessions/{id}", {}, wire.session, session_id))

    async def room(self, room_id: str) -> Room:
        return await self._get("/rooms/{id}", {}, wire.room, room_id)

    async def list_rooms(
        self, *, name: str | None = None, before: str | None = None, start: str | None = None, enabled: bool = True
    ) -> tuple[list[Room], str | None]:
        """Up to 100 rooms, newest first, and the cursor of the next page (None: there is none). Either those that are
        enabled or those that aren't: no request lists both (Rooms/list-rooms). `before`: a time, made by then."""
        said = {"enabled": str(enabled).lower(), "name": name, "before": before}
        params = {key: each for key, each in said.items() if each is not None}
        page, limit = await self._list("/rooms", params, wire.rooms, LIMIT_MAX, start)
        cursor, last = _after(page), page.ends(limit)
        _must_move_on(cursor, start, last=last)
        return page.entries, None if last else cursor

    async def list_templates(self) -> list[Template]:
        """All of them, those of `TEMPLATE_PAGES` pages at most; one request a page, none of them repeated."""
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
        """A page, and the limit that it was asked for with: a smaller one where 100ms refuses so many, from then on."""
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
        """`path` may have an `{id}`, which is `item`'s."""
        try:
            return await self._budget.call(
                lambda: self._attempt(path, params, read, item),
                again=lambda error: isinstance(error, HmsError) and error.retryable,
            )
        except TimeoutError:
            raise HmsUnavailable(_NO_ANSWER, cause="the budget is used up") from None

    async def _attempt(self, path: str, params: Mapping[str, str], read: Callable[[bytes], T], item: str) -> T:
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
        return decode(response, read)

    async def _note_time(self, response: httpx.Response) -> None:
        """Of every answer, also of one that refuses a token: what is signed next is dated by it."""
        date = response.headers.get("Date", "")
        if (theirs_s := http_date_s(date)) is not None:
            self._hear(date)
            self.ahead_s = theirs_s - self._clock()


@cache
def _tls() -> ssl.SSLContext:
    """The trusted roots, read once for all clients: 40 ms and some megabytes each time."""
    return httpx.create_ssl_context()


def _page(limit: int, start: str | None) -> dict[str, str]:
    return {"limit": str(limit)} | ({"start": start} if start else {})


def _after(page: Listed[Room] | Listed[Template]) -> str:
    """The id that the next page starts after: as 100ms says, else of the last entry that can be read."""
    return page.page.cursor or (page.entries[-1].id if page.entries else "")


def _must_move_on(cursor: str, start: str | None, *, last: bool) -> None:
    """Raises HmsBadReply where a page is the one before again, or the next one would be the first."""
    if (start and cursor == start) or not (cursor or last):
        raise repeats()


def repeats() -> HmsBadReply:
    """The error of a list whose pages come again: there is no end to read to."""
    return HmsBadReply("100ms repeats a page of its list.", cause="a page repeats an earlier one")
