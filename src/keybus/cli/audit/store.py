"""The audit log in the store of a bus that does not run; needs the server extra."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from keybus.bus.audit.tail import read_entries, read_kept_head, verify_documents
from keybus.engines.sqlite import SqliteEngine
from keybus.errors import SettingsError
from keybus.governance.audit import Anchor, AuditKey, Head, Verification

_STORE = "bus.db"


class StoreSource:
    """The store of a bus that does not run."""

    def __init__(self, data: Path) -> None:
        self._path = data / _STORE if data.is_dir() else data
        if not self._path.is_file():
            raise SettingsError(f"there is no store in {data}", hint=f"it is called {_STORE}")
        self.head: Head | None = None

    def texts(self, after: int = 0) -> Iterator[bytes]:
        """Read the store as it goes on."""
        with asyncio.Runner() as runner:
            engine = runner.run(self._open())
            try:
                entries = read_entries(engine.documents)
                while (found := runner.run(_next(entries))) is not None:
                    number, text = found
                    if number > after:
                        yield text
                self.head = runner.run(read_kept_head(engine.documents))
            finally:
                runner.run(engine.close())

    def verify(self, key: AuditKey | None, anchors: list[Anchor]) -> Verification:
        """Check the store itself, also what an export does not show."""

        async def check() -> Verification:
            engine = await self._open()
            try:
                return await verify_documents(engine.documents, key=key, anchors=anchors)
            finally:
                await engine.close()

        return asyncio.run(check())

    async def _open(self) -> SqliteEngine:
        return SqliteEngine.at(self._path)


async def _next(entries: AsyncIterator[tuple[int, bytes]]) -> tuple[int, bytes] | None:
    with contextlib.suppress(StopAsyncIteration):
        return await anext(entries)
    return None
