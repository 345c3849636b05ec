"""Lists to their end, over a real socket; those that have none are made up."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from bot.demo.fake_hms import Account, FakeHms, FirstPage, Oddities
from bot.errors import HmsBadReply, HmsEndless
from bot.hms.client import Batch, Hms, RawBatch
from bot.hms.pages import PAGES_MOST, every_page, pages
from bot.hms.wire import Entry
from bot.sessions.model import Session
from tests.conftest import NOW
from tests.hms.test_client import fill


@pytest.mark.parametrize("count", [0, 1, 100, 250])
@pytest.mark.parametrize("final_last", ["id", "missing"])
async def test_each_session_comes_once(
    client: Hms, hms: FakeHms, account: Account, count: int, final_last: str
) -> None:
    hms.oddities = Oddities(final_last=final_last)  # type: ignore[arg-type]
    ids = fill(account, count)
    read = [each.id async for batch in every_page(client.list_sessions, {}) for each in batch.sessions]
    raw = [each.read().id async for batch in every_page(client.list_entries, {}) for each in batch.entries]
    assert read == raw == ids
    some = [each.id async for batch in pages(client.list_sessions, {}, 2) for each in batch.sessions]
    assert some == ids[:200]


async def test_a_list_without_an_end_is_not_complete() -> None:
    starts: list[str | None] = []

    async def read(params: Mapping[str, str], *, limit: int, start: str | None) -> Batch:
        starts.append(start)
        return Batch([Session(f"{len(starts)}")], last=False)

    with pytest.raises(HmsEndless, match="more than 100,000 sessions"):
        _ = [batch async for batch in every_page(read, {})]
    assert starts == [None, *(str(number) for number in range(1, PAGES_MOST))]
    assert len([batch async for batch in pages(read, {}, 10)]) == 10  # who asked for so many has them


@pytest.mark.parametrize("opens", [0, 30])
async def test_a_list_that_does_not_move_on_is_noticed_on_page_2(
    client: Hms, hms: FakeHms, account: Account, opens: int
) -> None:
    """`start` is ignored; with `opens`, sessions open between the two pages, so that these aren't the same."""
    fill(account, 150)
    for read in (client.list_sessions, client.list_entries):
        hms.requests.clear()
        hms.fail_always("/sessions", FirstPage())
        with pytest.raises(HmsBadReply, match="repeats"):
            async for _ in every_page(read, {}):
                for _ in range(opens):
                    account.open_session(account.add_room("Another"), NOW + 1_000)
        assert len(hms.requests) == 2
        hms.heal()


async def test_a_page_that_nothing_can_be_read_of_is_not_followed_by_the_first() -> None:
    asked: list[str | None] = []

    async def read(params: Mapping[str, str], *, limit: int, start: str | None) -> RawBatch:
        asked.append(start)
        return RawBatch([Entry(msgspec.Raw(b'{"id": []}'))] * limit, last=False)

    with pytest.raises(HmsBadReply, match="repeats"):
        _ = [batch async for batch in every_page(read, {})]
    assert asked == [None]


async def test_rooms_that_do_not_move_on_are_a_bad_reply(client: Hms, hms: FakeHms, account: Account) -> None:
    for number in range(150):
        account.add_room(f"Room {number}")
    _, cursor = await client.list_rooms()
    hms.fail("/rooms", FirstPage())
    with pytest.raises(HmsBadReply, match="repeats"):
        await client.list_rooms(start=cursor)


@pytest.mark.parametrize(
    ("entries", "cursor"),
    [
        ([{"id": "a", "active": True}, {"id": "b", "active": True}], "b"),
        ([{"id": "a", "active": True}, {"id": []}, {"id": ""}], "a"),
        ([{"id": []}], ""),
        ([], ""),
    ],
)
def test_it_goes_on_after_the_last_that_can_be_read(entries: list[object], cursor: str) -> None:
    raw = [Entry(msgspec.Raw(msgspec.json.encode(each))) for each in entries]
    assert RawBatch(raw, last=False).cursor == cursor
