"""What is said of the bus is kept, written down, and changes nothing else."""

from keybus.bus import Bus, Declared
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.governance import Principal
from keybus.testing import ManualClock
from keybus.topology import Platform

BY = Principal("me", frozenset({"central"}), "C1")


async def test_it_outlives_a_restart(
    declared: tuple[Platform, ContractRepository], engine: MemoryEngine, clock: ManualClock
) -> None:
    began = clock.time_us()
    first = await Bus.start(Declared(*declared), engine, clock=clock)
    clock.advance(1)
    await first.details.describe("keys", BY)
    clock.advance(1)
    await first.details.tag({"team": "keys"}, BY)
    await first.details.tag({"team": "keys"}, BY)  # changes nothing
    await first.stop()
    clock.advance(1)
    second = await Bus.start(None, engine, clock=clock)
    said = second.details.said
    assert (said.description, said.tags, said.changed_us) == (
        "keys",
        {"team": "keys"},
        began + 2_000_000,
    )
    assert await second.details.created_us(second.versions, second.generation) == began
    acts = [each async for each in second.audit.entries() if each.action.startswith("bus.")]
    assert [(each.action, each.data) for each in acts] == [
        ("bus.described", {"description": "keys"}),
        ("bus.tagged", {"tags": {"team": "keys"}}),
    ]
    await second.close()
