"""What each created queue is, in the bus's documents."""

import logging
from typing import Final

import msgspec

from keybus.bus.engine import Documents
from keybus.bus.message_queues.errors import NoSuchQueue
from keybus.bus.message_queues.settings import QueueSettings
from keybus.errors import EngineError

_COLLECTION: Final = "message-queues"
_decoder = msgspec.json.Decoder(QueueSettings)
_log = logging.getLogger(__name__)


class QueueShelf:
    """The queues' documents, by `QueueSettings.key`. Belongs to one event loop.

    Attributes:
        known: What stands, as far as is known.
        damaged: Keys of documents that cannot be read: their queues are closed, and are not to be
            written over.
        unsure: Keys of which it is not known what stands: a write failed, and so did looking.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.known: dict[str, QueueSettings] = {}
        self.damaged = set[str]()
        self.unsure = set[str]()

    async def load(self) -> None:
        """Know all of them.

        Raises:
            StorageFailed: The store could not be read.
        """
        async for each in self._documents.list(_COLLECTION):
            try:
                self.known[each.key] = _decoder.decode(each.value)
            except msgspec.DecodeError as error:
                _log.error(
                    "the message queue %s stays closed, and its messages where they are: its"
                    " document cannot be read (%s); restore it from a backup",
                    each.key,
                    error,
                )
                self.damaged.add(each.key)

    def find(self, account: str, name: str) -> QueueSettings | None:
        """A queue; None where there is none of that name."""
        found = self.known.get(f"{account}/{name}")
        # Accounts' names may hold a slash: `a` has no queue `b/c`, which would be the one of `a/b`.
        return found if found is not None and found.account == account else None

    def get(self, account: str, name: str) -> QueueSettings:
        """A queue.

        Raises:
            NoSuchQueue: There is none of that name.
        """
        found = self.find(account, name)
        if found is None:
            raise NoSuchQueue.named(account, name)
        return found

    async def write(self, key: str, changed: QueueSettings | None) -> None:
        """Let a document stand, or none.

        A write whose outcome is not known is looked at: whoever went by the wrong one of two
        documents would put messages where the next start does not find them.

        Raises:
            EngineError: What stood before stands; or nobody knows, and the key is `unsure`.
        """
        self.unsure.add(key)
        try:
            if changed is None:
                await self._documents.delete(_COLLECTION, key)
            else:
                await self._documents.put(_COLLECTION, key, msgspec.json.encode(changed))
        except EngineError:
            standing = await self.look(key)
            if standing != changed:
                self.unsure.discard(key)
                raise

    async def look(self, key: str) -> QueueSettings | None:
        """What stands.

        Raises:
            StorageFailed: It could not be read.
        """
        found = await self._documents.get(_COLLECTION, key)
        return None if found is None else _decoder.decode(found.value)
