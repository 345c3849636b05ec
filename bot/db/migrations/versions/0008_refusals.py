"""Workspaces that refuse the bot, tries in paused channels, and what OPS_CHANNEL was told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "workspaces",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("probe_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "states",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
    )
    op.add_column("channels", sa.Column("probe_ms", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("channels", sa.Column("probes", sa.Integer, nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("refusals", sa.Integer, nullable=False, server_default="0"))
    paused = sa.text("paused IS NOT NULL")
    op.create_index("channels_paused", "channels", ["probe_ms"], sqlite_where=paused, postgresql_where=paused)
    # Those were paused for the workspace's token, which is no longer the channels' matter.
    lost = "('invalid_auth', 'not_authed', 'account_inactive', 'token_revoked', 'token_expired')"
    paused_for_it = f"(SELECT team_id, channel_id FROM channels WHERE paused IN {lost})"  # noqa: S608
    flying = "CASE WHEN claim IS NULL THEN 'pending' ELSE 'sending' END"
    held = f"status = 'held' AND cause <> 'unconfirmed' AND (team_id, channel_id) IN {paused_for_it}"
    op.execute(f"UPDATE outbox SET status = {flying}, cause = '' WHERE {held}")  # noqa: S608
    op.execute(f"UPDATE channels SET paused = NULL, paused_ms = NULL WHERE paused IN {lost}")  # noqa: S608
