"""The tree of expected errors. Each has `text`, safe to show to people, and a `cause` for the log.

BotError
├─ UserError                 a person's mistake; shown as it is
│  ├─ QueryError             a query line, with the place and a replacement
│  ├─ NotFound               no such room or session
│  ├─ ManyRooms              a name that matches several rooms or templates, or an unknown role
│  ├─ TooMany                a stated bound is reached
│  ├─ WhichZone              a time of day to store, whose zone isn't known
│  ├─ Denied                 a command not allowed for this person or channel
│  ├─ Overlaps               quiet hours that conflict with others of the channel
│  └─ StaleButton            a button of an older version, or with a broken value
├─ HmsError                  100ms: shown with advice and the log's reference
│  ├─ HmsAuth                401 or 403, even with a new token
│  ├─ HmsNotFound            404
│  ├─ HmsRefused             another 4xx: the request was wrong
│  ├─ HmsRateLimited         429
│  ├─ HmsUnavailable         no connection, too slow, 5xx, not JSON
│  └─ HmsBadReply            JSON that isn't what the API promises
│     └─ HmsEndless          a list too long to read
└─ ConfigError               settings: printed at start, exit code 2
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal


class BotError(Exception):
    """Root. `text` is a sentence for people; `cause`, for the log and the doctor, holds no secret, and foreign words
    only from 100ms's refusals (`hms.wire.error_of`)."""

    def __init__(self, text: str, *, cause: str = "") -> None:
        super().__init__(f"{text} ({cause})" if cause else text)
        self.text = text
        self.cause = cause


class UserError(BotError):
    """A mistake that the person can correct."""


class QueryError(UserError):
    """An error at `line[start:end]`; replacing it by `fix` makes a valid line. `faithful`: that line means what was
    typed, so one press may run it. Untrusted words in `text` stand in code quotes."""

    scope = ""  # the command that its line was said for, as `said_for` sets it
    room = ""  # the room name in `fix`, which is only right if that room exists
    otherwise = ""  # the text if that room doesn't exist
    asks = ""  # the filter without a value, with its sign
    no_rooms: frozenset[str] = frozenset()  # names of no room, not to be used in a fix

    def __init__(self, text: str, line: str, span: tuple[int, int], fix: str, *, faithful: bool) -> None:
        super().__init__(text)
        self.line = line
        self.start, self.end = span
        self.fix, self.faithful = fix, faithful

    @classmethod
    def at(
        cls, text: str, line: str, span: tuple[int, int], fix: str | None = None, *, instead: str = ""
    ) -> QueryError:
        """Build the error. `fix` is the intended text; if that is unknown, `instead` at least makes a valid line."""
        return cls(text, line, span, instead if fix is None else fix, faithful=fix is not None)

    @classmethod
    def whole(cls, text: str, line: str, instead: str) -> QueryError:
        """All of a line, its command included, for which another one is an example."""
        error = cls.at(text, line, (0, len(line)), instead=instead)
        error.scope = "list"
        return error


class NotFound(UserError):
    """A room or session that isn't in the account."""


class ManyRooms(UserError):
    """`name` matches several rooms, or none and these are similar; or templates or roles, by `what`. `choices`: (name,
    id, the line with that one); `more`: there are others."""

    scope = ""  # as that of a QueryError

    def __init__(
        self,
        name: str,
        choices: Sequence[tuple[str, str, str]],
        *,
        fits: bool = True,
        more: bool = False,
        what: Literal["room", "template", "role"] = "room",
    ) -> None:
        super().__init__(f"Which {what}?")
        self.what = what
        self.fits = fits
        self.name = name
        self.choices = choices
        self.more = more


@contextmanager
def said_for(scope: str) -> Iterator[None]:
    """Set the scope of a line's errors to the command `scope`, unless they have one."""
    try:
        yield
    except (QueryError, ManyRooms) as error:
        error.scope = error.scope or scope
        raise


class TooMany(UserError):
    """A stated bound is reached."""


class WhichZone(UserError):
    """A time of day to store, by somebody whose zone isn't known. `line` inserts a zone or city into what they
    typed."""

    def __init__(self, line: Callable[[str], str]) -> None:
        super().__init__("Which city's time is that? Slack doesn't tell me your time zone.", cause="no zone")
        self.line = line


class Denied(UserError):
    """A rule of `ACCESS` forbids it. `channels`: ids of channels where this person may use the command."""

    def __init__(self, text: str, *, cause: str, channels: Sequence[str] = ()) -> None:
        super().__init__(text, cause=cause)
        self.channels = channels


class Overlaps(UserError):
    """Quiet hours that overlap others of the channel, or leave no time that isn't quiet. `instead`: a line that
    works."""

    def __init__(self, text: str, *, instead: str) -> None:
        super().__init__(text)
        self.instead = instead


class StaleButton(UserError):
    """A button, form or shortcut that this version doesn't know, or with an unreadable value."""

    def __init__(self, kind: Literal["button", "form", "shortcut"] = "button") -> None:
        super().__init__(f"That {kind} can't be read: it is from another version of this bot, or it was cut off.")


class HmsError(BotError):
    """100ms gave no usable answer. `retryable`: the same request may succeed soon."""

    retryable = False


class HmsAuth(HmsError):
    """401 or 403, even with a newly signed token."""


class HmsNotFound(HmsError):
    """404: no such session or room."""


class HmsRefused(HmsError):
    """Another 4xx. `cause` has 100ms's own words, cut to one short line."""

    def limit_most(self, asked: int) -> int | None:
        """Return the page size that 100ms accepts if it refuses `asked` as too many, half of `asked` if it names none;
        None if it refuses something else."""
        said = re.sub(r"rate limit", "", self.cause, flags=re.IGNORECASE)
        if re.search(r"\blimit\b", said, re.IGNORECASE) is None:
            return None
        numbers = [int(each) for each in re.findall(r"\d{1,6}", said.partition(":")[2])]
        return max((each for each in numbers if each < asked), default=asked // 2)


class HmsRateLimited(HmsError):
    """429. `retry_after_s` comes from the header or the body's words; None without either."""

    retryable = True

    def __init__(self, text: str, *, cause: str, retry_after_s: float | None) -> None:
        super().__init__(text, cause=cause)
        self.retry_after_s = retry_after_s


class HmsUnavailable(HmsError):
    """No connection, a phase timed out, 5xx, or an answer that is not JSON."""

    retryable = True


class HmsBadReply(HmsError):
    """Complete JSON in another shape than documented."""


class HmsEndless(HmsBadReply):
    """A list with more pages than the bot reads."""


class ConfigError(BotError):
    """A setting is missing or wrong."""
