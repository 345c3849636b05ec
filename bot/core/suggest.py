"""What was probably meant: the error for a word of the query line that can't be read, with its place and a fix.

A fix is offered as what was meant only where nothing of the line is guessed away: no exclusion, no quotes, no words.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from bot.core.filters import FILTERS, STATE_WORDS, STATES, SYNONYMS, Filter
from bot.core.query import Term, quoted
from bot.core.text import quote
from bot.core.times import parse_time
from bot.core.values import RoomId, RoomName, is_id
from bot.core.words import Word
from bot.errors import QueryError

SPACED_WORDS = 4
"""The most words that a time or a length goes on for: `1 hour 30 minutes ago` has four behind its first."""

_STATE_KEYS = ("state", "status")
_NAMES = sorted((*FILTERS, *SYNONYMS, *_STATE_KEYS), key=len, reverse=True)
_SIGNED = re.compile(rf"(?P<key>{'|'.join(map(re.escape, _NAMES))})\s*(?P<sign>[=<>≥≤]+)(?P<value>.*)", re.I | re.S)
_MINUS = re.compile(r"[-–—−]*")
_OTHER_STATE = {"active": "ended", "ended": "active", "all": "active"}
_FILLERS = ("session", "sessions", "please", "rooms", "this channel", "channel", "here")
_SMALL = {
    "a", "all", "an", "at", "by", "for", "from", "in", "is", "just", "last", "list", "me", "my", "no", "of", "on",
    "only", "or", "past", "show", "than", "the", "to", "what", "who", "with",
}  # fmt: skip
"""Words that are hardly a room's name, nor a part of one that somebody forgot to quote."""


