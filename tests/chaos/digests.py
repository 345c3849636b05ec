"""Compares the digests that channels show with those that were due, and their figures with a count over the account.

- Lost: a digest that was due and isn't there.
- Wrong: one that nobody was to get, of a date that is skipped too; figures that aren't the account's; a late one that
  doesn't say so, and one that doesn't name as many skipped dates as there are.
One that is there twice has a key twice, which `checker` finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.demo.fake_hms import Account, Peer
from bot.demo.fake_slack import Message
from bot.outbox.card import key_of

DAY_S = 86_400.0
LATE_S = 600.0
"""One that is made so long after its time says so; it takes a moment to be queued."""
NEARLY_S = 15.0
_NUMBER = r"^(?:• )?\*([\d,]+)\* "
_REST = r"(?:: .*)?$"
_FIGURES = {
    "sessions": re.compile(f"{_NUMBER}sessions?{_REST}", re.MULTILINE),
    "people": re.compile(f"{_NUMBER}(?:person|people){_REST}", re.MULTILINE),
    "participant-minutes": re.compile(f"{_NUMBER}participant-minutes?{_REST}", re.MULTILINE),
    "people at once": re.compile(f"{_NUMBER}(?:person|people) at once(?:, at .*)?$", re.MULTILINE),
}
_SKIPPED = re.compile(r"Skipped: (?:(\d+) digests, )?(.*)\.$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Due:
    """A daily digest of one date, about the day up to `end`, epoch seconds, in a room (None: in any). `must`: it has to
    be there, else it may. `skipped`: of so many dates before there is none. `quietly`: nor of a day without
    sessions, but where dates are to be named."""

    team_id: str
    channel_id: str
    number: int
    day: date
    end: float
    room_id: str | None = None
    must: bool = True
    skipped: int = 0
    quietly: bool = False

    @property
    def key(self) -> str:
        return key_of("digest", self.team_id, self.channel_id, str(self.number), self.day.isoformat())

    def __str__(self) -> str:
        return f"digest {self.number} of {self.channel_id} of {self.day}"


@dataclass(frozen=True, slots=True)
class Count:
    """The figures of a day, brute force; `quiet`: no session was live."""

    figures: Mapping[str, float]
    quiet: bool


def is_digest(message: Message) -> bool:
    return message.plain.lstrip("*").startswith("📊 ")


def check_digests(
    account: Account, dues: Iterable[Due], shown: Mapping[str, Sequence[Message]], queued: Mapping[str, float]
) -> tuple[list[str], list[str]]:
    """Return what is lost and what is wrong. `shown` are the messages by key, `queued` when each was, epoch seconds."""
    lost: list[str] = []
    wrong: list[str] = []
    expected = {due.key: due for due in dues}
    for key, due in expected.items():
        truth = count(account, due.room_id, due.end - DAY_S, due.end)
        none = truth.quiet and due.quietly and not due.skipped
        there = shown.get(key, ())
        if due.must and not there and not none:
            lost.append(str(due))
        wrong += [f"{due}: {each}" for message in there for each in _wrong(message, due, truth, queued.get(key))]
        wrong += [f"{due}: there was nothing to tell"] * bool(there and none)
        wrong += [f"{due}: in {each.channel}" for each in there if each.channel != due.channel_id]
    digests = [message for key, some in shown.items() if key not in expected for message in some if is_digest(message)]
    wrong += [f"{message.channel}: unasked: {message.plain[:300]!r}" for message in digests]
    return lost, wrong


def count(account: Account, room_id: str | None, start: float, end: float) -> Count:
    """Of `[start, end)`: moment by moment, and visit by visit."""
    sessions = [each for each in account.sessions.values() if room_id in (None, each.room_id)]
    stays = [
        (peer.user_id, *stay)
        for session in sessions
        for peer in session.peers.values()
        if (stay := _stay(peer, start, end))
    ]
    live = [each for each in sessions if each.created_at < end and (each.active or each.updated_at >= start)]
    edges = {since for _, since, _ in stays}
    figures = {
        "sessions": sum(start <= each.created_at < end for each in sessions),
        "people": len({who for who, _, _ in stays}),
        "participant-minutes": sum(until - since for _, since, until in stays) / 60,
        "people at once": max((sum(_is_in(stay[1:], at) for stay in stays) for at in edges), default=0),
    }
    return Count(figures, not live and not stays)


def _stay(peer: Peer, start: float, end: float) -> tuple[float, float] | None:
    """The part of a visit that lies there. Who leaves as they join was in for that moment."""
    left = end if peer.left_at is None else min(peer.left_at, end)
    since = max(peer.joined_at, start)
    return (since, left) if since < end and (since < left or start <= peer.joined_at == peer.left_at) else None


def _is_in(stay: tuple[float, float], at: float) -> bool:
    since, until = stay
    return since <= at < until or since == at == until


def _wrong(message: Message, due: Due, truth: Count, queued: float | None) -> Iterator[str]:
    """The faults of a digest: what a reader finds in the blocks must be in the text too."""
    late = queued is not None and "This digest is late" in message.plain
    if queued is not None and late != (queued - due.end > LATE_S) and abs(queued - due.end - LATE_S) > NEARLY_S:
        yield f"made {queued - due.end:.0f} s after its time, and says late: {late}"
    skipped = _SKIPPED.search(message.plain)
    dates = int(skipped[1] or len(skipped[2].split(", "))) if skipped else 0
    if dates != due.skipped:
        yield f"{due.skipped} dates are skipped, and it names {dates}"
    if truth.quiet or "no sessions" in message.plain.split("\n")[0]:
        if not truth.quiet or "no sessions" not in message.plain:
            yield f"quiet {truth.quiet}, and it says {message.plain!r}"
        return
    for name, figure in _FIGURES.items():
        right = truth.figures[name]
        for said in (message.plain, message.text):
            found = [float(number.replace(",", "")) for number in figure.findall(said)]
            # minutes are rounded, and times are in milliseconds
            near = 0.501 if name == "participant-minutes" else 0.0
            if len(found) != 1 or abs(found[0] - right) > near:
                yield f"{right:g} {name}, and it says {found}"
