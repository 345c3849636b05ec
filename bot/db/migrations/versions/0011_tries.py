"""The number of times that the digest that is due couldn't be made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("digests", sa.Column("tries", sa.Integer, nullable=False, server_default="0"))
