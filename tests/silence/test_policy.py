"""Silence of a channel, and its end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.silence.mute import Mute
from tests.alerts.parts import HOUR, NOW, NOW_MS, ROOMS, mute, policy, session


@pytest.mark.parametrize(
    ("mutes", "quiet", "until_h", "all_until_h"),
    [
        ([], "", None, None),
        ([mute()], "", 1, 1),
        ([mute("active")], "", 1, 1),
        ([mute(hours=0)], "", None, None),
        ([mute(channel="C2")], "", None, None),
        ([mute(f"room:{ROOMS[0]}")], "", 1, None),
        ([mute(f"room:{ROOMS[1]}")], "", None, None),
        ([mute("peers:<2")], "", 1, None),
        ([mute("peers:>=2")], "", None, None),
        ([mute(session_id=session().id)], "", 1, None),
        ([mute(session_id=session(number=2).id)], "", None, None),
        ([mute("peers:>=2", session_id=session().id)], "", None, None),
        ([mute("peers:<2"), mute("peers:<2", 3), mute("", 2)], "", 3, 2),
        ([], "14:00-15:02", 1, 1),
        ([], "15:00-16:00", None, None),
        ([mute()], "14:00-16:02", 2, 2),
        ([mute(hours=3)], "14:00-16:02", 3, 3),
        ([mute("peers:<2", hours=3)], "14:00-16:02", 3, 2),
    ],
)
def test_until_when_a_channel_does_not_want_to_hear(
    mutes: list[Mute], quiet: str, until_h: int | None, all_until_h: int | None
) -> None:
    """Of a session, and of all of them."""
    found = policy(*mutes, quiet=quiet)
    assert found.until_ms("C1", session("ann")) == (NOW_MS + until_h * HOUR if until_h else None)
    assert found.every_until_ms("C1") == (NOW_MS + all_until_h * HOUR if all_until_h else None)
    assert found.until_ms("C3", session("ann")) is found.every_until_ms("C3") is None
    assert found.holds("C1") or until_h is None or any(each.session_id for each in mutes)


@pytest.mark.parametrize(
    ("line", "minutes", "muted"),
    [
        ("alone:35m", 4, False), ("alone:35m", 5, True), ("-alone:35m", 4, True), ("-alone:35m", 5, False),
        ("missing:host>35m", 4, False), ("missing:host>35m", 5, True), ("idle:10s", 5, False),
    ],
)  # fmt: skip
def test_a_mute_by_what_lasts_is_judged_at_the_moment_of_the_message(line: str, minutes: int, muted: bool) -> None:
    """Somebody has been in alone for half an hour: what goes on for longer is withheld once it does."""
    at = NOW + timedelta(minutes=minutes, seconds=1)
    assert (policy(mute(line), now=at).until_ms("C1", session("ann")) is not None) is muted


def test_what_holds_in_a_channel() -> None:
    assert not policy(mute(hours=0), mute(channel="C2"), quiet="15:00-16:00").holds("C1")
    assert not policy(mute(session_id="another")).holds("C1")
    assert policy(mute("role:host")).holds("C1")
    assert policy(quiet="14:00-16:00").holds("C1")
    assert policy(unthreaded=["C1"]).threads("C2")
    assert not policy(unthreaded=["C1"]).threads("C1")
