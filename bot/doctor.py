"""What the doctor examines: beside the running bot, and without it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any

from bot.chat.workspace import Workspace
from bot.clients import given_token, hms_client, secret, slack_client, slack_http
from bot.core.access import Access, read_access
from bot.core.finding import Finding
from bot.errors import ConfigError
from bot.flows.asked import Parts
from bot.flows.doctor import examine
from bot.hms.client import Hms
from bot.proxy import RULE as PROXY_RULE
from bot.proxy import proxy_name
from bot.settings import HMS_KEYS, Mode, Settings, Wrong, modes, read_all, review
from bot.slack.commands import FREE, command_words
from bot.store.store import Store

ACCESS_RULE = "a rule is `subscribe, digest: S0123OPS C0123LIVE`, and `;` stands between two"


async def doctor() -> list[Finding]:
    """All that is found without the bot, of the settings as they are. Nothing is written anywhere."""
    settings, wrong = read_all()
    access: Access = {}
    try:
        access = read_access(settings.access, command_words(), FREE)
    except ConfigError as error:
        wrong.append(Wrong("ACCESS", error.text.removeprefix("ACCESS, "), ACCESS_RULE))
    async with AsyncExitStack() as stack:
        workspace = hms = None
        try:
            http = await stack.enter_async_context(slack_http(settings))
            hms = hms_client(settings)
        except ConfigError as error:  # a proxy: nobody can be asked without
            setting, _, said = error.text.partition(" ")
            wrong.append(Wrong(setting, said.removesuffix(f": {PROXY_RULE}."), PROXY_RULE))
        else:
            workspace = Workspace(slack_client(settings, http, again=False))
            stack.push_async_callback(hms.close)

        async def look() -> Store | None:
            if store := await Store.look(settings.database_url):
                stack.push_async_callback(store.close)
            return store

        seen = parts(settings, modes(settings), access, wrong, workspace=workspace, hms=hms, look=look)
        return await examine(seen)


def parts(
    settings: Settings,
    of: Sequence[Mode],
    access: Access,
    wrong: Sequence[Wrong] = (),
    *,
    workspace: Workspace | None,
    hms: Hms | None,
    look: Callable[[], Coroutine[Any, Any, Store | None]],
    since_s: float = 0.0,
    sockets: Callable[[], int] | None = None,
) -> Parts:
    """All that the settings leave fit to be looked at, `of` these modes; `wrong` as for `review`, the rest as in
    `Parts`. Without a `workspace` or `hms` there is a proxy that can't be used."""
    findings = review(settings, of, wrong)
    unfit = {finding.what for finding in findings if finding.state == "fail"}

    def fit(*names: str) -> bool:
        return unfit.isdisjoint(names)

    return Parts(
        findings,
        settings.poll_interval_s,
        access,
        since_s=since_s,
        workspace=workspace if fit("SLACK_BOT_TOKEN", "SLACK_API_URL") else None,
        slack_proxy=proxy_name(settings.slack_api_url) if workspace is not None else "",
        signed="web" in of,
        app_token=secret(settings.slack_app_token) if "socket" in of and fit("SLACK_APP_TOKEN") else "",
        sockets=sockets,
        hms=hms if fit(HMS_KEYS, "HMS_ACCESS_KEY", "HMS_SECRET", "HMS_MANAGEMENT_TOKEN", "HMS_API_URL") else None,
        hms_proxy=proxy_name(settings.hms_api_url) if hms is not None else "",
        given_token=given_token(settings),
        look=look if fit("DATABASE_URL") else None,
    )
