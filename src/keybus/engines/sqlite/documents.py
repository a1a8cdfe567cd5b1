"""Versioned documents with compare-and-set, in the store's table."""

from collections.abc import AsyncIterator, Sequence

from keybus.bus.engine import Document
from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.operation import Operation, Refusal, Transaction
from keybus.engines.sqlite.queries import query
from keybus.engines.sqlite.reader import Reader
from keybus.errors import Conflict

_GET, _DELETE = query("document"), query("delete_document")
_FIRST, _AFTER = query("documents_from_start"), query("documents_after")
_VERSION, _UPSERT = query("next_document_version"), query("upsert_document")
_PAGE = 256


class _Write(Operation[int]):
    """A document's new value, or its removal."""

    def __init__(
        self, collection: str, key: str, value: bytes | None, expected: int | None
    ) -> None:
        super().__init__()
        self._collection, self._key = collection, key
        self._value, self._expected = value, expected
        self._version = 0

    def apply(self, transaction: Transaction) -> None:
        """Compare, then set."""
        connection, place = transaction.connection, (self._collection, self._key)
        if self._expected is not None:
            row = connection.execute(_GET, place).fetchone()
            found = row[1] if row else 0
            if found != self._expected:
                raise Refusal(Conflict(*place, expected=self._expected, found=found))
        if self._value is None:
            connection.execute(_DELETE, place)
        else:
            self._version = int(connection.execute(_VERSION).get)
            connection.execute(_UPSERT, (*place, self._version, self._value))

    def landed(self) -> int:
        """The version that stands now."""
        return self._version


class _Create(Operation[None]):
    """New documents."""

    def __init__(self, collection: str, documents: Sequence[tuple[str, bytes]]) -> None:
        super().__init__()
        self._collection, self._documents = collection, documents

    def apply(self, transaction: Transaction) -> None:
        """Look for each, then write all."""
        connection = transaction.connection
        for key, _ in self._documents:
            row = connection.execute(_GET, (self._collection, key)).fetchone()
            if row is not None:
                raise Refusal(Conflict(self._collection, key, expected=0, found=row[1]))
        for key, value in self._documents:
            version = int(connection.execute(_VERSION).get)
            connection.execute(_UPSERT, (self._collection, key, version, value))

    def landed(self) -> None:
        """Nothing to tell."""


class SqliteDocuments:
    """The documents of a store.

    Writes are compared on the committer's thread, one after another, so that of two writers on
    the same version exactly one succeeds. A read that begins after a write was answered sees it.
    """

    def __init__(self, committer: Committer, reader: Reader) -> None:
        self._committer, self._reader = committer, reader

    async def get(self, collection: str, key: str) -> Document | None:
        """The document, or None.

        Raises:
            StorageFailed: The store could not be read.
        """
        rows = await self._reader.rows(_GET, (collection, key))
        return Document(*rows[0]) if rows else None

    async def put(
        self, collection: str, key: str, value: bytes, *, expected: int | None = None
    ) -> int:
        """Write durably and return the new version; one counter serves all documents.

        Args:
            collection: Name of the collection.
            key: The document's key.
            value: Its bytes.
            expected: The version that must stand now (0: none); None writes whatever stands.

        Raises:
            Conflict: Another version stands.
            StorageFailed: Nothing was written.
        """
        return await self._committer.submit(_Write(collection, key, value, expected))

    async def create(self, collection: str, documents: Sequence[tuple[str, bytes]]) -> None:
        """Write new documents durably, all of them or none.

        Args:
            collection: Name of the collection.
            documents: Their keys and bytes, each key once.

        Raises:
            Conflict: One of them stands already.
            StorageFailed: Nothing was written.
        """
        await self._committer.submit(_Create(collection, documents))

    async def delete(self, collection: str, key: str, *, expected: int | None = None) -> None:
        """Remove durably; a document that is not there is no error unless ``expected`` says so.

        Raises:
            Conflict: Another version stands.
            StorageFailed: Nothing was removed.
        """
        await self._committer.submit(_Write(collection, key, None, expected))

    async def list(self, collection: str) -> AsyncIterator[Document]:
        """All documents of the collection, by key.

        Raises:
            StorageFailed: The store could not be read.
        """
        rows = await self._reader.rows(_FIRST, (collection, _PAGE))
        while rows:
            for row in rows:
                yield Document(*row)
            rows = await self._reader.rows(_AFTER, (collection, rows[-1][0], _PAGE))
