"""Versioned documents, as an engine's protocol has them."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec


class Document(msgspec.Struct, frozen=True):
    """A versioned value: topology, releases, credentials, audit."""

    key: str
    version: int
    value: bytes


class Documents(Protocol):
    """Versioned key-value with compare-and-set."""

    async def get(self, collection: str, key: str) -> Document | None:
        """The document, or None."""
        ...

    async def put(
        self, collection: str, key: str, value: bytes, *, expected: int | None = None
    ) -> int:
        """Write durably and return the new version (always greater than any the key had).

        Args:
            collection: Name of the collection.
            key: The document's key.
            value: Its bytes.
            expected: The version that must stand now (0: none); None writes whatever stands.

        Raises:
            Conflict: Another version stands.
        """
        ...

    async def create(self, collection: str, documents: Sequence[tuple[str, bytes]]) -> None:
        """Write new documents durably, all of them or none.

        Args:
            collection: Name of the collection.
            documents: Their keys and bytes; each key once.

        Raises:
            Conflict: One of them stands already.
        """
        ...

    async def delete(self, collection: str, key: str, *, expected: int | None = None) -> None:
        """Remove durably; a document that is not there is no error unless ``expected`` says so.

        Raises:
            Conflict: Another version stands.
        """
        ...

    def list(self, collection: str) -> AsyncIterator[Document]:
        """All documents of the collection, by key."""
        ...
