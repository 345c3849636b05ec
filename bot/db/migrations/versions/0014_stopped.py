"""Subscriptions that a session has stopped matching."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("cards", sa.Column("stopped", sa.Text, nullable=False, server_default=""))
