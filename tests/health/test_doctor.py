"""The doctor on the command line, in good and in broken worlds."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.alerts import store as alerts_store
from bot.db import leases
from bot.db.database import Database
from bot.db.migrate import upgrade
from bot.demo.fake_hms import Oddities, Stall, Status
from bot.demo.fake_slack import ApiError, RateLimited, Stalled
from bot.demo.fake_slack.seed import OPERATORS, TEAM_ID
from bot.outbox import channel_pause
from bot.outbox import claims as claims_
from bot.outbox import store as outbox_store
from bot.tracking import store as tracking_store
from tests.conftest import ROOT
from tests.db import parts
from tests.db.test_migrations import begin
from tests.health.conftest import World

pytestmark = pytest.mark.slow

HMS_KEYS = {"HMS_ACCESS_KEY": "", "HMS_SECRET": ""}


def now_ms() -> int:
    return int(time.time() * 1000)


async def test_all_is_well_before_the_first_start(world: World) -> None:
    said = await world.doctor()
    assert (said.code, [(what, state) for state, what, _ in said.lines]) == (
        0,
        [(what, "ok") for what in ("Settings", "Slack token", "Slack socket", "Slack scopes", "100ms token", "Roles", "Clock",
                                   "Clock", "Port", "Database")],
    )  # fmt: skip
    assert said.sum == "✅ Everything works (10 checks)"
    assert said.of("Slack token") == [("ok", f"Live Studio ({TEAM_ID}), as @Sessions")]
    assert "python -m bot web or python -m bot socket" in said.of("Settings")[0][1]
    assert "none yet" in said.of("Database")[0][1]
    assert world.slack.violations == [] and list(world.folder.iterdir()) == []
    assert world.slack.sockets == 0


async def test_nothing_is_set(world: World) -> None:
    said = await world.doctor(**dict.fromkeys(world.env, ""))
    assert said.states() == {
        "SLACK_BOT_TOKEN": "fail", "SLACK_SIGNING_SECRET": "fail", "HMS_ACCESS_KEY and HMS_SECRET": "fail",
        "Port": "ok", "Database": "ok",
    }  # fmt: skip
    assert all("page" in rest for state, _, rest in said.lines if state == "fail")


async def test_each_wrong_setting_has_a_line_and_the_rest_is_looked_at(world: World) -> None:
    wrong = {"PORT": "http", "DEFAULT_TIMEZONE": "Mars/Olympus", "HMS_API_URL": "nowhere", "DATABASE_URL": "bot.db",
             "ACCESS": "list: @ada"}  # fmt: skip
    said = await world.doctor(**wrong, SLACK_SIGNING_SECRET="short")
    assert said.states() == dict.fromkeys(wrong, "fail") | {
        "SLACK_SIGNING_SECRET": "warn", "Slack token": "ok", "Slack socket": "ok", "Slack scopes": "ok", "Clock": "ok",
    }  # fmt: skip
    assert said.sum.startswith("❌ 5 of ") and said.sum.endswith("; look at SLACK_SIGNING_SECRET")
    said = await world.doctor(HMS_SECRET="short-secret")  # kingfisher:ignore
    said.shows("HMS_SECRET", "warn is short")
    said.shows("100ms token", "fail")
    (world.folder / ".env").write_bytes(b"PORT=\xff")
    (await world.doctor()).shows(".env", "fail")


async def test_it_takes_no_other_arguments(world: World) -> None:
    assert (await world.refused("doctor", "now")).startswith("unrecognized argument 'now'")


async def test_tokens_that_are_refused(world: World) -> None:
    said = await world.doctor(SLACK_BOT_TOKEN="xoxb-another", SLACK_APP_TOKEN="xapp-another", HMS_SECRET="another" * 6)
    said.shows("Slack token", "fail", "SLACK_BOT_TOKEN (invalid_auth)")
    said.shows("Slack socket", "fail", "connections:write")
    said.shows("100ms token", "fail", "HMS_ACCESS_KEY and HMS_SECRET (status 401: Token validation error)")
    assert "Slack scopes" not in said.states()  # they can't be known


async def test_slack_asks_to_wait(world: World) -> None:
    world.slack.fail("apps.connections.open", RateLimited(30))
    said = await world.doctor()
    waits = ("warn", "Slack asks to wait (ratelimited)  → try again in a minute")
    assert (said.code, said.of("Slack socket")) == (0, [waits])


@pytest.mark.parametrize(
    ("claims", "state", "says"),
    [
        ({"exp": time.time() + 6 * 86_400}, "ok", "taken, until 20"),
        ({"exp": time.time() + 86_400}, "warn", "expires in 23 h"),
        ({"exp": time.time() - 60}, "fail", "HMS_MANAGEMENT_TOKEN expired at 20"),
        ({"type": "app"}, "fail", "must be a management token"),
        ({"access_key": "another"}, "fail", "100ms refuses HMS_MANAGEMENT_TOKEN (status 401: Token validation error)"),
        (None, "fail", "is no token"),
    ],
)
async def test_a_given_token_of_100ms(world: World, claims: dict[str, Any] | None, state: str, says: str) -> None:
    token = "not-a-token-at-all" if claims is None else world.hms.token(**claims)
    said = await world.doctor(**HMS_KEYS, HMS_MANAGEMENT_TOKEN=token)
    said.shows("100ms token", state, says)
    assert said.code == (state == "fail")


async def test_scopes_that_are_missing(make_world: Callable[..., Any]) -> None:
    world = await make_world(without=frozenset({"users:read", "groups:history", "im:write"}))
    said = await world.doctor()
    assert said.code == 0
    lost, mend = zip(*(rest.split("  → ") for _, rest in said.of("Slack scopes")), strict=True)
    assert "can't be looked up in its channel" in lost[0] and "guests" in lost[2]
    assert [re.findall(r"`(.+?)`", each) for each in mend] == [["groups:history"], ["im:write"], ["users:read"]]
    world = await make_world(without=frozenset({"usergroups:read"}))
    assert (await world.doctor(ACCESS="digest: U0ADA")).states()["Slack scopes"] == "ok"
    (await world.doctor(ACCESS="digest: S0OPS")).shows(
        "Slack scopes", "warn", "user groups of ACCESS", "`usergroups:read`"
    )
    world = await make_world(without=frozenset({"chat:write"}))
    (await world.doctor()).shows("Slack scopes", "fail no alert and no digest can be posted  → add `chat:write`")


async def test_access_that_names_what_is_not_there(make_world: Callable[..., Any]) -> None:
    world = await make_world()
    said = await world.doctor(ACCESS="list: S0NOSUCH1; subscribe: C0NOWHERE1; digest: U0ADA")
    assert said.code == 1
    (group, channel) = said.of("Access")
    assert group[0] == "fail" and re.match("who is in S0NOSUCH1 .* no such user group .* → mend that id", group[1])
    assert channel[0] == "warn" and channel[1].startswith("C0NOWHERE1 Slack shows the bot no such channel")
    live = world.slack.workspace.channel("live-ops").id
    said = await world.doctor(ACCESS=f"list: {OPERATORS} D0DIRECT; subscribe: {live}")
    assert said.of("Access") == [("ok", "rules: 2; found: user groups 1, channels 1")]
    world.slack.fail("usergroups.users.list", ApiError("internal_error"))
    assert (await world.doctor(ACCESS=f"list: {OPERATORS}")).of("Access")[0][0] == "warn"
    world = await make_world(without=frozenset({"usergroups:read", "channels:read"}))
    said = await world.doctor(ACCESS="list: S0NOSUCH1 C0NOWHERE1")
    assert said.of("Access") == [("ok", "rules: 1")]  # the scopes say what is lost
    assert world.slack.violations == []


async def test_clocks_that_are_wrong(make_world: Callable[..., Any]) -> None:
    """Nothing depends on this machine's: what is signed is dated by the clock of whoever looks at the date."""
    world = await make_world(clock=lambda: time.time() + 400, hms={"clock": lambda: time.time() + 60})
    said = await world.doctor()
    assert (said.code, said.of("100ms token")[0][0]) == (0, "ok")
    (slack, hms) = said.of("Clock")
    assert re.match(r"this machine's clock is (6 min|[34]\d\d s) behind Slack's  → keep it set", slack[1])
    assert re.match(r"this machine's clock is \d+ s behind 100ms's  → keep it set", hms[1])
    assert slack[0] == hms[0] == "warn"
    for off_s in (-60, -86_400):
        world = await make_world(hms={"clock": lambda off_s=off_s: time.time() + off_s})
        said = await world.doctor()
        assert (said.code, said.of("100ms token")[0][0]) == (0, "ok")
        assert said.of("Clock")[1][0] == "warn" and "ahead of 100ms's" in said.of("Clock")[1][1]


