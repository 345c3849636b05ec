"""The query line, read: text in, `Query` out. The words come from `filters.FILTERS`.

`parse` is total: it gives a Query or raises QueryError with the place and a fix, which `suggest` finds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.core.filters import FILTERS, STATES
from bot.core.query import Query, Term, canonical
from bot.core.suggest import SIGNED, error_at, mended, quote, unknown_key, unknown_word
from bot.core.text import tidy
from bot.core.times import BadValue
from bot.core.words import Word, cut
from bot.errors import QueryError

LINE_CHARS = 600
"""The longest line read, as typed and in canonical form: a button's value holds it beside the cursors."""
TERMS = 20
"""The most filters in a line."""
RESOLVED_CHARS = LINE_CHARS + TERMS * 24
"""The longest canonical line once every room name has become an id."""

_SIGN = re.compile(r"[<>=≥≤]+")


def parse(text: str, *, commands: Sequence[str] = (), most_chars: int = LINE_CHARS) -> Query:
    """Read a line. `commands` are other first words, for the nearest word in an error. Raises QueryError."""
    line = tidy(text)
    _check_length(line, line, most_chars)
    terms: list[Term] = []
    words = _joined(cut(line), line)
    for place in range(len(words)):
        term = _term(words, place, terms, line, commands)
        _check_repeat(term, terms, line)
        if len(terms) == TERMS:
            raise error_at(f"That is more than {TERMS} filters.", line, (term.span[0], len(line)))
        terms.append(term)
    state = next((term.value for term in terms if term.key == "state"), "active")
    query = Query(state, canonical(term for term in terms if term.key != "state"), line)
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


def _term(words: list[Word], place: int, terms: list[Term], line: str, commands: Sequence[str]) -> Term:
    """The term that a word says, or QueryError. `terms` are those before it."""
    word = words[place]
    span = (word.start, word.end)
    raw = line[word.start : word.end]
    if not word.closed:
        raise error_at("A quote is opened and not closed.", line, span, raw.rstrip("\\") + '"')
    said = word.value.lower()
    if not word.key and not word.quoted and said in STATES:
        if word.minus:
            other = {"active": "ended", "ended": "active", "all": "active"}[said]
            raise error_at(f"A state can't be excluded: say `{other}`.", line, span, other)
        return Term("state", said, span=span)
    if not word.key and word.comma and not SIGNED.fullmatch(said) and terms and _takes_more(terms[-1]):
        entry, minus = FILTERS[terms[-1].key], word.minus or terms[-1].negated
    elif not word.key:
        raise unknown_word(words, place, line, commands)
    elif word.key not in FILTERS:
        raise unknown_key(word, line)
    else:
        entry, minus = FILTERS[word.key], word.minus
    if minus and not entry.negatable:
        raise error_at(f"`{entry.key}:` can't be excluded with a `-`.", line, span, instead=raw.lstrip("-–—−"))
    sign = "-" if minus else ""
    example = f"{sign}{entry.key}:{entry.example}"
    instead = "" if entry.names else example
    if not word.value:
        raise error_at(f"`{entry.key}:` needs a value, such as `{example}`.", line, span, instead=instead)
    try:
        value = entry.parse(word.value)
    except ValueError as error:
        near = error.fix if isinstance(error, BadValue) else None
        text = f"{quote(f'{entry.key}:{word.value}')}: {error}."
        fix = f"{sign}{entry.key}:{near}" if near and not (minus and " " in near) else None
        raise error_at(text, line, span, fix, instead=instead) from None
    return Term(entry.becomes or entry.key, value, minus, span)


def _check_length(line: str, form: str, most_chars: int) -> None:
    if len(form) <= most_chars:
        return
    place = line.rfind(" ", 0, min(most_chars, len(line) - 1)) + 1
    text = f"That line has {len(form):,} characters, and {most_chars} is the most I read."
    raise error_at(text, line, (place, len(line)))


def _check_repeat(term: Term, before: list[Term], line: str) -> None:
    same = [other for other in before if other.key == term.key]
    if term.key == "state":
        if any(other.value != term.value for other in same):
            said = quote(line[slice(*same[0].span)]), quote(line[slice(*term.span)])
            raise error_at(f"Say one state: {said[0]} and {said[1]} differ.", line, term.span)
    elif same and FILTERS[term.key].once and same[0].value != term.value:
        raise error_at(f"`{term.key}:` is said twice, and only once makes sense.", line, term.span)


def _takes_more(term: Term) -> bool:
    return term.key != "state" and not FILTERS[term.key].once
