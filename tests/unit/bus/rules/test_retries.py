"""A rule's retries take about as long as its events may get old."""

import asyncio

import pytest
from msgspec.structs import replace

from keybus.bus.rules.target import RuleTarget
from keybus.testing import ManualClock
from tests.unit.bus.offered import foreign
from tests.unit.bus.rules.making import OTHER, StartRuled, arn, rule

NOWHERE = RuleTarget("q", arn("nobodys"))
HOUR, STEP = 3600, 60
LATE = HOUR  # for steps and for age limits, which are looked at now and then


@pytest.mark.parametrize(
    ("target", "least", "most"),
    [
        (NOWHERE, 18 * HOUR, 24 * HOUR),  # EventBridge's default: 185 times in 24 hours
        (replace(NOWHERE, attempts=3), 0, 0),
    ],
)
async def test_retries_are_spread_over_the_age(
    ruled: StartRuled, clock: ManualClock, target: RuleTarget, least: int, most: int
) -> None:
    bus = await ruled()
    name = await rule(bus, "r", OTHER, target)
    began = clock.monotonic()
    await bus.put([foreign()])
    async with asyncio.timeout(60):
        while not (await bus.states())[name].dead:
            clock.advance(STEP)
            for _ in range(40):
                await asyncio.sleep(0)
    assert least <= clock.monotonic() - began <= most + LATE
