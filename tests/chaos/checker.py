"""Compares what channels show with what the account did. It reads messages as people do, and the account itself.

A message first tells of a session as live or as ended: its card does, or a line of a list that stands for many.

- Lost: a session that a channel should have been told of, or its end, and isn't; who came to or left a session that is
  still live; a subscription's first message.
- Twice: a second card for a session, a second line in lists, a second reply about somebody, the same key again, more
  recaps than silences that ended.
- Out of order: a session's first message above that of one which had started before, where both first told of a live
  session. Where one of them first told of an end, only if the earlier session was to be told `READ_S` before the other:
  a poll doesn't read everything in one moment, and a webhook has one session read before others. A reply above one about something earlier in the same session.
- Wrong: a card whose state, number of people or peak isn't the account's; a message nobody asked for; one that was
  queued while the channel surely didn't want to hear of its session (`silence`).

Digests are looked at in `digests`, firings in `firings`. What silence may have kept back isn't lost, but where the session went on for long
after it: then it stands in a recap, or has a card.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from bot.demo.fake_hms import Account, Peer, Session
from bot.demo.fake_slack import Message
from tests.chaos.digests import Due, check_digests, is_digest
from tests.chaos.firings import Alarm, Firings, Taken, is_list, is_reply, tells
from tests.chaos.silence import CALM_S, POLL_S, Silence, Silences

READ_S = 20.0
"""The longest time that one poll takes to read, failures and a stop in the middle included."""

DIRECT = "direct "
"""Before the id of the person in the name of a conversation."""
_NOTICE = re.compile(r"⏸️ Messages in .* are paused|🟠 A message in .* may not have arrived")
"""Messages to those who subscribed themselves."""

SHOWS = {"start", "join", "leave"}
_LINE = re.compile(r"^\d+ (?:\S+ )?(Live|Ended) .*session ([0-9a-f]{24})$", re.MULTILINE)
_MORE = re.compile(r"^… and ([\d,]+) more", re.MULTILINE)
RECAP = "while it was quiet here"
_ENDED = re.compile(r"([\d,]+) (?:sessions?|others?) ha(?:s|ve) ended")
_COUNTED = re.compile(r"([\d,]+) more sessions? (?:ended|started)")
"""Sessions that came too thick and fast to be told one by one."""
CATCHING_UP = "while I was catching up"
_STATE = re.compile(r"(🟢 Live|⚪ Ended)")
_REPLY = re.compile(r"👥 (?:(?P<joined>.*?) joined)?(?:, )?(?:(?P<left>[^,]*(?:,[^,]*)*?) left)? · .* in now")
_NAME = re.compile(r"P\d+")


@dataclass(frozen=True, slots=True)
class Asked:
    """A subscription: `room_id` None is any room; `at` is when the bot said that it is made, in epoch seconds. One that
    doesn't last may have been made as often as it was `typed`, and may have been ended before its first message."""

    channel: str
    room_id: str | None
    kinds: frozenset[str]
    at: float
    typed: int = 1
    lasts: bool = True


