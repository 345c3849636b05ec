"""A workspace whose token may read history, and a Chat in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.fake_slack import FakeSlack
from bot.outbox.chat import Chat
from bot.slack.data_blocks import DataBlocks
from tests.outbox.parts import HISTORY, POSTING

SCOPES = POSTING | HISTORY


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(scopes=SCOPES) as fake:
        yield fake
        assert fake.violations == []


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def chat_of(slack: FakeSlack, http: aiohttp.ClientSession, data_blocks: DataBlocks | None = None) -> Chat:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=http, retry_handlers=[])
    return Chat(client, data_blocks=data_blocks)


@pytest.fixture
def chat(slack: FakeSlack, http: aiohttp.ClientSession) -> Chat:
    return chat_of(slack, http)


@pytest.fixture
def live_ops(slack: FakeSlack) -> str:
    return slack.workspace.channel("live-ops").id
