"""The silence policy of a team's channels at one moment: mutes, quiet hours, threads that are off. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import cache

from bot.query.model import Query
from bot.query.plan import NO_ROOMS, matcher
from bot.query.times import ms
from bot.sessions.model import Room, Session
from bot.silence.mute import Mute
from bot.silence.quiet_hours import QuietHours, quiet_until

_Test = Callable[[Session], bool]


class SilencePolicy:
    """The policy at `now`. `quiets` is by channel; `unthreaded` are the channels without replies. If a mute needs a
    session's room and `rooms` lacks it, the mute is taken to cover the session."""

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
        # Evaluated only for channels where something happens, and once for equal hours: it takes a millisecond.
        self._end = cache(lambda quiet: quiet_until([quiet], now))
        self._mutes: dict[str, list[tuple[_Test, Mute]]] = {}
        tests: dict[tuple[Query, str], _Test] = {}  # shared by all channels that mute the same
        for mute in mutes:
            if mute.holds(ms(now)):
                target = (mute.query, mute.session_id)
                test = tests.get(target) or tests.setdefault(target, _test(mute, now, rooms))
                self._mutes.setdefault(mute.channel_id, []).append((test, mute))

    def until_ms(self, channel_id: str, session: Session) -> int | None:
        """The end of the channel's silence about that session, in milliseconds since 1970; None if there is none."""
        return self._latest(channel_id, lambda matches, mute: matches(session))

    def every_until_ms(self, channel_id: str) -> int | None:
        """The end of the channel's silence about all sessions, in milliseconds since 1970; None if it has none,
        whatever its mutes of some sessions."""
        return self._latest(channel_id, lambda matches, mute: not mute.query.terms and not mute.session_id)

    def alone(self, channel_id: str, session: Session) -> bool:
        """True if only mutes of that single session silence it in the channel."""
        others = self._latest(channel_id, lambda matches, mute: not mute.session_id and matches(session))
        return others is None and self.until_ms(channel_id, session) is not None

    def holds(self, channel_id: str) -> bool:
        """True while quiet hours or a mute of more than a single session hold in the channel."""
        return self._latest(channel_id, lambda matches, mute: not mute.session_id) is not None

    def threads(self, channel_id: str) -> bool:
        """True if the channel gets replies."""
        return channel_id not in self._unthreaded

    def _latest(self, channel_id: str, holds: Callable[[_Test, Mute], bool]) -> int | None:
        mutes = [mute.until_ms for matches, mute in self._mutes.get(channel_id, ()) if holds(matches, mute)]
        return max([*mutes, *self._quiet(channel_id)], default=None)

    def _quiet(self, channel_id: str) -> list[int]:
        """The ends of the quiet hours that hold now, in milliseconds since 1970."""
        return [ms(end) for quiet in self._quiets.get(channel_id, ()) if (end := self._end(quiet))]


def _test(mute: Mute, now: datetime, rooms: Mapping[str, Room]) -> _Test:
    matches, needs_room = matcher(mute.query, now, rooms), mute.query.needs_rooms

    def test(session: Session) -> bool:
        unknown = needs_room and session.room_id not in rooms
        return mute.session_id in ("", session.id) and (unknown or matches(session))

    return test
