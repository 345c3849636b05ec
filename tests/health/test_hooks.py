"""How well webhooks do, as the doctor, /readyz and the command line say it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.health.hooks import SILENT, judge_hooks
from bot.settings import Settings
from tests.health.conftest import World
from tests.live import opened, polls, said_soon, until
from tests.web.strangers import health
from tests.work import at_work

SECRET = "a-secret-for-tests-of-webhooks-only-0123"


def test_the_result_says_when_the_last_came_and_how_much_sooner() -> None:
    good = judge_hooks(130.0, 7.25, silent=False)
    assert (good.state, good.detail) == ("ok", "the last came 2 min ago, 7.2 s ahead of polls (median)")
    assert judge_hooks(None, None, silent=False).detail == "none has come here yet"
    bad = judge_hooks(7_300.0, None, silent=True)
    assert (bad.state, bad.detail) == ("warn", f"{SILENT}: the last came 2 h ago")
    assert "X-Sessions-Secret" in bad.fix


@pytest.mark.slow
async def test_the_command_line_reads_the_secret_and_never_shows_it(world: World) -> None:
    assert not (await world.doctor()).of("Webhooks")
    (await world.doctor(HMS_WEBHOOK_SECRET=SECRET)).shows("Webhooks", "ok", "set up; ")
    said = await world.doctor(HMS_WEBHOOK_SECRET=SECRET[:31])
    said.shows("HMS_WEBHOOK_SECRET", "fail has less than 32 characters  → write a long random word")
    refused = await world.refused("web", HMS_WEBHOOK_SECRET=SECRET[:31])
    assert refused.startswith("HMS_WEBHOOK_SECRET has less than 32 characters: write a long random word")


@pytest.mark.polls
async def test_that_none_comes_is_noticed_until_one_does(
    settings: Settings, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    room = account.add_room("Town hall")
    hooked = settings.model_copy(update={"hms_webhook_secret": SecretStr(SECRET)})
    async with at_work(hooked, slack) as started:
        await polls(hms)
        assert await health(started.url, "/readyz") == "ready\n"
        for _ in range(3):
            session = opened(account, room)

        async def note(text: str) -> None:
            while await health(started.url, "/readyz") != text:
                await until(lambda: True)

        await note(f"ready\n{SILENT}\n")
        assert "sessions_bot_webhooks_silent 1.0" in await health(started.url, "/metrics")
        await said_soon(slack, "doctor", "Webhooks", "none has come here yet")
        hms.webhooks.send_to(f"{started.url}/100ms/webhook", {"X-Sessions-Secret": SECRET})
        await hms.webhooks.send(hms.webhooks.event("beam.started.success", session))
        await note("ready\n")
        await said_soon(slack, "doctor details", "Webhooks", "the last came")
