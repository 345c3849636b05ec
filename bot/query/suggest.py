"""Corrections: the error for an unreadable word of the query line, with its place and a fix.

A fix counts as faithful only if it drops nothing from the line: no exclusion, no quotes, no words. Any other words
may be a room's name, which only the account can tell: `QueryError.room`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.errors import QueryError
from bot.query.filter_entry import Filter
from bot.query.filters import FILTERS, STATE_WORDS, STATES, SUBSCRIBE, SYNONYMS
from bot.query.kinds import KINDS, OTHER_WORDS
from bot.query.model import Term
from bot.query.small_talk import COUNTED, HOSTLESS, SIGNS, SMALL, TALK
from bot.query.tokenizer import Word, cut, quoted
from bot.query.values import is_id, parse_room, session_in
from bot.text import closest, quote

SPACED_WORDS = 4
"""Maximum words after the first of a time or length: `1 hour 30 minutes ago` has four."""

QUERY_WORDS = {*STATES, *STATE_WORDS, *FILTERS, *SYNONYMS}
_NAMES = sorted((*FILTERS, *SYNONYMS), key=len, reverse=True)
_SIGNED = re.compile(rf"[-–—−]*({'|'.join(map(re.escape, _NAMES))})\s*([=<>≥≤]+)(.*)", re.I | re.S)
OTHER_STATE = {"active": "ended", "ended": "active", "all": "active"}
_JOINING = "Different filters are *and*, a comma between values is *or*, a `-` in front is *not*."


def meant(line: str, span: tuple[int, int], fix: str, *, sure: bool = True) -> QueryError:
    """Return the error for a part of a line that means `fix`, or with no `fix` is superfluous."""
    shown = quote(line[slice(*span)])
    text = f"{shown}: did you mean {quote(fix)}?" if fix else f"{shown} is not needed."
    error = QueryError.at(text, line, span, fix if sure else None, instead=fix)
    error.room = next((word.value for word in cut(fix) if word.key == "room"), "")
    return error


def reads(entry: Filter, value: str) -> bool:
    """True if the filter accepts that value."""
    try:
        entry.parse(value)
    except ValueError:
        return False
    return True


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the nearest known word, or None. It must share the first letter, which people mistype least."""
    return closest(word, (other for other in words if other[:1] == word[:1]), cutoff=0.7)


def may_be_name(said: str) -> bool:
    """True if a lower-case word has no meaning in a query, and so is probably a name."""
    if not said[:1].isalpha() or ":" in said or said in QUERY_WORDS | TALK | SMALL | {"and", "not"}:
        return False
    return not (is_id(said) or nearest(said, STATES) or _time(said))


def signed(word: Word, line: str) -> QueryError | None:
    """Return the error for a filter with a sign for its colon: `peers>=2`, `duration<1h`, `room="Town hall"`."""
    span = (word.start, word.end)
    if not (found := _SIGNED.fullmatch(line[slice(*span)])):
        return None
    said, sign, value = found.groups()
    key = SYNONYMS.get(said.lower(), said.lower())
    if key == "peers" and sign != "=":
        value = sign + value
    elif sign[0] in (">≥" if key == "ending" else "<≤"):
        key = _flipped(key)
    sure = not key.startswith("-") or FILTERS[key[1:]].negatable
    return meant(line, span, _flipped(f"{key}:{value}", flip=word.minus), sure=sure)


def unknown_key(word: Word, line: str) -> QueryError:
    """Return the error for an unknown key."""
    span = (word.start, word.end)
    if near := SYNONYMS.get(word.key) or nearest(word.key, FILTERS):
        value = line[line.index(":", word.start) + 1 : word.end]
        return meant(line, span, _flipped(f"{near}:{value.lstrip()}", flip=word.minus))
    keys = ", ".join(f"`{key}:`" for key in FILTERS)
    return QueryError.at(f"{quote(word.key + ':')} is not a filter. The filters are {keys}.", line, span)


