"""A closed bus in this process, on a memory engine that does what a test says."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.testing import ManualClock
from keybus.topology import Platform, load_platform
from tests.unit.bus.failing import Store, failing
from tests.unit.bus.registry.publishing import write

Restart = Callable[[], Awaitable[Bus]]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Platform, ContractRepository]:
    return load_platform(write(tmp_path_factory.mktemp("small")))


@pytest.fixture
async def another(
    small: tuple[Platform, ContractRepository],
    clock: ManualClock,
    store: Store,
    engine: MemoryEngine,
) -> AsyncIterator[Restart]:
    """Starts a bus over the store that there is: after a restart, or beside another."""
    started: list[Bus] = []

    async def start() -> Bus:
        bus = await Bus.start(
            Declared(*small),
            failing(engine, store),
            admission="enforce",
            authorization="enforce",
            clock=clock,
        )
        started.append(bus)
        return bus

    yield start
    store.fails = lambda _call: False
    for bus in started:
        await bus.stop()


@pytest.fixture
async def bus(another: Restart) -> Bus:
    return await another()
