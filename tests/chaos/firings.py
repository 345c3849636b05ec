"""Compares what channels hear of firings with what the account did. It reads messages as people do, their metadata, and
the account itself.

- Lost: what was wrong for `CALM_S` after as long a time without it, and nobody heard; what is wrong in the end, or is
  over, and the channel or the card doesn't say so; a person who is on it, of whom the channel didn't hear.
- Twice: a firing that is told while the channel knows of it, or its end when that is told already, where no silence
  could have kept back what lies between; a person who is on it, again.
- Wrong: a firing that was not true at any moment of the `READ_S` before, or that was true when the subscription was
  made; an end of what went on; a message in a silence; metadata that say something else; a mention but where it is
  told that something is wrong, or none there.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import Any, NamedTuple

from bot.demo.fake_hms import Account, Peer, Session
from bot.demo.fake_slack import Message
from tests.chaos.silence import CALM_S, POLL_S, Silences

READ_S = 20.0
"""The longest time from the moment that a poll is of until what comes of it is queued, a stop in the middle included."""
NEAR_S = 0.5
"""Moments are in milliseconds, and a process takes its time before it is queued."""
SAME_S = 300.0
"""What begins again so soon is the same alert, which stays with who is on it."""

_STATES: Mapping[str, Callable[[Sequence[Peer]], Hashable]] = {
    "no host": lambda here: bool(here) and all(peer.role != "host" for peer in here),
    "nobody": lambda here: not here,
    "one person": lambda here: len(here) == 1 and here[0].user_id,
}
"""By the first words of a message about it: the state of who is in. It is one spell while that stays the same; none
where it is false."""
KINDS = {"missing": "no host", "idle": "nobody", "alone": "one person"}
"""The words about a filter."""
_WORDS = "|".join(_STATES)
_ON_CARD = re.compile(rf"^🔴 \*({_WORDS}) [^*]*\* since", re.MULTILINE | re.IGNORECASE)
_BEFORE = re.compile(rf"^✅ ({_WORDS}) was \S+ for", re.MULTILINE | re.IGNORECASE)
_IN_LIST = re.compile(rf"^🔴 \*?([^*\n]+?)\*?: ({_WORDS}) ", re.MULTILINE)
_LISTS = "more alert", "still wrong"
_EVENTS = {
    "🔴 Again": ("again", "fired"),
    "🔴": ("fired", "fired"),
    "✅ Over": ("resolved", "resolved"),
    "🙋": ("taken", "fired"),
    "⏰": ("reminder", "fired"),
}
"""By its beginning, what a message about a firing tells, and the state in its metadata."""
_MENTION = re.compile(r"<@\w+>|<!(?:subteam|here|channel|everyone)\b")


@dataclass(frozen=True, slots=True)
class Alarm:
    """A subscription that fires, asked for at `first` and surely there at `made`, epoch seconds: what begins with these
    `words` and lasts `least_s`, in a room (None: any). `mention` is who is to be mentioned then."""

    channel: str
    number: int
    words: str
    least_s: float
    room_id: str | None
    first: float
    made: float
    mention: str = ""

    def about(self, session: Session) -> bool:
        return self.room_id in (None, session.room_id)

    def times(self, session: Session) -> list[tuple[float, float]]:
        """The times in which it was true, moment by moment; the last may have no end."""
        spells = _spells(session, _STATES[self.words])
        return [(since + self.least_s, until) for since, until in spells if until - since >= self.least_s]


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody is on what is wrong with a session: the bot said so at that moment, epoch seconds."""

    channel: str
    session_id: str
    at: float


class Told(NamedTuple):
    """A message about a firing; `at` is when it was queued. `card`: it tells of the session, and of that with it.
    `over`: it is by the time that the card is posted. `vague`: a reply or a list may have told of it, or will, as the
    metadata of a card are about one firing."""

    at: float
    event: str
    message: Message
    card: bool = False
    over: bool = False
    vague: bool = False


@dataclass(slots=True)
class ListedLine:
    """A line of a message about many, which doesn't name the session."""

    at: float
    room: str
    words: str
    left: bool = True


def payload_of(message: Message) -> Mapping[str, Any]:
    metadata = message.metadata
    if isinstance(metadata, str):
        metadata = json.loads(metadata)
    return dict((metadata or {}).get("event_payload") or {})


def is_reply(message: Message) -> bool:
    """True for a message about a firing that isn't a card."""
    return "subscription" in payload_of(message) and _event_of(message) is not None


