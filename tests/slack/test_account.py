"""An account as real ones are: rooms that are disabled, names that are hashes, answers that are odd."""

from __future__ import annotations

from bot.demo.fake_hms import Account, FakeHms, Oddities
from bot.demo.fake_hms.wire import hashed
from bot.demo.fake_slack import FakeSlack
from tests.slack.live import fill, say, shown


async def test_a_disabled_room_is_found_by_its_name(bot: str, slack: FakeSlack, account: Account) -> None:
    old = account.add_room("Old-batch", enabled=False)
    sessions = fill(account, 2, room=old, ended_every=1)
    fill(account, 1)
    for line in ("ended room:Old-batch", "ended room:old"):
        assert shown(await say(slack, line)) == [each.id for each in sessions], line


async def test_a_room_whose_name_is_a_hash_is_found_by_either(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    hms.oddities = Oddities(hashed=True)
    sessions = fill(account, 1, room=account.add_room("Town-hall"))
    fill(account, 1, room=account.add_room("Kitchen"))
    name = hashed("Town-hall")
    for line in ("room:Town-hall", f"room:{name}"):
        answer = await say(slack, line)
        assert shown(answer) == [each.id for each in sessions]
        assert f"{name[:8]}…" in answer.plain
        assert name not in answer.plain.replace(f"room:{name}", "")
