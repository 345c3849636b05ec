"""The query line: text in, `Query` out, and back to text in one canonical form.

    [active|ended|all] [-]key:value …      a repeated key is OR, different keys are AND, a leading - is NOT

The words come from `filters.FILTERS`. `parse` is total: it gives a Query or raises QueryError with the place and a fix.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core.filters import FILTERS, STATES, BadValue, RoomId, RoomName, is_id
from bot.core.text import tidy, unstack
from bot.core.times import needs_zone
from bot.core.words import Word, cut
from bot.errors import QueryError

LINE_CHARS = 600
"""The longest line read, as typed and in canonical form: a button's value holds it beside the cursors."""
TERMS = 20
"""The most filters in a line."""
RESOLVED_CHARS = LINE_CHARS + TERMS * 24
"""The longest canonical line once every room name has become an id."""

_SIGNED = re.compile(rf"({'|'.join(FILTERS)})([=<>≥≤].*)", re.DOTALL)
_SIGN = re.compile(r"[<>=≥≤]+")
_STATE_KEYS = ("state", "status")
_NEEDS_QUOTES = re.compile(r"""[\s,"'\\]|^//|^$""")


@dataclass(frozen=True, slots=True)
class Term:
    """One filter as said. `span` is its place in the line that was read."""

    key: str
    value: Any
    negated: bool = False
    span: tuple[int, int] = field(default=(0, 0), compare=False)

    def __str__(self) -> str:
        text = FILTERS[self.key].write(self.value)
        if _NEEDS_QUOTES.search(text):
            text = '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
        return f"{'-' if self.negated else ''}{self.key}:{text}"


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: a state and terms, without doubles, in canonical order. `line` is what was read."""

    state: str = "active"
    terms: tuple[Term, ...] = ()
    line: str = field(default="", compare=False)

    def __str__(self) -> str:
        return " ".join([self.state, *map(str, self.terms)])

    @property
    def room_names(self) -> list[Term]:
        """The `room:` terms whose name is still to be looked up."""
        return [term for term in self.terms if isinstance(term.value, RoomName)]

    @property
    def needs_zone(self) -> bool:
        """Whether it means something else in another time zone."""
        return any(needs_zone(term.value) for term in self.terms if term.key in ("after", "before"))

    def only(self, key: str) -> Any:
        """The value of a key that is said at most once, or None."""
        return next((term.value for term in self.terms if term.key == key), None)

    def with_room(self, term: Term, room_id: str) -> Query:
        """The same with one room name replaced by the room's id."""
        swapped = (replace(other, value=RoomId(room_id)) if other == term else other for other in self.terms)
        return replace(self, terms=_canonical(swapped))

    def without(self, *keys: str) -> Query:
        """The same without those keys."""
        return replace(self, terms=tuple(term for term in self.terms if term.key not in keys))


def parse(text: str, *, commands: Sequence[str] = (), most_chars: int = LINE_CHARS) -> Query:
    """Read a line. `commands` are other first words, for the nearest word in an error. Raises QueryError."""
    line = tidy(text)
    _check_length(line, line, most_chars)
    terms: list[Term] = []
    words = _joined(cut(line), line)
    for place, word in enumerate(words):
        term = _term(word, words[:place], terms, line, commands)
        _check_repeat(term, terms, line)
        if len(terms) == TERMS:
            raise _error(f"That is more than {TERMS} filters.", line, (term.span[0], len(line)))
        terms.append(term)
    state = next((term.value for term in terms if term.key == "state"), "active")
    query = Query(state, _canonical(term for term in terms if term.key != "state"), line)
    _check_length(line, str(query), most_chars)
    return query


def corrected(error: QueryError, *, commands: Sequence[str] = ()) -> tuple[str, bool]:
    """The error's line with every error mended, one fix after another, and whether it still asks what was meant."""
    faithful = error.faithful
    line = mended(error)
    while line.split(" ")[0].lower() not in commands:
        try:
            parse(line, commands=commands)
        except QueryError as another:
            faithful = faithful and another.faithful
            line = mended(another)
        else:
            break
    return line or "active", faithful


def mended(error: QueryError) -> str:
    """The error's line with its fix put in."""
    return tidy(error.line[: error.start] + error.fix + error.line[error.end :])


def quote(word: str, most: int = 60) -> str:
    """An untrusted word as an inline code span that it can't end."""
    word = unstack(tidy(word)).replace("`", "ˋ")
    return f"`{word if len(word) <= most else word[: most - 1] + '…'}`"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def _joined(words: list[Word], line: str) -> list[Word]:
    """Words that belong together though a space parts them: `room: hall`, `peers:>= 2`, `after:3 days ago`."""
    joined: list[Word] = []
    for word in words:
        before = joined[-1] if joined and not word.comma else None
        raw = line[word.start : word.end]
        if before and before.key and not word.key and (not before.value or _SIGN.fullmatch(before.value)):
            joined[-1] = before.joined(word, before.value + word.value)
        elif before and before.key in ("after", "before", "longer") and _goes_on(before, raw):
            joined[-1] = before.joined(word, f"{before.value} {raw}")
        else:
            joined.append(word)
    return joined


def _goes_on(word: Word, raw: str) -> bool:
    """Whether a time or a length with the next word behind it is one too."""
    try:
        FILTERS[word.key].parse(f"{word.value} {raw}")
    except ValueError:
        return False
    return True


