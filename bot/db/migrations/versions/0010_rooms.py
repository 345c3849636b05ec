"""The account's rooms, and how far its lists of them have been read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

TEXT_BY_CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "rooms",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("room_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded", TEXT_BY_CODE, nullable=False),
        sa.Column("template_id", sa.Text, nullable=False),
    )
    op.create_index("rooms_folded", "rooms", ["team_id", "folded"])
    op.create_table(
        "room_walks",
        sa.Column("team_id", sa.Text, primary_key=True),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("cursor", sa.Text, nullable=False, server_default=""),
        sa.Column("newest", sa.Text, nullable=False, server_default=""),
        sa.Column("done_ms", sa.BigInteger),
    )
