"""Lists to their end, over a real socket; those that have none are made up."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from bot.core.session import Session
from bot.demo.fake_hms import Account, FakeHms, Oddities
from bot.errors import HmsBadReply
from bot.hms.client import Batch, Hms, RawBatch
from bot.hms.pages import PAGES_MOST, every_page, pages
from bot.hms.wire import Entry
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

    with pytest.raises(HmsBadReply, match="without an end"):
        _ = [batch async for batch in every_page(read, {})]
    assert starts == [None, *(str(number) for number in range(1, PAGES_MOST))]
    assert len([batch async for batch in pages(read, {}, 10)]) == 10  # who asked for so many has them


@pytest.mark.parametrize(
    ("entries", "cursor"),
    [
        ([{"id": "a"}, {"id": "b"}], "b"),
        ([{"id": "a"}, {"id": []}, {"id": ""}], "a"),
        ([{"id": []}], ""),
        ([], ""),
    ],
)
def test_it_goes_on_after_the_last_that_can_be_read(entries: list[object], cursor: str) -> None:
    raw = [Entry(msgspec.Raw(msgspec.json.encode(each))) for each in entries]
    assert RawBatch(raw, last=False).cursor == cursor
