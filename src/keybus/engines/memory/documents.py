"""Versioned documents, for as long as the process lives."""

from collections.abc import AsyncIterator, Sequence

from keybus.bus.engine import Document
from keybus.errors import Conflict


class MemoryDocuments:
    """Versioned documents in a dictionary. Belongs to one event loop."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, Document]] = {}
        # One counter for all, so that a deleted key's versions never come again.
        self._version = 0

    async def get(self, collection: str, key: str) -> Document | None:
        """The document, or None."""
        return self._held.get(collection, {}).get(key)

    async def put(
        self, collection: str, key: str, value: bytes, *, expected: int | None = None
    ) -> int:
        """Write and return the new version.

        Args:
            collection: Name of the collection.
            key: The document's key.
            value: Its bytes.
            expected: The version that must stand now (0: none); None writes whatever stands.

        Raises:
            Conflict: Another version stands.
        """
        self._compare(collection, key, expected)
        return self._put(collection, key, value)

    async def create(self, collection: str, documents: Sequence[tuple[str, bytes]]) -> None:
        """Write new documents, all of them or none.

        Raises:
            Conflict: One of them stands already.
        """
        for key, _ in documents:
            self._compare(collection, key, 0)
        for key, value in documents:
            self._put(collection, key, value)

    async def delete(self, collection: str, key: str, *, expected: int | None = None) -> None:
        """Remove; a document that is not there is no error unless ``expected`` says so.

        Raises:
            Conflict: Another version stands.
        """
        self._compare(collection, key, expected)
        self._held.get(collection, {}).pop(key, None)

    async def list(self, collection: str) -> AsyncIterator[Document]:
        """All documents of the collection, by key."""
        held = self._held.get(collection, {})
        for key in sorted(held):
            if key in held:  # still: others go on while this waits
                yield held[key]

    def _put(self, collection: str, key: str, value: bytes) -> int:
        self._version += 1
        self._held.setdefault(collection, {})[key] = Document(key, self._version, value)
        return self._version

    def _compare(self, collection: str, key: str, expected: int | None) -> None:
        held = self._held.get(collection, {}).get(key)
        found = held.version if held else 0
        if expected is not None and expected != found:
            raise Conflict(collection, key, expected=expected, found=found)
