"""The tables. Times are BIGINT milliseconds since 1970, UTC, in columns `*_ms`; every table carries the Slack team,
except the leases, which are the deployment's. A change here needs a revision in `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, UniqueConstraint, text, true

from bot.db.columns import ID, TEXT_BY_CODE, keys, metadata, where

subscriptions = Table(
    "subscriptions",
    metadata,
    *keys("team_id", "channel_id"),
    Column("number", Integer, primary_key=True),  # how people name it; never used again in the channel
    Column("query", Text, nullable=False),  # canonical, without on:
    Column("query_hash", Text, nullable=False),  # PostgreSQL's index takes 2,704 bytes, a query may have more
    Column("kinds", Text, nullable=False),  # sorted, joined by commas
    Column("created_by", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("notify", Text, nullable=False, server_default=""),  # ids of people and groups, joined by commas
    Column("every_s", Integer, nullable=False, server_default="0"),  # between reminders; 0 for none
    UniqueConstraint("team_id", "channel_id", "query_hash", name="one_of_a_query"),
)

digests = Table(
    "digests",
    metadata,
    *keys("team_id", "channel_id"),
    Column("number", Integer, primary_key=True),  # as that of a subscription
    Column("query", Text, nullable=False),  # canonical
    Column("query_hash", Text, nullable=False),
    Column("schedule", Text, nullable=False),  # canonical
    Column("empty", Text, nullable=False),  # say, skip
    Column("created_by", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("last", Text, nullable=False),  # the dates up to this one, YYYY-MM-DD, are done with
    Column("next_ms", BigInteger),  # the date after `last`, to be looked for; NULL while a person has paused it
    Column("problem", Text, nullable=False, server_default=""),
    Column("tries", Integer, nullable=False, server_default="0"),  # to make the one that is due, all of which failed
    UniqueConstraint("team_id", "channel_id", "schedule", "query_hash", name="one_of_a_schedule"),
    Index("digests_due", "team_id", "next_ms"),
)

mutes = Table(
    "mutes",
    metadata,
    *keys("team_id", "channel_id"),
    Column("number", Integer, primary_key=True),  # as that of a subscription
    Column("query", Text, nullable=False),  # canonical
    Column("session_id", Text, nullable=False),  # "" for any
    Column("until_ms", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

quiets = Table(
    "quiets",
    metadata,
    *keys("team_id", "channel_id", "hours"),  # hours are canonical
    Column("created_by", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

# Who changed what of a conversation's settings.
changes = Table(
    "changes",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("team_id", Text, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("line", Text, nullable=False),  # the command that does the same
    Index("changes_of_channel", "team_id", "channel_id", "id"),
)

# A row for each conversation that is written to; whoever changes something of a conversation locks its row.
channels = Table(
    "channels",
    metadata,
    *keys("team_id", "channel_id"),
    Column("last_number", Integer, nullable=False, server_default="0"),  # of its subscriptions, digests and mutes
    Column("paused", Text),
    Column("paused_ms", BigInteger),
    Column("last_ms", BigInteger),
    Column("next_post_ms", BigInteger, nullable=False, server_default="0"),
    Column("threads", Boolean, nullable=False, server_default=true()),  # whether it gets replies
    Column("changed", Integer, nullable=False, server_default="0"),  # how often somebody changed its settings
    Column("probe_ms", BigInteger, nullable=False, server_default="0"),  # of a paused one: when it is tried next
    Column("probes", Integer, nullable=False, server_default="0"),  # and how often it was, with what paused it
    Index("channels_paused", "probe_ms", **where("paused IS NOT NULL")),
)

# A row for each workspace that refuses the bot: nothing is sent there until auth.test is answered.
workspaces = Table(
    "workspaces",
    metadata,
    *keys("team_id"),
    Column("cause", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("probe_ms", BigInteger, nullable=False),  # when auth.test is asked next
)

# What OPS_CHANNEL was told of, until it is over.
states = Table(
    "states",
    metadata,
    *keys("team_id", "name"),
    Column("since_ms", BigInteger, nullable=False),
)

polls = Table(
    "polls",
    metadata,
    *keys("team_id"),
    Column("seq", BigInteger, nullable=False),
    Column("good_ms", BigInteger),
    Column("errors", Integer, nullable=False, server_default="0"),
    Column("failed_ms", BigInteger),
    Column("cause", Text, nullable=False, server_default=""),
    Column("naming", Text, nullable=False, server_default=""),  # of the people in its sessions; "" by their own names
    Column("read_ms", BigInteger),  # when the last good one read the sessions, by the clock of 100ms
    Column("backlog_ms", BigInteger),  # since when ended sessions are still to be read,
    Column("backlog_start", Text, nullable=False, server_default=""),  # and the one before them in the list
)

# What channels were told of a backlog, and the counts for the line at its end.
catchups = Table(
    "catchups",
    metadata,
    *keys("team_id", "channel_id"),
    Column("told", Integer, nullable=False),
    Column("opened", Integer, nullable=False),
    Column("ended", Integer, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    *keys("team_id", "session_id"),
    Column("room_id", Text, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("peers", Integer, nullable=False),  # how many it had, those who left included
    Column("people", Text, nullable=False),  # JSON, {who: [name, role]}
    Index("sessions_live", "team_id", **where("live")),
    Index("sessions_ended", "seen_ms", **where("NOT live")),
)

# The account's rooms, as far as they are known.
rooms = Table(
    "rooms",
    metadata,
    *keys("team_id", "room_id"),
    Column("name", Text, nullable=False),
    Column("folded", TEXT_BY_CODE, nullable=False),  # the name as names are compared
    Column("template_id", Text, nullable=False),
    Column("max_duration_s", Integer, nullable=False, server_default="0"),  # of its sessions; 0 where it has none
    Index("rooms_folded", "team_id", "folded"),
)

# How far the account's lists of rooms were read.
room_walks = Table(
    "room_walks",
    metadata,
    *keys("team_id"),
    Column("enabled", Boolean, nullable=False, server_default=true()),  # which of the two lists is being read
    Column("cursor", Text, nullable=False, server_default=""),  # the room to go on after
    Column("newest", Text, nullable=False, server_default=""),  # the newest room when the lists were read, or later
    Column("done_ms", BigInteger),  # when they were last read to their end
    Column("account", Text, nullable=False, server_default=""),  # whose they are
)

cards = Table(
    "cards",
    metadata,
    *keys("team_id", "session_id", "channel_id"),
    Column("status", Text, nullable=False),  # silent, listed, live, closed
    Column("gen", Integer, nullable=False),
    Column("reopened", Integer, nullable=False),
    Column("known", Text, nullable=False),  # numbers of subscriptions, joined by commas
    Column("stopped", Text, nullable=False, server_default=""),  # those of them that it has stopped matching
    Column("key", Text, nullable=False),  # that of its message
    Column("key_before", Text),  # that of the message which this one replaced
    Column("ts", Text),  # that of its message, once it is sent
    Column("changed_ms", BigInteger, nullable=False),
    Column("hushed_ms", BigInteger, nullable=False, server_default="0"),  # until when its announcement is withheld
    Column("born", Text, nullable=False, server_default=""),  # its channel's id, where Slack has changed that since
    Index("cards_key", "key", unique=True),
    Index("cards_key_before", "key_before", **where("key_before IS NOT NULL")),
    Index("cards_of_channel", "team_id", "channel_id"),
    Index("cards_closed", "changed_ms", **where("status = 'closed'")),
    Index("cards_hushed", "team_id", **where("hushed_ms > 0")),
)

# What is wrong with a session, for each subscription that it is a firing of.
firings = Table(
    "firings",
    metadata,
    *keys("team_id", "session_id", "channel_id"),
    Column("number", Integer, primary_key=True),  # that of the subscription
    Column("nth", Integer, nullable=False),  # of the two
    Column("state", Text, nullable=False),  # fired, kept, resolved
    Column("what", Text, nullable=False),  # the filters that hold, canonical
    Column("since_ms", BigInteger, nullable=False),  # by the session's record
    Column("fired_ms", BigInteger, nullable=False),
    Column("over_ms", BigInteger, nullable=False, server_default="0"),
    Column("times", Integer, nullable=False, server_default="1"),  # how often it began
    Column("thread", Text, nullable=False, server_default=""),  # the key of the post whose thread it goes on in
    Column("taken_by", Text, nullable=False, server_default=""),
    Column("taken_ms", BigInteger, nullable=False, server_default="0"),
    Column("remind_ms", BigInteger, nullable=False, server_default="0"),  # when the next reminder is due; 0 for none
    Column("reminders", Integer, nullable=False, server_default="0"),
    Column("untold", Text, nullable=False, server_default=""),  # what a person did that the channel isn't told yet
    Index("firings_open", "team_id", **where("state IN ('fired', 'kept') OR untold <> ''")),
    Index("firings_over", "team_id", "fired_ms", **where("state IN ('resolved', 'closed')")),
    Index("firings_remind", "team_id", "remind_ms", **where("remind_ms > 0")),
)

# Sessions that may have changed, for the process that polls.
hints = Table(
    "hints",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("team_id", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("expects", Text, nullable=False),  # what its record must show
    Column("at_ms", BigInteger, nullable=False),
    Index("hints_of_team", "team_id", "id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False),
    Column("team_id", Text, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # post, edit, reply
    Column("of", Text),  # the card's key, for an edit and a reply
    Column("payload", Text, nullable=False),  # JSON, {text, blocks}
    Column("status", Text, nullable=False),  # pending, sending, sent, held, dead
    Column("turn", BigInteger, nullable=False),  # the poll that asked for it: rows go in the order of (turn, id)
    Column("rev", Integer, nullable=False, server_default="0"),
    Column("waits_for", Text),  # the key of the post that must be sent before
    Column("target_ts", Text),
    Column("not_before_ms", BigInteger, nullable=False, server_default="0"),
    Column("queued_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("first_try_ms", BigInteger),
    Column("refusals", Integer, nullable=False, server_default="0"),  # that say nothing for sure
    Column("claim", Text),
    Column("lease_ms", BigInteger),  # when the claim ends
    Column("ts", Text),
    Column("done_ms", BigInteger),  # when it became sent or dead
    Column("cause", Text, nullable=False, server_default=""),
    Index("outbox_key", "key", unique=True),
    Index("one_in_flight", "team_id", "channel_id", unique=True, **where("status = 'sending'")),
    Index(
        "outbox_next",
        "team_id",
        "channel_id",
        text("(kind = 'reply')"),  # a card goes before a reply; the expression is the one that claims are ordered by
        "turn",
        "id",
        **where("status = 'pending' AND waits_for IS NULL"),
    ),
    Index("outbox_open", "team_id", "channel_id", "status", **where("status IN ('pending', 'sending', 'held')")),
    Index("outbox_held", "team_id", "channel_id", "cause", **where("status = 'held'")),
    Index("outbox_waits_for", "waits_for", **where("waits_for IS NOT NULL")),
    Index("outbox_done", "done_ms", **where("done_ms IS NOT NULL")),
    sqlite_autoincrement=True,  # a number is never used again
)

# How long a method of Slack's Web API may not be called in a workspace.
limits = Table(
    "limits",
    metadata,
    *keys("team_id", "method"),
    Column("not_before_ms", BigInteger, nullable=False),
)

# What people's requests are known by while they could be sent again.
begun = Table(
    "begun",
    metadata,
    *keys("team_id", "digest"),
    Column("until_ms", BigInteger, nullable=False),
    Index("begun_until", "team_id", "until_ms"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)
