"""The parser of the query line, driven by `filters.FILTERS`.

`parse` is total: it returns a Query or raises QueryError with the place and a fix, which `suggest` finds.
`command_lines` has the lines of which a query is only a part.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import accumulate, islice, takewhile

from bot.errors import QueryError
from bot.query.filters import DIGEST, FILTERS, LIST, MUTE, STATES, SUBSCRIBE
from bot.query.model import Query, Term, canonical
from bot.query.suggest import OTHER_STATE, SPACED_WORDS, needs_value, reads, signed, unknown_key, unknown_word
from bot.query.times import BadValue, reads_as_length
from bot.query.tokenizer import Word, cut, unstopped
from bot.text import quote, tidy

LINE_CHARS = 600
"""Maximum characters of a line, typed or canonical: a button's value holds it beside the cursors."""
TERMS = 20
"""Maximum filters in a line."""
RESOLVED_CHARS = LINE_CHARS + TERMS * 24
"""Maximum characters of a canonical line after room names were replaced by ids."""


_SIGN = re.compile(r"[<>=≥≤]+")
_STATELESS: dict[tuple[str, str], tuple[str, str | None]] = {
    (SUBSCRIBE, "ended"): ("A subscription follows live sessions; for their end say `on:end`.", "on:end"),
    (SUBSCRIBE, "all"): ("A subscription follows each session from its start to its end: leave `all` out.", ""),
    (DIGEST, "active"): ("A digest counts all sessions of its period: leave `active` out.", None),
    (DIGEST, "ended"): ("A digest counts all sessions of its period: leave `ended` out.", None),
    (DIGEST, "all"): ("A digest counts all sessions of its period anyway: leave `all` out.", ""),
    (MUTE, "active"): ("A mute is about what comes: leave `active` out.", ""),
    (MUTE, "ended"): ("A mute is about what comes: leave `ended` out.", None),
    (MUTE, "all"): ("Without a filter a mute is about all sessions: leave `all` out.", ""),
}
"""States that a scope refuses: the message, and the replacement if the meaning is certain."""
_MISPLACED = {
    SUBSCRIBE: "has no place in a subscription: it tells of what comes.",
    DIGEST: "has no place in a digest: it counts all of the time since the one before.",
    MUTE: "has no place in a mute: it is about what comes, up to the one end that is said.",
}


def parse(text: str, *, scope: str = LIST, commands: Sequence[str] = (), most_chars: int = LINE_CHARS) -> Query:
    """Parse a line of `scope`. `commands` are other first words, candidates for corrections. Raises QueryError."""
    line = tidy(text)
    check_length(line, line, most_chars)
    terms: list[Term] = []
    words = _joined(unstopped(cut(line)))
    for place in range(len(words)):
        term = _term(words, place, terms, line, scope, commands)
        _check_scope(term, words[place], line, scope)
        _check_repeat(term, terms, line)
        if len(terms) == TERMS:
            raise QueryError.at(f"That is more than {TERMS} filters.", line, (term.span[0], len(line)))
        terms.append(term)
    state = next((term.value for term in terms if term.key == "state"), "active")
    query = Query(state, canonical(term for term in terms if term.key != "state"), line)
    check_length(line, str(query), most_chars)
    return query


def mended(error: QueryError) -> str:
    """Return the error's line with its fix applied."""
    return tidy(error.line[: error.start] + error.fix + error.line[error.end :]).strip(" ,")


def _joined(words: list[Word]) -> list[Word]:
    """Join words that a space separates from their key or sign: `room: hall`, `peers:>= 2`, `after:3 days ago`."""
    joined: list[Word] = []
    rest = deque(words)
    while rest:
        word = rest.popleft()
        while rest and _lacks(word, rest[0]):
            word = word.joined(rest.popleft())
        word = word.joined(*(rest.popleft() for _ in range(_spaced(word, rest))), by=" ")
        if length := _bound(word, rest):
            word = word.joined(length, by=">")
        joined.append(word)
    return joined


def _lacks(word: Word, other: Word) -> bool:
    """True if `word` is a key without a value and `other` can be that value, or a bound of it."""
    if not word.key or other.key or other.comma:
        return False
    if not word.quoted and (not word.value or _SIGN.fullmatch(word.value)):
        return True
    bounded = word.key in FILTERS and FILTERS[word.key].bounded
    return bounded and (word.value[-1:] == ">" or other.value[:1] == ">")


def _bound(word: Word, rest: deque[Word]) -> Word | None:
    """Take the length behind a role from `rest`: `missing:host 5m`, `missing:host for 5 minutes`."""
    entry = FILTERS.get(word.key)
    if entry is None or not entry.bounded or not word.value or ">" in word.value:
        return None
    after = 1 if rest and rest[0].value.lower() == "for" else 0
    plain = takewhile(lambda other: not (other.key or other.comma or other.quoted), islice(rest, SPACED_WORDS + 1))
    words = list(plain)[after:]
    for count in range(len(words), 0, -1):
        length = words[0].joined(*words[1:count], by=" ")
        if reads_as_length(length.value):
            for _ in range(after + count):
                rest.popleft()
            return length
    return None


