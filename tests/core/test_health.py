"""The bounds of the doctor's judgements."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot.core import health
from bot.core.scopes import FEATURES
from bot.demo.run import scopes_of
from tests.conftest import ROOT


def test_the_features_need_what_the_manifest_asks_for(manifest: dict[str, object]) -> None:
    assert {scope for feature in FEATURES for scope in feature.scopes} == scopes_of(manifest)
    needed = {scope for feature in FEATURES if feature.needed for scope in feature.scopes}
    assert needed == set(manifest["oauth_config"]["scopes"]["bot"])  # type: ignore[index]


@pytest.mark.parametrize(
    ("ahead_s", "state"), [(0, "ok"), (-5, "ok"), (5.1, "warn"), (-10, "warn"), (10.1, "fail"), (-86_400, "fail")]
)
def test_clocks(ahead_s: float, state: str) -> None:
    found = health.judge_clock("100ms's", ahead_s, 10.0, "why")
    assert (found.state, bool(found.do)) == (state, state != "ok")
    assert ("behind" in found.seen) is (ahead_s > 5) and ("ahead of" in found.seen) is (ahead_s < -5)


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
    ],
)
def test_polls(good_s: float, since_s: float, running: bool, state: str) -> None:
    found = health.judge_polls(good_s, since_s, "HmsAuth", running=running, now_s=1_000, interval_s=15)
    assert (found.state, bool(found.do)) == (state, state != "ok")


@pytest.mark.parametrize(
    ("waiting", "oldest_s", "unconfirmed", "state"),
    [(0, 0, 0, "ok"), (3, 299, 0, "ok"), (3, 301, 0, "warn"), (0, 0, 1, "warn")],
)
def test_outbox(waiting: int, oldest_s: float, unconfirmed: int, state: str) -> None:
    found = health.judge_outbox(waiting, oldest_s, unconfirmed, "release")
    assert (found.state, "release" in found.do) == (state, unconfirmed > 0)


def test_revisions() -> None:
    known = ["0001", "0002"]
    judged = {now: health.judge_revision(now, known).state for now in ("", "0001", "0002", "0003", "abc")}
    assert judged == {"": "ok", "0001": "warn", "0002": "ok", "0003": "fail", "abc": "fail"}


def test_advice_calls_the_program_as_it_was_called() -> None:
    code = (
        "import sys; sys.argv[0] = '{}'; from bot.core.health import judge_revision as j; print(j('1', ('1', '2')).do)"
    )
    for called, says in (
        ("/home/ada/.local/bin/sessions-bot", "`sessions-bot migrate`"),
        ("x.py", "`python -m bot mi"),
    ):
        said = subprocess.run([sys.executable, "-c", code.format(called)], cwd=ROOT, capture_output=True, text=True)
        assert said.stdout.startswith(says), said
