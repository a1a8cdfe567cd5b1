"""However it ends, the lock and the threads are let go of; and one file has one opener."""

import asyncio
import threading
from pathlib import Path

import pytest

from keybus.engines.sqlite import SqliteEngine
from keybus.errors import EngineError, StorageFailed
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import ANY, PATIENCE, records


def threads() -> set[str]:
    return {each.name for each in threading.enumerate() if each.name.startswith("keybus-")}


async def test_a_cancelled_close_goes_on_and_the_next_one_waits_for_it(tmp_path: Path) -> None:
    engine = SqliteEngine.at(tmp_path / "store.db")
    cursor = await engine.open("a", ANY)
    waiting = asyncio.ensure_future(cursor.fetch(1))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(engine.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        await asyncio.wait_for(waiting, PATIENCE)
    assert not threads()
    await SqliteEngine.at(tmp_path / "store.db").close()


async def test_closing_twice_at_once_waits_for_the_same_end(tmp_path: Path) -> None:
    engine = SqliteEngine.at(tmp_path / "store.db")
    append = asyncio.ensure_future(engine.append(records(100)))
    await asyncio.sleep(0)
    first = asyncio.ensure_future(engine.close())
    await asyncio.sleep(0)
    await engine.close()
    assert len(await append) == 100
    again = SqliteEngine.at(tmp_path / "store.db")
    assert len([event async for event in again.read()]) == 100
    await first
    await again.close()


def test_opening_outside_of_a_loop_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        SqliteEngine.at(tmp_path / "store.db")
    assert not threads()

    async def open_and_close() -> None:
        await SqliteEngine.at(tmp_path / "store.db").close()

    asyncio.run(open_and_close())


async def test_a_symbolic_link_is_the_same_store(tmp_path: Path) -> None:
    store, link = tmp_path / "store.db", tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    engine = SqliteEngine.at(store)
    link.symlink_to(store)
    with pytest.raises(StorageFailed, match="in use by another process"):
        SqliteEngine.at(link)
    await engine.append(records(3))
    await engine.close()
    engine = SqliteEngine.at(link)
    assert len([event async for event in engine.read()]) == 3
    await engine.close()
    assert list(link.parent.iterdir()) == [link]


async def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(link)
    with pytest.raises(StorageFailed, match="cannot open"):
        SqliteEngine.at(link)


def take_away(file: Path, *, replaced: bool) -> None:
    content = file.read_bytes()
    file.rename(file.with_name("away"))
    if replaced:
        file.write_bytes(content)


@pytest.mark.parametrize("suffix", ["", "-wal"])
@pytest.mark.parametrize("replaced", [False, True])
async def test_a_store_that_was_deleted_or_replaced_takes_nothing_more(
    tmp_path: Path, clock: ManualClock, suffix: str, *, replaced: bool
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    await engine.append(records(1))
    take_away(Path(f"{path}{suffix}"), replaced=replaced)
    for _ in range(2):
        with pytest.raises(StorageFailed, match="was deleted or replaced while it was open"):
            await engine.append(records(1))
    await engine.close()
