"""The channel's id by which the keys of a card's messages are made, where Slack has changed it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("cards", sa.Column("born", sa.Text, nullable=False, server_default=""))
