"""Builds the clients of Slack and 100ms from the settings."""

from __future__ import annotations

import aiohttp
from pydantic import SecretStr
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import HMS, Clock
from bot.hms.auth import GivenToken, SignedToken, Token
from bot.hms.client import Hms
from bot.net.proxy import proxy_to
from bot.net.retry_budget import RetryBudget
from bot.sessions.mask import Mask
from bot.sessions.roles import RoleSettings
from bot.settings import Settings

SLACK_TIMEOUT_S = 8


def slack_http(settings: Settings, *traces: aiohttp.TraceConfig) -> aiohttp.ClientSession:
    """Return the HTTP session for all traffic to Slack, response_urls and websockets included; the caller closes it.
    Raises ConfigError for an unusable proxy."""
    return aiohttp.ClientSession(trace_configs=list(traces), proxy=proxy_to(settings.slack_api_url))


def slack_client(
    settings: Settings, http: aiohttp.ClientSession, *, again: bool = True, token: str | None = None
) -> AsyncWebClient:
    """Return a Web API client. `token` overrides the settings'. `again`: retry, which a client that posts must not."""
    client = AsyncWebClient(
        token=secret(settings.slack_bot_token) if token is None else token,
        base_url=f"{settings.slack_api_url}/",
        session=http,
        timeout=SLACK_TIMEOUT_S,
        retry_handlers=(
            [AsyncConnectionErrorRetryHandler(), AsyncRateLimitErrorRetryHandler(max_retry_count=1)] if again else []
        ),
    )
    client.proxy = None  # the SDK's own lookup ignores NO_PROXY; the session has the right one
    return client


def hms_client(settings: Settings, clock: Clock, budget: RetryBudget | None = None) -> Hms:
    """Return the client of 100ms; the caller closes it. Raises ConfigError as `slack_http` does."""
    mask = Mask(secret(settings.slack_bot_token)) if settings.mask_names else None
    return Hms(
        settings.hms_api_url,
        _hms_token(settings, clock),
        budget,
        mask=mask,
        roles=RoleSettings(settings.host_roles, settings.ignore_roles),
        proxy=proxy_to(settings.hms_api_url),
        clock=clock,
        hear=lambda date: clock.hear(HMS, date),
    )


def given_token(settings: Settings) -> str:
    """Return the fixed 100ms token, or "" if tokens are signed."""
    signed = settings.hms_access_key and settings.hms_secret
    return "" if signed else secret(settings.hms_management_token)


def secret(value: SecretStr | None) -> str:
    """Return the secret's value, "" if it isn't set."""
    return value.get_secret_value() if value is not None else ""


def _hms_token(settings: Settings, clock: Clock) -> Token:
    if settings.hms_access_key and settings.hms_secret:
        return SignedToken(settings.hms_access_key, settings.hms_secret.get_secret_value(), clock=lambda: clock.of(HMS))
    return GivenToken(given_token(settings))