def is_list(message: Message) -> bool:
    return any(words in message.plain for words in _LISTS) and bool(_IN_LIST.search(message.plain))


def tells(message: Message) -> bool:
    """True for a card that tells of something wrong, given as it was posted: it may be over by then."""
    return bool(_ON_CARD.search(message.plain) or _BEFORE.search(message.plain))


def _event_of(message: Message) -> tuple[str, str] | None:
    return next((told for head, told in _EVENTS.items() if message.plain.startswith(head)), None)


@dataclass(slots=True)
class Firings:
    """Those of one channel. `cards` are what the channel shows, with their sessions; `first` is each message as it was
    posted, by its ts; `still` is when the account stood still, and `queued` when a message was queued, epoch seconds."""

    name: str
    account: Account
    alarms: Sequence[Alarm]
    shown: Sequence[Message]
    cards: Sequence[tuple[str, Message]]
    first: Mapping[str, Message]
    silences: Silences
    queued: Callable[[Message], float]
    taken: Sequence[Taken]
    still: float
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _told: defaultdict[tuple[str, int], list[Told]] = field(default_factory=lambda: defaultdict(list))
    _lines: list[ListedLine] = field(default_factory=list)

    def check(self) -> None:
        self._read()
        asked = {alarm.number: alarm for alarm in self.alarms}
        for (session_id, number), told in self._told.items():
            if number not in asked or session_id not in self.account.sessions:
                self.wrong.append(f"{self.name}: unasked: {told[0].message.plain[:200]!r}")
        self._counted()
        for session in self.account.sessions.values():
            for alarm in self.alarms:
                if alarm.about(session):
                    self._session(session, alarm, self._told[session.id, alarm.number])
        self._on_it()
        for message in self.shown:
            self._mentions(message)

    def _read(self) -> None:
        cards = {message.ts: session_id for session_id, message in self.cards}
        for message in self.shown:
            posted, at = self.first[message.ts], self.queued(message)
            payload = payload_of(posted)
            if session_id := cards.get(message.ts):
                self._card(session_id, posted, at)
            elif is_list(posted):
                self._lines += [ListedLine(at, *line) for line in _IN_LIST.findall(posted.plain)]
            elif "subscription" in payload and (event := _event_of(posted)):
                what, state = event
                self._told[payload["session_id"], payload["subscription"]].append(Told(at, what, posted))
                if payload.get("state") != state or (what == "fired") != (posted.broadcast or posted.thread_ts is None):
                    self.wrong.append(f"{self.name}: {posted.plain!r} with {dict(payload)}")

    def _card(self, session_id: str, posted: Message, at: float) -> None:
        session = self.account.sessions.get(session_id)
        now, before = ({words.lower() for words in each.findall(posted.plain)} for each in (_ON_CARD, _BEFORE))
        kinds = now | before
        telling = [alarm for alarm in self.alarms if session and alarm.about(session) and alarm.words in kinds]
        for alarm in telling:
            over = alarm.words not in now
            vague = over or payload_of(posted).get("subscription") != alarm.number
            told = Told(at, "fired", posted, card=True, over=over, vague=vague)
            self._told[session_id, alarm.number].append(told)
        if len(telling) < len(kinds):
            self.wrong.append(f"{self.name}: session {session_id} has no such alarm: {posted.plain!r}")

    def _session(self, session: Session, alarm: Alarm, told: Sequence[Told]) -> None:
        heard_of = ", ".join(f"{each.event}{' by card' * each.card} {each.at:.3f}" for each in told)
        what = f"{self.name}: subscription {alarm.number} ({alarm.words}) and session {session.id} ({heard_of})"
        times = alarm.times(session)
        heard: list[float] = []
        """When the channel was told that it began."""
        known: bool | None = False
        """None where the channel may know either."""
        last = alarm.first
        for each in told:
            if each.event in ("fired", "again"):
                if not (known and each.card):
                    heard.append(each.at)
                    if not each.over:
                        self._began(what, session, alarm, times, each)
                if known and not each.card and not self._hushed(session, last, each.at):
                    self.twice.append(f"{what}: told at {last:.3f}, and again {each.message.plain[:200]!r}")
                known, last = None if each.vague and not known else True, each.at
            elif each.event == "resolved":
                if known is False and (line := self._listed(session, alarm, each.at)):
                    heard.append(line.at)
                elif known is False and not self._hushed(session, last, each.at):
                    self.twice.append(f"{what}: over since {last:.3f}, and again {each.message.plain[:200]!r}")
                self._ended(what, session, times, each)
                known, last = False, each.at
        silent = [each for each in times if each[0] <= alarm.first - NEAR_S and each[1] >= alarm.made]
        told_before = silent[-1][1] if silent else alarm.made - CALM_S
        self._missing(what, session, alarm, told_before, [each for each in times if each not in silent], heard)
        if known is False and self._listed(session, alarm, inf):
            known = True
        self._in_the_end(what, session, alarm, times, known)

    def _began(
        self, what: str, session: Session, alarm: Alarm, times: Iterable[tuple[float, float]], told: Told
    ) -> None:
        shown_at = float(told.message.ts) if told.vague else told.at
        near = [(since, until) for since, until in times if since <= shown_at + NEAR_S and until >= told.at - READ_S]
        said = f"{what}: {told.message.plain[:200]!r} at {told.at:.3f}"
        if not near:
            self.wrong.append(f"{said}, and it was true {_moments(times)}")
        elif all(since <= alarm.first - NEAR_S and until >= alarm.made for since, until in near):
            self.wrong.append(f"{said}, and it was true when somebody subscribed")
        if self.silences.surely(session, told.at):
            self.wrong.append(f"{said}, when the channel was to be quiet")

    def _ended(self, what: str, session: Session, times: Iterable[tuple[float, float]], told: Told) -> None:
        said = f"{what}: {told.message.plain[:200]!r} at {told.at:.3f}"
        if any(since <= told.at - READ_S and until >= told.at + NEAR_S for since, until in times):
            self.wrong.append(f"{said}, and it was true {_moments(times)}")
        if self.silences.surely(session, told.at, reply=True):
            self.wrong.append(f"{said}, when the channel was to be quiet")

    def _missing(
        self,
        what: str,
        session: Session,
        alarm: Alarm,
        over: float,
        times: Sequence[tuple[float, float]],
        heard: Sequence[float],
    ) -> None:
        """What surely had to be told, and wasn't. `over`: it is since then, after what needs no message."""
        for since, until in times:
            calm = since - over >= CALM_S
            must = since > alarm.made + POLL_S and calm and min(until, self.still) - since >= CALM_S
            quiet = not self.silences.free(session, since - CALM_S, since + CALM_S, reply=True)
            there = any(since - NEAR_S <= at <= until + READ_S for at in heard)
            if must and not quiet and not there and not self._listed(session, alarm, until + READ_S):
                self.lost.append(f"{what}: true from {since:.3f} to {until:.3f}, told at {_stamps(heard)}")
            over = until

    def _in_the_end(
        self, what: str, session: Session, alarm: Alarm, times: Sequence[tuple[float, float]], known: bool | None
    ) -> None:
        """The channel and the card know of what is true when the account stands still, and of what is over."""
        if times and self.still < times[-1][0]:  # true only since
            return
        card = next((message for session_id, message in self.cards if session_id == session.id), None)
        shows = card is not None and alarm.words in {words.lower() for words in _ON_CARD.findall(card.plain)}
        since, until = times[-1] if times else (0.0, 0.0)
        hushed = self._hushed(session, (since if until == inf else until) - CALM_S, self.still)
        if until < inf:
            if known and not hushed:
                self.lost.append(f"{what}: over since {until:.3f}, and the channel doesn't know")
            if shows:
                self.wrong.append(f"{what}: true {_moments(times)}, and the card says {card and card.plain!r}")
        elif _seen_since(times) > alarm.made:
            if known is False and not hushed:
                self.lost.append(f"{what}: true since {since:.3f}, and the channel doesn't know")
            if known and card is not None and not shows:
                self.lost.append(f"{what}: true since {since:.3f}, and the card says {card.plain!r}")

    def _counted(self) -> None:
        """No list has more lines about a room than there were sessions."""
        for line in self._lines:
            same = [
                each for each in self._lines if (each.at, each.room, each.words) == (line.at, line.room, line.words)
            ]
            true = [
                session
                for session in self.account.sessions.values()
                if self.account.rooms[session.room_id].name == line.room
                for alarm in self.alarms
                if alarm.words == line.words and alarm.about(session)
                if any(b <= line.at + NEAR_S and e >= line.at - READ_S for b, e in alarm.times(session))
            ]
            if len(same) > len(true):
                self.wrong.append(f"{self.name}: {len(true)} times {line.words} in {line.room}, and {len(same)} told")

    def _listed(self, session: Session, alarm: Alarm, until: float) -> ListedLine | None:
        """Take the line that may have told of it up to then."""
        room = self.account.rooms[session.room_id].name
        for line in self._lines:
            true = any(b <= line.at + NEAR_S and e >= line.at - READ_S for b, e in alarm.times(session))
            if line.left and true and (line.room, line.words) == (room, alarm.words) and line.at <= until:
                line.left = False
                return line
        return None

    def _on_it(self) -> None:
        """Who is on it is told once for each alert."""
        for (session_id, number), told in self._told.items():
            what = f"{self.name}: subscription {number} and session {session_id}"
            taken = [each.at for each in told if each.event == "taken"]
            self.twice += [f"{what}: taken at {a:.3f} and {b:.3f}" for a, b in pairwise(taken) if b - a < SAME_S]
            if taken and not any(each.session_id == session_id for each in self.taken):
                self.wrong.append(f"{what}: nobody is on it")
        for each in self.taken:
            session = self.account.sessions[each.session_id]
            goes_on = [
                alarm.number
                for alarm in self.alarms
                if alarm.about(session)
                if any(b <= each.at - CALM_S and e >= each.at + CALM_S for b, e in alarm.times(session))
            ]
            told = [one for number in goes_on for one in self._told[session.id, number] if one.event == "taken"]
            if goes_on and not told and not self._hushed(session, each.at - CALM_S, each.at + CALM_S):
                self.lost.append(f"{self.name}: who is on {session.id} since {each.at:.3f}")

    def _mentions(self, message: Message) -> None:
        """Only what tells of something wrong mentions anybody, and whom it is to."""
        posted = self.first[message.ts]
        payload = payload_of(posted)
        event = _event_of(posted)
        card = any(message.ts == each.ts for _, each in self.cards)
        telling = tells(posted) if card else is_list(posted) or (event and event[0] in ("fired", "reminder"))
        texts = [json.dumps(posted.blocks), posted.text]
        if not telling and any(map(_MENTION.search, texts)):
            self.wrong.append(f"{self.name}: mentions somebody: {posted.plain[:300]!r}")
        if card and not tells(message) and any(map(_MENTION.search, [json.dumps(message.blocks), message.text])):
            self.wrong.append(f"{self.name}: still mentions somebody: {message.plain[:300]!r}")
        mention = next((each.mention for each in self.alarms if each.number == payload.get("subscription")), "")
        taken = "is on it" in posted.plain
        must = telling and payload.get("state") == "fired" and not taken
        if must and mention and not all(mention in text for text in texts):
            self.wrong.append(f"{self.name}: doesn't mention {mention}: {posted.plain[:300]!r}")

    def _hushed(self, session: Session, since: float, until: float) -> bool:
        """True if silence may have kept something back meanwhile."""
        return not self.silences.free(session, since, until, reply=True)


