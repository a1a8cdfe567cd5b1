"""Usage: counted, bounded, kept and taken up again."""

import asyncio

import pytest

from keybus.bus.usage.counts import MOST_AGENTS, MOST_PAIRS, MOST_PAIRS_EACH
from keybus.bus.usage.usage import COLLECTION, FLUSH_SECONDS, Usage
from keybus.engines.memory import MemoryDocuments
from keybus.errors import StorageFailed
from keybus.governance.sprawl import Agent, Consumed, Published, Received, Seen
from keybus.testing import ManualClock

NOW = 1_700_000_000_000_000


class FailingDocuments(MemoryDocuments):
    """Documents that can fail, and count what is written."""

    failing, puts = False, 0

    async def put(
        self, collection: str, key: str, value: bytes, *, expected: int | None = None
    ) -> int:
        if self.failing:
            raise StorageFailed("the disk is full")
        self.puts += 1
        return await super().put(collection, key, value, expected=expected)


@pytest.fixture
def documents() -> FailingDocuments:
    return FailingDocuments()


def count_all(usage: Usage) -> None:
    usage.published("shop", "order.placed", 3, NOW + 5)
    usage.published("shop", "order.placed", 2, NOW + 9)
    usage.published("", "Something Happened", 1, NOW + 1)
    usage.delivered("desk-orders", "desk", "order.placed", 4, NOW + 6)
    usage.acknowledged("desk-orders", "desk", 3, NOW + 7)
    usage.delivered("desk-too", "desk", "order.placed", 2, NOW + 8)
    usage.connected("desk-other", "desk", NOW + 2)
    usage.seen("shop", "keybus/0.1.0 python/3.11.7 shop_events/sha256:0a", NOW + 3)
    usage.seen("shop", "", NOW + 4)
    usage.seen("shop", "curl", NOW + 4)


async def test_what_was_counted(documents: FailingDocuments, clock: ManualClock) -> None:
    usage = await Usage.open(documents, clock)
    count_all(usage)
    snapshot = usage.snapshot()
    assert snapshot.published == (
        Published("", "Something Happened", 1, NOW + 1, NOW + 1),
        Published("shop", "order.placed", 5, NOW + 5, NOW + 9),
    )
    assert snapshot.consumed == (
        Consumed("desk-orders", "desk", 4, 3, NOW + 6, NOW + 7),
        Consumed("desk-other", "desk", 0, 0, 0, NOW + 2),
        Consumed("desk-too", "desk", 2, 0, NOW + 8, NOW + 8),
    )
    assert snapshot.received == (Received("desk", "order.placed", 6, NOW + 6, NOW + 8),)
    agent = Agent("0.1.0", "3.11.7", (("shop_events", "sha256:0a"),))
    assert snapshot.seen == (Seen("shop", agent, NOW + 3),)
    assert (snapshot.since_us, snapshot.at_us, snapshot.overflow) == (NOW, NOW, 0)
    await usage.close()


async def test_it_goes_on_after_a_restart(documents: FailingDocuments, clock: ManualClock) -> None:
    first = await Usage.open(documents, clock)
    count_all(first)
    before = first.snapshot()
    await first.close()
    second = await Usage.open(documents, clock)
    assert second.snapshot() == before
    clock.advance(1)
    second.published("shop", "order.placed", 1, clock.time_us())
    assert second.snapshot().since_us == NOW
    assert second.snapshot().published[1].count == 6
    await second.close()
    third = await Usage.open(documents, clock)
    assert third.snapshot().published[1] == Published(
        "shop", "order.placed", 6, NOW + 5, NOW + 1_000_000
    )
    await third.close()


async def test_it_is_kept_every_half_minute_and_only_what_changed(
    documents: FailingDocuments, clock: ManualClock
) -> None:
    usage = await Usage.open(documents, clock)
    count_all(usage)

    async def half_a_minute() -> int:
        for _ in range(5):  # let the task sleep first, and write then
            await asyncio.sleep(0)
        before = documents.puts
        clock.advance(FLUSH_SECONDS)
        for _ in range(20):
            await asyncio.sleep(0)
        return documents.puts - before

    assert await half_a_minute() == 4  # three accounts, the empty one among them, and the beginning
    assert await half_a_minute() == 0
    usage.published("shop", "order.placed", 1, NOW)
    assert await half_a_minute() == 1
    documents.failing = True
    usage.published("shop", "order.placed", 1, NOW)
    assert await half_a_minute() == 0
    documents.failing = False
    assert await half_a_minute() == 1
    await usage.close()
    await usage.close()


async def test_names_without_number_do_not_fill_memory(
    documents: FailingDocuments, clock: ManualClock
) -> None:
    usage = await Usage.open(documents, clock)
    for number in range(MOST_PAIRS + 70):
        usage.published(f"account {number % 10}", f"foreign {number}", 2, NOW)
    for number in range(MOST_AGENTS):
        usage.seen("mallory", f"keybus/{number}", NOW)
    usage.seen("shop", "keybus/0.1.0", NOW)
    snapshot = usage.snapshot()
    assert len(snapshot.published) == MOST_PAIRS
    assert snapshot.overflow == 2 * 70 + MOST_AGENTS - MOST_AGENTS // 10
    assert snapshot.seen[-1].account == "shop"
    await usage.close()


async def test_what_cannot_be_read_is_counted_anew(
    documents: FailingDocuments, clock: ManualClock
) -> None:
    first = await Usage.open(documents, clock)
    count_all(first)
    await first.close()
    await documents.put(COLLECTION, "account/shop", b"\xff")
    second = await Usage.open(documents, clock)
    assert [each.account for each in second.snapshot().published] == [""]
    second.published("shop", "order.placed", 1, NOW)
    await second.close()
    third = await Usage.open(documents, clock)
    assert third.snapshot().published[1].count == 1
    await third.close()


async def test_one_account_crowds_nobody_out(
    documents: FailingDocuments, clock: ManualClock
) -> None:
    usage = await Usage.open(documents, clock)
    for number in range(MOST_PAIRS_EACH + 3):
        usage.published("mallory", f"made up {number}", 1, NOW)
        usage.delivered("feed", "shop", f"made up {number}", 1, NOW)
    usage.published("shop", "order.placed", 1, NOW)
    usage.delivered("orders", "shop", "order.placed", 1, NOW)
    snapshot = usage.snapshot()
    assert snapshot.overflow == 2 * 3
    assert snapshot.published[-1].account == "shop"
    assert "order.placed" in {each.event_type for each in snapshot.received}
    await usage.close()