def unknown_word(words: list[Word], place: int, line: str, scope: str, commands: Sequence[str]) -> QueryError:
    """Return the error for a word without a colon that is no state."""
    word = words[place]
    span = (word.start, word.end)
    shown = quote(line[word.start : word.end])
    said = word.value.lower()
    if said in commands and said not in TALK:
        return QueryError.at(f"{shown} is a command of its own: it goes first.", line, span)
    if said in ("or", "and", "not") and not word.quoted:
        return _joiner(words, place, line)
    if len(words) == 1 and "show" in commands and (session_id := session_in(said)):
        return meant(line, span, f"show {session_id}", sure=not word.minus)
    if said.startswith("@") and len(said) > 1:
        return _filter(words, place, word, f"user:{quoted(word.value[1:])}", line)
    if not word.quoted:
        if error := _counted(words, place, line) or _unmarked(words, place, line) or _plain(words, place, line):
            return error
        if scope == SUBSCRIBE and (said in OTHER_WORDS or (said in KINDS and said not in FILTERS)):
            return meant(line, span, f"on:{OTHER_WORDS.get(said, said)}")
        if said in TALK and not word.minus:
            return meant(line, span, "")
    phrase = _phrase(words, place, line)
    if place and (error := _belongs(words[place - 1], phrase, line)):
        return error
    if said in FILTERS:
        return needs_value(FILTERS[said], line, span)
    near = nearest(said, [*STATES, *(commands if word.start == 0 else ())])
    if near and not word.quoted and not word.minus:
        return meant(line, span, near)
    return _name(phrase, line)


def needs_value(entry: Filter, line: str, span: tuple[int, int], sign: str = "") -> QueryError:
    """Return the error for a filter without a value."""
    form = re.search(r"<(session id|[a-z]+)>", entry.form)
    asked = form[1] if form else entry.key if entry.names else ""
    text = f"Which {asked}?" if asked else f"`{entry.key}:` needs a value."
    example = "" if entry.key in ("room", "template") else f"{sign}{entry.key}:{entry.example}"  # it may not exist
    error = QueryError.at(text, line, span, instead=example)
    error.asks = f"{sign}{entry.key}"
    return error


def _joiner(words: list[Word], place: int, line: str) -> QueryError:
    """Return the error for `or`, `and` and `not`, which the line writes as a comma, a space and a minus."""
    word, said = words[place], words[place].value.lower()
    before = words[place - 1] if place else None
    after = words[place + 1] if place + 1 < len(words) else None
    if before and after and before.key in FILTERS and not after.key and not FILTERS[before.key].once:
        span, fix, sure = (before.end, after.start), ",-" if said == "not" else ",", said != "and"
    elif said == "not" and after:
        span, fix, sure = (word.start, after.start), "-", True
    else:
        keys = {before.key if before else None, after.key if after else None}
        span, fix, sure = (word.start, word.end), "", keys == {""} or (len(keys) == 1) is (said == "or")
    return QueryError.at(_JOINING, line, span, fix if sure else None, instead=fix)


def _counted(words: list[Word], place: int, line: str) -> QueryError | None:
    """Read a number of people as `peers:`, as in `more than 10 people`, `5+ users`; `no host` as `missing:host`."""
    if not (found := COUNTED.match(line, start := words[place].start) or HOSTLESS.match(line, start)):
        return None
    last = next(word for word in words[place:] if word.end >= found.end())
    if found.re is HOSTLESS:
        return _filter(words, place, last, "missing:host", line)
    sign = SIGNS.get((found["sign"] or "").lower(), "")
    return _filter(words, place, last, f"peers:{sign}{found['number']}", line)


def _unmarked(words: list[Word], place: int, line: str) -> QueryError | None:
    """Read a filter with a space for its colon: `longer than 45m`, `people 3`, `since yesterday 9am`."""
    word = words[place]
    said = word.value.lower()
    key = said if said in FILTERS else SYNONYMS.get(said)
    if key is None:
        return None
    entry = FILTERS[key.lstrip("-")]
    rest = words[place + 1 : place + 2 + SPACED_WORDS]
    if rest and rest[0].value.lower() in (("for", "in") if entry.lasting else ("than",)):
        rest = rest[1:]
    bare = _bare(rest)[: SPACED_WORDS + 1 if entry.spaced else 1]
    for count in range(len(bare), 0, -1):
        value = re.sub(r"^an? ", "1 ", " ".join(each.value for each in bare[:count]))
        for such in (f"{said} {value}", value, f"1 {value}") if entry.spaced else (value,):
            if reads(entry, such) and not (entry.names and value.lower() in SMALL | TALK | STATES.keys()):
                return _filter(words, place, bare[count - 1], f"{key}:{quoted(such)}", line)
    if bare and not entry.names and re.match(r"[\d<>=≥≤]", bare[0].value):
        if key in ("after", "before"):
            return needs_value(entry, line, (word.start, bare[0].end))
        return _filter(words, place, bare[0], f"{key}:{bare[0].value}", line)
    return None


def _filter(words: list[Word], place: int, last: Word, fix: str, line: str) -> QueryError:
    """Return the error that replaces words `place` to `last` by a filter. A time without a state covers `all`."""
    word, key = words[place], fix.lstrip("-").partition(":")[0]
    timed = key in ("after", "before")
    if (
        timed
        and word.value.lower() not in FILTERS
        and not any(_state(each.value.lower(), minus=False) for each in words if not each.key)
    ):
        fix = f"all {fix}"
    if word.minus and not timed:
        fix = _flipped(fix)
    return meant(line, (word.start, last.end), fix, sure=not (word.minus and not FILTERS[key].negatable))


