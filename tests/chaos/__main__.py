"""`python -m tests.chaos`: exits with 1 where anything is lost, twice, out of order or wrong.

First processes are killed, then come the bad days (`days.DAYS`); DAYS=off leaves these out, and DAYS="slack_out backlog"
has these alone, without kills.

KILLS (100) are those of each run, SEED is printed where it is not given. Without REPLICAS and DATABASE_URL there are
two runs, one process on SQLite and three on a PostgreSQL server of its own. DATABASE_URL is a PostgreSQL server where
the user may create databases. TEAMS=2 has the processes serve a second workspace too. ONLY="workspace_taken dead" comes
to these points alone. RECONCILE=off shows the bot no message of any channel, so that it can look nothing up: the run
must then fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.days import DAYS, LONG
from tests.chaos.run import Result, run, run_day
from tests.chaos.table import details, table
from tests.db.server import new_database, postgres_server

KILLS = 100


async def _run() -> list[Result]:
    environment = os.environ
    kills = int(environment.get("KILLS") or KILLS)
    seed = int(environment.get("SEED") or random.SystemRandom().randrange(100_000))
    replicas, url = int(environment.get("REPLICAS") or 0), environment.pop("DATABASE_URL", "")
    if url and not url.startswith("postgres"):
        raise SystemExit(
            "DATABASE_URL takes a PostgreSQL server; without it there is a run on an SQLite file of its own."
        )
    only = (environment.get("ONLY") or "").replace(",", " ").split()
    asked = (environment.get("DAYS") or "").replace(",", " ").split()
    days: Sequence[str] = [""] if asked == ["off"] else asked or ["", *DAYS]
    if unknown := {*days} - {"", *DAYS}:
        raise SystemExit(f"DAYS takes {', '.join(DAYS)} or off, not {', '.join(sorted(unknown))}.")
    reconcile = environment.get("RECONCILE", "on").lower() not in ("off", "0", "no")
    print(f"SEED={seed} KILLS={kills}" + ("" if reconcile else " RECONCILE=off"), flush=True)
    teams = int(environment.get("TEAMS") or 1)
    results: list[Result] = []

    async def one(day: str, database: str, replicas: int) -> None:
        folder = Path(tempfile.mkdtemp(prefix="bot-chaos-"))
        print(f"logs in {folder}", flush=True)
        if day:
            result = await run_day(DAYS[day], database, folder, replicas=replicas, seed=seed, size=LONG)
        else:
            result = await run(
                database, folder, replicas=replicas, kills=kills, seed=seed, reconcile=reconcile, only=only, teams=teams
            )
        results.append(result)
        print(details(result), flush=True)
        if result.good:
            shutil.rmtree(folder)

    if url:
        os.environ["TEST_DATABASE_URL"] = url
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgres_server()) if url or replicas != 1 else ""
        for day in days:
            if not url and replicas < 2:
                await one(day, "", 1)
            if server:
                async with new_database(server) as database:
                    await one(day, database, replicas or 3)
    return results


def main() -> int:
    results = asyncio.run(_run())
    print(f"\n{table(results)}")
    return 0 if all(result.good for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
