"""Check one message of each kind with Slack's validator."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.health.block_oracle import Blocks, Verdict
from bot.health.check_result import CheckResult
from bot.health.probes import Asked
from bot.health.samples import samples
from bot.slack.data_blocks import DATA_BLOCKS

NAME = "Blocks"
ASK_S = 3.0
"""Timeout of one judgement; charts and tables may need a second one."""

Judge = Callable[[Blocks], Awaitable[Verdict]]


async def blocks(asked: Asked) -> Sequence[CheckResult]:
    """Results for the messages that this Slack takes and refuses, or one if it can't be asked; none without a judge."""
    judge = asked.parts.judge
    if judge is None:
        return []
    kinds = {kind: message.blocks for kind, message in samples().items()}
    verdicts = dict(zip(kinds, await asyncio.gather(*(_ask(judge, each) for each in kinds.values())), strict=True))
    if silent := sorted({each.unknown for each in verdicts.values() if each.unknown}):
        way = "check this machine's way to Slack, or try again in a minute; nothing else depends on it"
        return [CheckResult(NAME, "warn", f"Slack's blocks.validate can't be asked ({', '.join(silent)})", way)]
    refused = {kind: each.problem for kind, each in verdicts.items() if each.problem}
    taken = [kind for kind in kinds if kind not in refused]
    found = [CheckResult(NAME, "ok", f"Slack takes {', '.join(taken)}")] if taken else []
    return [*found, *await asyncio.gather(*(_refused(judge, kind, kinds[kind], why) for kind, why in refused.items()))]


async def _refused(judge: Judge, kind: str, refused: Blocks, why: str) -> CheckResult:
    """The result for a refused message: a warning if only its charts and tables are refused."""
    plainer = [block for block in refused if block["type"] not in DATA_BLOCKS]
    if len(plainer) < len(refused) and await _ask(judge, plainer) == Verdict():
        detail = f"this Slack refuses charts and tables ({why}), so {kind} comes without"
        return CheckResult(NAME, "warn", detail, "nothing to do: the figures stand in the text as well")
    return CheckResult(NAME, "fail", f"Slack refuses {kind}: {why}", "please report it: a defect")


async def _ask(judge: Judge, some: Blocks) -> Verdict:
    try:
        async with asyncio.timeout(ASK_S):
            return await judge(some)
    except Exception as error:
        return Verdict(
            unknown=f"no answer within {ASK_S:.0f} s" if isinstance(error, TimeoutError) else type(error).__name__
        )
