"""Texts about subscriptions: in words, inside every limit, and with a line that makes the same one again."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.subscription import BESIDE, Subscribed, Subscription, kinds_of
from bot.alerts.subscription_render import (
    CARDS_MOST,
    KEPT_DAYS,
    Channel,
    Told,
    announced,
    subscribed,
    subscriptions_list,
    told_when,
    unsubscribed,
)
from bot.app import FEATURES
from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message, context
from bot.blockkit.limits import ALL_TEXT_CHARS
from bot.blockkit.phrases import NO_BREAK, Names, sessions
from bot.blockkit.sizes import texts
from bot.db.setting_change import How
from bot.errors import StaleButton
from bot.outbox.prune import KEPT_MS
from bot.query.filters import FILTERS, SUBSCRIBE
from bot.query.kinds import DEFAULT_KINDS, KINDS
from bot.query.model import Query, Term, canonical
from bot.query.notify import EVERY_LEAST_S, EVERY_MOST_S, NOTIFY_MOST
from bot.query.parse import RESOLVED_CHARS, parse
from bot.query.values import Count, RoomId
from bot.slack.registry import Registry
from bot.text import tidy
from tests.accounts import HOSTILE, NOW, name, object_id
from tests.alerts.parts import says, shown
from tests.blockkit.judge import harmless, inside_limits, proper
from tests.effort import effort
from tests.strategies import many, values

COMMANDS = Registry(FEATURES).commands
HALL = "631a0f990e6ffae22efa610c"
NAMES = {HALL: "Town hall"}
INVITE = "/invite @sessions"
GOOD = Channel()
NO_TOLD: Told = {}
LAST_MS = int((NOW - timedelta(minutes=5)).timestamp() * 1_000)
REASONS = (
    "not_in_channel", "channel_not_found", "is_archived", "token_revoked", "account_inactive", "missing_scope",
    "restricted_action",
)  # fmt: skip


def made(line: str = f"room:{HALL} role:host", number: int = 3, kinds: tuple[str, ...] = DEFAULT_KINDS) -> Subscription:
    query = parse(line, scope=SUBSCRIBE, most_chars=RESOLVED_CHARS)
    return Subscription("T1", "C123ABC", query, frozenset(kinds), "U123ABC", 0, number)


def done(one: Subscription, how: How = "new", live: int = 0, names: Names = NAMES) -> Subscribed:
    return Subscribed(one, how, [HALL] * live, names, GOOD, waiting=False)


def told_all(one: Subscription, how: How = "new", *, by: str = "Ada", live: int = 0, names: Names = NAMES) -> Message:
    """The channel's first message, all who are notified called Zoe."""
    notified = dict.fromkeys(one.notify, "Zoe")
    return announced(one, how, by=by, live=[HALL] * live, names=names, notified=notified)


def listing(*items: Subscription, channel: Channel = GOOD, told: Told = NO_TOLD, stale: str = "") -> Message:
    channel_id = items[0].channel_id if items else "C123ABC"
    return subscriptions_list(channel_id, items, channel, told=told, names=NAMES, as_of=NOW, stale=stale, invite=INVITE)


def hostile(rng: random.Random, number: int = 1) -> tuple[Subscription, dict[str, str]]:
    rooms = [object_id(rng) for _ in range(rng.choice((0, 1, 1, 2, 6)))]
    terms = [Term("room", RoomId(room_id), rng.random() < 0.3) for room_id in rooms]
    said = [tidy(name(rng)) or "x" for _ in range(rng.randrange(5))]
    terms += [Term(rng.choice(("role", "user")), text, rng.random() < 0.3) for text in said]
    if rng.random() < 0.3:
        terms += [Term("peers", Count(">=", rng.randrange(9_999))), Term("longer", rng.randrange(99_999))]
    kinds = frozenset(rng.sample(list(KINDS), rng.randint(1, 4)))
    if rng.random() < 0.2:
        terms.append(Term("idle", rng.randrange(10, 9_999)))
    notify = tuple(f"{rng.choice('US')}123ABC{n:04}" for n in range(rng.choice((0, 0, 1, NOTIFY_MOST))))
    every_s = rng.choice((0, 0, 5_400))
    query = Query("active", canonical(terms))
    subscription = Subscription("T1", "C123ABC", query, kinds, "U123ABC", 0, number, notify, every_s)
    return subscription, {room_id: name(rng) for room_id in rooms if rng.random() < 0.8}