def _spells(session: Session, state: Callable[[Sequence[Peer]], Hashable]) -> Iterator[tuple[float, float]]:
    """The times without a break in which the state is the same and not false; moves of one moment happen at once."""
    over = inf if session.active else session.updated_at
    moves = {at for peer in session.peers.values() for at in (peer.joined_at, peer.left_at) if at is not None}
    edges = [session.created_at, *sorted(at for at in moves if session.created_at < at < over), over]
    since, now = session.created_at, False  # type: tuple[float, Hashable]
    for at in edges[:-1]:
        here = [
            peer
            for peer in session.peers.values()
            if peer.joined_at <= at and (peer.left_at is None or peer.left_at > at)
        ]
        if (then := state(here)) != now:
            if now is not False:
                yield since, at
            since, now = at, then
    if now is not False:
        yield since, over


def _seen_since(times: Sequence[tuple[float, float]]) -> float:
    """When the last of them began, with those before that no poll need have told from it."""
    begun = times[-1][0]
    for since, until in reversed(times[:-1]):
        if begun - until >= CALM_S:
            break
        begun = since
    return begun


def _moments(times: Iterable[tuple[float, float]]) -> str:
    return ", ".join(f"from {since:.3f} to {until:.3f}" for since, until in times) or "never"


def _stamps(moments: Iterable[float]) -> str:
    return ", ".join(f"{at:.3f}" for at in moments) or "no time"
