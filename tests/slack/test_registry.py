"""All that a feature adds is reached by its name, and no two features share one."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app import FEATURES, running
from bot.blockkit.blocks import Message, section
from bot.demo.fake_slack import FakeSlack
from bot.settings import Settings
from bot.slack.registry import Action, Callback, Command, Event, Feature, Registry
from bot.slack.request import Request
from tests.live import say, until
from tests.work import at_work


async def nothing(*_: Any) -> None:
    """Does nothing."""


async def greet(request: Request, rest: str) -> Message:
    return Message(f"Hello {rest}", [section(f"Hello {rest}")])


def command(name: str, *also: str) -> Feature:
    return Feature(commands=(Command(name, f"{name} [name]", "says hello", greet, also=also),))


async def test_a_command_is_one_entry(settings: Settings, slack: FakeSlack) -> None:
    async with at_work(settings, slack, features=(*FEATURES, command("greet", "greetings"))):
        assert (await say(slack, "greetings Ada")).plain == "Hello Ada"
        assert "greet [name]" in (await say(slack, "help")).plain
        assert "says hello" in (await say(slack, "greet help")).plain
        assert "greet" in (await say(slack, "greeet")).plain
    access = settings.model_copy(update={"access": "greetings: U0NOBODY"})
    async with at_work(access, slack, features=(*FEATURES, command("greet", "greetings"))):
        assert "for some people only" in (await say(slack, "greet Ada")).plain


async def test_an_event_is_one_entry(settings: Settings, slack: FakeSlack) -> None:
    heard: list[Any] = []

    async def hear(_bot: Any, _workspace: Any, event: Any) -> None:
        heard.append(event["channel"])

    features = (*FEATURES, Feature(events=(Event("channel_archive", hear),)))
    async with at_work(settings, slack, features=features) as started:
        await started.starting
        await slack.event({"type": "channel_archive", "channel": "C1"})
        await until(lambda: heard == ["C1"])


@pytest.mark.parametrize(
    ("another", "name"),
    [
        (command("mute"), "word 'mute'"),
        (command("greet", "snooze"), "word 'snooze'"),
        (command("list"), "word 'list'"),
        (Feature(actions=(Action("sessions.more", nothing),)), "action 'sessions.more'"),
        (Feature(views=(Callback("form", nothing), Callback("form", nothing))), "view 'form'"),
        (Feature(shortcuts=(Callback("open", nothing), Callback("open", nothing))), "shortcut 'open'"),
        (Feature(events=(Event("tokens_revoked", nothing),)), "event 'tokens_revoked'"),
    ],
)
async def test_a_name_that_is_taken_ends_the_start(settings: Settings, another: Feature, name: str) -> None:
    with pytest.raises(ValueError, match=f"Two features have the {name}"):
        async with running(settings, "web", features=(*FEATURES, another)):
            pass


def test_exactly_one_feature_answers_a_query() -> None:
    with pytest.raises(ValueError, match="2 features answer a line that calls no command"):
        Registry((*FEATURES, *FEATURES))
