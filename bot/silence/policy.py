"""What a team's channels don't want to hear now: mutes, quiet hours, threads that are off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import cache

from bot.query.model import Query
from bot.query.plan import NO_ROOMS, matcher
from bot.query.times import ms
from bot.sessions.model import Room, Session
from bot.silence.mute import Mute
from bot.silence.quiet_hours import QuietHours

_Test = Callable[[Session], bool]


class SilencePolicy:
    """As it is at `now`. `quiets` by channel; `unthreaded` are the channels that get no replies. A mute that needs to
    know a session's room, where that isn't among `rooms`, counts as one of the session."""

    def __init__(
        self,
        mutes: Iterable[Mute],
        quiets: Mapping[str, Iterable[QuietHours]],
        unthreaded: Collection[str],
        now: datetime,
        rooms: Mapping[str, Room] = NO_ROOMS,
    ) -> None:
        self._unthreaded = unthreaded
        self._quiets = quiets
        # asked of those channels alone where something happens, and once of equal hours: it takes a millisecond
        self._end = cache(lambda quiet: quiet.until(now))
        self._mutes: dict[str, list[tuple[_Test, Mute]]] = {}
        tests: dict[tuple[Query, str], _Test] = {}  # one of a query, however many channels have it
        for mute in mutes:
            if mute.holds(ms(now)):
                what = (mute.query, mute.session_id)
                test = tests.get(what) or tests.setdefault(what, _test(mute, now, rooms))
                self._mutes.setdefault(mute.channel_id, []).append((test, mute))

    def until_ms(self, channel_id: str, session: Session) -> int | None:
        """When the channel may hear of that session again, in milliseconds since 1970; None: now."""
        return self._latest(channel_id, lambda matches, mute: matches(session))

    def every_until_ms(self, channel_id: str) -> int | None:
        """When the channel may hear again of sessions of which nothing is known; None: now, but for the mutes of
        some."""
        return self._latest(channel_id, lambda matches, mute: not mute.query.terms and not mute.session_id)

    def alone(self, channel_id: str, session: Session) -> bool:
        """Whether nothing but mutes of that session alone keeps the channel from hearing of it."""
        others = self._latest(channel_id, lambda matches, mute: not mute.session_id and matches(session))
        return others is None and self.until_ms(channel_id, session) is not None

    def holds(self, channel_id: str) -> bool:
        """Whether there are sessions that the channel doesn't want to hear of, besides single ones."""
        return self._latest(channel_id, lambda matches, mute: not mute.session_id) is not None

    def threads(self, channel_id: str) -> bool:
        """Whether the channel gets replies."""
        return channel_id not in self._unthreaded

    def _latest(self, channel_id: str, holds: Callable[[_Test, Mute], bool]) -> int | None:
        mutes = [mute.until_ms for matches, mute in self._mutes.get(channel_id, ()) if holds(matches, mute)]
        return max([*mutes, *self._quiet(channel_id)], default=None)

    def _quiet(self, channel_id: str) -> list[int]:
        """When the quiet hours that hold now end."""
        return [ms(end) for quiet in self._quiets.get(channel_id, ()) if (end := self._end(quiet))]


def _test(mute: Mute, now: datetime, rooms: Mapping[str, Room]) -> _Test:
    matches, needs_room = matcher(mute.query, now, rooms), mute.query.needs_rooms

    def test(session: Session) -> bool:
        unknown = needs_room and session.room_id not in rooms
        return mute.session_id in ("", session.id) and (unknown or matches(session))

    return test
