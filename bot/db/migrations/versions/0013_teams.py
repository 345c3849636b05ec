"""Requests of people are forgotten team by team."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.drop_index("begun_until", "begun")
    op.create_index("begun_until", "begun", ["team_id", "until_ms"])
