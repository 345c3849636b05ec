"""Indexes by which no statement reads more than it needs, however much is stored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.drop_index("outbox_next", "outbox")
    op.drop_index("cards_key_before", "cards")
    order: list[str | sa.TextClause] = ["team_id", "channel_id", sa.text("(kind = 'reply')"), "turn", "id"]
    _index("outbox_next", "outbox", order, "status = 'pending' AND waits_for IS NULL")
    _index("outbox_held", "outbox", ["team_id", "channel_id", "cause"], "status = 'held'")
    _index("cards_key_before", "cards", ["key_before"], "key_before IS NOT NULL")
    _index("sessions_live", "sessions", ["team_id"], "live")
    op.create_index("cards_of_channel", "cards", ["team_id", "channel_id"])


def _index(name: str, table: str, columns: list[str | sa.TextClause], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
