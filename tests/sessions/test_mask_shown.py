"""`MASK_NAMES` through the real door: whatever shows people, shows pseudonyms."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.demo.fake_hms import Account, FakeHms, Oddities
from bot.demo.fake_slack import FakeSlack, Message
from bot.settings import Settings
from tests.live import cards, polls, press, say, until
from tests.work import at_work

PEOPLE = [
    ("Zyxwada Quorble", "zyxwada@quorble.example"),
    ("Ünglaub *Brixt*", "brixt-7"),
    ("<@U1|Vlomqui>", None),
    ("Guest 12345678", "vlomqui.two"),
    ("", "Frandole"),
]
FRAGMENTS = ("zyxwada", "quorble", "ünglaub", "brixt", "vlomqui", "12345678", "frandole", "nglaub")
GUEST = re.compile(r"Guest [0-9a-f]{8}")


@pytest.fixture(params=[None, 1], ids=str)
async def hms(account: Account, request: pytest.FixtureRequest) -> AsyncIterator[FakeHms]:
    async with FakeHms(account, oddities=Oddities(mixed=request.param)) as fake:
        yield fake


@pytest.fixture
async def bot(settings: Settings, slack: FakeSlack, hms: FakeHms) -> AsyncIterator[str]:
    masked = settings.model_copy(update={"poll_interval_s": 0.2, "mask_names": True})
    async with at_work(masked, slack) as started:
        await polls(hms)
        yield started.url


@pytest.fixture
def no_name_anywhere(slack: FakeSlack, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Neither in a call, nor in the bytes of the database, nor in the log."""
    yield
    sent = "\n".join(json.dumps(call.arguments, ensure_ascii=False) for call in slack.calls).casefold()
    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records).casefold()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("bot.db*")).decode("utf-8", "ignore").casefold()
    assert "guest " in sent and "guest " in kept
    for fragment in FRAGMENTS:
        assert fragment not in sent and fragment not in kept and fragment not in logged, fragment


def replies(slack: FakeSlack) -> list[Message]:
    return [each for each in slack.messages("live-ops") if each.thread_ts not in (None, each.ts)]


async def test_no_name_gets_out(
    no_name_anywhere: None, bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    room, now = account.add_room("Town hall"), time.time()
    before = account.open_session(room, now - 3_600)
    for name, who in PEOPLE:
        account.join(before, name=name, role="host", user_id=who, at=now - 3_600)
    account.end(before, now - 1_800)
    assert "✅" in (await say(slack, "subscribe on:start,end,join,leave")).plain
    session = account.open_session(room, time.time())
    account.join(session, name=PEOPLE[0][0], role="host", user_id=PEOPLE[0][1], at=time.time())
    card = await until(lambda: next(iter(cards(slack)), None))
    host = GUEST.search(card.plain)
    assert host, card.plain
    came = [account.join(session, name=name, role="guest", user_id=who, at=time.time()) for name, who in PEOPLE[1:]]
    told = (await until(lambda: replies(slack)))[0].plain
    assert len(set(GUEST.findall(told))) == 4 and "joined" in told
    await polls(hms)
    account.leave(session, came[0], time.time())
    left = (await until(lambda: [each for each in replies(slack) if "left" in each.plain]))[0].plain
    (gone,) = GUEST.findall(left)
    assert gone in told

    listed = await say(slack, "active")
    assert host[0] in listed.plain and "Town hall" in listed.plain
    shown = await press(slack, listed, "Show")
    assert shown.plain.count("Guest ") == len(PEOPLE), shown.plain
    assert set(GUEST.findall(shown.plain)) == {host[0], *GUEST.findall(told)}

    for line in (f'user:"{host[0]}"', f"user:{host[0].split()[1]}", "role:host"):
        assert session.id in (await say(slack, line)).plain, line
    short = account.open_session(room, time.time())  # over when it is first seen
    account.join(short, name=PEOPLE[0][0], role="host", user_id=PEOPLE[0][1], at=time.time())
    account.end(short, time.time())
    over = await until(lambda: [each for each in cards(slack) if "⚪ Ended" in each.plain])
    assert host[0] in over[0].plain
    assert host[0] in (await say(slack, "ended")).plain
    figures = (await say(slack, f"digest preview daily {time.strftime('%H:%M', time.gmtime())} UTC")).plain
    assert re.search(r"\b5\b", figures), figures


async def test_nobody_is_found_by_name_or_id(bot: str, slack: FakeSlack, hms: FakeHms, account: Account) -> None:
    room = account.add_room("Town hall")
    session = account.open_session(room, time.time())
    for name, who in PEOPLE:
        account.join(session, name=name, role="host", user_id=who, at=time.time())
    for said in ("zyxwada", '"Zyxwada Quorble"', "zyxwada@quorble.example", "brixt-7", "frandole", "12345678"):
        answer = (await say(slack, f"user:{said}")).plain
        assert session.id not in answer, said
