"""A small bus on the test's own loop, over any engine."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from keybus.bus import Bus, Engine
from keybus.bus.control.versions import Declared
from keybus.clock import Clock
from keybus.envelope import Entry, EntryResult
from keybus.topology import load_platform
from tests.reliability.kills.event import EVENT_TYPE, SOURCE, detail_of
from tests.reliability.kills.project import write_project

_LATE = f"  late: {{account: checker, filter: {{source: [{SOURCE}]}}}}\n"


def declared(folder: Path, *, late: bool = False) -> Declared:
    """The platform of the load, written to a folder and read.

    Args:
        folder: The folder; it is made.
        late: With one more subscription.
    """
    write_project(folder, _LATE if late else "")
    return Declared(*load_platform(folder))


@contextlib.asynccontextmanager
async def small_bus(engine: Engine, folder: Path, clock: Clock) -> AsyncIterator[Bus]:
    """A bus with the platform of the load, which stops in the end and leaves the engine open."""
    bus = await Bus.start(declared(folder), engine, admission="enforce", clock=clock)
    try:
        yield bus
    finally:
        await bus.stop()


async def put(bus: Bus, *numbers: int) -> list[EntryResult]:
    """Put events of the load, by their numbers."""
    return await bus.put(
        [Entry(SOURCE, EVENT_TYPE, msgspec.Raw(detail_of(number))) for number in numbers]
    )
