"""Run by `test_growing` in a tree with all additions: each works, and the tests ask for what is still to be written."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.demo.run import scopes_of
from bot.health.samples import samples
from bot.settings import Settings
from tests import test_docs, test_settings
from tests.clocks import Wall
from tests.fuzz.run import fuzz
from tests.fuzz.targets import TARGETS
from tests.fuzz.test_fuzz import test_every_line_has_a_target_and_a_printed_form as printed_forms
from tests.live import cards, meet, opened, press, say, subscribe, until
from tests.web import test_docs as test_web_docs
from tests.work import at_work
from tests.written import written


@pytest.fixture
async def bot(polling: Settings, slack: FakeSlack, clock: Wall) -> AsyncIterator[str]:
    async with at_work(polling, slack) as started:
        yield started.url


async def test_a_command_its_buttons_and_its_error(bot: str, slack: FakeSlack) -> None:
    pong = await say(slack, "ping Ada")
    assert "Pong for Ada" in pong.plain and pong.labels == ["Again", "What is live"]
    assert "Pong for Ada again" in (await press(slack, pong, "Again")).plain
    assert "Active sessions" in (await press(slack, pong, "What is live")).plain
    assert "It is too late for that." in (await say(slack, "ping late")).plain
    assert "ping [name]" in (await say(slack, "help")).plain
    assert "Showing `ping`" in (await say(slack, "pingg")).plain
    assert "ping [name]" in written("README.md") and "ping [name]" in written("manifest.yml")


async def test_an_event_a_metric_and_a_job(bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    await slack.event({"type": "team_rename", "name": "Initech"})
    async with httpx.AsyncClient() as http:
        assert "sessions_bot_pings_total 1.0" in (await http.get(f"{bot}/metrics")).text
    await until(lambda: "beat" in caplog.messages)


async def test_a_filter(bot: str, slack: FakeSlack, account: Account) -> None:
    room = account.add_room("Town hall")
    one, two = meet(account, room, ("Ann", "host")), meet(account, room, ("Ann", "host"), ("Bob", "guest"))
    listed = (await say(slack, "active odd:yes")).plain
    assert one.id in listed and two.id not in listed
    assert "an odd number of people came" in (await say(slack, "help odd")).plain
    assert "odd:<yes>" in written("README.md")


async def test_an_alert_kind(bot: str, slack: FakeSlack, hms: FakeHms, account: Account) -> None:
    assert "two join at once" in (await subscribe(slack, "on:start,pair")).plain
    session = opened(account, account.add_room("Town hall"))
    card = await until(lambda: next(iter(cards(slack)), None))
    for name in ("Bob", "Cleo"):
        account.join(session, name=name, role="guest", user_id=name, at=time.time())
    await until(lambda: [each for each in slack.messages("live-ops") if each.thread_ts == card.ts != each.ts])


async def test_a_check_and_a_scope(settings: Settings, manifest: dict[str, object]) -> None:
    asked = scopes_of(manifest)
    assert "reactions:write" in asked and "reactions:write" in written("docs/alerts.md")
    slack = FakeSlack(manifest=manifest, scopes=asked - {"reactions:write"})
    async with slack, at_work(settings.model_copy(update={"slack_api_url": slack.api_url}), slack):
        said = (await say(slack, "doctor details")).plain
    assert "50% full" in said and "nobody sees that the bot has heard" in said


def test_a_sample_a_setting_and_a_target(monkeypatch: pytest.MonkeyPatch) -> None:
    assert samples()["a pong"].head == "Pong"
    monkeypatch.setenv("PINGS_MOST", "5")
    assert Settings(_env_file=None).pings_most == 5
    assert fuzz("pong", TARGETS["pong"], 10, seed=1, timed=False).inputs == 10
    assert "line ping" in TARGETS


@pytest.mark.parametrize(
    "asks",
    [
        test_docs.test_the_lists_are_what_a_newcomer_expects,
        test_docs.test_the_readme_names_every_setting_and_only_those,
        test_settings.test_the_example_names_every_setting,
        test_web_docs.test_docs_and_code_have_the_same_metrics_and_labels,
        printed_forms,
    ],
)
def test_what_is_still_missing_is_asked_for(asks: object) -> None:
    with pytest.raises(AssertionError):
        asks()  # type: ignore[operator]
