"""Digests through the real door: a person makes one, looks at it, pauses, resumes and ends it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.db.database import Database
from bot.demo.fake_hms import Account, FakeHms, Status
from bot.demo.fake_slack import ApiError, FakeSlack, RateLimited
from bot.digests import store as digests_store
from bot.digests.store import DIGESTS_MOST
from bot.settings import Settings
from tests.db.parts import by, digest
from tests.live import fill, posts, press, runs, said_soon, say, subscribe
from tests.work import at_work


async def test_a_digest_is_made_and_said_in_words(bot: str, slack: FakeSlack, account: Account) -> None:
    account.add_room("Town hall")
    made = await say(slack, 'digest weekdays 9:00 room:"Town hall" empty:skip')
    ada = slack.workspace.user("ada").id
    for piece in (
        f"Digest 1 is set, by <@{ada}>", "*Sessions* in *Town hall*", "on weekdays at 09:00, Europe/Berlin",
        "no sessions, nothing comes", "(Europe/Berlin). The first is about the time since",
        "/sessions digest weekdays 09:00 Europe/Berlin empty:skip room:", "`/sessions digest remove 1` ends it",
    ):  # fmt: skip
        assert piece in made.plain, piece
    coming = re.search(r"Next: (.*?) \(Europe/Berlin\)", made.plain.replace("\u00a0", " "))
    assert coming and len(coming[1].split(", ")) == 3 and all("09:00" in each for each in coming[1].split(", "))
    (told,) = posts(slack)
    assert told.plain.startswith("🗓️ Ada Berger set up a digest of *Sessions* in *Town hall*, on weekdays at 09:00")
    again = await say(slack, 'digest weekdays 9:00 Berlin room:"Town hall" empty:skip', user="ben")
    assert f"that is digest 1, made by <@{ada}>" in again.plain
    other = await say(slack, 'digest weekdays 9:00 room:"Town hall"')
    assert "it is now as you say" in other.plain and "a line says so" in other.plain
    assert posts(slack) == [told]


async def test_the_zone_is_the_askers_unless_one_is_named(bot: str, slack: FakeSlack) -> None:
    nobody = next(user.name for user in slack.workspace.users.values() if not user.tz and not user.is_bot)
    assert "Which city's time is that?" in (await say(slack, "digest daily 9am", user=nobody)).plain
    assert "on Mondays and Thursdays at 17:30, America/New_York" in (
        await say(slack, "digest weekly mon,thu 17:30 new york")
    ).plain.replace("\u00a0", " ")


@pytest.mark.parametrize("zone", ["EST", "HST", "Etc/GMT+5"])
async def test_a_default_zone_of_any_name_makes_what_its_line_makes(
    settings: Settings, slack: FakeSlack, hms: FakeHms, zone: str
) -> None:
    """Typed again, the line that an answer shows is the same digest, and the same quiet hours."""
    nobody = next(user.name for user in slack.workspace.users.values() if not user.tz and not user.is_bot)
    async with at_work(settings.model_copy(update={"default_timezone": zone}), slack):
        made = await say(slack, "digest daily 9:00", user=nobody)
        assert "Digest 1 is set" in made.plain
        line = re.search(r"/sessions (digest daily 09:00 [\w/+]+)", made.plain)
        assert line and "that is digest 1" in (await say(slack, line[1])).plain
        quiet = await say(slack, "quiet 22:00-7:00", user=nobody)
        line = re.search(r"`/sessions quiet off (.+?)`", quiet.plain)
        assert line and "these quiet hours" in (await say(slack, f"quiet {line[1]}")).plain


async def test_the_list_previews_pauses_resumes_and_removes(bot: str, slack: FakeSlack, account: Account) -> None:
    fill(account, 3, ended_every=1)
    assert "has no digests" in (await say(slack, "digests")).plain
    await say(slack, "digest daily 9:00")
    await say(slack, "digest weekly fri 16:00 UTC role:host", user="ben")
    listed = await said_soon(slack, "digest", "🟢 working")
    assert listed.labels == ["Preview now", "Pause", "Remove"] * 2
    assert "2 digests" in listed.plain and f"by <@{slack.workspace.user('ben').id}>" in listed.plain
    assert listed.plain.count("🟢 working · next") == 2

    shown = await press(slack, listed, "Preview now")
    assert "Daily digest" in shown.plain and "preview" in shown.plain.lower()
    listed = await press(slack, listed, "Pause")
    assert "Digest 1 is paused" in listed.plain and "⏸️ paused by a person" in listed.plain
    assert listed.labels == ["Preview now", "Resume", "Remove", "Preview now", "Pause", "Remove"]
    listed = await press(slack, listed, "Resume")
    assert "Digest 1 goes on" in listed.plain and "paused by" not in listed.plain
    listed = await press(slack, listed, "Remove")
    assert "Digest 1 has ended" in listed.plain and "`/sessions digest daily 09:00 Europe/Berlin`" in listed.plain
    assert listed.labels == ["Preview now", "Pause", "Remove"]
    ended = await say(slack, "digest remove weekly fri 16:00 UTC role:host")
    assert "Digest 2 has ended" in ended.plain
    assert "```/sessions digest weekly fri 16:00 UTC role:host```" in ended.plain
    assert "has no digests" in (await say(slack, "digests")).plain


async def test_the_answer_to_a_new_one_has_its_buttons_too(bot: str, slack: FakeSlack) -> None:
    made = await say(slack, "digest daily 9:00")
    same = await say(slack, "digest daily 9:00")
    assert "Nothing to change" in same.plain and "The first is about" not in same.plain
    assert made.labels == ["Preview now", "Remove"]
    shown = await press(slack, made, "Preview now")
    assert "no sessions" in shown.plain
    ended = await press(slack, made, "Remove")
    assert "Digest 1 has ended" in ended.plain and ended.labels == []
    assert made not in slack.messages("live-ops")


async def test_a_line_is_previewed_and_asks_which_room_before_it_is_made(
    bot: str, slack: FakeSlack, account: Account
) -> None:
    """One with an error is mended and shown at once, to a guest as well: no press makes a digest."""
    fill(account, 3, ended_every=1)
    shown = await say(slack, "digest preview daily 9:00 role:host")
    assert "Daily digest" in shown.plain and "with the role host" in shown.plain
    shown = await say(slack, "digest preview dayly 9:00 rol:host", user="gus")
    assert shown.plain.startswith("Showing `digest preview daily 9:00 role:host` (you typed `digest preview dayly")
    assert "Daily digest" in shown.plain and "preview" in shown.plain
    account.add_room("Hall one")
    account.add_room("Hall two")
    choice = await say(slack, "digest test daily 9:00 empty:skip role:host room:hall", user="gus")
    shown = await press(slack, choice, "Hall two")
    assert "Daily digest" in shown.plain and "preview" in shown.plain and "Hall two" in shown.plain
    assert "has no digests" in (await say(slack, "digests")).plain
    choice = await say(slack, "digest weekdays 9:00 Berlin room:hall role:host empty:skip")
    made = (await press(slack, choice, "Hall two")).plain
    assert "in *Hall two*, with the role host" in made and "09:00, Europe/Berlin" in made and "nothing comes" in made


async def test_a_preview_that_fails_is_tried_again_at_a_press(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    await say(slack, "digest daily 9:00")
    hms.fail_always("/sessions*", Status(404))
    failed = await say(slack, "digest preview 1")
    assert failed.labels == ["Try again"]
    hms.heal()
    assert "Daily digest" in (await press(slack, failed, "Try again")).plain


async def test_a_bad_line_is_explained(bot: str, slack: FakeSlack) -> None:
    for typed, says in (
        ("digest", "This channel has no digests"),
        ("digest daily 9:00 room:nowhere", "No room is called"),
        ("active empty:say", "`empty:` only works with `digest`"),
        ("digest remove 7", "This channel has no digests."),
        ("digest pause", "This channel has no digests."),
    ):
        reply = await say(slack, typed)
        assert says in reply.plain and not runs(reply), typed
    for typed in ("digest daily 9:00 rol:host", "diges daily 9:00"):
        reply = await say(slack, typed)
        assert "did you mean `" in reply.plain and "is set" in (await press(slack, reply, runs(reply))).plain, typed


async def test_a_number_names_one_thing_of_one_channel(bot: str, slack: FakeSlack) -> None:
    assert (await say(slack, "digest preview")).text == "⚠️ This channel has no digests."
    await subscribe(slack, "role:host")
    paused = await say(slack, "digest pause 1")
    assert "`1` is a subscription, not a digest. This channel has no digests." in paused.plain
    await say(slack, "digest daily 9:00")
    await say(slack, "digest daily 9:00", channel="general")
    await say(slack, "digest daily 10:00", channel="general")
    wrong = await say(slack, "digest remove 1")
    assert "`1` is a subscription, not a digest. This channel's digest is number 2." in wrong.plain
    assert wrong.plain.endswith("For example `/sessions digest remove 2`.")
    assert wrong.labels == []
    paused = await say(slack, "digest pause 3")
    assert "There is no digest `3` here. This channel's digest is number 2." in paused.plain
    assert "no subscription 2, that is a digest" in (await say(slack, "unsubscribe 2")).plain
    many = await say(slack, "digest remove", channel="general")
    assert "Which digest? This channel's digests are numbers 1 and 2." in many.plain
    reply = await say(slack, "digests")
    await slack.act(
        reply, action_id="sessions.set", value=f"1|{slack.workspace.channel('general').id}|digests|digest remove 1"
    )
    assert "can't be read" in (await slack.reply()).plain
    assert "2 digests" in (await say(slack, "digests", channel="general")).plain


async def test_the_21st_is_refused(settings: Settings, slack: FakeSlack, hms: FakeHms) -> None:
    store, channel = await Database.open(settings.database_url), slack.workspace.channel("general").id
    for number in range(DIGESTS_MOST):
        new = replace(digest(channel, f"all role:r{number}"), team_id=slack.workspace.team_id)
        await digests_store.add(store, new, by())
    await store.close()
    async with at_work(settings, slack):
        refused = await say(slack, "digest daily 9:00 UTC role:more", channel="general")
        assert "20 digests, which is the most" in refused.plain and "/sessions digests" in refused.plain
        assert len((await say(slack, "digests", channel="general")).labels) == 3 * DIGESTS_MOST


async def test_guests_read_and_do_not_change(bot: str, slack: FakeSlack) -> None:
    await say(slack, "digest daily 9:00")
    for line in ("digest daily 10:00", "digest remove 1", "digest pause 1"):
        assert "Guests can't change" in (await say(slack, line, user="gus")).plain
    assert "1 digest" in (await say(slack, "digests", user="gus")).plain
    assert "Daily digest" in (await say(slack, "digest preview 1", user="gus")).plain


async def test_a_channel_without_the_bot_is_said_in_time(bot: str, slack: FakeSlack) -> None:
    for line in ("digest daily 9:00", "digest daily 10:00"):
        made = await say(slack, line, channel="random")
        assert "the bot isn't in the channel" in made.plain and "/invite @" in made.plain, line
        assert "Resume" in made.labels and "The channel is paused." in made.text
    assert "⏸️" in (await say(slack, "digests", channel="random")).plain


@pytest.mark.parametrize("code", ["is_archived", "restricted_action", "channel_not_found"])
async def test_a_channel_that_takes_no_messages_is_said_in_time(bot: str, slack: FakeSlack, code: str) -> None:
    slack.fail("chat.postMessage", ApiError(code))
    assert "Paused" in (await say(slack, "digest daily 9:00")).plain


async def test_what_ends_before_the_channel_was_told_is_not_told(bot: str, slack: FakeSlack) -> None:
    slack.fail("chat.postMessage", RateLimited(20))
    made = await say(slack, "digest daily 9:00")
    assert "The channel is being told." in made.plain
    await press(slack, made, "Remove")
    assert "no digests" in (await say(slack, "digests")).plain and posts(slack) == []