async def test_what_hangs_is_a_line_and_hangs_nothing(world: World) -> None:
    world.slack.fail("auth.test", Stalled(60))
    world.slack.fail("apps.connections.open", Stalled(60))
    world.hms.fail_always("/sessions", Stall(60))
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections, and says nothing
        port = silent.getsockname()[1]
        async with asyncio.timeout(30):  # a busy machine
            url = f"postgresql://me:pass-word@127.0.0.1:{port}/bot"  # kingfisher:ignore
            said = await world.doctor(DATABASE_URL=url)
    assert said.code == 1
    assert {what: state for what, state in said.states().items() if what not in ("Settings", "Port")} == {
        "Slack token": "fail", "Slack socket": "fail", "100ms": "fail", "Database": "fail",
    }  # fmt: skip
    assert all("answer" in rest for _, what, rest in said.lines if what not in ("Settings", "Port")), said.lines


async def test_100ms_is_having_trouble(world: World) -> None:
    for status, says in ((503, "it answered 503"), (400, "(status 400: Bad Request)  → check HMS_API_URL")):
        world.hms.heal()
        world.hms.fail_always("/sessions", Status(status))
        (await world.doctor()).shows("100ms", "fail", says)


async def test_the_database_is_looked_at_and_left_alone(world: World, url: str) -> None:
    with begin(url) as connection:
        upgrade(connection, "0001")
    said = await world.doctor(DATABASE_URL=url)
    state, rest = said.of("Database")[0]
    assert state == "warn" and re.search("revision 0001 is older than .*python -m bot migrate", rest)
    assert said.code == 0 and "Last poll" not in said.states()
    with begin(url) as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0001"
    await (await Database.open(url)).close()
    said = await world.doctor(DATABASE_URL=url)
    assert (said.code, said.states()["Database"], said.states()["Last poll"]) == (0, "ok", "ok")
    with begin(url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    (await world.doctor(DATABASE_URL=url)).shows("Database", "fail", "newer version of the bot")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///{tmp}/nowhere/bot.db", "a folder that is there"),
        ("sqlite:///{tmp}/b%3Ft #1.db", "not an SQLite database"),
        ("sqlite:////dev/null", ""),
        ("sqlite:////proc/1/x", ""),
        ("sqlite:////nowhere/{secret}/bot.db", "/nowhere/[secret]/bot.db"),
        ("postgresql://me:pass-word@127.0.0.1:1/bot", "127.0.0.1:1/bot: it can't be reached"),  # kingfisher:ignore
        ("postgresql://me:pass-word?x@127.0.0.1:1/db", "percent-encode the password"),  # kingfisher:ignore
        ("postgresql://me:pass-word@h:99999/db", "from 1 to 65535"),  # kingfisher:ignore
    ],
)
async def test_a_database_with_which_the_bot_does_not_start(world: World, tmp_path: Path, url: str, says: str) -> None:
    """The same is told everywhere, without a password or secret."""
    (tmp_path / "b?t #1.db").write_text("nothing of the kind, and long enough to be looked at " * 40)
    url = url.format(tmp=tmp_path, secret=world.hms.secret)
    said = await world.doctor(DATABASE_URL=url)
    refused = (await world.refused("migrate", DATABASE_URL=url)).removeprefix("DATABASE_URL: ")
    assert said.code == 1 and says in refused and not said.of("Outbox")
    assert said.of("Database") == [("fail", f"{refused}  → mend that, or DATABASE_URL")]
    assert (await world.refused("web", DATABASE_URL=url)).removeprefix("DATABASE_URL: ") == refused


