"""A disk, SQLite's file system over it, and a clock that can be set."""

import random
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.reliability.disk import Disk
from tests.reliability.jumping_clock import JumpingClock
from tests.reliability.simulated_vfs import SimulatedVFS


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def disk() -> Disk:
    """An empty one, on which the power fails when somebody cuts it."""
    return Disk({}, random.Random(1))


@pytest.fixture
def vfs(disk: Disk) -> Iterator[str]:
    """The name of the file system over the disk."""
    with closing(SimulatedVFS(disk)) as vfs:
        yield vfs.name
