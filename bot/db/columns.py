"""The parts that tables are made of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Text, text

metadata = MetaData()

# Numbers that AUTOINCREMENT counts must be called INTEGER in SQLite, where every integer has 64 bits.
ID = BigInteger().with_variant(Integer(), "sqlite")
# Compared by code point, as SQLite does by itself, so that names with one beginning lie together.
TEXT_BY_CODE = Text().with_variant(Text(collation="C"), "postgresql")


def keys(*names: str) -> list[Column[str]]:
    """Columns of text that are the primary key, or its beginning."""
    return [Column(name, Text, primary_key=True) for name in names]


def where(condition: str) -> dict[str, Any]:
    """The condition of a partial index, for both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
