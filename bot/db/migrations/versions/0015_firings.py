"""Subscriptions that fire: whom they mention and how often they remind, what fires, rooms' longest durations, and hints
of sessions that may have changed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("notify", sa.Text, nullable=False, server_default=""))
    op.add_column("subscriptions", sa.Column("every_s", sa.Integer, nullable=False, server_default="0"))
    op.add_column("rooms", sa.Column("max_duration_s", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "firings",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("channel_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("nth", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("fired_ms", sa.BigInteger, nullable=False),
        sa.Column("over_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("times", sa.Integer, nullable=False, server_default="1"),
        sa.Column("thread", sa.Text, nullable=False, server_default=""),
        sa.Column("taken_by", sa.Text, nullable=False, server_default=""),
        sa.Column("taken_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("remind_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("reminders", sa.Integer, nullable=False, server_default="0"),
        sa.Column("untold", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("firings_open", "firings", ["team_id"], **_where("state IN ('fired', 'kept') OR untold <> ''"))
    op.create_index("firings_over", "firings", ["team_id", "fired_ms"], **_where("state IN ('resolved', 'closed')"))
    op.create_index("firings_remind", "firings", ["team_id", "remind_ms"], **_where("remind_ms > 0"))
    op.create_table(
        "hints",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("expects", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("hints_of_team", "hints", ["team_id", "id"])


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
