"""Selects the doctor's checks, within the running bot and without it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from bot.clients import given_token, hms_client, secret, slack_client, slack_http
from bot.clock import SLACK, Clock
from bot.db.database import Database
from bot.errors import ConfigError
from bot.health.block_oracle import judge_blocks
from bot.health.check_result import CheckResult
from bot.health.checks import examine
from bot.health.port import look as look_at_port
from bot.health.probes import Parts
from bot.health.slack_probe import SlackProbe
from bot.hms.client import Hms
from bot.net.proxy import proxy_name
from bot.review import misspelt, review
from bot.settings import HMS_KEYS, Mode, Settings, Wrong, modes, names_given, read_all
from bot.slack.access_rules import Access, read_access
from bot.slack.registry import Registry
from bot.slack.trace import trace

ACCESS_RULE = "a rule is `subscribe, digest: S0123OPS C0123LIVE`, and `;` stands between two"


async def doctor(registry: Registry, *, ask_slack: bool = False) -> list[CheckResult]:
    """Run all checks without the bot, by the current settings; writes nothing. `ask_slack`: also validate the bot's
    messages with Slack."""
    settings, wrong = read_all()
    access: Access = {}
    try:
        access = read_access(settings.access, registry.ruled, registry.free)
    except ConfigError as error:
        wrong.append(Wrong("ACCESS", error.text.removeprefix("ACCESS, ").removesuffix("."), ACCESS_RULE))
    clock = Clock()
    heard = trace(settings.slack_api_url, lambda date: clock.hear(SLACK, date))
    async with AsyncExitStack() as stack:
        probe = hms = judge = None
        try:
            http = await stack.enter_async_context(slack_http(settings, heard))
            hms = hms_client(settings, clock)
        except ConfigError as error:  # an unusable proxy, without which no service can be reached
            setting, _, said = error.text.removesuffix(".").partition(" ")
            why, _, do = said.partition(": ")
            wrong.append(Wrong(setting, why, do))
        else:
            probe = SlackProbe(slack_client(settings, http, again=False))
            stack.push_async_callback(hms.close)
            judge = partial(judge_blocks, http, settings.slack_api_url) if ask_slack else None

        async def look() -> Database | None:
            if store := await Database.look(settings.database_url):
                stack.push_async_callback(store.close)
            return store

        seen = parts(settings, modes(settings), access, clock, wrong, probe=probe, hms=hms, look=look)
        alike = list(misspelt(settings, *names_given()))
        known = all(each.name != "PORT" for each in wrong)
        port = partial(look_at_port, settings.host, settings.port) if known else None
        return await examine(replace(seen, settings=[*alike, *seen.settings], port=port, judge=judge))


def parts(
    settings: Settings,
    of: Sequence[Mode],
    access: Access,
    clock: Clock,
    wrong: Sequence[Wrong] = (),
    *,
    probe: SlackProbe | None,
    hms: Hms | None,
    look: Callable[[], Coroutine[Any, Any, Database | None]],
) -> Parts:
    """Return the parts that the settings allow to be checked in modes `of`; `wrong` as for `review`, `look` as in
    `Parts`. `probe` and `hms` are None for an unusable proxy."""
    findings = review(settings, of, wrong)
    unfit = {finding.name for finding in findings if finding.state == "fail"}

    def fit(*names: str) -> bool:
        return unfit.isdisjoint(names)

    return Parts(
        findings,
        settings.poll_interval_s,
        clock,
        access,
        probe=probe if fit("SLACK_BOT_TOKEN", "SLACK_API_URL") else None,
        slack_proxy=proxy_name(settings.slack_api_url) if probe is not None else "",
        signed="web" in of,
        ops_channel=settings.ops_channel if fit("OPS_CHANNEL") else "",
        app_token=secret(settings.slack_app_token) if "socket" in of and fit("SLACK_APP_TOKEN") else "",
        hms=hms if fit(HMS_KEYS, "HMS_ACCESS_KEY", "HMS_SECRET", "HMS_MANAGEMENT_TOKEN", "HMS_API_URL") else None,
        hms_proxy=proxy_name(settings.hms_api_url) if hms is not None else "",
        given_token=given_token(settings),
        hooked=settings.hms_webhook_secret is not None,
        look=look if fit("DATABASE_URL") else None,
    )