async def test_a_proxy_that_can_not_be_used(world: World) -> None:
    for proxy, says in (
        ("socks5://me:pass-word@127.0.0.1:1080", "names a SOCKS proxy, which the bot can't use"),  # kingfisher:ignore
        ("http://me:pass#word@127.0.0.1:1", "is not the address of a proxy"),
    ):
        said = await world.doctor(HTTP_PROXY=proxy)
        said.shows("HTTP_PROXY", f"fail {says}  → write http://host:port or ")
        assert said.states() == {"HTTP_PROXY": "fail", "Port": "ok", "Database": "ok"}  # nothing else can be asked
        assert (await world.refused("web", HTTP_PROXY=proxy)).startswith(f"HTTP_PROXY {says}: write http://host:port")
    assert (await world.refused("socket", http_proxy=proxy)).startswith(f"http_proxy {says}")


async def test_a_proxy_that_is_not_there_is_named(world: World) -> None:
    said = await world.doctor(HTTP_PROXY="http://me:pass-word@127.0.0.1:1")  # kingfisher:ignore
    for what in ("Slack token", "Slack socket", "100ms"):
        said.shows(what, "fail", "the proxy `127.0.0.1:1`,")
    assert not any("outbound network access" in rest for _, _, rest in said.lines)
    assert (await world.doctor(HTTP_PROXY="127.0.0.1:1", NO_PROXY="127.0.0.1")).code == 0


