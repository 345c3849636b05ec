"""The bounds of the doctor's judgements."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot.demo.run import scopes_of
from bot.health import judge as health
from bot.slack.scopes import NEEDS
from tests.conftest import ROOT


def test_the_features_need_what_the_manifest_asks_for(manifest: dict[str, object]) -> None:
    assert {scope for need in NEEDS for scope in need.scopes} == scopes_of(manifest)
    optional = {scope for need in NEEDS if not need.needed for scope in need.scopes}
    assert optional == set(manifest["oauth_config"]["scopes"]["bot_optional"])  # type: ignore[index]


@pytest.mark.parametrize("ahead_s", [0, -5, 5.1, -300, 300, -86_400, 86_400])
def test_clocks(ahead_s: float) -> None:
    """The bot goes by the others' clocks, so one that is wrong is no failure."""
    found = health.judge_clock(health.MACHINE, ahead_s, "Slack's")
    assert found.state == ("ok" if abs(ahead_s) <= 5 else "warn") and bool(found.fix) is (found.state != "ok")
    assert ("behind" in found.detail) is (ahead_s > 5) and ("ahead of" in found.detail) is (ahead_s < -5)


@pytest.mark.parametrize(("count", "state"), [(0, "fail"), (1, "warn"), (2, "ok"), (4, "ok")])
def test_sockets(count: int, state: str) -> None:
    found = health.judge_sockets(count)
    assert (found.state, bool(found.fix), str(count) in found.detail) == (state, state != "ok", True)


@pytest.mark.parametrize("claims", [{}, {"type": "management", "exp": "soon"}, {"type": "management", "exp": 1e300}])
def test_tokens_that_say_odd_things(claims: dict[str, object]) -> None:
    assert health.judge_token(claims, 1e9).state == ("ok" if claims else "fail")


@pytest.mark.parametrize(
    ("good_s", "since_s", "running", "state"),
    [
        (0, 0, False, "ok"),
        (0, 0, True, "warn"),
        (0, 990, True, "ok"),
        (950, 0, True, "ok"),
        (900, 0, True, "fail"),
        (900, 990, True, "ok"),
        (900, 0, False, "warn"),
        (1_004, 0, True, "ok"),
        (87_400, 0, True, "fail"),
        (87_400, 990, True, "ok"),
    ],
)
def test_polls(good_s: float, since_s: float, running: bool, state: str) -> None:
    found = health.judge_polls(good_s, since_s, "HmsAuth", running=running, now_s=1_000, interval_s=15)
    assert (found.state, bool(found.fix)) == (state, state != "ok")


@pytest.mark.parametrize(
    ("waiting", "oldest_s", "unconfirmed", "state"),
    [(0, 0, 0, "ok"), (3, 299, 0, "ok"), (3, 301, 0, "warn"), (0, 0, 1, "warn")],
)
def test_outbox(waiting: int, oldest_s: float, unconfirmed: int, state: str) -> None:
    found = health.judge_outbox(waiting, oldest_s, unconfirmed, "release")
    assert (found.state, "release" in found.fix) == (state, unconfirmed > 0)


def test_revisions() -> None:
    known = ["0001", "0002"]
    judged = {now: health.judge_revision(now, known).state for now in ("", "0001", "0002", "0003", "abc")}
    assert judged == {"": "ok", "0001": "warn", "0002": "ok", "0003": "fail", "abc": "fail"}


def test_advice_calls_the_program_as_it_was_called() -> None:
    code = "import sys; sys.argv[0] = '{}'; from bot.health.judge import judge_revision as j; print(j('1', ('1', '2')).fix)"
    for called, says in (
        ("/home/ada/.local/bin/sessions-bot", "`sessions-bot migrate`"),
        ("x.py", "`python -m bot mi"),
    ):
        said = subprocess.run([sys.executable, "-c", code.format(called)], cwd=ROOT, capture_output=True, text=True)
        assert said.stdout.startswith(says), said


def test_a_poll_that_is_dated_ahead_is_no_fresh_one() -> None:
    assert health.stale(87_400, 0, "", now_s=1_000, interval_s=15).startswith("when 100ms was last read isn't known")
    assert health.age(87_400, 1_000) is None
    assert health.stale(87_400, 990, "", now_s=1_000, interval_s=15) == ""
