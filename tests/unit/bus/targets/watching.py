"""What became of deliveries."""

import asyncio

from keybus.bus import Bus, DeadLetter
from tests.unit.bus.consuming import turns


async def until_state(bus: Bus, **wanted: int) -> None:
    """Wait until the subscription ``all`` stands so."""
    state = None
    try:
        async with asyncio.timeout(10):
            while True:
                state = (await bus.states())["all"]
                if all(getattr(state, name) == count for name, count in wanted.items()):
                    await turns()  # whoever waits for a time has said so before it is moved
                    return
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise TimeoutError(f"not {wanted}, but {state} and {bus.targets.info('all')}") from None


async def dead(bus: Bus) -> list[DeadLetter]:
    return [letter async for letter, _ in bus.dead_letters("all")]