def reads(entry: Filter, value: str) -> bool:
    """Whether the filter takes that value."""
    try:
        entry.parse(value)
    except ValueError:
        return False
    return True


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant: people mistype the first letter least."""
    known = [other for other in known if other[:1] == word[:1]]
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.7)), None)


def may_be_name(said: str) -> bool:
    """Whether a word in small letters says nothing of a query, so that it is probably a name."""
    known = {*STATES, *STATE_WORDS, *FILTERS, *SYNONYMS, *_FILLERS, *_SMALL, "and", "not"}
    if not said[:1].isalpha() or ":" in said or said in known:
        return False
    return not (is_id(said) or nearest(said, STATES) or _time(said))


def signed(word: Word, line: str) -> QueryError | None:
    """The error for a filter that has a sign for its colon: `peers>=2`, `duration<1h`, `room="Town hall"`."""
    raw = line[word.start : word.end]
    minus = _MINUS.match(raw)
    found = _SIGNED.fullmatch(raw, minus.end() if minus else 0)
    if not found:
        return None
    said, sign, value = found["key"].lower(), found["sign"], found["value"]
    span = (word.start, word.end)
    if said in _STATE_KEYS:
        fix = _state(value.lower(), minus=word.minus)
        return QueryError.at(f"{quote(raw)} lacks nothing but the state alone.", line, span, fix or None)
    key = SYNONYMS.get(said, said)
    if FILTERS[key.lstrip("-")].key == "peers":
        value = value if sign == "=" else sign + value
    elif "<" in sign or "≤" in sign:
        key = _flipped(key) if FILTERS[key.lstrip("-")].key == "longer" else ""
    fix = _flipped(f"{key}:{value}", flip=word.minus) if key else ""
    text = f"{quote(raw)} lacks a colon" + (f": did you mean {quote(fix)}?" if fix else ".")
    return QueryError.at(text, line, span, fix or None)


def unknown_key(word: Word, line: str) -> QueryError:
    """The error for `word:` that is no filter."""
    span = (word.start, word.end)
    shown = quote(word.key + ":")
    if word.key in _STATE_KEYS and (state := _state(word.value.lower(), minus=word.minus)):
        return QueryError.at(f"{shown} is not needed: say `{state}` alone.", line, span, state)
    if near := SYNONYMS.get(word.key) or nearest(word.key, FILTERS):
        start = _MINUS.match(line, word.start).end()  # type: ignore[union-attr]
        colon = line.index(":", start)
        if word.minus and near.startswith("-"):
            start, near = word.start, near[1:]
        return QueryError.at(f"{shown} is not a filter: did you mean `{near}:`?", line, (start, colon + 1), f"{near}:")
    known = ", ".join(f"`{key}:`" for key in FILTERS)
    return QueryError.at(f"{shown} is not a filter. The filters are {known}.", line, span)


def unknown_word(words: list[Word], place: int, line: str, commands: Sequence[str]) -> QueryError:
    """The error for a word without a colon that is no state."""
    word = words[place]
    span = (word.start, word.end)
    shown = quote(line[word.start : word.end])
    said = word.value.lower()
    if said in commands:
        return QueryError.at(f"{shown} is a command of its own: it goes first.", line, span)
    if said in ("or", "and", "not") and not word.quoted:
        return _joiner(words, place, line)
    if is_id(said) and len(words) == 1 and "show" in commands:
        text = f"An id alone: `show {said}` gives that session, `room:{said}` the sessions of that room."
        return QueryError.at(text, line, span, None if word.minus else f"show {said}", instead=f"show {said}")
    if not word.quoted and (error := _unmarked(words, place, line) or _plain(words, place, line)):
        return error
    for some in (2, 1):
        bare = _bare(words[place : place + some])
        if " ".join(each.value for each in bare).lower() in _FILLERS and not word.minus:
            span = (word.start, bare[-1].end)
            return QueryError.at(f"{quote(line[slice(*span)])} is not needed.", line, span, "")
    phrase = _phrase(words, place)
    if place and (error := _belongs(words[place - 1], phrase, line)):
        return error
    if not said or said in FILTERS:
        entry = FILTERS.get(said)
        such = f", such as `{said}:{entry.example}`" if entry else ""
        instead = f"{said}:{entry.example}" if entry and not entry.names else ""
        text = f"{shown} is not a filter by itself: it needs a value{such}."
        return QueryError.at(text, line, span, instead=instead)
    near = nearest(said, [*STATES, *(commands if word.start == 0 else ())])
    if near and not word.quoted and not word.minus:
        return QueryError.at(f"{shown} is not a word I know: did you mean `{near}`?", line, span, near)
    if re.search(r"\w", said):
        return _name(words, phrase, line)
    return QueryError.at(f"{shown} is not a word I know.", line, span)


def _joiner(words: list[Word], place: int, line: str) -> QueryError:
    """`or`, `and`, `not`: commas, nothing and a minus say them."""
    word, said = words[place], words[place].value.lower()
    shown = quote(word.value)
    before = words[place - 1] if place else None
    after = words[place + 1] if place + 1 < len(words) else None
    if before and after and before.key in FILTERS and not after.key and not FILTERS[before.key].once:
        gap = (before.end, after.start)
        fix = {"or": ",", "and": ",", "not": ",-"}[said]
        text = f"{shown} between values: a comma is *or*, a `-` is *not*."
        return QueryError.at(text, line, gap, None if said == "and" else fix, instead=fix)
    if said == "not" and after:
        return QueryError.at(f"{shown} is written as a `-` in front.", line, (word.start, after.start), "-")
    same = before is not None and after is not None and before.key == after.key
    text = f"{shown} is not needed: a key said again is *or*, different keys are *and*."
    meant = same is (said == "or")
    return QueryError.at(text, line, (word.start, word.end), "" if meant else None)


def _unmarked(words: list[Word], place: int, line: str) -> QueryError | None:
    """A filter that is said with a space for its colon: `longer than 45m`, `people 3`, `since yesterday 9am`."""
    word = words[place]
    said = word.value.lower()
    key = said if said in FILTERS else SYNONYMS.get(said)
    if key is None:
        return None
    entry = FILTERS[key.lstrip("-")]
    rest = words[place + 1 : place + 2 + SPACED_WORDS]
    if rest and rest[0].value.lower() == "than":
        rest = rest[1:]
    bare = _bare(rest)[: SPACED_WORDS + 1 if entry.spaced else 1]
    for some in range(len(bare), 0, -1):
        value = " ".join(each.value for each in bare[:some])
        for meant in (f"{said} {value}", value, f"1 {value}") if entry.spaced else (value,):
            if reads(entry, meant) and not (entry.names and value.lower() in _SMALL):
                return _lacks_colon(word, bare[some - 1], f"{key}:{quoted(meant)}", line, excludable=entry.negatable)
    if bare and not entry.names and re.match(r"[\d<>=≥≤]", bare[0].value):
        return _lacks_colon(word, bare[0], f"{key}:{bare[0].value}", line, excludable=entry.negatable)
    return None


def _lacks_colon(word: Word, last: Word, fix: str, line: str, *, excludable: bool) -> QueryError:
    span = (word.start, last.end)
    fix = _flipped(fix, flip=word.minus and excludable)
    text = f"{quote(line[slice(*span)])} lacks a colon: did you mean {quote(fix)}?"
    return QueryError.at(text, line, span, None if word.minus and not excludable else fix, instead=fix)


def _plain(words: list[Word], place: int, line: str) -> QueryError | None:
    """Ordinary words for a state or a time: `live`, `yesterday`, `3d`, `2 hours ago`, `@ada`."""
    word, said = words[place], words[place].value.lower()
    span = (word.start, word.end)
    if said.startswith("@") and len(said) > 1:
        fix = _flipped(f"user:{quoted(word.value[1:])}", flip=word.minus)
    elif said in STATE_WORDS:
        fix = _state(said, minus=word.minus)
    else:
        bare = _bare(words[place : place + 1 + SPACED_WORDS])
        some = next((n for n in range(len(bare), 0, -1) if _time(" ".join(each.value for each in bare[:n]))), 0)
        if not some:
            return None
        fix = _time(" ".join(each.value for each in bare[:some]))
        span = (word.start, bare[some - 1].end)
    text = f"{quote(line[slice(*span)])} is not a word I know: did you mean {quote(fix)}?"
    guessed = word.minus and fix.startswith(("after:", "before:"))
    return QueryError.at(text, line, span, None if guessed else fix, instead=fix)


def _belongs(before: Word, phrase: Sequence[Word], line: str) -> QueryError | None:
    """Words that belong to the value before them: `room:Town hall`."""
    if before.quoted or phrase[0].quoted or phrase[0].comma or before.key not in FILTERS:
        return None
    entry, span = FILTERS[before.key], (before.start, phrase[-1].end)
    value = " ".join([before.value, *(word.value for word in phrase)])
    sign = "-" if before.minus else ""
    if entry.names:
        fix = f'{sign}{before.key}:"{value}"'
        alone = quote(line[phrase[0].start : phrase[-1].end])
        text = f"{alone} stands alone: quotes keep words together, as in {quote(fix)}."
        sure = not any(word.minus or word.value.lower() in {*_SMALL, *FILTERS, *SYNONYMS} for word in phrase)
        sure = sure and (phrase[0].value[:1].isalpha() or len(phrase) == 1)
        return QueryError.at(text, line, span, fix if sure else None, instead=fix)
    if not entry.spaced:
        return None
    try:
        entry.parse(value)
    except ValueError as error:
        text = f"{quote(line[slice(*span)])}: {error}."
        return QueryError.at(text, line, span, instead=f"{sign}{before.key}:{before.value}")
    return None


def _name(words: Sequence[Word], phrase: Sequence[Word], line: str) -> QueryError:
    """Any other words are probably a room's name. That is sure enough to be run only for a word alone."""
    name = " ".join(word.value for word in phrase)
    if all(word.value.lower() in _SMALL for word in phrase):
        span = (phrase[0].start, phrase[-1].end)
        return QueryError.at(f"{quote(line[slice(*span)])} is not a word I know.", line, span)
    room = RoomId(name.lower()) if is_id(name.lower()) else RoomName(name)
    fix = str(Term("room", room, phrase[0].minus))
    span = (phrase[0].start, phrase[-1].end)
    text = f"{quote(line[slice(*span)])} is not a word I know: did you mean {quote(fix)}?"
    sure = isinstance(room, RoomId) or (len(words) == 1 and name[0].isalpha())
    return QueryError.at(text, line, span, fix if sure else None, instead=fix)


