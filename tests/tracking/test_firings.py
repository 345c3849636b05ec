"""Alerts that fire and resolve, from an account to the messages of a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.alerts import firing_store
from bot.alerts import store as alerts_store
from bot.db.setting_change import SettingChange
from bot.demo.fake_hms.records import Peer, Session
from bot.outbox import threads
from bot.outbox.message import Claimed
from tests.tracking.parts import BY, CHANNEL, HOUR, TEAM, World

MINUTE = timedelta(minutes=1)
LINE = "missing:host>2m"
WRONG = "*Town hall*: no host is in."


def shown(rows: Sequence[Claimed]) -> list[tuple[str, str]]:
    """The kind of each message, `broadcast` for a reply that the channel sees too, and its head."""
    return [("broadcast" if row.broadcast else row.kind, row.text.split("\n")[0]) for row in rows]


class Lesson:
    """A session with a guest, in a channel whose subscriptions are `lines`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.session: Session
        self.host: Peer

    async def begin(self, *lines: str, kinds: Sequence[str] = ("start", "end"), every_s: int = 0) -> None:
        world = self.world
        numbers = [each.number for each in await alerts_store.read(world.store, TEAM, CHANNEL)]
        await alerts_store.unsubscribe(world.store, TEAM, CHANNEL, numbers, BY)
        for line in lines or (LINE,):
            await world.subscribe(line, kinds, notify=("U1ADA",), every_s=every_s)
        await world.rows()
        self.session = world.open()
        world.join(self.session, "Ann")
        await self.after(0.01)

    def host_joins(self) -> None:
        self.host = self.world.account.join(self.session, name="Hope", role="host", at=self.world.time)

    def host_leaves(self) -> None:
        self.world.account.leave(self.session, self.host, self.world.time)

    async def rows(self, minutes: float, *, due: bool = False) -> Sequence[Claimed]:
        """The messages sent so many minutes later, edits first: those of a poll, or of what is `due` between two."""
        self.world.ahead += minutes * MINUTE
        assert await self.world.polls.run(every_s=3_600 if due else 0) is not due
        return sorted(await self.world.rows(), key=lambda row: row.kind)

    async def after(self, minutes: float, *, due: bool = False) -> list[tuple[str, str]]:
        return shown(await self.rows(minutes, due=due))


@pytest.fixture
async def lesson(world: World) -> Lesson:
    return Lesson(world)


async def test_it_fires_when_it_is_due_and_resolves_at_once(lesson: Lesson) -> None:
    await lesson.begin()
    assert await lesson.after(1.98, due=True) == []
    (row,) = await lesson.rows(0.02, due=True)
    assert (row.kind, row.text.split("\n")[0]) == ("post", f"{WRONG} <@U1ADA>")
    assert row.event == {"session_id": lesson.session.id, "subscription": 2, "state": "fired"}
    assert "I'm on it" in str(row.blocks) and "<@U1ADA>" in str(row.blocks)
    lesson.host_joins()
    edit, reply = await lesson.rows(1)
    assert edit.kind == "edit" and "No host was in for 2\u00a0min" in edit.text and "<@U1ADA>" not in str(edit)
    assert edit.event["state"] == "resolved" and "I'm on it" not in str(edit.blocks)
    assert reply.kind == "reply" and not reply.broadcast and reply.text.startswith("✅ Over. No host was in for")
    assert await lesson.after(10) == []


async def test_where_there_is_a_card_it_fires_in_its_thread_and_in_the_channel(lesson: Lesson) -> None:
    await lesson.begin("", LINE)
    edit, fired = await lesson.rows(2.1)
    assert edit.kind == "edit" and "No host is in" in edit.text and "<@" not in str(edit)
    assert fired.broadcast and fired.text.startswith(f"{WRONG} <@U1ADA>") and fired.event["state"] == "fired"
    assert fired.key != edit.key
    lesson.host_joins()
    assert [kind for kind, _ in await lesson.after(1)] == ["edit", "reply"]


