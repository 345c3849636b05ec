"""States that keep messages from people; OPS_CHANNEL hears once of each, and of its end. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["token", "100ms", "paused", "held", "stuck"]


@dataclass(frozen=True, slots=True)
class State:
    """A state that holds since `since_ms`. `channel_id`: of one channel's state, else ""; `cause`: Slack's error code,
    or the number of held messages in words."""

    kind: Kind
    since_ms: int
    channel_id: str = ""
    cause: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind} {self.channel_id}".strip()


def state_of(name: str, since_ms: int) -> State:
    """The state of that name, without its cause."""
    kind, _, channel_id = name.partition(" ")
    return State(kind, since_ms, channel_id)  # type: ignore[arg-type]


def news(now: Mapping[str, State], told: Mapping[str, int]) -> tuple[list[State], list[State]]:
    """The states that began and those that are over, compared with `told`: the starts of told states by name."""
    began = [state for name, state in now.items() if name not in told]
    return began, [state_of(name, since_ms) for name, since_ms in told.items() if name not in now]
