"""What can be read of an answer that isn't quite of the documented shape. Seldom needed, so it may be slow."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from bot import log
from bot.errors import HmsBadReply

T = TypeVar("T")

UNKNOWN_FORM = "100ms sent an answer in a form I don't know."
_TEXTS = ("id", "room_id", "user_id", "user", "name", "role", "last")
_NO_ZONE = re.compile(r"\d{4}-\d{2}-\d{2}[T ][\d:.]+")


def salvage(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """The answer with odd fields mended, and without the list's entries that can't be. Raises HmsBadReply."""
    sent = msgspec.json.decode(body)
    raw = _mended(sent)
    entries = raw.get("data") if isinstance(raw, dict) else None
    total = len(sent["data"]) if isinstance(entries, list) else 0
    if isinstance(entries, list) and len(entries) < total:
        raw |= {"unreadable": total - len(entries)}
    try:
        return _convert(raw, decoder)
    except msgspec.ValidationError as error:
        if not isinstance(entries, list):
            raise HmsBadReply(UNKNOWN_FORM, cause=f"wrong shape: {error}") from None
    good = [entry for entry in entries if _readable({"data": [entry]}, decoder)]
    log.warning("unreadable_entries", count=total - len(good), of=total)
    raw |= {"data": good, "unreadable": total - len(good)}
    if not good or not _readable(raw, decoder):
        raise HmsBadReply(UNKNOWN_FORM, cause="wrong shape of all entries")
    return _convert(raw, decoder)


def _convert(raw: Any, decoder: msgspec.json.Decoder[T]) -> T:
    return msgspec.convert(raw, decoder.type)


def _readable(raw: Any, decoder: msgspec.json.Decoder[T]) -> bool:
    try:
        _convert(raw, decoder)
    except msgspec.ValidationError:
        return False
    return True


def _mended(value: Any) -> Any:
    """Without nulls and empty times; numbers where texts belong as texts; times without a zone as UTC."""
    if isinstance(value, list):
        return [_mended(each) for each in value if each is not None]
    if not isinstance(value, dict):
        return value
    mended = {}
    for key, each in value.items():
        if each is None or (key.endswith("_at") and each == ""):
            continue
        if key in _TEXTS and isinstance(each, int | float) and not isinstance(each, bool):
            each = str(each)
        elif key.endswith("_at") and isinstance(each, str) and _NO_ZONE.fullmatch(each):
            each += "Z"
        mended[key] = _mended(each)
    return mended