def _plain(words: list[Word], place: int, line: str) -> QueryError | None:
    """Read plain words as a state or filter: `live`, `yesterday`, `3d`, `2 hours ago`."""
    word, said = words[place], words[place].value.lower()
    if state := _state(said, minus=word.minus):
        return meant(line, (word.start, word.end), state)
    bare = _bare(words[place : place + 1 + SPACED_WORDS])
    for count in range(len(bare), 0, -1):
        said = " ".join(each.value for each in bare[:count])
        if fix := _length(said) or _time(said):
            return _filter(words, place, bare[count - 1], fix, line)
    return None


def _belongs(before: Word, phrase: Sequence[Word], line: str) -> QueryError | None:
    """Read words as part of the value before them: `room:Town hall`."""
    if before.quoted or phrase[0].quoted or phrase[0].comma or before.key not in FILTERS:
        return None
    entry, span = FILTERS[before.key], (before.start, phrase[-1].end)
    value = " ".join([before.value, *(word.value for word in phrase)])
    sign = "-" if before.minus else ""
    if entry.names:
        sure = not any(word.minus or word.value.lower() in FILTERS.keys() | SYNONYMS for word in phrase)
        sure = sure and (phrase[0].value[:1].isalpha() or len(phrase) == 1)
        return meant(line, span, f"{sign}{before.key}:{quoted(value)}", sure=sure)
    try:
        entry.parse(value)
    except ValueError as wrong:
        text = f"{quote(line[slice(*span)])}: {wrong}."
        return QueryError.at(text, line, span, instead=f"{sign}{before.key}:{before.value}") if entry.spaced else None
    return None


def _name(phrase: Sequence[Word], line: str) -> QueryError:
    """Read any other words as a room's name, without the small words around it."""
    span = (phrase[0].start, phrase[-1].end)
    said = [word.value for word in phrase]
    while said and said[0].lower() in SMALL:
        said.pop(0)
    while said and said[-1].lower() in SMALL:
        said.pop()
    name = " ".join(said)
    if not name and not phrase[0].minus:
        return meant(line, span, "")
    if not re.search(r"\w", name):
        return QueryError.at(f"{quote(line[slice(*span)])} is not a word I know.", line, span)
    try:
        room = parse_room(name)
    except ValueError as wrong:  # almost an id
        return QueryError.at(f"{quote(line[slice(*span)])}: {wrong}.", line, span)
    return meant(line, span, str(Term("room", room, phrase[0].minus)))


def _phrase(words: Sequence[Word], place: int, line: str) -> Sequence[Word]:
    """Return the word at `place` and the plain ones after it, up to one that has a meaning of its own."""
    end = place + 1
    while end < len(words) and not (words[end].key or words[end].quoted or words[end].comma or words[end].minus):
        said = words[end].value.lower()
        if (
            COUNTED.match(line, words[end].start)
            or said in TALK
            or said in ("or", "and", "not")
            or _state(said, minus=False)
            or _time(said)
        ):
            break
        spaced = FILTERS.get(SYNONYMS.get(said, said).lstrip("-"))
        if spaced and not spaced.names and end + 1 < len(words):
            break
        end += 1
    return words[place:end]


def _bare(words: Sequence[Word]) -> list[Word]:
    """Return the leading plain words."""
    bare: list[Word] = []
    for word in words:
        if word.key or not word.closed or word.quoted or (bare and (word.comma or word.minus)):
            break
        bare.append(word)
    return bare


def _state(said: str, *, minus: bool) -> str:
    """Return the state that a word means, or ""."""
    state = said if said in STATES else STATE_WORDS.get(said, "")
    return OTHER_STATE[state] if state and minus else state


def _length(said: str) -> str:
    """Return the filter for a compared length, such as `> 1h` or `<=45m`, or ""."""
    found = re.fullmatch(r"([<>])=? ?(.+)", said)
    if found is None or not reads(FILTERS["longer"], found[2]):
        return ""
    return _flipped(f"longer:{quoted(found[2])}", flip=found[1] == "<")


def _time(said: str) -> str:
    """Return the filters for a time without a key, or ""."""
    if said.lower() == "now" or not reads(FILTERS["after"], said):
        return ""
    return "after:yesterday before:today" if said.lower() == "yesterday" else f"after:{quoted(said)}"


def _flipped(fix: str, *, flip: bool = True) -> str:
    """Return the negated filter."""
    return fix if not flip else fix[1:] if fix.startswith("-") else f"-{fix}"