@dataclass(slots=True)
class Findings:
    """Findings of each kind, one line each."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not any(self.kinds().values())

    def kinds(self) -> dict[str, list[str]]:
        """Those of each kind."""
        return {"lost": self.lost, "twice": self.twice, "out of order": self.disorder, "wrong": self.wrong}


@dataclass(frozen=True, slots=True)
class Told:
    """A session as a message first told of it. `late`: it had to wait for a person, or until a silence was over."""

    ts: float
    ended: bool
    card: Message | None = None
    late: bool = False
    queued: float = 0.0


def check(
    account: Account,
    asked: Sequence[Asked],
    messages: Mapping[str, Sequence[Message]],
    first: Mapping[str, Message],
    deleted: Mapping[str, Sequence[Message]] | None = None,
    late: Container[str] = (),
    silences: Iterable[Silence] = (),
    dues: Iterable[Due] = (),
    queued: Mapping[str, float] | None = None,
    alarms: Iterable[Alarm] = (),
    taken: Sequence[Taken] = (),
    still: float = inf,
    hooked: bool = False,
) -> Findings:
    """`messages` are what each channel shows, by its name, oldest first; `first` is each message as it was posted, by
    its ts; `deleted` are cards without threads that people deleted, which live on in others; `late` the keys of
    messages that were left to a person to send; `queued` says when messages were, by key, in epoch seconds;
    `alarms` are the subscriptions that fire, `taken` what people are on, and from `still` on the account stood still;
    `hooked`: webhooks were sent, so that a session may be read before others that were to be told."""
    found, queued, by_key = Findings(), queued or {}, defaultdict[str, list[Message]](list)
    for channel, shown in messages.items():
        wanted = [each for each in asked if each.channel == channel]
        quiet = Silences(each for each in silences if each.channel == channel)
        posted = (deleted or {}).get(channel, ())
        of_the_bot = [each for each in shown if each.bot_id and not each.ephemeral]
        firing = [each for each in alarms if each.channel == channel]
        one = _Channel(channel, account, wanted, of_the_bot, first, posted, late, quiet, queued, found, firing, hooked)
        one.check()
        firings = Firings(
            channel,
            account,
            firing,
            of_the_bot,
            one.cards,
            first,
            quiet,
            one.at,
            [each for each in taken if each.channel == channel],
            still,
        )
        firings.check()
        found.lost += firings.lost
        found.twice += firings.twice
        found.wrong += firings.wrong
        for message in of_the_bot:
            by_key[key_of(message.metadata)].append(message)
    lost, wrong = check_digests(account, dues, by_key, queued)
    found.lost += lost
    found.wrong += wrong
    return found


@dataclass(slots=True)
class _Channel:
    _name: str
    _account: Account
    _asked: Sequence[Asked]
    _shown: Sequence[Message]
    _first: Mapping[str, Message]
    _deleted: Sequence[Message]
    _late: Container[str]
    _silences: Silences
    _queued: Mapping[str, float]
    _found: Findings
    _alarms: Sequence[Alarm] = ()
    _hooked: bool = False
    _told: defaultdict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    _unnamed: int = 0
    _recaps: list[Message] = field(default_factory=list)
    _threads: defaultdict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))

    def check(self) -> None:
        self._read()
        for session in self._account.sessions.values():
            self._session(session, self._told[session.id])
        for session_id in self._told.keys() - self._account.sessions.keys():
            self._found.wrong.append(f"{self._name}: no such session: {session_id}")
        self._order()
        self._replies()
        self._recapped()

    def _read(self) -> None:
        keys = Counter(key_of(message.metadata) for message in self._shown)
        self._found.twice += [f"{self._name}: key {key} {many} times" for key, many in keys.items() if many > 1]
        hello = 0
        for message in self._shown:
            if is_reply(self._first[message.ts]) or (is_list(message) and RECAP not in message.plain):
                continue
            if message.thread_ts not in (None, message.ts):
                self._threads[message.thread_ts or ""].append(message)
            elif is_digest(message) or "set up a digest of" in message.plain:  # it may have buttons as a card has
                continue
            elif "subscribed this channel" in message.plain:
                hello += 1
            elif CATCHING_UP in message.plain:
                self._unnamed += _sum(_COUNTED.findall(message.plain))
            elif session_id := card_of(message):
                self._told[session_id].append(self._card_told(message))
            elif (lines := _LINE.findall(message.plain)) or RECAP in message.plain:
                self._recaps += [message] * (RECAP in message.plain)
                late = RECAP in message.plain or key_of(message.metadata) in self._late
                for state, session_id in lines:
                    told = Told(float(message.ts), state == "Ended", late=late, queued=self.at(message))
                    self._told[session_id].append(told)
                self._unnamed += _sum(_MORE.findall(message.plain))
            elif not (self._name.startswith(DIRECT) and _NOTICE.match(message.plain)):
                self._found.wrong.append(f"{self._name}: unasked: {message.plain[:200]!r}")
        alarms = len(self._alarms)
        least = alarms + sum(each.lasts for each in self._asked)
        most = alarms + sum(each.typed for each in self._asked)
        said = f"{self._name}: {hello} first messages of {least} subscriptions"
        self._found.lost += [said] * (hello < least)
        self._found.twice += [said] * (hello > most)

    def _card_told(self, message: Message) -> Told:
        ended = "⚪ Ended" in self._first[message.ts].plain
        late = key_of(message.metadata) in self._late or tells(self._first[message.ts])
        return Told(float(message.ts), ended, message, late, self.at(message))

    def at(self, message: Message) -> float:
        """When it was queued."""
        return self._queued.get(key_of(message.metadata), float(message.ts))

    def _session(self, session: Session, told: Sequence[Told]) -> None:
        asked = self._of(session)
        kinds = frozenset[str]().union(*(each.kinds for each in asked))
        what = f"{self._name}: session {session.id}"
        if not asked and not any(tells(self._first[each.card.ts]) for each in told if each.card):
            self._found.wrong += [f"{what} is nobody's wish"] * bool(told)
            return
        live, ended = [each for each in told if not each.ended], [each for each in told if each.ended]
        cards = [each.card for each in told if each.card]
        # what fires has a card, also where a list has told of its session
        live = [each for each in live if not (each.card and tells(self._first[each.card.ts]))]
        if len(live) > 1 or len(ended) > 1 or len(cards) > 1 or (ended and any(each.card for each in live)):
            self._found.twice.append(f"{what} told {len(live)} times as live, {len(ended)} times as ended")
        since = max((each.at for each in asked), default=inf)
        new, over = session.created_at > since, None if session.active else session.updated_at
        must = new and kinds & SHOWS and (over is None or kinds & {"start", "end"}) and self._silences.heard(session)
        must_end = over is not None and over > since and "end" in kinds and self._silences.heard_end(session)
        if (must and not told) or (must_end and not ended and not cards):
            if self._unnamed:
                self._unnamed -= 1
            else:
                quiet = f"quiet: {self._silences.told(session.created_at, session.updated_at)}"
                self._found.lost.append(f"{what}, opened {session.created_at:.3f}, ended {over}, told {told}, {quiet}")
        loud = [each for each in told if self._silences.surely(session, each.queued)]
        self._found.wrong += [f"{what} told at {each.queued:.3f}, when the channel was to be quiet" for each in loud]
        for card in cards:
            self._card(session, card, what)

    @property
    def cards(self) -> list[tuple[str, Message]]:
        """The cards, each with the id of its session."""
        return [
            (session_id, told.card) for session_id, all_told in self._told.items() for told in all_told if told.card
        ]

    def _card(self, session: Session, card: Message, what: str) -> None:
        said, state = card.plain, _STATE.findall(card.plain)
        total, present, most = len(session.peers), len(session.present()), _peak(session.peers.values())
        if session.active:
            whole = f"{present} in now, {total} in all" if total else "nobody yet"
            right = re.search(rf"\b{whole} · peak {most}\b", said)
        else:
            whole = f"{total} {'person' if total == 1 else 'people'}, peak {most} at " if total else "nobody came"
            right = re.search(rf"\b{whole}", said)
        if not right or state != [("⚪ Ended", "🟢 Live")[session.active]]:
            truth = f"live {session.active}, {present} in, {total} in all, peak {most}"
            self._found.wrong.append(f"{what}: {truth}, and the card says {said!r}")

    def _order(self) -> None:
        one_each = {session_id: each[0] for session_id, each in self._told.items() if each}
        one_each |= {card_of(message): self._card_told(message) for message in reversed(self._deleted)}
        first = sorted((each.ts, session_id, each) for session_id, each in one_each.items() if not each.late)
        known = [(ts, self._account.sessions[session_id], told) for ts, session_id, told in first]
        for place, (ts, session, told) in enumerate(known):
            for other_ts, other, other_told in known[place + 1 :]:
                if other_ts > ts and self._before(other, other_told, session, told):
                    self._found.disorder.append(f"{self._name}: {session.id} above {other.id}")
                    break

    def _before(self, one: Session, one_told: Told, other: Session, other_told: Told) -> bool:
        """True if `one` had certainly to be told before `other`: any poll that could tell of the other had read it
        before, or reads both, and then the one that started first goes first. One that was live before somebody
        subscribed gets its card when somebody comes or goes, whenever that is."""
        if not one_told.ended and one.created_at <= max((each.at for each in self._of(one)), default=0.0):
            return False
        at_start = any(each.kinds & SHOWS for each in self._of(other))
        latest = one.updated_at if one_told.ended else one.created_at
        earliest = other.created_at if at_start else other.updated_at
        slack = READ_S if one_told.ended or other_told.ended or self._hooked else 0.0
        return one.created_at < other.created_at and latest + slack < earliest

    def _recapped(self) -> None:
        """Each recap follows the end of a silence, lists only what was kept back, and counts no more than had ended."""
        for at in self._silences.unexplained(map(self.at, self._recaps)):
            what = f"{self._name}: a recap at {at:.3f}, when no silence had just ended"
            self._found.twice.append(f"{what}; quiet: {self._silences.told(at - CALM_S, at)}")
        for message in self._recaps:
            if self._silences.deaf(self.at(message)):
                said = f"a recap at {self.at(message):.3f}, when the channel was to be quiet"
                self._found.wrong.append(f"{self._name}: {said}: {message.plain[:300]!r}")
            at = self.at(message) + POLL_S
            kept = {
                session.id: session.active or session.updated_at > at
                for session in self._account.sessions.values()
                if session.created_at <= at and not self._silences.free(session, session.created_at, at)
            }
            listed = [session_id for _, session_id in _LINE.findall(message.plain)]
            many = _sum(_ENDED.findall(message.plain)[:1])
            if not kept.keys() >= {*listed} or many > sum(not live for live in kept.values()):
                self._found.wrong.append(f"{self._name}: a recap of what was not kept back: {message.plain[:300]!r}")

    def _replies(self) -> None:
        cards = {told.card.ts: session_id for session_id, each in self._told.items() for told in each if told.card}
        for ts in self._threads.keys() - cards.keys():
            self._found.wrong.append(f"{self._name}: replies to what is no card: {self._threads[ts][0].plain!r}")
        for ts, session_id in cards.items():
            self._thread(self._account.sessions[session_id], float(ts), self._threads[ts])

    def _thread(self, session: Session, posted: float, replies: Sequence[Message]) -> None:
        what = f"{self._name}: thread of {session.id}"
        kinds = frozenset[str]().union(*(each.kinds for each in self._of(session)))
        peers = {peer.name: peer for peer in session.peers.values()}
        joined: list[str] = []
        left: list[str] = []
        before = 0.0
        for reply in replies:
            match = _REPLY.fullmatch(reply.plain)
            came, went = (_NAME.findall(match[side] or "") if match else [] for side in ("joined", "left"))
            foreign = {*came, *went} - peers.keys()
            unasked = (came and "join" not in kinds) or (went and "leave" not in kinds)
            if foreign or unasked or not (came or went) or any(peers[name].left_at is None for name in went):
                self._found.wrong.append(f"{what}: {reply.plain!r}")
                continue
            if self._silences.surely(session, self.at(reply), reply=True):
                said = f"{reply.plain!r} at {self.at(reply):.3f}, when it was to be quiet"
                self._found.wrong.append(f"{what}: {said}")
            times = [*(peers[name].joined_at for name in came), *(peers[name].left_at or 0.0 for name in went)]
            if min(times) < before:
                self._found.disorder.append(f"{what}: {reply.plain!r}")
            before = max(before, *times)
            joined += came
            left += went
        twice = [name for names in (joined, left) for name, many in Counter(names).items() if many > 1]
        self._found.twice += [f"{what}: {name}" for name in twice]
        self._found.lost += [f"{what}: {name}" for name in self._missing(session, kinds, posted, joined, left)]

    def _missing(
        self, session: Session, kinds: Iterable[str], posted: float, joined: Sequence[str], left: Sequence[str]
    ) -> Iterable[str]:
        """People who came after the card was there and are in, or are said to have gone; who are said to have come and went.
        People of a session that is over are counted in its summary alone, where no poll came in between."""
        for peer in session.peers.values():
            is_in, after = session.active and peer.left_at is None, peer.joined_at > posted
            after = after and self._heard(session, peer.joined_at)
            if "join" in kinds and after and (is_in or peer.name in left) and peer.name not in joined:
                yield f"{peer.name} joined"
            gone = session.active and peer.left_at is not None and self._heard(session, peer.left_at)
            if "leave" in kinds and gone and peer.name in joined and peer.name not in left:
                yield f"{peer.name} left"

    def _heard(self, session: Session, at: float) -> bool:
        """True if replies about that moment were wanted."""
        return self._silences.free(session, at, at + CALM_S, reply=True)

    def _of(self, session: Session) -> list[Asked]:
        return [each for each in self._asked if each.room_id in (None, session.room_id)]


def _sum(numbers: Iterable[str]) -> int:
    return sum(int(number.replace(",", "")) for number in numbers)


def card_of(message: Message) -> str:
    """The session of a card, by its button."""
    for block in message.blocks:
        accessory = block.get("accessory") or {}
        if accessory.get("action_id") == "sessions.show":
            return str(accessory["value"]).partition("|")[2]
    return ""


def key_of(metadata: Any) -> str:
    """The key that a message carries; the metadata may be JSON."""
    if isinstance(metadata, str):
        metadata = json.loads(metadata)
    return str(((metadata or {}).get("event_payload") or {}).get("key", ""))


def _peak(peers: Iterable[Peer]) -> int:
    """The most that were in at once; who leaves makes room for who joins in the same moment, and who left as they
    joined was in."""
    events = [(peer.joined_at, 1, 1) for peer in peers]
    events += [
        (peer.left_at, 2 if peer.left_at == peer.joined_at else 0, -1) for peer in peers if peer.left_at is not None
    ]
    most = now = 0
    for _, _, step in sorted(events):
        now += step
        most = max(most, now)
    return most