def _term(word: Word, words: list[Word], terms: list[Term], line: str, commands: Sequence[str]) -> Term:
    """The term that a word says, or QueryError. `words` and `terms` are those before it."""
    span = (word.start, word.end)
    raw = line[word.start : word.end]
    if not word.closed:
        raise _error("A quote is opened and not closed.", line, span, raw.rstrip("\\") + '"')
    said = word.value.lower()
    if not word.key and not word.quoted and said in STATES:
        if word.minus:
            other = {"active": "ended", "ended": "active", "all": "active"}[said]
            raise _error(f"A state can't be excluded: say `{other}`.", line, span, other)
        return Term("state", said, span=span)
    if not word.key and word.comma and not _SIGNED.fullmatch(said) and terms and _takes_more(terms[-1]):
        entry, minus = FILTERS[terms[-1].key], word.minus or terms[-1].negated
    elif not word.key:
        raise _unknown_word(word, words, line, commands)
    elif word.key not in FILTERS:
        raise _unknown_key(word, line)
    else:
        entry, minus = FILTERS[word.key], word.minus
    if minus and not entry.negatable:
        raise _error(f"`{entry.key}:` can't be excluded with a `-`.", line, span, example=raw.lstrip("-–—−"))
    example = f"{entry.key}:{entry.example}"
    if not word.value:
        raise _error(f"`{entry.key}:` needs a value, such as `{example}`.", line, span, example=example)
    try:
        value = entry.parse(word.value)
    except ValueError as error:
        near = error.fix if isinstance(error, BadValue) else None
        text = f"{quote(f'{entry.key}:{word.value}')}: {error}."
        fix = f"{'-' if minus else ''}{entry.key}:{near}" if near else None
        raise _error(text, line, span, fix, example=example) from None
    return Term(entry.becomes or entry.key, value, minus, span)


def _check_length(line: str, form: str, most_chars: int) -> None:
    if len(form) <= most_chars:
        return
    place = line.rfind(" ", 0, min(most_chars, len(line) - 1)) + 1
    text = f"That line has {len(form):,} characters, and {most_chars} is the most I read."
    raise _error(text, line, (place, len(line)))


def _check_repeat(term: Term, before: list[Term], line: str) -> None:
    same = [other for other in before if other.key == term.key]
    if term.key == "state":
        if any(other.value != term.value for other in same):
            said = quote(line[slice(*same[0].span)]), quote(line[slice(*term.span)])
            raise _error(f"Say one state: {said[0]} and {said[1]} differ.", line, term.span)
    elif same and FILTERS[term.key].once and same[0].value != term.value:
        raise _error(f"`{term.key}:` is said twice, and only once makes sense.", line, term.span)


def _takes_more(term: Term) -> bool:
    return term.key != "state" and not FILTERS[term.key].once


def _unknown_key(word: Word, line: str) -> QueryError:
    shown = quote(word.key + ":")
    if word.key in _STATE_KEYS and word.value.lower() in STATES:
        state = word.value.lower()
        return _error(f"{shown} is not needed: say `{state}` alone.", line, (word.start, word.end), state)
    if near := nearest(word.key, FILTERS):
        colon = line.index(":", word.start)
        place = colon - len(word.key), colon + 1
        return _error(f"{shown} is not a filter: did you mean `{near}:`?", line, place, f"{near}:")
    known = ", ".join(f"`{key}:`" for key in FILTERS)
    return _error(f"{shown} is not a filter. The filters are {known}.", line, (word.start, word.end))


def _unknown_word(word: Word, words: list[Word], line: str, commands: Sequence[str]) -> QueryError:
    span = (word.start, word.end)
    shown = quote(line[word.start : word.end])
    said = word.value.lower()
    if signed := _SIGNED.fullmatch(said):
        key, value = signed[1], signed[2]
        fix = f"{key}:{value if key == 'peers' else value.lstrip('=')}"
        return _error(f"{shown} lacks a colon: did you mean {quote(fix)}?", line, span, fix)
    if said in commands:
        return _error(f"{shown} is a command of its own: it goes first.", line, span)
    if said in ("or", "and"):
        return _error(f"{shown} is not needed: a key said again is *or*, different keys are *and*.", line, span, "")
    if said == "not":
        gap = re.compile(r"\s*").match(line, word.end)
        after = gap.end() if gap else word.end
        return _error(f"{shown} is written as a `-` in front.", line, (word.start, after), "-")
    if words and words[-1].key in ("room", "user", "role", "after", "before", "longer") and not words[-1].quoted:
        before = words[-1]
        sign = "-" if before.minus else ""
        fix = f'{sign}{before.key}:"{before.value} {word.value}"'
        text = f"{shown} stands alone: quotes keep words together, as in {quote(fix)}."
        return _error(text, line, (before.start, word.end), fix)
    if not said or said in FILTERS:
        example = f"{said}:{FILTERS[said].example}" if said else ""
        return _error(f"{shown} is not a filter by itself.", line, span, example=example)
    near = nearest(said, [*STATES, *(commands if word.start == 0 else ())])
    if near and not word.quoted:
        return _error(f"{shown} is not a word I know: did you mean `{near}`?", line, span, near)
    if is_id(said) or re.search(r"\w", said):
        fix = str(Term("room", RoomId(said) if is_id(said) else RoomName(word.value)))
        return _error(f"{shown} is not a word I know: did you mean {quote(fix)}?", line, span, fix)
    return _error(f"{shown} is not a word I know.", line, span)


def _error(text: str, line: str, span: tuple[int, int], fix: str | None = None, *, example: str = "") -> QueryError:
    """`fix` says what was meant; where that can't be known, `example` at least makes a line that works."""
    return QueryError(
        text, line=line, start=span[0], end=span[1], fix=example if fix is None else fix, faithful=fix is not None
    )


def _canonical(terms: Iterable[Term]) -> tuple[Term, ...]:
    order = list(FILTERS)
    return tuple(sorted(dict.fromkeys(terms), key=lambda term: (order.index(term.key), term.negated, str(term))))
