"""What was applied to the bus, version by version, in the engine's documents."""

from collections.abc import AsyncIterator

import msgspec

from keybus.bus.engine import Documents
from keybus.contracts import ContractRepository
from keybus.contracts.packed import PackedContracts
from keybus.errors import KeybusError
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
        version = await self._number()
        return None if not version else await self.get(version)

    async def get(self, version: int) -> Applied:
        """A version.

        Raises:
            NoSuchVersion: There is none.
        """
        found = await self._documents.get(VERSIONS, _numbered(version))
        if found is None:
            raise NoSuchVersion(
                f"the platform has no version {version}", hint="see `keybus platform versions`"
            )
        return msgspec.json.decode(found.value, type=Applied)

    async def all(self) -> AsyncIterator[Applied]:
        """All versions up to the one that holds, the oldest first."""
        current = await self._number()
        async for document in self._documents.list(VERSIONS):
            applied = msgspec.json.decode(document.value, type=Applied)
            if applied.version <= current:
                yield applied

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
        version = await self._number() + 1
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
        """
        found = await self._documents.get(CURRENT, _KEY)
        expected = found.version if found and int(found.value) == applied.version - 1 else 0
        value = str(applied.version).encode()
        await self._documents.put(CURRENT, _KEY, value, expected=expected)

    async def _number(self) -> int:
        found = await self._documents.get(CURRENT, _KEY)
        return int(found.value) if found else 0


def _numbered(version: int) -> str:
    return f"{version:012}"