def some_health(rng: random.Random) -> Channel:
    paused = rng.choice(("", "", *REASONS, name(rng)))
    return Channel(paused=paused, waiting=rng.choice((0, 1, 3_000)), held=rng.choice((0, 1, 3_000)))


def buttons(message: Message) -> list[dict[str, Any]]:
    return [block["accessory"] for block in message.blocks if "accessory" in block]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "*All sessions*"),
        (f"room:{HALL} role:host", "*Sessions* in *Town hall*, with the role host"),
        (f"-room:{HALL} peers:>=5 longer:45m", "*Sessions* not in *Town hall*, with at least 5 people, longer than 45 min"),
        ("user:ada user:ben -role:viewer", "*Sessions* without the role viewer, with ada or ben"),
        ("on:join", "*All sessions*"),
    ],
)  # fmt: skip
def test_a_filter_in_words(line: str, said: str) -> None:
    assert sessions(made(line).query, NAMES).replace(NO_BREAK, " ") == said


@given(st.lists(many, max_size=20), st.integers(40, 400))
def test_a_filter_in_words_fits(terms: list[Term], most_chars: int) -> None:
    said = sessions(Query("active", canonical(terms)), {HALL: "x" * 90}, most_chars)
    assert len(said) <= most_chars
    assert said.startswith(("*Sessions* ", "*All sessions*"))


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (("start",), "when one opens."),
        (("start", "end"), "when one opens or ends."),
        (("join", "leave"), "when someone joins or leaves."),
        (("end", "join"), "when one ends, and when someone joins."),
        (tuple(KINDS), "when one opens or ends, and when someone joins or leaves."),
        (("end",), "when one ends."),
    ],
)
def test_kinds_in_words(kinds: tuple[str, ...], said: str) -> None:
    text = shown(told_all(made(f"room:{HALL}", kinds=kinds), by="Ada", live=0, names=NAMES))
    assert f"This channel is told {said} None is live now." in text
    assert ("Joins and leaves are posted in its thread" in text) is bool({"join", "leave"} & set(kinds))
    lasts = "when it has ended" if kinds == ("end",) else "kept up to date until it ends"
    assert f"one message here, {lasts}." in text


@pytest.mark.parametrize(
    ("line", "kinds", "said"),
    [
        ("longer:45m", ("start",), "when one comes to match. 2 match now:"),
        ("peers:>=10", ("start", "end"), "when one comes to match or ends. 2 match now:"),
        ("role:host", ("start", "join"), "when one comes to match, and when someone joins. 2 match now:"),
        ("longer:45m", ("end",), "when one ends. 2 match now:"),
        (f"room:{HALL}", ("start",), "when one opens. 2 are live now:"),
    ],
)
def test_what_a_session_comes_to_match_later_is_not_its_opening(line: str, kinds: tuple[str, ...], said: str) -> None:
    one = made(line, kinds=kinds)
    for message in (
        told_all(one, by="Ada", live=2, names=NAMES),
        subscribed(done(one, live=2), INVITE),
    ):
        assert f"This channel is told {said}" in shown(message)
    assert f"told {said.partition('.')[0]}" in shown(listing(one))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("new", "✅ Subscribed, as number 3."),
        ("same", "✅ Nothing to change: that is number 3, made by <@U123ABC>."),
        ("changed", "✅ Number 3 already existed; what it tells about has changed."),
    ],
)
def test_the_one_who_subscribed_reads_what_it_means(how: How, said: str) -> None:
    text = says(
        subscribed(done(made(), how, live=4), INVITE), said, "*Sessions* in *Town hall*, with the role host", "when one comes to match or ends", "4 match now",
        f"`/sessions subscribe room:{HALL} role:host on:start,end`", "`/sessions unsubscribe 3` ends it",
    )  # fmt: skip
    assert "/invite" not in text  # the channel has its first message by then


