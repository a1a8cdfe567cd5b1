"""The audit log of a running bus: durable, never forked, bounded, and its damage is reported."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from keybus.bus.audit.log import AuditLog
from keybus.bus.audit.tail import ENTRIES, HEADS, name_of, verify_documents
from keybus.bus.engine import Document
from keybus.engines.memory import MemoryDocuments
from keybus.errors import AuditError, EngineError, StorageFailed
from keybus.governance.audit import (
    WINDOW_SECONDS,
    Actor,
    Anchor,
    AuditEntry,
    AuditKey,
    Filter,
    chained,
    read_entry,
    read_head,
)
from keybus.testing import ManualClock
from tests.unit.governance.audit.chains import KEY, OTHER_KEY, act

CENTRAL, MALLORY = Actor("central", "cred-1"), Actor("mallory", "cred-2")
Open = Callable[..., Awaitable[AuditLog]]


class FailingDocuments(MemoryDocuments):
    """Documents whose puts fail while they are told to, before or after they are kept."""

    failing = ""

    async def put(
        self, collection: str, key: str, value: bytes, *, expected: int | None = None
    ) -> int:
        if self.failing == "before":
            raise StorageFailed("the disk is full")
        version = await super().put(collection, key, value, expected=expected)
        if self.failing == "head" and collection == HEADS:
            raise StorageFailed("the disk became full")
        return version

    async def create(self, collection: str, documents: Sequence[tuple[str, bytes]]) -> None:
        if self.failing == "before":
            raise StorageFailed("the disk is full")
        await super().create(collection, documents)
        if self.failing == "after":
            raise StorageFailed("the disk is slow to tell")


@pytest.fixture
def documents() -> FailingDocuments:
    return FailingDocuments()


@pytest.fixture
async def opened(documents: FailingDocuments, clock: ManualClock) -> AsyncIterator[Open]:
    logs: list[AuditLog] = []

    async def run(key: AuditKey | None = None) -> AuditLog:
        logs.append(await AuditLog.open(documents, clock, key))
        return logs[-1]

    yield run
    for log in logs:
        await log.close()


async def kept(documents: MemoryDocuments) -> list[AuditEntry]:
    return [read_entry(each.value) async for each in documents.list(ENTRIES)]


async def refusals(log: AuditLog) -> list[AuditEntry]:
    """The refusals that stand in the log, once what waits was written."""
    for _ in range(10):  # let a window that is over be closed
        await asyncio.sleep(0)
    await log.write(CENTRAL, "marker")
    return [entry async for entry in log.entries(wanted=Filter("exchange"))]


async def test_an_act_is_durable_on_return(
    documents: FailingDocuments, opened: Open, clock: ManualClock
) -> None:
    log = await opened()
    entry = await log.write(CENTRAL, "grant.added", "/grants/a", {"events": ["order.placed"]})
    assert await kept(documents) == [entry]
    assert (entry.sequence, entry.time_us, entry.actor) == (1, clock.time_us(), CENTRAL)
    head = await documents.get(HEADS, "head")
    assert head is not None
    assert read_head(head.value) == log.head
    assert (log.head.count, log.head.hash) == (1, entry.hash)


async def test_many_writers_at_once_make_one_chain(opened: Open) -> None:
    log = await opened(KEY)
    entries = await asyncio.gather(
        *(log.write(CENTRAL, "grant.added", f"/grants/{each}") for each in range(300))
    )
    assert [entry.sequence for entry in entries] == list(range(1, 301))
    found = await log.verify([Anchor(7, entries[6].hash)])
    assert found.ok
    assert (found.entries, found.sealed, found.seals_checked) == (300, 300, True)


async def test_two_logs_on_one_store_do_not_fork(documents: FailingDocuments, opened: Open) -> None:
    one, two = await opened(), await opened()
    await asyncio.gather(
        *(log.write(CENTRAL, "x", str(each)) for each in range(40) for log in (one, two))
    )
    assert len(await kept(documents)) == 80
    assert (await verify_documents(documents, head=max(one.head, two.head, key=str))).ok
    assert not one.damages + two.damages


async def test_a_log_goes_on_after_a_restart(opened: Open) -> None:
    first = await opened(KEY)
    await first.write(CENTRAL, "one")
    await first.close()
    second = await opened(KEY)
    assert (await second.write(CENTRAL, "two")).sequence == 2
    assert (await second.verify()).ok
    with pytest.raises(EngineError, match="closed"):
        await first.write(CENTRAL, "three")


async def test_closing_while_many_write_leaves_nobody_waiting(opened: Open) -> None:
    log = await opened()
    writes = [asyncio.create_task(log.write(CENTRAL, "x", str(n))) for n in range(3_000)]
    await asyncio.sleep(0)
    await log.close()
    async with asyncio.timeout(5):
        ends = await asyncio.gather(*writes, return_exceptions=True)
    written = [end for end in ends if isinstance(end, AuditEntry)]
    assert log.head.count == len(written) > 0
    assert all(isinstance(end, AuditEntry | EngineError) for end in ends)
    assert (await log.verify()).ok


async def test_what_a_crash_left_beyond_the_head_is_adopted(
    documents: FailingDocuments, opened: Open
) -> None:
    first = await opened(KEY)
    await first.write(CENTRAL, "one")
    documents.failing = "head"
    entry = await first.write(CENTRAL, "two")  # it is durable, its head is not
    old = await documents.get(HEADS, "head")
    documents.failing = ""
    second = await opened(KEY)
    assert second.head.hash == entry.hash
    assert not second.damages
    assert (await second.write(CENTRAL, "three")).sequence == 3
    assert (await second.verify()).ok
    assert old is not None


async def test_many_at_once_stand_in_their_order(opened: Open) -> None:
    log = await opened(KEY)
    acts = [act(number) for number in range(1_500)]
    entries = await log.write_all(acts)
    assert [entry.sequence for entry in entries] == list(
        range(entries[0].sequence, 1_500 + entries[0].sequence)
    )
    assert [entry.subject for entry in entries] == [act.subject for act in acts]
    assert (await log.verify()).ok


async def test_an_act_that_cannot_be_written_fails_no_other(opened: Open) -> None:
    log = await opened()
    writes = [log.write(CENTRAL, "x", data={"n": value}) for value in (1, object(), 2)]
    ends = await asyncio.gather(*writes, return_exceptions=True)
    assert isinstance(ends[1], TypeError)
    assert [each.data async for each in log.entries()] == [{"n": 1}, {"n": 2}]
    assert (await log.verify()).ok


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_store_that_fails_is_told_and_the_chain_stays_whole(
    documents: FailingDocuments, opened: Open, when: str
) -> None:
    log = await opened()
    await log.write(CENTRAL, "one")
    documents.failing = when
    with pytest.raises(StorageFailed):
        await log.write(CENTRAL, "two")
    documents.failing = ""
    entry = await log.write(CENTRAL, "three")
    assert entry.sequence == (3 if when == "after" else 2)
    assert (await log.verify()).ok
    assert not log.damages


@pytest.mark.parametrize(
    ("harm", "code", "where"),
    [
        ("remove-last", "audit-missing", 3),
        ("change-last", "audit-changed", 3),
        ("break-last", "audit-unreadable", 3),
        ("replace-last", "audit-rewritten", 3),
        ("remove-head", "audit-head", 0),
        ("break-head", "audit-head", 0),
        ("forge-head", "audit-head", 3),
        ("append", "audit-changed", 4),
        ("append-unsealed", "audit-unsealed", 4),
    ],
)
async def test_tampering_at_the_end_is_reported_and_not_repaired(
    documents: FailingDocuments, opened: Open, harm: str, code: str, where: int
) -> None:
    first = await opened(KEY)
    for each in range(3):
        await first.write(CENTRAL, str(each))
    await first.close()
    last, head = await documents.get(ENTRIES, name_of(3)), await documents.get(HEADS, "head")
    assert last is not None
    assert head is not None
    await tamper(documents, harm, last, head)
    second = await opened(KEY)
    assert (code, where) in [(each.code, each.sequence) for each in second.damages]
    assert (await second.write(CENTRAL, "on")).action == "on"
    assert [e.action async for e in second.entries(wanted=Filter("audit"))] == ["audit.damaged"]
    found = await second.verify()
    if harm in ("remove-head", "break-head", "forge-head"):
        assert found.ok  # the entry audit.damaged says what stood there
    else:
        assert {damage.sequence for damage in found.damages} == {where}


async def tamper(documents: MemoryDocuments, harm: str, last: Document, head: Document) -> None:
    entry = read_entry(last.value)
    if harm == "remove-last":
        await documents.delete(ENTRIES, last.key)
    elif harm == "change-last":
        await documents.put(ENTRIES, last.key, last.value.replace(b"central", b"mallory"))
    elif harm == "break-last":
        await documents.put(ENTRIES, last.key, last.value[:-1])
    elif harm == "replace-last":
        other = chained(act(), sequence=3, time_us=0, previous=entry.previous, key=KEY)
        await documents.put(ENTRIES, last.key, other.encode())
    elif harm == "remove-head":
        await documents.delete(HEADS, "head")
    elif harm == "break-head":
        await documents.put(HEADS, "head", b"\x00")
    elif harm == "forge-head":
        forged = type(read_head(head.value)).of(3, entry.hash, OTHER_KEY)
        await documents.put(HEADS, "head", forged.encode())
    else:
        key = None if harm == "append-unsealed" else OTHER_KEY
        other = chained(act(), sequence=4, time_us=0, previous=entry.hash, key=key)
        await documents.put(ENTRIES, name_of(4), other.encode())


async def test_what_others_write_into_a_running_log_is_reported(
    documents: FailingDocuments, opened: Open
) -> None:
    log = await opened()
    await log.write(CENTRAL, "one")
    await documents.put(ENTRIES, name_of(2), b"nonsense")
    entry = await log.write(CENTRAL, "two")
    assert entry.sequence == 3
    assert [damage.code for damage in log.damages] == ["audit-unreadable"]
    assert [damage.sequence for damage in (await log.verify()).damages] == [2]
    await documents.put(ENTRIES, "stray", b"")
    assert "audit-stray" in [damage.code for damage in (await log.verify()).damages]


async def test_a_sealed_log_needs_its_key(opened: Open) -> None:
    unsealed = await opened()
    await unsealed.write(CENTRAL, "one")
    await unsealed.close()
    sealed = await opened(KEY)
    assert [entry.action async for entry in sealed.entries()] == ["one", "audit.sealed"]
    assert (await sealed.verify()).ok
    await sealed.close()
    with pytest.raises(AuditError, match="no key"):
        await opened(None)


async def test_equal_refusals_are_few_entries(opened: Open, clock: ManualClock) -> None:
    log = await opened()
    for _ in range(1_000):
        log.note(MALLORY, "exchange.refused", "order.placed", "no-grant", "nobody granted it")
    assert [entry.data["count"] for entry in await refusals(log)] == [1]
    clock.advance(WINDOW_SECONDS)
    assert [entry.data["count"] for entry in await refusals(log)] == [1, 999]
    log.note(MALLORY, "exchange.refused", "order.placed", "no-grant")
    log.note(MALLORY, "exchange.refused", "order.placed", "no-grant")
    await log.close()
    found = [entry async for entry in log.entries(wanted=Filter("exchange"))]
    assert [entry.data["count"] for entry in found] == [1, 999, 1, 1]
    log.note(MALLORY, "exchange.refused", "order.placed", "role")  # passed over


async def test_a_flood_of_different_refusals_is_bounded(opened: Open, clock: ManualClock) -> None:
    log = await opened()
    for each in range(5_000):
        log.note(Actor(f"a{each % 700}"), "exchange.refused", str(each), "no-grant")
    await log.close()
    entries = [entry async for entry in log.entries()]
    assert len(entries) < 60
    assert entries[-1].action == "audit.overflow"
    assert (
        sum(entry.data.get("count", 0) for entry in entries[:-1]) + entries[-1].data["refusals"]
        == 5_000
    )
    assert clock.time_us() == entries[-1].time_us


async def test_pages(documents: FailingDocuments, opened: Open) -> None:
    log = await opened()
    for each in range(10):
        actor = MALLORY if each % 2 else CENTRAL
        await log.write(actor, "credential.revoked" if each < 5 else "credentials.x", str(each))
    page = await log.page(limit=4)
    assert [read_entry(bytes(entry)).sequence for entry in page.entries] == [1, 2, 3, 4]
    assert (page.next, page.head) == (4, log.head)
    page = await log.page(after=8, limit=100)
    assert (len(page.entries), page.next) == (2, None)
    assert (await log.page(after=10)).entries == []
    page = await log.page(limit=100, wanted=Filter("credential", "mallory"))
    assert [read_entry(bytes(entry)).subject for entry in page.entries] == ["1", "3"]
    await documents.put(ENTRIES, name_of(2), b"\xff\n")
    await documents.delete(ENTRIES, name_of(3))
    page = await log.page(limit=3)
    assert b"unreadable" in bytes(page.entries[1])
    assert len([entry async for entry in log.entries()]) == 8
