"""The result of a check of the bot's own state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]
"""`fail`: something doesn't work; `warn`: a part of it doesn't, or soon won't."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of the check `name`. `detail` may hold text from outside and is escaped where it is shown; `fix` is
    our own mrkdwn, shown as it is. `place`: the conversation that it is about; `public`: anybody may know of that."""

    name: str
    state: State
    detail: str
    fix: str = ""
    place: str = ""
    public: bool = False