async def test_a_token_that_was_wrapped_is_to_be_copied_anew(world: World) -> None:
    for name, command in (("SLACK_BOT_TOKEN", "web"), ("SLACK_APP_TOKEN", "socket"), ("HMS_SECRET", "web")):
        wrapped = {name: world.env[name][:8] + "\n" + world.env[name][8:]}
        says = "has a space, a line break or another odd character in it"
        said = await world.doctor(**wrapped)
        assert said.of(name) == [("fail", f"{says}  → copy it anew")]
        assert len([state for state, _, _ in said.lines if state == "fail"]) == 1
        assert await world.refused(command, **wrapped) == f"{name} {says}: copy it anew."


async def subscribe(store: Database, channel_id: str) -> None:
    some = replace(parts.subscription(channel_id), team_id=TEAM_ID, created_ms=now_ms())
    first = replace(parts.message(f"first {channel_id}", channel_id), team_id=TEAM_ID)
    await alerts_store.subscribe(store, some, [], first, by=None)


async def polled(store: Database, at_ms: int) -> None:
    await tracking_store.commit(store, TEAM_ID, 0, at_ms, changed=[], cards=[], outgoing=[], fence=None, known=None)


async def test_what_waits_and_what_is_stuck(world: World, url: str) -> None:
    live, random, private = (world.slack.workspace.channel(name).id for name in ("live-ops", "random", "incident-room"))
    store = await Database.open(url)
    await polled(store, now_ms() - 3_600_000)
    for channel_id in (live, random, private):
        await subscribe(store, channel_id)
    rows = {row.channel_id: row for row in await claims_.claim(store, TEAM_ID, now_ms(), 60_000, 10)}
    await outbox_store.held(store, rows[private], "unconfirmed")
    await channel_pause.pause(store, TEAM_ID, live, "is_archived", now_ms(), lambda who: parts.message("dm", who))
    said = await world.doctor(DATABASE_URL=url, POLL_INTERVAL_S="1000")
    assert (said.code, said.of("Last poll")) == (0, [("ok", "100ms was last read 60 min ago")])
    said = await world.doctor(DATABASE_URL=url)
    state, rest = said.only("Last poll")
    running = url.startswith("sqlite")  # the file is open here; of PostgreSQL the poller's lease counts
    assert (state, said.code) == (("fail", 1) if running else ("warn", 0))
    assert rest.startswith("100ms was last read 60 min ago") and ("isn't running" in rest) is not running
    await leases.take(store, "poller", "somebody", 60_000)
    assert (await world.doctor(DATABASE_URL=url)).of("Last poll")[0][0] == "fail"
    await store.close()
    state, rest = said.only("Outbox")
    assert state == "warn"
    assert "messages held, unconfirmed: 1  → Send them in `/sessions subscriptions` of their channels" in rest
    lines = {rest.split()[0]: (state, rest) for state, rest in said.of("Channel")}
    assert set(lines) == {live, random, private} and {state for state, _ in lines.values()} == {"warn"}
    assert "paused: the channel is archived  → unarchive it" in lines[live][1]
    assert re.search(r"the bot isn't in it.*→ type `/invite @Sessions` there", lines[random][1])
    assert "messages held, unconfirmed: 1  → Send them" in lines[private][1]


