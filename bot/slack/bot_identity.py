"""The bot's identity in a workspace: auth.test (docs.slack.dev/reference/methods/auth.test)."""

from __future__ import annotations

from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigError
from bot.slack.retry_until_ready import retry_until_ready

ORG_WIDE = "belongs to an installation for a whole organisation, and the bot serves one workspace"
IN_ONE = "install the app in one workspace, and copy the token from there"


@dataclass(frozen=True, slots=True)
class Who:
    """The bot in a workspace. `scopes` are the token's. `org_wide`: the token is one for a whole organisation, which
    has no workspace of its own."""

    team_id: str
    team: str
    name: str
    scopes: frozenset[str]
    org_wide: bool = False
    user_id: str = ""
    bot_id: str = ""


async def who_is(client: AsyncWebClient) -> Who:
    """The answer of auth.test. What it raises `slack.responses.judge` can tell."""
    answer = await client.auth_test()
    scopes = answer.headers.get("X-OAuth-Scopes", "")
    return Who(
        str(answer.get("team_id") or ""),
        str(answer.get("team") or ""),
        str(answer.get("user") or ""),
        frozenset(filter(None, (scope.strip() for scope in scopes.split(",")))),
        answer.get("is_enterprise_install") is True,
        str(answer.get("user_id") or ""),
        str(answer.get("bot_id") or ""),
    )


async def identify(client: AsyncWebClient) -> Who:
    """The same, asked until Slack answers. Raises ConfigError where it refuses the token, or the token is of no
    workspace."""
    who = await retry_until_ready(lambda: who_is(client), "SLACK_BOT_TOKEN", client.base_url)
    if who.org_wide:
        raise ConfigError(f"SLACK_BOT_TOKEN {ORG_WIDE}: {IN_ONE}.")
    return who
