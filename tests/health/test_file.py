"""The doctor's look at an SQLite file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.db.database import Database
from tests.db import parts
from tests.health.conftest import World

pytestmark = pytest.mark.slow


async def test_a_damaged_file_and_one_that_others_may_read(world: World, tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    store = await Database.open(f"sqlite:///{path}")
    await parts.commit(store, *(parts.message(f"m{n}", text="x" * 500) for n in range(200)))
    await store.close()
    path.chmod(0o644)
    said = await world.doctor(DATABASE_URL=f"sqlite:///{path}")
    assert said.code == 0 and [state for state, _ in said.of("Database")] == ["ok", "warn"]
    assert "other users of this machine may read its files" in said.of("Database")[1][1]
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xff" * (path.stat().st_size - 8 * 4096))
    said = await world.doctor(DATABASE_URL=f"sqlite:///{path}")
    assert said.code == 1 and "the file is damaged; put a backup in its place" in said.of("Database")[0][1]
    assert "the file is damaged" in await world.refused("web", DATABASE_URL=f"sqlite:///{path}")