async def test_messages_that_do_not_go_out(make_world: Callable[..., Any], sqlite: str) -> None:
    world = await make_world(without=frozenset({"groups:read"}))
    channels = [f"C{number:02}" for number in range(12)]
    store = await Database.open(sqlite)
    await polled(store, now_ms())
    await outbox_store.add(store, [replace(parts.message("m"), team_id=TEAM_ID)], now_ms() - 3_600_000)
    for channel in channels:
        await subscribe(store, channel)
    before = await world.doctor(DATABASE_URL=sqlite)
    untold = "as far as can be told without channels:read and groups:read"
    assert before.of("Channels") == [("ok", f"12 in use, none paused, {untold}")]
    for channel in channels:
        await channel_pause.pause(
            store, TEAM_ID, channel, "no_`such`_code", now_ms(), lambda who: parts.message(who, who)
        )
    await store.close()
    said = await world.doctor(DATABASE_URL=sqlite)
    state, rest = said.only("Outbox")
    assert (said.code, state) == (0, "warn") and "messages are to be sent, the oldest for 60 min" in rest
    assert said.only("Last poll")[0] == "ok"
    assert [rest.split()[0] for _, rest in said.of("Channel")] == channels[:10]
    assert said.only("Channels")[1].startswith("something is wrong with 2 more")
    assert world.slack.violations == []


async def test_what_is_logged_meanwhile_are_lines_of_the_log(world: World) -> None:
    code = (
        "import atexit, runpy, sys, warnings; atexit.register(warnings.warn, \"Ann's room\"); sys.argv = ['bot', 'doctor'];"
        "runpy.run_module('bot', run_name='__main__')"
    )
    env, pipe = os.environ | {"PYTHONPATH": str(ROOT)} | world.env, asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=world.folder, env=env, stdout=pipe, stderr=pipe
    )
    _, written = await process.communicate()
    assert re.fullmatch(r"\S+ warning warned kind=UserWarning at=\S+\n", written.decode())


async def test_a_role_that_no_template_has_is_named(world: World) -> None:
    world.hms.account.add_template("school", hosts=["teacher"], others=["student"], recorder="watcher")
    assert (await world.doctor()).only("Roles") == ("ok", "hosting: teacher; recording: watcher")
    said = await world.doctor(HOST_ROLES="Teacher,teachr", IGNORE_ROLES="watcher,beam")
    said.shows("Roles", "warn", "HOST_ROLES names teachr, which no template has. Theirs are student")
    world.hms.fail_always("/templates", Status(403))
    (await world.doctor()).shows("Roles", "warn", "who hosts is guessed")


async def test_a_workspace_whose_names_are_hashes_and_sessions_that_cannot_be_read(world: World) -> None:
    account = world.hms.account
    session = account.open_session(account.add_room("Town-hall"), 1_790_000_000.0)
    account.join(session, name="Ann", role="host", at=1_790_000_000.0)
    lost = account.open_session(account.add_room("Kitchen"), 1_790_000_000.0)
    lost.verbatim = {"id": []}
    world.hms.oddities = Oddities(hashed=True)
    found = (await world.doctor()).of("100ms sessions")
    assert [state for state, _ in found] == ["warn", "ok"]
    assert "1 of the 2 newest" in found[0][1] and "HIPAA" in found[1][1]


async def test_a_damaged_file_and_one_that_others_may_read(world: World, tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    store = await Database.open(f"sqlite:///{path}")
    await parts.commit(store, *(parts.message(f"m{n}", text="x" * 500) for n in range(200)))
    await store.close()
    path.chmod(0o644)
    said = await world.doctor(DATABASE_URL=f"sqlite:///{path}")
    assert said.code == 0 and [state for state, _ in said.of("Database")] == ["ok", "warn"]
    assert "other users of this machine may read its files" in said.of("Database")[1][1]
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xff" * (path.stat().st_size - 8 * 4096))
    said = await world.doctor(DATABASE_URL=f"sqlite:///{path}")
    assert said.code == 1 and "the file is damaged; put a backup in its place" in said.of("Database")[0][1]
    assert "the file is damaged" in await world.refused("web", DATABASE_URL=f"sqlite:///{path}")
