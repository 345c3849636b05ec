"""Lenient decoder for sessions that deviate from the documented form. Rarely used, so it may be slow.

It drops a bad field, else a bad peer, else the session; `metrics.unreadable` counts each. A session without a
readable id or `active` is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sized
from datetime import UTC, datetime
from typing import Any

from bot import metrics
from bot.errors import HmsBadReply
from bot.sessions.model import Peer, Session

UNKNOWN_FORM = "100ms sent an answer in a form I don't know."

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\d*"
    r" ?(?:(Z|UTC)|([+-]\d\d):?(\d\d))?(?: [A-Z]{1,5}| [+-]\d\d(?:\d\d)?)?(?: m=[+-][\d.]+)?",
    re.IGNORECASE,
)
"""RFC 3339, the same without a zone (then UTC), or Go's format: `2022-09-06 11:17:03.65 +0000 UTC m=+0.01`."""
_EPOCH_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
"""Upper bounds and divisors to tell epoch seconds, milliseconds, microseconds and nanoseconds apart."""
_FLAGS = {"true": True, "false": False, "1": True, "0": False}


_ESCAPE = re.compile(rb"\\u(?i:d[89ab][\da-f]{2})\\u(?i:d[c-f][\da-f]{2})|\\u(?i:d[89a-f][\da-f]{2})|\\.")
"""In JSON: a surrogate pair, a surrogate alone, or the beginning of any other escape."""


class _InvalidField(ValueError):
    """A value that can't be read."""


def repaired(body: bytes) -> bytes:
    """Return JSON with U+FFFD for surrogates alone, which no decoder of UTF-8 takes."""
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if len(escape[0]) == len(rb"\ud800") else escape[0], body)


def session(sent: object) -> Session:
    """Decode a session from an answer's object. Raises HmsBadReply."""
    try:
        if not isinstance(sent, dict) or not (session_id := _text(sent.get("id"))):
            raise _InvalidField
        active = _flag(sent.get("active"))
    except _InvalidField:
        metrics.unreadable.labels("session").inc()
        raise HmsBadReply(UNKNOWN_FORM, cause="a session without id or state") from None
    fields = _fields(sent, {"room_id": _text, "created_at": _time, "updated_at": _time})
    peers, lost = _peers(sent.get("peers"))
    return Session(
        session_id, active=active, peers=peers, lost=lost, **{name: each for name, each in fields.items() if each}
    )


def _peers(sent: object) -> tuple[dict[str, Peer] | list[Peer] | None, int]:
    """Return the readable peers, in a dict or list as sent, and the number of others."""
    if isinstance(sent, dict):
        keyed = {key: _peer(each) for key, each in sent.items() if isinstance(each, dict)}
        return keyed, _lost(sent.values(), keyed)
    if isinstance(sent, list):
        listed = [_peer(each) for each in sent if isinstance(each, dict)]
        return listed, _lost(sent, listed)
    metrics.unreadable.labels("field").inc(sent is not None)
    return None, 0


def _lost(sent: Iterable[object], read: Sized) -> int:
    lost = sum(each is not None for each in sent) - len(read)
    metrics.unreadable.labels("peer").inc(lost)
    return lost


def _peer(sent: Mapping[str, Any]) -> Peer:
    fields = _fields(
        sent, {"id": _text, "name": _text, "role": _text, "user_id": _text, "user": _text, "joined_at": _time}
    )
    try:
        left = _time(sent.get("left_at"))
    except _InvalidField:  # they left at an unknown time: a visit of no length
        metrics.unreadable.labels("field").inc()
        left = fields.get("joined_at") or datetime.fromtimestamp(0, UTC)
    return Peer(**fields, left_at=left)


def _fields(sent: Mapping[str, Any], readers: Mapping[str, Callable[[object], Any]]) -> dict[str, Any]:
    """Return the readable fields."""
    fields = {}
    for name, reader in readers.items():
        try:
            fields[name] = reader(sent.get(name))
        except _InvalidField:
            metrics.unreadable.labels("field").inc()
    return fields


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _InvalidField


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    said = _text(value)
    if said is None or said.strip().lower() not in _FLAGS:
        raise _InvalidField
    return _FLAGS[said.strip().lower()]


def _time(value: object) -> datetime | None:
    """Return a time; None for a missing one or 0, the zero value of Go and Unix."""
    if isinstance(value, str) and re.fullmatch(r"\d{9,20}(\.\d+)?", value.strip()):
        value = float(value)
    if value is None or value == "" or (isinstance(value, int | float) and value == 0 and not isinstance(value, bool)):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_epoch(value)
    if not isinstance(value, str) or (found := _TIME.fullmatch(value.strip())) is None:
        raise _InvalidField
    day, clock, fraction, _, hours, minutes = found.groups()
    zone = f"{hours}:{minutes}" if hours else "+00:00"
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '')[:6]:0<6}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise _InvalidField from None


def _of_epoch(value: float) -> datetime:
    for least, unit in _EPOCH_UNITS:
        if 0 < value < least:
            return datetime.fromtimestamp(value / unit, UTC)
    raise _InvalidField
