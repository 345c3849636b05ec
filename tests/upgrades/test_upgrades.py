"""Today's bot opens what an older version left behind when it was killed in the middle of its work: nothing is lost,
nothing comes twice, and what people set up and see goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bot.demo.fake_slack import Message
from bot.demo.fake_slack.model import options_of
from tests.chaos.checker import RECAP, card_of
from tests.chaos.digests import is_digest
from tests.live import cards, until
from tests.upgrades.make import DATA, DUE_M, SECOND_DUE_M
from tests.upgrades.stored import Stored

pytestmark = pytest.mark.slow

MINUTE_S, HOUR_S = 60.0, 3_600.0
EDIT_S = 15.0
"""A card is edited as often."""
LAST = "Remove", "Unmute", "Turn off"
"""They take away what other buttons are about."""
FAILED = re.compile(r"^⚠️|can't be read|went wrong|reference `")


@pytest.fixture(params=sorted(path.stem for path in DATA.glob("*.sql")))
def stored(request: pytest.FixtureRequest, url: str, monkeypatch: pytest.MonkeyPatch) -> Stored:
    made = Stored(request.param, url)
    made.wall.rule(monkeypatch)
    return made


async def test_what_waited_comes_once_and_old_cards_go_on(stored: Stored) -> None:
    """A message that was on its way and had arrived isn't sent again, one that hadn't is; what is held stays held."""
    async with stored.opened():
        live = stored.cards("live-ops")
        (first, _), *_ = live
        for session, _ in live:
            stored.account.end(session, stored.wall())
        late = next(each for each in stored.account.active_sessions() if each.room_id == first.room_id)
        await until(lambda: stored.due <= stored.keys().keys())
        await stored.pass_time(EDIT_S)
        for _, card in live:
            await until(lambda card=card: "⚪ Ended" in stored.now(card.channel, card.ts).plain)
        (card,) = (each for each in cards(stored.slack) if card_of(each) == late.id)
        stored.account.join(late, name="Dan", role="guest", user_id="dan", at=stored.wall())
        await until(lambda: [each for each in stored.new("live-ops") if each.thread_ts == card.ts])
        assert set(stored.keys().values()) == {1}
        assert not stored.keys().keys() & (stored.paused | stored.unconfirmed)
        for channel in ("live-ops", "general", "incident-room"):
            told = [card_of(each) for each in cards(stored.slack, channel)]
            assert len(told) == len(set(told)), channel


async def test_what_is_due_comes_and_mutes_hold_until_they_end(stored: Stored) -> None:
    async with stored.opened():
        slack = stored.slack
        noisy, heard = stored.open("Noisy room"), stored.open("Town hall")
        await until(lambda: any(card_of(each) == heard.id for each in cards(slack)))
        await stored.pass_time(DUE_M * MINUTE_S)
        await until(lambda: [each for each in stored.new("live-ops") if is_digest(each)])
        await stored.pass_time((SECOND_DUE_M - DUE_M) * MINUTE_S)
        await until(lambda: [each for each in stored.new("general") if is_digest(each)])
        assert [each.plain for name in ("support", "night") for each in stored.new(name)] == []
        assert not any(card_of(each) == noisy.id for each in cards(slack))
        await stored.pass_time(HOUR_S)
        for name in ("support", "night"):
            (recap,) = await until(lambda name=name: stored.new(name))
            assert RECAP in recap.plain and noisy.id in recap.plain
        await stored.pass_time(HOUR_S)
        await until(lambda: [each for each in stored.new("live-ops") if RECAP in each.plain])
        assert set(stored.keys().values()) == {1}
        for name, digests in (("live-ops", 1), ("general", 1), ("incident-room", 0)):
            assert sum(is_digest(each) for each in stored.new(name)) == digests, name


async def test_every_old_button_answers(stored: Stored) -> None:
    """Each kind once, as the old version wrote its value; what was held for a person, or as long as the bot was shut
    out, then goes out."""
    async with stored.opened():
        slack = stored.slack
        slack.workspace.join(slack.workspace.channel("random"), slack.workspace.bot_user)
        await until(lambda: stored.due <= stored.keys().keys())
        pressed = sorted(_buttons(stored.before), key=lambda each: each[2] in LAST)
        assert {"More", "Share in channel", "Details", "Resume", "Send them", "Pause", "Remove"} <= {
            label for _, _, label in pressed
        }
        for message, action, label in pressed:
            await slack.dispatch_action(message, action, message.ephemeral_to)
            answer = await slack.reply(where=lambda each: each.user == slack.workspace.bot_user)
            assert not FAILED.search(answer.plain), (label, action, answer.plain)
        await until(lambda: stored.paused | stored.unconfirmed <= stored.keys().keys())
        assert set(stored.keys().values()) == {1}


def _buttons(messages: list[Message]) -> Iterator[tuple[Message, dict[str, Any], str]]:
    """Each button and each option of a menu that a message has, one of each kind: its message, what a press sends, and
    its label."""
    known = set()
    for message in messages:
        for block, element in message.elements():
            action_id = element["action_id"].partition(".1")[0]
            for option in options_of(element) or [None]:
                label = (option or element)["text"]["text"]
                if (action_id, label) in known:
                    continue
                known.add((action_id, label))
                action = {"type": element["type"], "block_id": block["block_id"], "action_id": element["action_id"]}
                more = {"selected_option": option} if option else {"value": element["value"], "text": element["text"]}
                yield message, {**action, **more}, label
