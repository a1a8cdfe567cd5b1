"""An engine whose store fails, or waits, where a test says so."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from keybus.bus import Engine
from keybus.engines.memory import MemoryEngine
from keybus.errors import StorageFailed

Call = tuple[object, ...]
"""What is asked of the store: the method's name, and its first arguments."""


class Store:
    """What happens to calls.

    Attributes:
        fails: Which calls fail.
        kept: Whether a write that fails was kept all the same.
        waits: Which calls wait for `go`.
        waiting: Set once one waits.
        go: Lets them go.
        calls: All that was asked.
    """

    def __init__(self) -> None:
        self.fails: Callable[[Call], bool] = lambda _call: False
        self.waits: Callable[[Call], bool] = lambda _call: False
        self.kept = False
        self.waiting, self.go = asyncio.Event(), asyncio.Event()
        self.calls: list[Call] = []


def failing(engine: MemoryEngine, store: Store) -> Engine:
    """The engine, with a store that does what the test says."""
    return cast("Engine", _Failing(engine, store))


class _Failing:
    def __init__(self, inner: object, store: Store) -> None:
        self._inner, self._store = inner, store

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in ("documents", "letters"):
            return _Failing(found, self._store)
        if not asyncio.iscoroutinefunction(found):
            return found
        store = self._store

        async def asked(*arguments: Any, **options: Any) -> Any:
            call = (name, *arguments)
            store.calls.append(call)
            if store.waits(call):
                store.waiting.set()
                await store.go.wait()
            if store.fails(call):
                if store.kept:
                    await found(*arguments, **options)
                raise StorageFailed(f"the disk is full: {name}")
            answer = await found(*arguments, **options)
            return _Failing(answer, store) if name == "open" else answer

        return asked
