"""A bus with a store for messages, on which rules can be made."""

from collections.abc import AsyncIterator

import pytest

from keybus.bus import Bus, Engine, Mode
from keybus.bus.control.versions import Declared
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.testing import ManualClock
from keybus.topology import Platform
from tests.unit.bus.failing import Store, failing
from tests.unit.bus.rules.making import StartRuled


@pytest.fixture
def sent() -> Store:
    """What happens to the calls of the messages' store."""
    return Store()


@pytest.fixture
async def ruled(
    declared: tuple[Platform, ContractRepository], clock: ManualClock, store: Store, sent: Store
) -> AsyncIterator[StartRuled]:
    """Starts a bus; a store of rules that fails where the test says so."""
    started: list[Bus] = []

    async def run(
        authorization: Mode = "observe",
        platform: Platform | None = None,
        engine: Engine | None = None,
    ) -> Bus:
        async def messages() -> Engine:
            return failing(MemoryEngine(clock=clock), sent)

        bus = await Bus.start(
            Declared(platform or declared[0], declared[1]),
            engine or failing(MemoryEngine(clock=clock), store),
            admission="off",
            authorization=authorization,
            clock=clock,
            messages=messages,
        )
        started.append(bus)
        return bus

    yield run
    for bus in started:
        await bus.close()
