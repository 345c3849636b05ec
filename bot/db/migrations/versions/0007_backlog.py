"""Ended sessions that are still to be read, and what channels were told of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("polls", sa.Column("backlog_ms", sa.BigInteger))
    op.add_column("polls", sa.Column("backlog_start", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "catchups",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("channel_id", sa.Text, primary_key=True),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("opened", sa.Integer, nullable=False),
        sa.Column("ended", sa.Integer, nullable=False),
    )
