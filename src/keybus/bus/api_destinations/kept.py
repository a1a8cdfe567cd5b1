"""What accounts have made of one kind, by name: in memory, and durably in the engine's documents."""

import asyncio
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

import msgspec

from keybus.bus.engine import Documents


class Named(Protocol):
    """Something that an account has made."""

    @property
    def account(self) -> str:
        """The account's name."""
        ...

    @property
    def name(self) -> str:
        """Its name."""
        ...


T = TypeVar("T", bound=Named)


class Change:
    """Tells whoever waits that something is different now. Belongs to one event loop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    async def wait(self) -> None:
        """Wait for the next change."""
        await self._event.wait()

    def tell(self) -> None:
        """Something was changed."""
        self._event.set()
        self._event = asyncio.Event()


class Kept(Generic[T]):
    """All that is kept of one kind. Belongs to one event loop.

    Args:
        documents: Where it is kept.
        collection: The documents' collection.
        kind: What is kept.
        change: Told of every change, once it holds.
    """

    def __init__(
        self, documents: Documents, collection: str, kind: type[T], change: Change
    ) -> None:
        self._documents, self._collection, self._told = documents, collection, change
        self._decoder = msgspec.json.Decoder(kind)
        self._kept: dict[tuple[str, str], tuple[int, T]] = {}

    async def load(self) -> None:
        """Read what an earlier run has kept."""
        async for each in self._documents.list(self._collection):
            found = self._decoder.decode(each.value)
            self._kept[found.account, found.name] = (each.version, found)

    def find(self, account: str, name: str) -> T | None:
        """An account's of this name."""
        found = self._kept.get((account, name))
        return None if found is None else found[1]

    def of(self, account: str) -> list[T]:
        """An account's, by name."""
        return sorted(
            (each for each in self if each.account == account), key=lambda each: each.name
        )

    def __iter__(self) -> Iterator[T]:
        """All there are."""
        return iter([each for _, each in self._kept.values()])

    async def put(self, what: T) -> None:
        """Write it down in place of what has its name, then let it hold.

        Raises:
            Conflict: Another process has written it meanwhile.
            StorageFailed: It is unknown whether it was kept.
        """
        place = what.account, what.name
        before, _ = self._kept.get(place, (0, None))
        value = msgspec.json.encode(what)
        version = await self._documents.put(self._collection, _key(what), value, expected=before)
        self._kept[place] = (version, what)
        self._told.tell()

    async def delete(self, what: T) -> None:
        """Remove it.

        Raises:
            Conflict: Another process has written it meanwhile.
            StorageFailed: It is unknown whether it was removed.
        """
        version, _ = self._kept[what.account, what.name]
        await self._documents.delete(self._collection, _key(what), expected=version)
        del self._kept[what.account, what.name]
        self._told.tell()


def _key(what: Named) -> str:
    return f"{what.account}/{what.name}"
