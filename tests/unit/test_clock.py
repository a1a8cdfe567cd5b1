import asyncio
import uuid

import pytest

from keybus.clock import SYSTEM, rfc3339
from keybus.testing.clock import ManualClock


def test_ids_are_random_uuids_of_version_4() -> None:
    ids = {SYSTEM.uuid() for _ in range(1000)}
    assert len(ids) == 1000
    for text in ids:
        parsed = uuid.UUID(text)
        assert (str(parsed), parsed.version, parsed.variant) == (text, 4, uuid.RFC_4122)


def test_hexadecimal_digits_are_as_many_as_asked() -> None:
    assert all(len(SYSTEM.hex(16)) == 16 for _ in range(1000))
    assert all(int(SYSTEM.hex(1), 16) for _ in range(1000))


@pytest.mark.parametrize(
    ("time_us", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000_123_999, "2023-11-14T22:13:20.123Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_rfc_3339_in_utc(time_us: int, text: str) -> None:
    assert rfc3339(time_us) == text
    assert rfc3339(time_us, fraction=False) == text[:19] + "Z"


async def test_a_manual_clock_counts_a_sleep_from_the_call_of_it() -> None:
    clock = ManualClock()
    sleeping = asyncio.ensure_future(clock.sleep(10))
    clock.advance(10)  # before the task had its first turn
    await asyncio.wait_for(sleeping, 5)
