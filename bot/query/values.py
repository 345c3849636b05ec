"""Parsers of filter values; each raises BadValue with a sentence for people."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.query.kinds import KINDS, OTHER_WORDS
from bot.query.times import BadValue, Time, parse_time, reads_as_length
from bot.text import closest, fold

LIMIT_MIN, LIMIT_DEFAULT, LIMIT_MAX = 10, 10, 100


@dataclass(frozen=True, slots=True)
class RoomId:
    """A room by its id: 24 hex digits."""

    id: str

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class RoomName:
    """A room by its name, not yet resolved."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class RoomPrefix:
    """Rooms by name prefix, future rooms included. Folded, since 100ms ignores case in names."""

    prefix: str

    def __str__(self) -> str:
        return f"{self.prefix}*"


@dataclass(frozen=True, slots=True)
class TemplateId:
    """A template by its id: 24 hex digits."""

    id: str

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class TemplateName:
    """A template by its name, not yet resolved."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Count:
    """A bound on a number, `>=2`, or a closed range, `3..5`, whose sign is `..`."""

    sign: str
    number: int
    most: int = 0

    def holds(self, count: int) -> bool:
        return {
            ">=": count >= self.number,
            "<=": count <= self.number,
            ">": count > self.number,
            "<": count < self.number,
            "=": count == self.number,
            "..": self.number <= count <= self.most,
        }[self.sign]

    def __str__(self) -> str:
        return f"{self.number}..{self.most}" if self.sign == ".." else f"{self.sign}{self.number}"


_ID = re.compile(r"[0-9a-f]{24}")
_ID_IN_LINK = re.compile(r"(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])")
_ALMOST_ID = re.compile(r"[0-9a-f]{20,28}")


def is_id(text: str) -> bool:
    """True for a 100ms id: 24 lower-case hex digits."""
    return _ID.fullmatch(text) is not None


def parse_id(text: str) -> str:
    """Return the id that the text is, or that a dashboard link or words contain."""
    said = text.lower()
    if is_id(said):
        return said
    if ("/" in said or " " in said) and (found := _ID_IN_LINK.search(said)):
        return found[0]
    if _ALMOST_ID.fullmatch(said):
        raise BadValue(f"an id has 24 hex digits, this has {len(said)}")
    raise BadValue("an id is 24 hex digits, such as 627cda81ab4f3b56a077dc33")


def session_in(text: str) -> str:
    """Return the id that a lower-case text is, or that its link to a session's dashboard page contains; else ""."""
    if is_id(text):
        return text
    found = _ID_IN_LINK.search(text) if "/session" in text else None
    return found[0] if found else ""


def parse_room(text: str) -> RoomId | RoomName | RoomPrefix:
    text = text.lstrip("# ") or text
    if "*" in text:
        return RoomPrefix(_prefix(text))
    said = text.lower()
    if is_id(said) or _ALMOST_ID.fullmatch(said) or ("/" in said and _ID_IN_LINK.search(said)):
        return RoomId(parse_id(text))
    return RoomName(text)


def _prefix(text: str) -> str:
    """Return the folded prefix before the `*`."""
    prefix = fold(text.rstrip("*"))
    if not prefix.partition("*")[0].strip():
        raise BadValue("say how the name begins, as in `lesson-*`")
    if "*" in prefix:
        raise BadValue("a `*` goes at the end, as in `lesson-*`")
    return prefix


def parse_template(text: str) -> TemplateId | TemplateName:
    if "*" in text:
        raise BadValue("only a room's name can end with a `*`")
    said = text.lower()
    return TemplateId(said) if is_id(said) else TemplateName(text)


def parse_bool(text: str) -> str:
    states = {"true": "active", "yes": "active", "active": "active", "all": "all"}
    states |= {"false": "ended", "no": "ended", "ended": "ended"}
    said = text.lower()
    if said not in states:
        raise BadValue("say true or false", closest(said, states))
    return states[said]


def parse_when(text: str) -> Time:
    return parse_time(text.lstrip("<>=≤≥ "))  # a redundant sign: `after:>=3d`


def parse_kind(text: str) -> str:
    said = text.lower()
    kind = OTHER_WORDS.get(said, said)
    if kind not in KINDS:
        near = closest(said, (*KINDS, *OTHER_WORDS))
        raise BadValue(f"say {', '.join(KINDS)}", OTHER_WORDS.get(near or "", near))
    return kind


def parse_empty(text: str) -> str:
    said = text.lower()
    if reads_as_length(said):
        raise BadValue("sessions with nobody in are `idle:`", said, key="idle")
    if said not in ("say", "skip"):
        raise BadValue("say `say` or `skip`", closest(said, ("say", "skip")))
    return said


def parse_limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise BadValue(f"say a whole number from {LIMIT_MIN} to {LIMIT_MAX}")
    number = int(text)
    if not LIMIT_MIN <= number <= LIMIT_MAX:
        near = max(LIMIT_MIN, min(number, LIMIT_MAX))
        raise BadValue(f"pages hold {LIMIT_MIN} to {LIMIT_MAX} sessions", str(near))
    return number


def parse_count(text: str) -> Count:
    text = text.replace(" ", "")
    if between := re.fullmatch(r"([0-9]{1,6})(?:-|–|\.\.+|…|to)([0-9]{1,6})", text):
        least, most = sorted(map(int, between.groups()))
        return Count("..", least, most)
    found = re.fullmatch(r"(>=|=>|<=|=<|≥|≤|>|<|==?|)([0-9]{1,6})(\+?)", text)
    if not found:
        raise BadValue("say a number with >=, >, =, < or <= before it, or a range such as 3..5")
    sign = {"=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=", "==": "=", "": "="}.get(found[1], found[1])
    return Count(">=" if found[3] else sign, int(found[2]))
