"""`KINDS`: the changes that a channel can subscribe to. A new one is one entry here and its case in `decide`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of change, described as `when <who> <does>`. `also`: synonyms. `usual`: on by default."""

    who: str
    does: str
    also: tuple[str, ...]
    usual: bool = False


KINDS = {
    "start": Kind(
        "one", "opens", ("open", "opens", "opened", "begin", "begins", "began", "starts", "started"), usual=True
    ),
    "end": Kind(
        "one",
        "ends",
        ("close", "closes", "closed", "ends", "ended", "finish", "finished", "stop", "stopped"),
        usual=True,
    ),
    "join": Kind("someone", "joins", ("joins", "joined", "enter", "enters", "entered")),
    "leave": Kind("someone", "leaves", ("leaves", "left", "exit", "exits", "exited")),
}
DEFAULT_KINDS = tuple(name for name, kind in KINDS.items() if kind.usual)
OTHER_WORDS = {word: name for name, kind in KINDS.items() for word in kind.also}
ON = f"on:{','.join(KINDS)}"
"""The form of the filter `on:`."""
SHOWS = frozenset(("start", "join", "leave"))
"""Kinds that post a card when a session opens."""
ENDS = frozenset(("end",))
