"""Subscriptions, polls, cards, the outbox and leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("channel_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("query_hash", sa.Text, nullable=False),
        sa.Column("kinds", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("team_id", "channel_id", "query_hash", name="one_of_a_query"),
    )
    op.create_table(
        "channels",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("channel_id", sa.Text, primary_key=True),
        sa.Column("last_number", sa.Integer, nullable=False, server_default="0"),
        sa.Column("paused", sa.Text),
        sa.Column("paused_ms", sa.BigInteger),
        sa.Column("last_ms", sa.BigInteger),
        sa.Column("next_post_ms", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "polls",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("good_ms", sa.BigInteger),
        sa.Column("errors", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failed_ms", sa.BigInteger),
        sa.Column("cause", sa.Text, nullable=False, server_default=""),
    )
    op.create_table(
        "sessions",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("room_id", sa.Text, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
        sa.Column("peers", sa.Integer, nullable=False),
        sa.Column("people", sa.Text, nullable=False),
    )
    _index("sessions_ended", "sessions", ["seen_ms"], "NOT live")
    op.create_table(
        "cards",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("channel_id", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("gen", sa.Integer, nullable=False),
        sa.Column("reopened", sa.Integer, nullable=False),
        sa.Column("known", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("key_before", sa.Text),
        sa.Column("ts", sa.Text),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("cards_key", "cards", ["key"], unique=True)
    op.create_index("cards_key_before", "cards", ["key_before"])
    _index("cards_closed", "cards", ["changed_ms"], "status = 'closed'")
    op.create_table(
        "outbox",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("of", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("rev", sa.Integer, nullable=False, server_default="0"),
        sa.Column("waits_for", sa.Text),
        sa.Column("target_ts", sa.Text),
        sa.Column("not_before_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("queued_ms", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("first_try_ms", sa.BigInteger),
        sa.Column("claim", sa.Text),
        sa.Column("lease_ms", sa.BigInteger),
        sa.Column("ts", sa.Text),
        sa.Column("done_ms", sa.BigInteger),
        sa.Column("cause", sa.Text, nullable=False, server_default=""),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_key", "outbox", ["key"], unique=True)
    _index("one_in_flight", "outbox", ["team_id", "channel_id"], "status = 'sending'", unique=True)
    _index("outbox_next", "outbox", ["team_id", "channel_id", "turn", "id"], "status = 'pending' AND waits_for IS NULL")
    _index("outbox_open", "outbox", ["team_id", "channel_id", "status"], "status IN ('pending', 'sending', 'held')")
    _index("outbox_waits_for", "outbox", ["waits_for"], "waits_for IS NOT NULL")
    _index("outbox_done", "outbox", ["done_ms"], "done_ms IS NOT NULL")
    op.create_table(
        "limits",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, primary_key=True),
        sa.Column("not_before_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )


def _index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