def test_the_channel_reads_who_subscribed_it_once() -> None:
    message = told_all(made(), by="Ada", live=1, names=NAMES)
    text = says(
        message, "Ada subscribed this channel to", "*Sessions* in *Town hall*, with the role host", "1 matches now",
        "`/sessions subscriptions` lists", "a button to end each",
    )  # fmt: skip
    assert "<@" not in text + message.text
    assert "🔔 Somebody subscribed" in shown(told_all(made(), by="", live=1, names=NAMES))
    harmless(told_all(made(), by="<!channel> *x* @here <@U1>", live=1, names=NAMES))


@given(
    st.lists(st.one_of(many, values.map(lambda text: Term("user", text))), max_size=6),
    st.sets(st.sampled_from(list(KINDS)), min_size=1),
    st.sets(st.from_regex(r"[UWS][A-Z0-9]{8,10}", fullmatch=True), max_size=NOTIFY_MOST),
    st.none() | st.integers(EVERY_LEAST_S, EVERY_MOST_S),
)
def test_the_line_that_is_shown_makes_the_same_subscription(
    terms: list[Term], kinds: set[str], notify: set[str], every_s: int | None
) -> None:
    query = parse(str(Query("active", canonical(terms))), scope=SUBSCRIBE)
    one = replace(made(), query=query, kinds=frozenset(kinds), notify=tuple(notify), every_s=every_s or 0)
    text = shown(unsubscribed([one], {}))
    line = text.partition("```/sessions subscribe ")[2].removesuffix("```")
    read = parse(line.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), scope=SUBSCRIBE)
    assert str(read.without(*BESIDE)) == str(query)
    assert kinds_of(read) == kinds and read.only("every") == every_s
    assert {term.value for term in read.terms if term.key == "notify"} == notify


def test_a_line_too_long_to_type_is_not_shown() -> None:
    long = replace(made(), query=Query("active", canonical(Term("user", f"{n:060}") for n in range(20))))
    assert "```" not in shown(unsubscribed([long], {}))
    assert "subscribe user:" not in shown(subscribed(done(long), ""))


def test_what_is_wrong_is_told_twice_and_those_it_is_so_for_already_are_named() -> None:
    one = replace(made(f"room:{HALL} idle:5m", kinds=("start", "join")), notify=("S1", "U1"), every_s=1_800)
    rooms = [f"{n:024x}" for n in range(7)]
    names = {**NAMES, **{room_id: f"room {n}" for n, room_id in enumerate(rooms)}}
    notified = {"S1": "@oncall", "U1": "<!here> <@U2>"}
    told = announced(one, by="Ada", live=[*rooms, rooms[0]], names=names, notified=notified)
    text = says(
        told, "told when one starts or stops matching, and when someone joins. Mentions @oncall and &lt;!here",
        ", reminds every 30 min. *room 0*, *room 1*, *room 2*, *room 3*, *room 4* and 2 more match already, without an alert.",
    )  # fmt: skip
    assert "<@" not in text and "<!" not in text
    assert "*room 3* matches already" in says(announced(one, by="Ada", live=rooms[3:4], names=names, notified=notified))
    assert "None matches now." in shown(told_all(one, live=0))
    for message in (subscribed(done(one), INVITE), listing(one)):
        assert "entions <!subteam^S1> and <@U1>" in shown(message) and "reminds every 30 min" in shown(message)
    assert "stops matching · mentions <!subteam^S1> and <@U1> · reminds every 30 min\nby <@" in shown(
        listing(replace(one, kinds=frozenset({"end"})))
    ).replace(NO_BREAK, " ")


def test_no_subscriptions() -> None:
    line = re.search(r"```/sessions subscribe (.*)```", says(listing()))
    assert line
    parse(line[1], scope=SUBSCRIBE)


def test_a_list_says_everything_of_each() -> None:
    new = replace(made("user:ada", 12, ("join", "leave")), created_ms=LAST_MS)
    stale = "Data is 4 minutes old: 100ms doesn't answer."
    told = {3: LAST_MS, 7: LAST_MS}
    message = listing(made(), new, made("user:ben", 13), channel=Channel(waiting=2), told=told, stale=stale)
    says(
        message, "*3 subscriptions* of this channel · 🟠 late, 2 waiting", "⚠️ Data is 4 minutes old: 100ms doesn't answer.",
        "*3* · *Sessions* in *Town hall*, with the role host\ntold when one comes to match or ends\n"
        f"by <@U123ABC> · last message <!date^{LAST_MS // 1_000}^",
        "*12* · *Sessions* with ada\ntold when someone joins or leaves\nby <@U123ABC> · no message yet",
        "by <@U123ABC> · no message in the last 7 days",
    )  # fmt: skip
    found = [(each["text"]["text"], each["action_id"], each["value"]) for each in buttons(message)]
    assert found == [("Remove", ids.SET, f"1|C123ABC|subscriptions|unsubscribe {number}") for number in (3, 12, 13)]