async def test_what_begins_again_within_five_minutes_is_the_same_alert(lesson: Lesson) -> None:
    await lesson.begin("missing:host")
    lesson.host_joins()
    assert [kind for kind, _ in await lesson.after(0.2)] == ["edit", "reply"]
    for often in ("2nd", "3rd"):
        lesson.host_leaves()
        (kind, _), (again, said) = await lesson.after(2)
        assert (kind, again) == ("edit", "reply") and said.startswith(f"🔴 Again, for the {often} time")
        lesson.host_joins()
        assert [kind for kind, _ in await lesson.after(0.2)] == ["edit", "reply"]
    assert await lesson.after(5.1) == []
    lesson.host_leaves()
    assert [kind for kind, _ in await lesson.after(0.1)] == ["edit", "broadcast"]


async def test_a_restart_changes_nothing(lesson: Lesson) -> None:
    await lesson.begin()
    lesson.world.restart()
    assert [kind for kind, _ in await lesson.after(2.1)] == ["post"]
    lesson.world.restart()
    assert await lesson.after(0.1) == []
    lesson.host_joins()
    lesson.world.restart()
    assert [kind for kind, _ in await lesson.after(0.1)] == ["edit", "reply"]


async def test_it_reminds_until_somebody_is_on_it(lesson: Lesson) -> None:
    await lesson.begin(every_s=600)
    assert [kind for kind, _ in await lesson.after(2.1, due=True)] == ["post"]
    assert await lesson.after(9.8, due=True) == []
    (reminder,) = [row for row in await lesson.rows(0.3, due=True) if row.kind == "reply"]
    assert reminder.text.startswith("⏰ Still: no host is in") and "<@U1ADA>" in reminder.text
    assert "I'm on it" in str(reminder.blocks)
    assert [kind for kind, _ in await lesson.after(25, due=True)] == [
        "edit",
        "reply",
    ]  # the missed one isn't made up for
    by = SettingChange(lesson.world.now_ms, "U1", f"acknowledge {lesson.session.id}")
    before = await firing_store.take(lesson.world.store, TEAM, CHANNEL, lesson.session.id, "Ada @here", by)
    assert [firing.taken_by for firing in before] == [""]
    (edit, taken) = await lesson.rows(0.1, due=True)
    assert edit.kind == "edit" and "Ada ＠here is on it" in edit.text and "I'm on it" not in str(edit.blocks)
    assert taken.text == "🙋 Ada ＠here is on it."
    assert await lesson.after(60) == []
    (again,) = await firing_store.take(lesson.world.store, TEAM, CHANNEL, lesson.session.id, "Bea", by)
    assert again.taken_by == "U1 Ada @here"
    lesson.host_joins()
    assert [kind for kind, _ in await lesson.after(0.1)] == ["edit", "reply"]


@pytest.mark.parametrize("still", [True, False])
async def test_a_mute_keeps_it_back_until_its_end(lesson: Lesson, still: bool) -> None:
    await lesson.begin()
    await lesson.world.mute(length=HOUR)
    assert await lesson.after(5) == []
    if not still:
        lesson.host_joins()
        assert await lesson.after(5) == []
    told = await lesson.after(61)
    if not still:
        assert told == []
        return
    ((kind, text),) = told
    assert (kind, text) == ("post", "1 thing is still wrong that you didn't hear of while it was quiet here.")
    lesson.host_joins()
    ((kind, text),) = await lesson.after(1)
    assert kind == "reply" and text.startswith("✅ Over")


async def test_in_a_mute_it_resolves_without_noise(lesson: Lesson) -> None:
    await lesson.begin(every_s=600)
    assert [kind for kind, _ in await lesson.after(2.1)] == ["post"]
    await lesson.world.mute(lesson.session.id)
    assert await lesson.after(11) in ([], [("edit", WRONG)])
    lesson.host_joins()
    assert [kind for kind, _ in await lesson.after(1)] == ["edit"]


async def test_many_at_once_are_ten_and_a_summary(lesson: Lesson) -> None:
    await lesson.begin()
    for _ in range(14):
        lesson.world.join(lesson.world.open(), "Ann")
    rows = await lesson.rows(0)
    assert rows == []
    rows = await lesson.rows(3)
    assert len(rows) == 11 and all(row.kind == "post" for row in rows)
    (summary,) = [row for row in rows if "5 more alerts at once" in row.text]
    assert summary.text.count("<@U1ADA>") == 2  # in the head, and with the blocks
    assert len({row.key for row in rows}) == 11
    for session in lesson.world.account.sessions.values():
        lesson.world.account.join(session, name="Hope", role="host", at=lesson.world.time)
    ended = await lesson.rows(1)
    assert sum(row.kind == "edit" for row in ended) == 10 and sum(row.kind == "reply" for row in ended) == 15


