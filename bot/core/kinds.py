"""`KINDS`: the changes that a channel can be told of. A new one is one entry here and its case in `core/route`."""

from __future__ import annotations

KINDS = {
    "start": "a session opens: a card, kept true until it ends",
    "end": "a session ends: the card's summary, or a summary of its own",
    "join": "people come: a reply in the card's thread",
    "leave": "people go: the same",
}
DEFAULT_KINDS = ("start", "end")
OTHER_WORDS = {
    **dict.fromkeys(("open", "opens", "opened", "begin", "begins", "began", "starts", "started"), "start"),
    **dict.fromkeys(("close", "closes", "closed", "ends", "ended", "finish", "finished", "stop", "stopped"), "end"),
    **dict.fromkeys(("joins", "joined", "enter", "enters", "entered"), "join"),
    **dict.fromkeys(("leaves", "left", "exit", "exits", "exited"), "leave"),
}
"""What people also call them."""