def test_seven_days_are_what_is_kept() -> None:
    assert timedelta(days=KEPT_DAYS) == timedelta(milliseconds=KEPT_MS)


def test_the_first_message_is_on_its_way() -> None:
    def foot(channel_id: str = "C123ABC", channel: Channel = GOOD) -> str:
        one = replace(made(), channel_id=channel_id)
        message = subscribed(replace(done(one), channel=channel, waiting=True), INVITE)
        return says(message).partition("My first message is on its way.")[2]

    assert foot() == " If it doesn't come, type `/invite @sessions` there."
    assert foot(channel=Channel(last_ms=1)) == ""
    assert foot("D123ABC") == " If it doesn't come, use a channel, or your direct conversation with the bot."


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_can_be_told_is_in_the_help_and_in_words(kind: str) -> None:
    does = KINDS[kind].does.replace("opens", "comes to match")
    assert told_when(made(kinds=(kind,))) == f"when {KINDS[kind].who} {does}"
    for form in (FILTERS["on"].form, COMMANDS["subscribe"].usage):
        assert re.search(rf"on:[a-z,]*\b{kind}\b", form)


def test_what_has_changed_is_not_said_to_be_new() -> None:
    message = told_all(made(kinds=("end",)), "changed", by="Ada", live=0, names=NAMES)
    text = says(message, "This channel is told when one ends.")
    assert text.startswith("🔔 Ada changed what this channel is told about\n*Sessions* in *Town hall*")
    assert message.text.startswith("🔔 What this channel is told of *Sessions* in *Town hall*, with the role host has")


def test_many_that_have_been_removed_can_be_had_again() -> None:
    gone = [replace(made(number=number), query=parse(f"role:r{number:03}")) for number in range(1, 101)]
    lines = says(unsubscribed(gone, NAMES)).replace("`", "").splitlines()
    assert {f"/sessions subscribe role:r{number:03} on:start,end" for number in range(1, 101)} <= set(lines)
    wide = [replace(each, query=parse(f"{each.query} user:{'x' * 200}")) for each in gone]
    text = says(unsubscribed(wide, NAMES))
    count = text.count("/sessions subscribe role:")
    assert 20 < count < 100 and f"… and {100 - count} more, whose lines have no room here." in text
    text = unsubscribed([made(kinds=("join",))], NAMES).text
    assert text.startswith("🔕 Subscription 3 has ended.")
    assert text.endswith(f"To have it again: `/sessions subscribe room:{HALL} role:host on:join`")


@pytest.mark.parametrize("reason", ["not_in_channel", "channel_not_found"])
def test_a_conversation_of_two_people_has_no_invitations(reason: str) -> None:
    text = shown(listing(replace(made(), channel_id="D123ABC"), channel=Channel(paused=reason)))
    assert "the bot isn't part of this conversation, and can't be invited" in text and "`/invite" not in text
    assert "To go on, use a channel, or your direct conversation with the bot." in text


@pytest.mark.parametrize("reason", [*REASONS, "some_new_code", "<!channel> `x`", ""])
def test_a_paused_channel_says_why_and_what_to_do(reason: str) -> None:
    message = listing(made(), channel=Channel(paused=reason, held=2))
    text = says(message)
    resume = [each for each in buttons(message) if each["action_id"] in (ids.RESUME, ids.RELEASE)]
    if not reason:
        assert [each["text"]["text"] for each in resume] == ["Send them"]
        assert "2 messages are held" in text and "one that arrived shows twice" in text
        return
    assert ids.read_channel_id(resume[0]["value"]) == "C123ABC"
    assert re.search(r"⏸️ \*Paused:\* .+\. To go on, .+ with \*Resume\*\. What is set is kept,", text)
    assert "What is set is kept, messages for 30 days." in text
    assert "⏸️ paused, 2 held" in text
    assert (reason in text) is (reason == "some_new_code")
    assert ("`/invite @sessions`" in text) is (reason in ("not_in_channel", "channel_not_found"))
    assert "{" not in text.replace("{date_short} {time}", "").replace("{time}", "")