def _phrase(words: Sequence[Word], place: int) -> Sequence[Word]:
    """The word at `place` and the plain ones that follow it, up to one that says something by itself."""
    end = place + 1
    while end < len(words) and not (words[end].key or words[end].quoted or words[end].comma or words[end].minus):
        said = words[end].value.lower()
        known = said in (*STATES, "or", "and", "not") or said in STATE_WORDS or _time(said)
        spaced = FILTERS.get(SYNONYMS.get(said, said).lstrip("-"))
        if known or (spaced and not spaced.names and end + 1 < len(words)):
            break
        end += 1
    return words[place:end]


def _bare(words: Sequence[Word]) -> list[Word]:
    """The first words, as far as they are plain."""
    bare: list[Word] = []
    for word in words:
        if word.key or not word.closed or word.quoted or (bare and word.comma) or (bare and word.minus):
            break
        bare.append(word)
    return bare


def _state(said: str, *, minus: bool) -> str:
    """The state that is meant, or ""."""
    state = said if said in STATES else STATE_WORDS.get(said, "")
    return _OTHER_STATE[state] if state and minus else state


def _time(said: str) -> str:
    """Filters for a time that is said alone, or ""."""
    if said.lower() == "now":
        return ""
    try:
        parse_time(said)
    except ValueError:
        return ""
    return "after:yesterday before:today" if said.lower() == "yesterday" else f"after:{quoted(said)}"


def _flipped(fix: str, *, flip: bool = True) -> str:
    """The opposite of a filter."""
    return fix if not flip else fix[1:] if fix.startswith("-") else f"-{fix}"
