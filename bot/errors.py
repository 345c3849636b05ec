"""Everything that can go wrong and be explained. Each error has `text`, safe to show, and a cause for the log.

BotError
├─ UserError                 what the person can mend; shown as it is
│  ├─ QueryError             a query line, with the place and a replacement
│  ├─ NotFound               a room or a session that isn't there
│  ├─ ManyRooms              a name that fits several rooms or templates, or is near some
│  ├─ TooMany                a stated bound is reached
│  ├─ WhichZone              a time of day to be stored, on nobody knows which city's clock
│  ├─ Denied                 a command that isn't for this person, or not here
│  ├─ Overlaps               quiet hours that don't go with those of the channel
│  └─ StaleButton            a button of an older version, or with a broken value
├─ HmsError                  100ms: shown with what to do and a reference that is also in the log
│  ├─ HmsAuth                401 or 403, also with a new token
│  ├─ HmsNotFound            404
│  ├─ HmsRefused             another 4xx: the request was wrong
│  ├─ HmsRateLimited         429
│  ├─ HmsUnavailable         no connection, too slow, 5xx, not JSON
│  └─ HmsBadReply            JSON that isn't what the API promises
│     └─ HmsEndless          a list that is longer than any the bot reads
└─ ConfigError               settings: printed at start, exit code 2
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal


class BotError(Exception):
    """Root. `text` is a sentence for people; `cause` is for the log and the doctor; it holds no secret, and words of
    others only in 100ms's refusals (`hms.wire.error_of`)."""

    def __init__(self, text: str, *, cause: str = "") -> None:
        super().__init__(f"{text} ({cause})" if cause else text)
        self.text = text
        self.cause = cause


class UserError(BotError):
    """The person can mend it."""


class QueryError(UserError):
    """`line[start:end]` is wrong, and `fix` in its place makes a line that works. `faithful`: that line asks what was
    meant, so that it may be run at a press. Untrusted words in `text` stand in code quotes."""

    scope = ""  # the command that its line was said for, as `said_for` sets it
    room = ""  # what `fix` takes for a room's name: it was meant only if there is such a room
    otherwise = ""  # the text where there is none
    asks = ""  # the filter, with its sign, that lacks a value
    no_rooms: frozenset[str] = frozenset()  # names that no room has, so that nothing is mended to them

    def __init__(self, text: str, *, line: str, start: int, end: int, fix: str, faithful: bool) -> None:
        super().__init__(text)
        self.line = line
        self.start = start
        self.end = end
        self.fix = fix
        self.faithful = faithful

    @classmethod
    def at(
        cls, text: str, line: str, span: tuple[int, int], fix: str | None = None, *, instead: str = ""
    ) -> QueryError:
        """`fix` says what was meant; where that can't be known, `instead` at least makes a line that works."""
        faithful = fix is not None
        return cls(text, line=line, start=span[0], end=span[1], fix=instead if fix is None else fix, faithful=faithful)

    @classmethod
    def whole(cls, text: str, line: str, instead: str) -> QueryError:
        """All of a line, its command included, for which another one is an example."""
        error = cls.at(text, line, (0, len(line)), instead=instead)
        error.scope = "list"
        return error


class NotFound(UserError):
    """A room or session that isn't in the account."""


class ManyRooms(UserError):
    """`name` fits several rooms, or none and these are near it: `choices` are (room name, room id, the line that means
    that room); `more`: there are others besides. Or it is a template's, and these are those that there are."""

    scope = ""  # as that of a QueryError

    def __init__(
        self,
        name: str,
        choices: Sequence[tuple[str, str, str]],
        *,
        fits: bool = True,
        more: bool = False,
        what: Literal["room", "template"] = "room",
    ) -> None:
        super().__init__(f"Which {what}?")
        self.what = what
        self.fits = fits
        self.name = name
        self.choices = choices
        self.more = more


@contextmanager
def said_for(scope: str) -> Iterator[None]:
    """Errors in a line belong to the command `scope`, where nothing nearer has said to which."""
    try:
        yield
    except (QueryError, ManyRooms) as error:
        error.scope = error.scope or scope
        raise


class TooMany(UserError):
    """A stated bound is reached."""


class WhichZone(UserError):
    """A time of day that is to be stored by somebody whose zone isn't known. `line` is what they said, with a zone or a
    city put into it."""

    def __init__(self, line: Callable[[str], str]) -> None:
        super().__init__("Which city's time is that? Slack doesn't tell me your time zone.", cause="no zone")
        self.line = line


class Denied(UserError):
    """A rule of `ACCESS` is against it. `channels`: ids of those where the command works, if it is for the person."""

    def __init__(self, text: str, *, cause: str, channels: Sequence[str] = ()) -> None:
        super().__init__(text, cause=cause)
        self.channels = channels


class Overlaps(UserError):
    """Quiet hours of which a part is quiet already, by others of the channel, or that would leave no time that isn't.
    `instead`: what can be said instead."""

    def __init__(self, text: str, *, instead: str) -> None:
        super().__init__(text)
        self.instead = instead


class StaleButton(UserError):
    """A button, form or shortcut that this version doesn't know, or whose value can't be read."""

    def __init__(self, kind: Literal["button", "form", "shortcut"] = "button") -> None:
        super().__init__(f"That {kind} can't be read: it is from another version of this bot, or it was cut off.")


class HmsError(BotError):
    """100ms did not give an answer. `retryable`: the same request may succeed in a moment."""

    retryable = False


class HmsAuth(HmsError):
    """401 or 403, and the same with a newly signed token."""


class HmsNotFound(HmsError):
    """404: no such session or room."""


class HmsRefused(HmsError):
    """Another 4xx. `cause` has 100ms's own words, made one short line."""

    def limit_most(self, asked: int) -> int | None:
        """The entries of a page that 100ms takes, where it says that it refuses `asked` for being too many; half of
        them where it doesn't say how many it takes. None where it refuses something else."""
        said = re.sub(r"rate limit", "", self.cause, flags=re.IGNORECASE)
        if re.search(r"\blimit\b", said, re.IGNORECASE) is None:
            return None
        numbers = [int(each) for each in re.findall(r"\d{1,6}", said.partition(":")[2])]
        return max((each for each in numbers if each < asked), default=asked // 2)


class HmsRateLimited(HmsError):
    """429. `retry_after_s` is what the header or the wording asks for, None when neither says."""

    retryable = True

    def __init__(self, text: str, *, cause: str, retry_after_s: float | None) -> None:
        super().__init__(text, cause=cause)
        self.retry_after_s = retry_after_s


class HmsUnavailable(HmsError):
    """No connection, a phase timed out, 5xx, or an answer that is not JSON."""

    retryable = True


class HmsBadReply(HmsError):
    """A whole answer, in JSON, of another shape than the API promises."""


class HmsEndless(HmsBadReply):
    """More pages than are read of one list."""


class ConfigError(BotError):
    """A setting is missing or wrong."""
