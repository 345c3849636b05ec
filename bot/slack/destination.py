"""The kind of a message's destination, by the first letter of Slack's id. A person's id stands for their direct
messages with the bot (docs.slack.dev/reference/objects/conversation-object)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Destination:
    """A person, a direct message, or a channel, by its id."""

    id: str

    @property
    def is_person(self) -> bool:
        return self.id.startswith(("U", "W"))

    @property
    def is_direct(self) -> bool:
        """True for a conversation of two people, or of a person and the bot."""
        return self.id.startswith("D")

    @property
    def is_channel(self) -> bool:
        """True for a public or private channel, and for a group direct message."""
        return self.id.startswith(("C", "G"))

    @property
    def may_be_public(self) -> bool:
        """True for a channel of an id that public ones have, and newer private ones."""
        return self.id.startswith("C")
