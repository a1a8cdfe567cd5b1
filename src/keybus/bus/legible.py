"""Documents that are read one by one: one that is damaged keeps none of the others back."""

import logging
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

import msgspec

from keybus.bus.engine import Document, Documents
from keybus.errors import StorageFailed

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Damaged(StorageFailed):
    """A document that this release of Keybus cannot read."""

    code = "damaged"


class Legible(Generic[T]):
    """A collection of documents of one kind.

    Args:
        documents: The engine's.
        collection: The collection's name.
        kind: What is in each.
        called: What one is called, such as ``rule``.

    Attributes:
        damaged: The keys of those that cannot be read. What belongs to them is nobody's to remove.
    """

    def __init__(self, documents: Documents, collection: str, kind: type[T], called: str) -> None:
        self._documents, self._collection, self._called = documents, collection, called
        self._decoder = msgspec.json.Decoder(kind)
        self.damaged: set[str] = set()

    async def all(self) -> AsyncIterator[tuple[Document, T]]:
        """Each that can be read; the others are logged, and left out.

        Raises:
            StorageFailed: The store could not be read.
        """
        async for document in self._documents.list(self._collection):
            try:
                yield document, self.read(document)
            except Damaged as error:
                _log.error("%s; it is left out, and what belongs to it is kept", error)

    def read(self, document: Document) -> T:
        """What is in one.

        Raises:
            Damaged: It cannot be read.
        """
        try:
            found = self._decoder.decode(document.value)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.damaged.add(document.key)
            raise self._damaged(document.key, str(error)) from error
        self.damaged.discard(document.key)
        return found

    def check(self, key: str) -> None:
        """Let nothing take the place of one that could not be read.

        Raises:
            Damaged: It is such a one.
        """
        if key in self.damaged:
            raise self._damaged(key, "the log says why")

    def _damaged(self, key: str, why: str) -> Damaged:
        return Damaged(
            f"the {self._called} {key!r} cannot be read: {why}",
            hint="start the release of Keybus that wrote it, or restore the store from a backup",
        )
