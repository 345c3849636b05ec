"""A firing: what is wrong with a session, as a subscription asks for it, from its beginning to its end. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from bot.outbox.card import key_of

State = Literal["fired", "kept", "resolved", "closed"]
Untold = Literal["", "taken", "ended", "edited"]
Event = Literal["fired", "again", "resolved", "reminder", "taken", "ended", "edited"]
"""The reasons for a message about a firing."""
AGAIN_MS = 5 * 60_000
"""A firing that begins again so soon after its end is the same alert."""


@dataclass(frozen=True, slots=True)
class Firing:
    """Something wrong with a session for one subscription, `number`; the `nth` firing of the two. `state`: `fired`
    while the channel knows, `kept` while silence keeps it back, `resolved` when it is over, `closed` when nobody asks
    for it any more. `what`: the filters that hold, as a query line. It is true since `since_ms`, was decided at
    `fired_ms` and over at `over_ms`, 0 before and where nobody was told; in milliseconds since 1970. `times`: how often
    it began. `thread`: the key of the post in whose thread it goes on, "" for the card that told of it. `taken_by`: the
    id and the name of the person who is on it. `untold`: what a person did that the channel is still to hear of."""

    team_id: str
    channel_id: str
    session_id: str
    number: int
    nth: int
    state: State
    what: str
    since_ms: int
    fired_ms: int
    over_ms: int = 0
    times: int = 1
    thread: str = ""
    taken_by: str = ""
    taken_ms: int = 0
    remind_ms: int = 0
    reminders: int = 0
    untold: Untold = ""

    @property
    def place(self) -> tuple[str, str, int]:
        """Its channel, session and subscription, of which a team has one firing."""
        return self.channel_id, self.session_id, self.number

    @property
    def open(self) -> bool:
        return self.state in ("fired", "kept")

    @property
    def pending(self) -> bool:
        """True if it goes on, or a person did something that isn't told yet."""
        return self.open or self.untold != ""

    @property
    def told(self) -> bool:
        """True if the channel knows of it, or did."""
        return self.state == "fired" or self.over_ms > 0

    @property
    def taker(self) -> str:
        """The name of the person who is on it, as they wrote it; "" for nobody, or where it isn't known."""
        return self.taken_by.partition(" ")[2]

    def key(self, event: Event) -> str:
        """The key of a message about it."""
        about = (self.team_id, self.channel_id, self.session_id, str(self.number), str(self.nth))
        return key_of("firing", *about, event, str(self.times), str(self.reminders))

    def begins(self, since_ms: int, what: str, now_ms: int, every_s: int, *, silent: bool) -> tuple[Firing, Event]:
        """The firing that follows this one: the same alert, where that ended a moment ago."""
        remind_ms = _reminder(now_ms, every_s)
        if self.state == "resolved" and self.over_ms and now_ms - self.over_ms < AGAIN_MS:
            again = replace(self, what=what, since_ms=since_ms, times=self.times + 1)
            if silent:  # the channel knows what was before, so the end of that stays
                return replace(again, state="kept"), "again"
            return replace(again, state="fired", over_ms=0, remind_ms=0 if self.taken_by else remind_ms), "again"
        new = Firing(self.team_id, *self.place, self.nth + 1, "fired", what, since_ms, now_ms, remind_ms=remind_ms)
        return replace(new, state="kept", remind_ms=0) if silent else new, "fired"

    def resolved(self, over_ms: int) -> Firing:
        """The firing when it is over; one of which the channel never heard leaves no trace."""
        return replace(self, state="resolved", over_ms=over_ms if self.told else 0, remind_ms=0, untold="")

    def closed(self, now_ms: int) -> Firing:
        """The firing when nobody asks for it any more; what begins later is another one."""
        return replace(self.resolved(now_ms), state="closed")

    def released(self, thread: str, now_ms: int, every_s: int) -> Firing:
        """The firing once the channel has heard of it in the catch-up whose key is `thread`."""
        remind_ms = 0 if self.taken_by else _reminder(now_ms, every_s)
        return replace(self, state="fired", thread=thread, over_ms=0, remind_ms=remind_ms)

    def reminded(self, now_ms: int, every_s: int, *, told: bool) -> Firing:
        """The firing after a reminder was due: those that were missed meanwhile aren't made up for."""
        every_ms = every_s * 1000
        next_ms = self.remind_ms + (1 + (now_ms - self.remind_ms) // every_ms) * every_ms if every_ms else 0
        return replace(self, remind_ms=next_ms, reminders=self.reminders + told)


def never(team_id: str, channel_id: str, session_id: str, number: int) -> Firing:
    """The firing before the first."""
    return Firing(team_id, channel_id, session_id, number, 0, "resolved", "", 0, 0)


def _reminder(now_ms: int, every_s: int) -> int:
    return now_ms + every_s * 1000 if every_s else 0
