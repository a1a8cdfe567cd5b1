"""What accounts have made of one kind, by name: in memory, and durably in the engine's documents."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from keybus.bus.api_destinations.errors import Exists, NotFound, TooMany
from keybus.bus.engine import Documents
from keybus.bus.legible import Legible
from keybus.errors import StorageFailed

MOST: Final = 3_000
"""Of one kind and account (EventBridge quotas, "Connections" and "API destinations")."""


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


class _Place(NamedTuple, Generic[T]):
    """What is kept under a name, its document's version, and its size in bytes."""

    version: int
    what: T
    size: int


class Kept(Generic[T]):
    """All that is kept of one kind. Belongs to one event loop.

    Args:
        documents: Where it is kept.
        collection: The documents' collection.
        kind: What is kept.
        called: What one is called, such as ``connection``.
        change: Told of every change, once it holds.
    """

    def __init__(
        self, documents: Documents, collection: str, kind: type[T], called: str, change: Change
    ) -> None:
        self._documents, self._collection = documents, collection
        self._called, self._told = called, change
        self._legible = Legible(documents, collection, kind, called)
        self._kept: dict[tuple[str, str], _Place[T]] = {}
        self._unknown: set[tuple[str, str]] = set()

    async def load(self) -> None:
        """Read what an earlier run has kept; what is damaged is left out, and logged."""
        async for document, found in self._legible.all():
            place = found.account, found.name
            self._kept[place] = _Place(document.version, found, len(document.value))

    def all(self) -> list[T]:
        """All accounts'."""
        return [each.what for each in self._kept.values()]

    def find(self, account: str, name: str) -> T | None:
        """An account's of this name."""
        found = self._kept.get((account, name))
        return None if found is None else found.what

    def of(self, account: str) -> list[T]:
        """An account's, by name."""
        own = [each for each in self.all() if each.account == account]
        return sorted(own, key=lambda each: each.name)

    def existing(self, account: str, name: str) -> T:
        """The same of one that has to be there.

        Raises:
            NotFound: The account has none of this name.
        """
        found = self.find(account, name)
        if found is None:
            raise NotFound(f"{self._called.capitalize()} {name} does not exist.")
        return found

    def check_new(self, account: str, name: str, taken: str) -> None:
        """Let an account make one of this name.

        Args:
            account: The account's name.
            name: What it is to be called.
            taken: What is said where the account has one.

        Raises:
            Exists: It has one.
            TooMany: It has as many as it may have.
        """
        if self.find(account, name) is not None:
            raise Exists(taken)
        if len(self.of(account)) >= MOST:
            raise TooMany(f"an account has at most {MOST} of the kind {self._called}")

    def size_with(self, what: T) -> int:
        """Bytes of all that its account has, with it in place of what has its name."""
        others = [
            each.size
            for (account, name), each in self._kept.items()
            if account == what.account and name != what.name
        ]
        return sum(others) + len(msgspec.json.encode(what))

    async def keep(self, what: T) -> None:
        """Write it down in place of what has its name, then let it hold.

        Raises:
            Conflict: Another process has written it meanwhile.
            StorageFailed: It is unknown whether it was kept; or what has its name is damaged.
        """
        place, key = (what.account, what.name), _key(what)
        self._legible.check(key)
        value = msgspec.json.encode(what)
        with self._unless_it_fails(place) as expected:
            version = await self._documents.put(self._collection, key, value, expected=expected)
        self._kept[place] = _Place(version, what, len(value))
        self._told.tell()

    async def drop(self, what: T) -> None:
        """Remove it.

        Raises:
            Conflict: Another process has written it meanwhile.
            StorageFailed: It is unknown whether it was removed.
        """
        place = what.account, what.name
        with self._unless_it_fails(place) as expected:
            await self._documents.delete(self._collection, _key(what), expected=expected)
        del self._kept[place]
        self._told.tell()

    @contextmanager
    def _unless_it_fails(self, place: tuple[str, str]) -> Iterator[int | None]:
        """The version that has to stand; after a write that failed nobody knows which it is."""
        known = self._kept.get(place)
        version = 0 if known is None else known.version
        try:
            yield None if place in self._unknown else version
        except StorageFailed:
            self._unknown.add(place)
            raise
        self._unknown.discard(place)


def _key(what: Named) -> str:
    return f"{what.account}/{what.name}"