async def test_it_is_closed_with_its_subscription(lesson: Lesson) -> None:
    await lesson.begin()
    assert [kind for kind, _ in await lesson.after(2.1)] == ["post"]
    await alerts_store.unsubscribe(lesson.world.store, TEAM, CHANNEL, [2], BY)
    edit, reply = await lesson.rows(0.1, due=True)
    assert edit.kind == "edit" and "⚪ No host was in from" in edit.text
    assert reply.text.startswith("⚪ The subscription has ended, so I stop watching. No host is in, since")
    lesson.host_joins()
    assert [kind for kind, _ in await lesson.after(10)] == ["edit"]


async def test_one_that_is_changed_begins_anew(lesson: Lesson) -> None:
    await lesson.begin()
    assert [kind for kind, _ in await lesson.after(2.1)] == ["post"]
    await lesson.world.subscribe(LINE, ("start", "end"), notify=("U2BEA",))
    rows = [row for row in await lesson.rows(0.1, due=True) if row.text != "hello"]
    assert [row.kind for row in rows] == ["edit", "reply"] and "was changed" in rows[1].text
    lesson.host_joins()
    await lesson.after(0.1)
    lesson.host_leaves()
    _, fired = await lesson.rows(2.2)
    assert fired.broadcast and "<@U2BEA>" in fired.text


async def test_two_subscriptions_fire_each_for_itself(lesson: Lesson) -> None:
    await lesson.begin(LINE, "alone:3m")
    assert [kind for kind, _ in await lesson.after(2.1)] == ["post"]
    edit, fired = await lesson.rows(1)
    assert edit.kind == "edit" and fired.broadcast and "alone" in fired.text
    lesson.host_joins()
    rows = await lesson.rows(0.1)
    assert sorted(row.kind for row in rows) == ["edit", "reply", "reply"]


async def test_what_is_wrong_already_doesnt_fire(lesson: Lesson) -> None:
    await lesson.begin("")
    await lesson.rows(5)
    await lesson.world.subscribe(LINE, silent=[lesson.session.id])
    await lesson.world.rows()
    assert await lesson.after(5) == []
    lesson.host_joins()
    assert [kind for kind, _ in await lesson.after(1)] == ["edit"]
    lesson.host_leaves()
    assert [kind for kind, _ in await lesson.after(3)] == ["edit", "broadcast"]


async def test_without_threads_it_fires_and_resolves_by_an_edit_alone(lesson: Lesson) -> None:
    await lesson.begin("", LINE)
    await threads.turn(lesson.world.store, TEAM, CHANNEL, False, BY)
    assert [kind for kind, _ in await lesson.after(2.1)] == ["edit", "broadcast"]
    lesson.host_joins()
    assert [kind for kind, _ in await lesson.after(1)] == ["edit"]


async def test_the_end_of_the_session_resolves_it(lesson: Lesson) -> None:
    await lesson.begin()
    await lesson.after(2.1)
    lesson.world.end(lesson.session)
    (kind, _), (reply, said) = await lesson.after(0.1)
    assert (kind, reply) == ("edit", "reply") and said.startswith("✅ Over: the session has ended. No host was in for")
    assert await lesson.after(10) == []


async def test_a_subscription_that_tells_once_mentions_once(lesson: Lesson) -> None:
    await lesson.begin("peers:>=2")
    lesson.host_joins()
    (post,) = await lesson.rows(1)
    assert post.kind == "post" and "<@U1ADA>" in post.text and not post.event
    lesson.host_leaves()
    assert [(kind, "<@" in text) for kind, text in await lesson.after(1)] == [("edit", False)]


