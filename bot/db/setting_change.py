"""Changes that people make to a channel's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A change of a channel's settings by a person: `line` is the command that does the same, without `/sessions`.
    `at_ms` is in milliseconds since 1970."""

    at_ms: int
    by: str
    line: str


How = Literal["new", "same", "changed"]
"""The result of storing a setting: `same` if it was already there, `changed` if it differed."""
