"""What a check of the bot's own state comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]
"""`fail`: something doesn't work; `warn`: a part of it doesn't, or soon won't."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`seen` may hold text from outside and is escaped where it is shown; `do` is our own mrkdwn, shown as it is.
    `place`: the conversation that it is about; `public`: anybody in the workspace may know of that one."""

    what: str
    state: State
    seen: str
    do: str = ""
    place: str = ""
    public: bool = False