def test_subscribing_a_channel_that_cannot_be_posted_to_says_so_at_once() -> None:
    message = subscribed(replace(done(made()), channel=Channel(paused="not_in_channel")), INVITE)
    text = says(message, "⏸️ *Paused:* the bot isn't in the channel. To go on, type `/invite @sessions` there")
    assert "A first message from me" not in text
    assert [(each["action_id"], each["value"]) for each in buttons(message)] == [(ids.RESUME, "1|C123ABC")]
    assert "The channel is paused." in message.text


@pytest.mark.parametrize("size", [1, CARDS_MOST, CARDS_MOST + 1, 100, 130])
@pytest.mark.parametrize("seed", range(8))
def test_any_number_of_them_is_inside_the_limits(size: int, seed: int) -> None:
    rng = random.Random(seed * 1_000 + size)
    health = some_health(rng)
    drawn = [hostile(rng, number * 7 + 1) for number in range(size)]
    names = {room_id: text for _, some in drawn for room_id, text in some.items()}
    items = [subscription for subscription, _ in drawn]
    told = {each.number: LAST_MS for each in items if rng.random() < 0.7}
    gone = unsubscribed([hostile(rng, 5)[0]], names)
    message = subscriptions_list(
        "C123ABC", items, health, told=told, names=names, as_of=NOW, stale=name(rng), invite=name(rng)
    )
    inside_limits(Message(message.text, [context(gone.text), *message.blocks]))
    text = says(message)
    assert text.startswith(f"*{size} subscription")
    assert sum(map(len, texts(message.blocks))) <= ALL_TEXT_CHARS
    if size <= CARDS_MOST:
        offered = [each["value"] for each in buttons(message) if each["action_id"] == ids.SET]
        assert text.count("\ntold when ") == text.count("\nby <@U123ABC>") == size
        assert size > 10 or text.count(" · last message <!date^") + text.count(" · no message in") == size
    else:
        menu = message.blocks[-2]["elements"][0]
        assert menu["action_id"] == ids.SET
        offered = [option["value"] for option in menu["options"]]
        assert text.count("<@U123ABC>") == min(size, 100)
        assert ("… and 30 more" in text) is (size == 130)
    assert offered == [f"1|C123ABC|subscriptions|unsubscribe {each.number}" for each in items[:100]]


@pytest.mark.drawn
def test_hostile_filters() -> None:
    for seed in range(effort(60)):
        rng = random.Random(seed)
        subscription, names = hostile(rng)
        live = rng.choice((0, 1, 12_000))
        for message in (
            subscribed(done(subscription, live=live, names=names), name(rng)),
            told_all(subscription, by="Ada", live=live, names=names),
            unsubscribed([subscription], names),
            subscribed(
                Subscribed(subscription, "same", [HALL] * live, names, Channel(paused=name(rng)), False), name(rng)
            ),
        ):
            proper(message)


def test_the_worst_names_at_their_most() -> None:
    for word in HOSTILE:
        rooms = {f"{n:024x}": word for n in range(20)}
        query = Query("active", canonical(Term("room", RoomId(room_id)) for room_id in rooms))
        items = [replace(made(number=n), query=query, kinds=frozenset(KINDS)) for n in range(61, 101)]
        listed = subscriptions_list("C123ABC", items, GOOD, told={}, names=rooms, as_of=NOW)
        for each in (listed, told_all(items[0], by="Ada", live=0, names=rooms)):
            proper(each)


@pytest.mark.parametrize("value", ["", "1|", "1|C", "2|C1", "1|c1", "1|C 1", "C1|1"])
def test_a_value_that_cannot_be_read(value: str) -> None:
    with pytest.raises(StaleButton):
        ids.read_set(f"{value}|subscriptions|unsubscribe 1")
    with pytest.raises(StaleButton):
        ids.read_channel_id(value)
