"""States that operators hear of in OPS_CHANNEL: those that keep messages from people, each once, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["token", "100ms", "paused", "held", "stuck"]


@dataclass(frozen=True, slots=True)
class State:
    """`channel_id` where it is one channel's; `cause`: Slack's code, or how many messages are held."""

    kind: Kind
    since_ms: int
    channel_id: str = ""
    cause: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind} {self.channel_id}".strip()


def state_of(name: str, since_ms: int) -> State:
    """The state that has this name."""
    kind, _, channel_id = name.partition(" ")
    return State(kind, since_ms, channel_id)  # type: ignore[arg-type]


def news(now: Mapping[str, State], told: Mapping[str, int]) -> tuple[list[State], list[State]]:
    """Those that began, and those that are over, against what was `told`: since when, by name."""
    began = [state for name, state in now.items() if name not in told]
    return began, [state_of(name, since_ms) for name, since_ms in told.items() if name not in now]
