"""The naming of people in the last good poll's sessions, and how often a channel's settings were changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("polls", sa.Column("naming", sa.Text, nullable=False, server_default=""))
    op.add_column("channels", sa.Column("changed", sa.Integer, nullable=False, server_default="0"))