def _spaced(word: Word, others: Iterable[Word]) -> int:
    """Return how many of `others` belong to the time or length in `word`."""
    entry = FILTERS.get(word.key)
    if entry is None or not entry.spaced or not word.value or word.quoted:
        return 0
    plain = takewhile(lambda other: not (other.key or other.comma or other.quoted), islice(others, SPACED_WORDS))
    values = list(accumulate((other.value for other in plain), "{} {}".format, initial=word.value))
    return next((count for count in range(len(values) - 1, 0, -1) if reads(entry, values[count])), 0)


def _term(words: list[Word], place: int, terms: list[Term], line: str, scope: str, commands: Sequence[str]) -> Term:
    """Parse one word. `terms` are those before it. Raises QueryError."""
    word = words[place]
    span = (word.start, word.end)
    raw = line[word.start : word.end]
    if not word.closed:
        raise QueryError.at("A quote is opened and not closed.", line, span, raw.rstrip("\\") + '"')
    said = word.value.lower()
    if not word.key and not word.quoted and said in STATES:
        if word.minus:
            other = OTHER_STATE[said]
            raise QueryError.at(f"A state can't be excluded: say `{other}`.", line, span, other)
        return Term("state", said, span=span)
    more = FILTERS.get(terms[-1].key) if terms and word.comma else None
    if not (more and more.bounded) and (wrong := signed(word, line)):
        raise wrong
    if not word.key and more and not more.once:
        entry, minus = more, word.minus or terms[-1].negated
    elif not word.key:
        raise _in_its_place(unknown_word(words, place, line, scope, commands), scope)
    elif word.key not in FILTERS:
        raise unknown_key(word, line)
    else:
        entry, minus = FILTERS[word.key], word.minus
    if minus and not entry.negatable:
        raise QueryError.at(f"`{entry.key}:` can't be excluded with a `-`.", line, span, instead=raw.lstrip("-–—−"))
    sign = "-" if minus else ""
    instead = "" if entry.names else f"{sign}{entry.key}:{entry.example}"
    if not word.value:
        raise needs_value(entry, line, span, sign)
    try:
        value = entry.parse(word.value)
    except ValueError as error:
        near, key = (error.fix, error.key or entry.key) if isinstance(error, BadValue) else (None, entry.key)
        text = f"{quote(f'{entry.key}:{word.value}')}: {error}."
        fix = f"{sign}{key}:{near}" if near else None
        raise QueryError.at(text, line, span, fix, instead=instead) from None
    return Term(entry.becomes or entry.key, value, minus, span)


def check_length(line: str, form: str, most_chars: int) -> None:
    """Raise QueryError if `form`, the line or its canonical form, is longer than `most_chars`."""
    if len(form) <= most_chars:
        return
    place = line.rfind(" ", 0, min(most_chars, len(line) - 1)) + 1
    text = f"That line has {len(form):,} characters, and {most_chars} is the most I read."
    raise QueryError.at(text, line, (place, len(line)))


def _check_scope(term: Term, word: Word, line: str, scope: str) -> None:
    if term.key == "state":
        if misplaced := _STATELESS.get((scope, term.value)):
            text, fix = misplaced
            raise QueryError.at(text, line, term.span, fix)
    elif why := _misplaced(term.key, scope):
        raise QueryError.at(f"{quote(f'{term.key}:')} {why}", line, (word.start, word.end))


def _misplaced(key: str, scope: str) -> str:
    """Return why the scope refuses this filter, or ""."""
    scopes = FILTERS[key].scopes
    if scope in scopes:
        return ""
    return _MISPLACED[scope] if LIST in scopes else f"only works with `{scopes[0]}`."


def _in_its_place(error: QueryError, scope: str) -> QueryError:
    """Return the error, or another if its fix uses a filter that the scope refuses."""
    keys = [word.key for word in cut(error.fix) if word.key in FILTERS]
    if not keys or not (why := _misplaced(keys[0], scope)):
        return error
    span = error.start, error.end
    return QueryError.at(f"{quote(error.line[slice(*span)])} {why}", error.line, span)


def _check_repeat(term: Term, before: list[Term], line: str) -> None:
    same = [other for other in before if other.key == term.key]
    if term.key == "state":
        if other := next((other for other in same if other.value != term.value), None):
            (start, middle), (stop, end) = other.span, term.span
            said = {other.value, term.value} - {"all"}
            state = said.pop() if len(said) == 1 else "all"  # of `all live` that is `active`
            fix = f"{state}{line[middle:stop]}".rstrip(" ,")
            raise QueryError.at("Pick one, or use `all` for both.", line, (start, end), fix)
    elif same and FILTERS[term.key].once and same[0].value != term.value:
        raise QueryError.at(f"`{term.key}:` is given twice, and can only be given once.", line, term.span)
