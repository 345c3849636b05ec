"""Numbers of settings: everything a channel has set has one, so that `3` names one thing."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from bot.blockkit.phrases import listed
from bot.errors import QueryError, UserError
from bot.slack import store
from bot.slack.request import Request
from bot.text import quote

_NUMBER = re.compile(r"(?:number|no\.?|#)? ?([0-9]{1,9})", re.IGNORECASE)
_AROUND = re.compile(r"""^(["'`])((?:(?!\1).)*)\1$""")
"""Quotes around all of a text, not around a word at its end."""
ALL = ("all", "everything")


class _Numbered(Protocol):
    @property
    def number(self) -> int: ...


Setting = TypeVar("Setting", bound=_Numbered)


def unquoted(said: str) -> str:
    """Return the text without quotes around all of it."""
    return _AROUND.sub(r"\2", said.strip(" ,")).strip()


def read_number(said: str) -> int | None:
    """`3`, `#3`, `number 3`; None for anything else."""
    found = _NUMBER.fullmatch(unquoted(said))
    return int(found[1]) if found else None


async def find_settings(
    said: str, here: Sequence[Setting], alike: Callable[[], Awaitable[Sequence[Setting]]]
) -> Sequence[Setting]:
    """The settings of a channel that `said` means: the one of a number, the only one if nothing is said, else those
    `alike`; empty for none."""
    if not said:
        return here if len(here) == 1 else ()
    if (number := read_number(said)) is not None:
        return [setting for setting in here if setting.number == number]
    return await alike() if here else ()


async def kind_of(request: Request, number: int) -> str:
    """Return the kind of the setting with that number, `a digest`; "" for none."""
    return await store.kind_of(request.bot.store, request.team_id, request.channel_id, number, request.now_ms)


def numbered(here: Sequence[int], what: str) -> str:
    """List the numbers of a channel's digests, or of whatever each is a `what`."""
    if not here:
        return f"This channel has no {what}s."
    if len(here) == 1:
        return f"This channel's {what} is number {here[0]}."
    return f"This channel's {what}s are numbers {listed([str(number) for number in here])}."


async def no_such(request: Request, said: str, here: Sequence[int], *, scope: str, what: str) -> UserError:
    """The error for a line of `scope` that ought to name one of the numbers `here`, each of a `what`."""
    number = read_number(said)
    kind = await kind_of(request, number) if number is not None else ""
    if kind:
        text = f"{quote(said)} is {kind}, not a {what}."
    elif not here:
        return UserError(numbered(here, what))
    elif not said:
        text = f"Which {what}?"
    elif number is None:
        text = f"{quote(said)} is no {what} of this channel."
    else:
        text = f"There is no {what} {quote(said)} here."
    text = f"{text} {numbered(here, what)}"
    if not here:
        return UserError(text)
    line = f"{scope} {said}".strip()
    return QueryError.whole(text, line, f"{scope} {here[0]}")