async def test_where_there_is_a_card_it_mentions_by_a_reply(lesson: Lesson) -> None:
    await lesson.begin("", "peers:>=2")
    lesson.host_joins()
    edit, reply = await lesson.rows(1)
    assert edit.kind == "edit" and "<@" not in edit.text
    assert reply.broadcast and reply.text == "🔔 *Town hall* matches subscription 3 of this channel now. <@U1ADA>"
    lesson.host_leaves()
    assert [kind for kind, _ in await lesson.after(1)] == ["edit"]


async def test_after_a_mute_the_card_says_what_is_still_wrong(lesson: Lesson) -> None:
    await lesson.begin("", LINE)
    await lesson.world.mute(length=HOUR)
    assert [kind for kind, _ in await lesson.after(5)] == ["edit"]
    edit, recap = await lesson.rows(61)
    assert recap.kind == "post" and "no host is in" in str(recap.blocks)
    assert edit.kind == "edit" and "🔴 *No host is in*" in str(edit.blocks) and "I'm on it" in str(edit.blocks)
    assert await lesson.after(1) == []


@pytest.mark.parametrize("still", [True, False])
async def test_what_begins_again_in_a_mute_is_told_after_it(lesson: Lesson, still: bool) -> None:
    await lesson.begin("missing:host", every_s=600)
    lesson.host_joins()
    assert [kind for kind, _ in await lesson.after(0.2)] == ["edit", "reply"]
    await lesson.world.mute(length=timedelta(minutes=3))
    lesson.host_leaves()
    (edit,) = await lesson.rows(1)
    assert edit.kind == "edit" and "for the 2nd time" in edit.text and "<@U1ADA>" not in str(edit)
    if not still:
        lesson.host_joins()
        (edit,) = await lesson.rows(1)
        assert "No host was in" in edit.text and "2nd time" in edit.text
        assert await lesson.after(5) == []
        return
    assert await lesson.after(3) == [
        ("edit", "*Town hall*: no host is in."),
        ("post", "1 thing is still wrong that you didn't hear of while it was quiet here."),
    ]
    assert [kind for kind, _ in await lesson.after(10, due=True)] == ["edit", "reply"]  # the reminder
    lesson.host_joins()
    assert [kind for kind, _ in await lesson.after(0.1)] == ["edit", "reply"]


async def test_a_match_that_comes_back_is_told_and_mentioned_no_more(lesson: Lesson) -> None:
    await lesson.begin("peers:>=2")
    lesson.host_joins()
    assert [kind for kind, _ in await lesson.after(1)] == ["post"]
    lesson.host_leaves()
    await lesson.after(1)
    lesson.host_joins()
    assert [kind for kind, _ in await lesson.after(1)] == ["edit"]


async def fired_still(lesson: Lesson, **values: object) -> None:
    """Let what fired last be stored as it was, with these values, whatever came of it."""
    (firing,) = await firing_store.read(lesson.world.store, TEAM, [lesson.session.id])
    stored = replace(firing, state="fired", over_ms=0, **values)  # type: ignore[arg-type]
    await lesson.world.store.run(lambda db: firing_store.put(db, [stored]))


async def test_it_resolves_though_an_older_version_stored_the_end(lesson: Lesson) -> None:
    await lesson.begin()
    await lesson.after(2.1)
    lesson.world.end(lesson.session)
    await lesson.after(0.1)
    await fired_still(lesson, nth=2)
    assert [kind for kind, _ in await lesson.after(1, due=True)] == ["edit", "reply"]
    assert await lesson.after(1, due=True) == []
    assert await firing_store.fired(lesson.world.store, TEAM, CHANNEL) == []


async def test_one_that_never_resolves_is_forgotten_after_a_week(lesson: Lesson) -> None:
    await lesson.begin()
    await lesson.after(2.1)
    lesson.world.ahead += 8 * 24 * HOUR
    await lesson.world.prune()
    assert await firing_store.fired(lesson.world.store, TEAM, CHANNEL) == []


async def test_what_this_version_cant_read_resolves_too(lesson: Lesson) -> None:
    await lesson.begin()
    await lesson.after(2.1)
    await fired_still(lesson, what="louder:9 lonely:5m")
    lesson.host_joins()
    edit, reply = await lesson.rows(1)
    assert "Something was wrong for" in edit.text and reply.text.startswith("✅ Over. Something was wrong for")
