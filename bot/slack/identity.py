"""Who the bot is in its workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigError
from bot.health.judge import IN_ONE, ORG_WIDE
from bot.slack.retry_until_ready import retry_until_ready


class Identity:
    """auth.test, asked once at start so that no person's 3 seconds pay for it."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: dict[str, Any] = {}
        self._there = asyncio.Event()

    @property
    def known(self) -> bool:
        return bool(self._known)

    @property
    def team_id(self) -> str:
        """ "" until Slack has said it."""
        return str(self._known.get("team_id") or "")

    @property
    def user_id(self) -> str:
        return str(self._known.get("user_id") or "")

    @property
    def name(self) -> str:
        return str(self._known.get("user") or "")

    async def there(self) -> None:
        """Wait until it is known."""
        await self._there.wait()

    async def warm(self) -> None:
        """Ask until Slack answers. Raises ConfigError where it refuses the token, or the token is of no workspace."""
        answer = await retry_until_ready(self._client.auth_test, "SLACK_BOT_TOKEN", self._client.base_url)
        if answer.get("is_enterprise_install"):
            raise ConfigError(f"SLACK_BOT_TOKEN {ORG_WIDE}: {IN_ONE}.")
        self._known = {key: answer.get(key) for key in ("bot_id", "user_id", "user", "team_id", "enterprise_id")}
        self._there.set()

    def authorizer(self) -> Callable[..., Awaitable[AuthorizeResult]]:
        """For Bolt. It answers also before Slack has: no listener needs to know who the bot is."""

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=enterprise_id,
                team_id=team_id,
                bot_id=self._known.get("bot_id"),
                bot_user_id=self._known.get("user_id"),
                bot_token=self._client.token,
            )

        return authorize
