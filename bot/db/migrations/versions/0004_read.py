"""When the last good poll read the sessions, by the clock of 100ms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("polls", sa.Column("read_ms", sa.BigInteger))
    op.execute("UPDATE polls SET read_ms = good_ms")
