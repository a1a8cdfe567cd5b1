"""A small platform on a memory engine, all on the test's own loop and a clock that it sets."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keybus.bus import Bus, Mode
from keybus.bus.control.versions import Declared
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.testing import ManualClock
from keybus.topology import Platform, load_platform
from tests.unit.bus.failing import Store
from tests.unit.bus.offered import StartBus

PLATFORM = """\
bus: tiny
accounts:
  deliveries: {id: "111111111111"}
  me: {id: "222222222222"}
publishers:
  key.delivery: {account: deliveries, events: [delivery.status.updated]}
subscriptions:
  all: {account: me, events: [delivery.status.updated@1]}
  failed:
    account: me
    events: [delivery.status.updated@1]
    filter: {detail: {status: [FAILED]}}
  foreign: {account: me, filter: {source: [{prefix: "other."}]}}
  impatient: {account: me, events: [delivery.status.updated@1], retry: {attempts: 1}}
"""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> Store:
    """What happens to the calls of `failing`."""
    return Store()


@pytest.fixture
def engine(clock: ManualClock) -> MemoryEngine:
    return MemoryEngine(clock=clock)


@pytest.fixture(scope="session")
def declared(
    tmp_path_factory: pytest.TempPathFactory, example: Path
) -> tuple[Platform, ContractRepository]:
    """Both never change, so that all tests may have the same."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "contracts").symlink_to(example / "contracts")
    (folder / "platform.yaml").write_text(PLATFORM)
    return load_platform(folder)


@pytest.fixture
async def start(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> AsyncIterator[StartBus]:
    started: list[Bus] = []

    async def run(admission: Mode = "observe", authorization: Mode = "observe") -> Bus:
        engine = MemoryEngine(clock=clock)
        bus = await Bus.start(
            Declared(*declared),
            engine,
            admission=admission,
            authorization=authorization,
            clock=clock,
        )
        started.append(bus)
        return bus

    yield run
    for bus in started:
        await bus.close()


@pytest.fixture
async def bus(start: StartBus) -> Bus:
    return await start()
