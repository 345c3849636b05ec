"""The account whose rooms are known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("room_walks", sa.Column("account", sa.Text, nullable=False, server_default=""))
