"""What was probably meant: the error for a word of the query line that can't be read, with its place and a fix."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Sequence

from bot.core.filters import FILTERS, STATE_WORDS, STATES, SYNONYMS, RoomId, RoomName, is_id
from bot.core.query import Term
from bot.core.text import tidy, unstack
from bot.core.times import parse_time
from bot.core.words import Word
from bot.errors import QueryError

SIGNED = re.compile(rf"({'|'.join(FILTERS)})([=<>≥≤].*)", re.DOTALL)
"""A filter with a sign for its colon: `peers>=2`."""

_FILLERS = ("session", "sessions", "please")
_STATE_KEYS = ("state", "status")


def unknown_key(word: Word, line: str) -> QueryError:
    shown = quote(word.key + ":")
    if word.key in _STATE_KEYS and word.value.lower() in STATES:
        state = word.value.lower()
        return error_at(f"{shown} is not needed: say `{state}` alone.", line, (word.start, word.end), state)
    if near := SYNONYMS.get(word.key) or nearest(word.key, FILTERS):
        colon = line.index(":", word.start)
        place = colon - len(word.key), colon + 1
        if word.minus and near.startswith("-"):
            place, near = (word.start, place[1]), near[1:]
        return error_at(f"{shown} is not a filter: did you mean `{near}:`?", line, place, f"{near}:")
    known = ", ".join(f"`{key}:`" for key in FILTERS)
    return error_at(f"{shown} is not a filter. The filters are {known}.", line, (word.start, word.end))


def unknown_word(words: list[Word], place: int, line: str, commands: Sequence[str]) -> QueryError:
    word = words[place]
    span = (word.start, word.end)
    shown = quote(line[word.start : word.end])
    said = word.value.lower()
    if signed := SIGNED.fullmatch(said):
        key, value = signed[1], signed[2]
        fix = f"{key}:{value if key == 'peers' else value.lstrip('=')}"
        return error_at(f"{shown} lacks a colon: did you mean {quote(fix)}?", line, span, fix)
    if said in commands:
        return error_at(f"{shown} is a command of its own: it goes first.", line, span)
    if said in ("or", "and"):
        return error_at(f"{shown} is not needed: a key said again is *or*, different keys are *and*.", line, span, "")
    if said in _FILLERS:
        return error_at(f"{shown} is not needed.", line, span, "")
    if said == "not":
        gap = re.compile(r"\s*").match(line, word.end)
        after = gap.end() if gap else word.end
        return error_at(f"{shown} is written as a `-` in front.", line, (word.start, after), "-")
    if is_id(said) and len(words) == 1 and "show" in commands:
        text = f"An id alone: `show {said}` gives that session, `room:{said}` the sessions of that room."
        return error_at(text, line, span, f"show {said}")
    if not word.quoted and (spaced := _spaced(words, place, line)):
        end, fix = spaced
        text = f"{quote(line[word.start : end])} lacks a colon: did you mean {quote(fix)}?"
        return error_at(text, line, (word.start, end), fix)
    if not word.quoted and (fix := _meant(said)):
        return error_at(f"{shown} is not a word I know: did you mean `{fix}`?", line, span, fix)
    phrase = _phrase(words, place, line)
    if place and (joined := _belongs(words[place - 1], phrase, line)):
        return joined
    if not said or said in FILTERS:
        entry = FILTERS.get(said)
        such = f", such as `{said}:{entry.example}`" if entry else ""
        instead = f"{said}:{entry.example}" if entry and not entry.names else ""
        return error_at(f"{shown} is not a filter by itself: it needs a value{such}.", line, span, instead=instead)
    near = nearest(said, [*STATES, *(commands if word.start == 0 else ())])
    if near and not word.quoted:
        return error_at(f"{shown} is not a word I know: did you mean `{near}`?", line, span, near)
    if is_id(said) or re.search(r"\w", said):
        name = " ".join(each.value for each in phrase)
        fix = str(Term("room", RoomId(said) if is_id(name.lower()) else RoomName(name)))
        span = (word.start, phrase[-1].end)
        text = f"{quote(line[slice(*span)])} is not a word I know: did you mean {quote(fix)}?"
        return error_at(text, line, span, fix if len(phrase) == 1 else None, instead=fix)
    return error_at(f"{shown} is not a word I know.", line, span)


def _meant(said: str) -> str:
    """What a word says that people use for a state or a time, or "": `live`, `yesterday`, `3d`."""
    if said in STATE_WORDS:
        return STATE_WORDS[said]
    try:
        parse_time(said)
    except ValueError:
        return ""
    return "after:yesterday before:today" if said == "yesterday" else f"after:{said}"


def _spaced(words: list[Word], place: int, line: str) -> tuple[int, str] | None:
    """Where a filter ends that is said with a space for its colon, and how it is said right: `longer than 45m`."""
    said = words[place].value.lower()
    key = said if said in FILTERS else SYNONYMS.get(said)
    if key is None:
        return None
    entry = FILTERS[key.lstrip("-")]
    rest = words[place + 1 :]
    if rest and rest[0].value.lower() == "than":
        rest = rest[1:]
    bare = list(itertools.takewhile(lambda word: not word.key and word.closed, rest[: 1 if entry.names else 3]))
    while bare:
        try:
            entry.parse(" ".join(word.value for word in bare))
        except ValueError:
            bare.pop()
            continue
        value = line[bare[0].start : bare[-1].end]
        return bare[-1].end, f"{key}:{value}" if len(bare) == 1 else f'{key}:"{value}"'
    return None


def _phrase(words: list[Word], place: int, line: str) -> list[Word]:
    """The word at `place` and the plain ones that follow it."""
    end = place + 1
    while end < len(words) and not (words[end].key or words[end].quoted or words[end].comma):
        said = words[end].value.lower()
        if said in STATES or _meant(said) or _spaced(words, end, line):
            break
        end += 1
    return words[place:end]


def _belongs(before: Word, phrase: list[Word], line: str) -> QueryError | None:
    """The error for words that belong to the value before them."""
    if before.quoted or phrase[0].quoted or before.key not in FILTERS:
        return None
    entry, span = FILTERS[before.key], (before.start, phrase[-1].end)
    said = " ".join([before.value, *(word.value for word in phrase)])
    sign = "-" if before.minus else ""
    if entry.names:
        fix = f'{sign}{before.key}:"{said}"'
        alone = quote(line[phrase[0].start : phrase[-1].end])
        return error_at(f"{alone} stands alone: quotes keep words together, as in {quote(fix)}.", line, span, fix)
    if entry.key in ("after", "before", "longer"):
        try:
            entry.parse(said)
        except ValueError as error:
            text = f"{quote(line[slice(*span)])}: {error}."
            return error_at(text, line, span, instead=f"{sign}{before.key}:{before.value}")
    return None


def error_at(text: str, line: str, span: tuple[int, int], fix: str | None = None, *, instead: str = "") -> QueryError:
    """`fix` says what was meant; where that can't be known, `instead` at least makes a line that works."""
    return QueryError(
        text, line=line, start=span[0], end=span[1], fix=instead if fix is None else fix, faithful=fix is not None
    )


def mended(error: QueryError) -> str:
    """The error's line with its fix put in."""
    return tidy(error.line[: error.start] + error.fix + error.line[error.end :])


def quote(word: str, most: int = 60) -> str:
    """An untrusted word as an inline code span that it can't end."""
    word = unstack(tidy(word)).replace("`", "ˋ")
    return f"`{word if len(word) <= most else word[: most - 1] + '…'}`"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant: people mistype the first letter least."""
    known = [other for other in known if other[:1] == word[:1]]
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.7)), None)
