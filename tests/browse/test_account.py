"""An account as real ones are: rooms that are disabled, names that are hashes, answers that are odd."""

from __future__ import annotations

import pytest

from bot.demo.fake_hms import Account, FakeHms, Oddities, Status
from bot.demo.fake_hms.wire import hashed
from bot.demo.fake_slack import FakeSlack
from tests.live import fill, meet, say, shown


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


SPOILT = {"id": "f" * 24, "room_id": "a" * 24, "active": True, "created_at": "2026-11-23T14:02:00Z"}


def listed(*sessions: object) -> Status:
    return Status(200, body={"limit": 100, "data": list(sessions), "last": ""})


@pytest.mark.parametrize("odd", [{"left_at": 1662652322}, {"left_at": "later"}, {"joined_at": "soon"}, {"name": []}])
async def test_an_odd_peer_costs_no_session(bot: str, slack: FakeSlack, hms: FakeHms, odd: dict[str, object]) -> None:
    peers = {str(number): {"name": f"P {number}", "role": "guest"} for number in range(3)}
    hms.fail("/sessions", listed(SPOILT | {"peers": peers | {"1": peers["1"] | odd}}))
    answer = await say(slack, "active")
    assert shown(answer) == ["f" * 24]
    assert f"{2 if 'left_at' in odd else 3} in now, 3 in all" in answer.plain
    assert "could not be read" not in answer.plain


async def test_an_answer_says_how_many_sessions_could_not_be_read(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    hms.fail("/sessions", listed(SPOILT, {"id": []}, SPOILT | {"id": "e" * 24, "active": "perhaps"}))
    answer = await say(slack, "active")
    assert shown(answer) == ["f" * 24]
    assert "2 sessions could not be read." in answer.plain and "2 sessions could not be read." in answer.text
    hms.fail("/sessions", listed({"id": []}))
    answer = await say(slack, "active")
    assert "No sessions match." in answer.plain and "1 session could not be read." in answer.plain


@pytest.mark.parametrize("body", [{}, {"success": False, "msg": "account is suspended"}])
async def test_an_answer_without_a_list_is_no_empty_list(
    bot: str, slack: FakeSlack, hms: FakeHms, body: dict[str, object]
) -> None:
    hms.fail_always("/sessions", Status(200, body=body))
    for line in ("active", "digest preview daily 9:00"):
        answer = await say(slack, line)
        assert "in a form I don't know" in answer.plain, line
        assert "No sessions" not in answer.plain and "no sessions" not in answer.plain


@pytest.mark.parametrize(
    "odd",
    [
        Oddities(odd_envelope=True),
        Oddities(active_as_text=True),
        *(Oddities(times=times) for times in ("epoch", "epoch_ms", "go", "no_zone")),
        Oddities(limit_most=20),
    ],
)
async def test_what_is_written_otherwise_is_read_all_the_same(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account, odd: Oddities
) -> None:
    sessions = [each.id for each in fill(account, 25) if each.active]
    plain = (await say(slack, "active limit:25")).plain
    hms.oddities = odd
    answer = await say(slack, "active limit:25")
    assert shown(answer) == sessions
    assert answer.plain.count("1 in now, 1 in all") == plain.count("1 in now, 1 in all") == 25
    assert "could not be read" not in answer.plain


async def test_a_page_is_as_large_as_the_account_takes(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    fill(account, 45)
    hms.oddities = Oddities(limit_most=20)
    assert len(shown(await say(slack, "active peers:>=1 limit:45"))) == 45
    limits = [request.query["limit"] for request in hms.requests if request.path == "/sessions"]
    assert limits[0] == "100" and set(limits[1:]) == {"20"}


async def test_a_refusal_that_gives_no_number_is_met_with_smaller_pages(
    hms: FakeHms, bot: str, slack: FakeSlack
) -> None:
    refused = Status(400, body={"code": 400, "message": "limit is too large"})
    hms.fail("/sessions", refused, refused)
    await say(slack, "active peers:>=1")
    limits = [request.query["limit"] for request in hms.requests if request.path == "/sessions"]
    assert limits == ["100", "50", "25"]


async def test_without_templates_a_ghost_hosts_nothing(bot: str, slack: FakeSlack, account: Account) -> None:
    meet(account, account.add_room("Kitchen"), ("Gus", "ghost"), ("Ann", "co-host"))
    answer = await say(slack, "active")
    assert "hosted by Ann" in answer.plain and "Gus" not in answer.plain


async def test_details_give_connections_and_people(bot: str, slack: FakeSlack, account: Account) -> None:
    session = meet(account, account.add_room("Kitchen"))
    at = session.created_at
    for name in ("Ann", "Bob"):
        account.join(session, name=name, role="guest", user_id="shared", at=at)
    for number in range(3):
        cyd = account.join(session, name="Cyd", role="guest", at=at + number * 10)
        account.leave(session, cyd, at + number * 10 + 5)
    details = await say(slack, f"show {session.id}")
    assert "2 in now, 3 in all\n5 connections" in details.plain
    assert all(name in details.plain for name in ("Ann", "Bob", "Cyd · left · 3 visits"))
