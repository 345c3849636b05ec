"""The table of Slack's error codes against those that Slack documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.slack import refusals
from bot.slack.refusals import BAD_BLOCKS, FROZEN, LOST_TOKEN, MISSED, REFUSALS, UNSURE, WAITS

DOCUMENTED: dict[str, list[str]] = json.loads((Path(__file__).parents[1] / "data/slack/errors.json").read_text("utf-8"))


@pytest.mark.parametrize("method", DOCUMENTED)
def test_every_documented_code_has_an_owner(method: str) -> None:
    assert [code for code in DOCUMENTED[method] if code not in REFUSALS] == []


def test_special_codes_have_the_owner_that_their_handling_takes_for_granted() -> None:
    assert {REFUSALS[code] for code in (*BAD_BLOCKS, *FROZEN, *MISSED)} == {"message"}
    assert {REFUSALS[code] for code in LOST_TOKEN} == {"workspace"}
    assert {REFUSALS[code] for code in (*UNSURE, *WAITS)} == {"passing"}


def test_a_code_stands_in_the_table_once() -> None:
    source = Path(refusals.__file__).read_text("utf-8")
    parts = [
        source.partition(f'{name} = """')[2].partition('"""')[0].split()
        for name in ("_WORKSPACE", "_CHANNEL", "_THREAD", "_MESSAGE")
    ]
    codes = [code for part in parts for code in part] + [*UNSURE, *WAITS]
    assert len(codes) == len(set(codes))
