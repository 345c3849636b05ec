"""Waits that end: with what was waited for, or with an error that names it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import Any, TypeVar

from tests.conftest import ROOT

T = TypeVar("T")
GONE_S = 10.0
"""The time that what took too long has to clear up."""


class TooLongError(TimeoutError):
    """What a run waited for has not come."""


async def within(seconds: float, what: str, wanted: Awaitable[T]) -> T:
    """What comes of it. TooLongError after so long, with the lines at which all tasks of the tests wait then."""
    task = asyncio.ensure_future(wanted)
    try:
        await asyncio.wait([task], timeout=seconds)
        if not task.done():
            raise TooLongError(f"{what}: not within {seconds:g} s. Waiting:\n" + "\n".join(standing()))
        return await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=GONE_S)


class Patience:
    """Ends where nothing has changed for so many seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock, self._since, self._last = seconds, clock, clock(), object()

    def over(self, now: object) -> bool:
        if now != self._last:
            self._since, self._last = self._clock(), now
        return self._clock() - self._since > self._seconds


def standing() -> list[str]:
    """Where each task of this loop waits that is in code of the tests: what it awaits, from the outside in."""
    found = []
    for task in asyncio.all_tasks():
        frames = [frame for frame in _frames(task.get_coro()) if frame.f_code.co_filename.startswith(str(ROOT))]
        if frames and any("/tests/" in frame.f_code.co_filename for frame in frames):
            found.append("  " + " > ".join(map(_said, frames)))
    return sorted(found)


def _frames(awaited: Any) -> Iterator[FrameType]:
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            yield frame
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)


def _said(frame: FrameType) -> str:
    """With the plain values that it was called with."""
    place = f"{frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno}"
    names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
    values = {name: frame.f_locals.get(name) for name in names}
    plain = ", ".join(f"{name}={value!r}" for name, value in values.items() if isinstance(value, str | int | float))
    return f"{frame.f_code.co_name}({plain}) {place}"
