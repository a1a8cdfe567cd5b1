from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keybus.bus.engine import Engine
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import ENGINES


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=ENGINES)
async def engine(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Engine]:
    engine = ENGINES[request.param](tmp_path, clock)
    yield engine
    await engine.close()
