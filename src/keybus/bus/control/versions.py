"""What was applied to the bus, version by version, in the engine's documents."""

from collections.abc import AsyncIterator

import msgspec

from keybus.bus.engine import Documents
from keybus.contracts import ContractRepository
from keybus.contracts.packed import PackedContracts
from keybus.errors import KeybusError, StorageFailed
from keybus.governance import Principal
from keybus.topology import Platform

VERSIONS, CONTRACTS, CURRENT = "platform-version", "platform-contracts", "platform"
"""The collections: each version, the contracts by their digest, and which version holds."""
_KEY = "current"


class NoSuchVersion(KeybusError):
    """The platform has no version of this number."""

    code = "no-such-version"


class Applied(msgspec.Struct, frozen=True):
    """A version of the platform.

    Attributes:
        version: From 1, one more each time.
        applied_us: When, in microseconds since the Unix epoch.
        account: The account whose credential applied it; empty where the bus asks for none.
        credential: That credential's id.
        note: What the one who applied it said of it.
        platform: What was declared.
        contracts: The digest of its contracts.
    """

    version: int
    applied_us: int
    account: str
    credential: str
    note: str
    platform: Platform
    contracts: str


class _AskedFor(msgspec.Struct, frozen=True):
    events: list[str] = []


class _Subscriptions(msgspec.Struct, frozen=True):
    subscriptions: dict[str, _AskedFor] = {}


class _Asking(msgspec.Struct, frozen=True):
    """So much of a version as says what was asked for: all of each is slow to read."""

    platform: _Subscriptions


class Declared(msgspec.Struct, frozen=True):
    """A platform and its contracts."""

    platform: Platform
    contracts: ContractRepository


class Versions:
    """Every version that was applied.

    A version is written before the one document that says which holds, so that a crash leaves
    either the old or the new, whole.

    Args:
        documents: The engine's.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def current(self) -> Applied | None:
        """The version that holds; None where nothing was applied yet."""
        version = await self.number()
        return None if not version else await self._read(version)

    async def get(self, version: int) -> Applied:
        """A version that holds, or held.

        Raises:
            NoSuchVersion: There is none.
        """
        if version > await self.number():
            raise _no_version(version)
        return await self._read(version)

    async def _read(self, version: int) -> Applied:
        found = await self._documents.get(VERSIONS, _numbered(version))
        if found is None:
            raise _no_version(version)
        return msgspec.json.decode(found.value, type=Applied)

    async def all(self) -> AsyncIterator[Applied]:
        """All versions up to the one that holds, the oldest first."""
        current = await self.number()
        async for document in self._documents.list(VERSIONS):
            applied = msgspec.json.decode(document.value, type=Applied)
            if applied.version <= current:
                yield applied

    async def asked(self) -> AsyncIterator[tuple[str, list[str]]]:
        """What every subscription of every version asked for: its name, and the events."""
        async for document in self._documents.list(VERSIONS):
            kept = msgspec.json.decode(document.value, type=_Asking)
            for name, subscription in kept.platform.subscriptions.items():
                yield name, subscription.events

    async def unpacked(self, applied: Applied) -> ContractRepository:
        """The contracts of a version, checked.

        Raises:
            BrokenContracts: They cannot be used by this release of Keybus.
        """
        return ContractRepository.unpack(await self.contracts(applied))

    async def contracts(self, applied: Applied) -> PackedContracts:
        """The contracts of a version, as they were sent."""
        found = await self._documents.get(CONTRACTS, applied.contracts)
        if found is None:
            raise NoSuchVersion(f"the contracts of version {applied.version} are not in the store")
        return msgspec.json.decode(found.value, type=PackedContracts)

    async def prepare(self, declared: Declared, by: Principal, now: int, note: str) -> Applied:
        """Write the next version, durably, without making it hold."""
        packed = declared.contracts.pack()
        version = await self.number() + 1
        applied = Applied(
            version, now, by.account, by.credential, note, declared.platform, packed.digest
        )
        await self._documents.put(CONTRACTS, packed.digest, msgspec.json.encode(packed))
        await self._documents.put(VERSIONS, _numbered(version), msgspec.json.encode(applied))
        return applied

    async def hold(self, applied: Applied) -> None:
        """Make a prepared version the one that holds, durably.

        Raises:
            Conflict: Another one was made to hold since it was prepared.
            StorageFailed: It does not hold, or the store cannot say whether it does.
        """
        found = await self._documents.get(CURRENT, _KEY)
        expected = found.version if found and int(found.value) == applied.version - 1 else 0
        value = str(applied.version).encode()
        try:
            await self._documents.put(CURRENT, _KEY, value, expected=expected)
        except StorageFailed:
            if await self.number() != applied.version:  # it may have been kept all the same
                raise

    async def unheld(self) -> int | None:
        """The version that was prepared and does not hold, if there is one."""
        version = await self.number() + 1
        found = await self._documents.get(VERSIONS, _numbered(version))
        return None if found is None else version

    async def forget(self, version: int) -> None:
        """Forget a version that does not hold; its contracts may be another's too, and stay."""
        await self._documents.delete(VERSIONS, _numbered(version))

    async def number(self) -> int:
        """The number of the version that holds; 0 where nothing was applied yet."""
        found = await self._documents.get(CURRENT, _KEY)
        return int(found.value) if found else 0


def _numbered(version: int) -> str:
    return f"{version:012}"


def _no_version(version: int) -> NoSuchVersion:
    return NoSuchVersion(
        f"the platform has no version {version}", hint="see `keybus platform versions`"
    )
