"""The contracts of the bus, as a registry that nobody writes into by hand."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from keybus.bus.registry import ContractRegistry
from keybus.bus.registry.judging import Before
from keybus.contracts import Contract
from keybus.contracts.editions import Edition
from keybus.contracts.exchange_formats.self_contained import document_of
from keybus.contracts.releases import Release, Status
from keybus.contracts.releases.records import Records
from keybus.contracts.versions import is_prerelease, precedence
from keybus.governance import Principal

_KEPT: Final = 512
"""Contracts whose documents are kept in memory; a document has some kilobytes."""
_encode = msgspec.json.Encoder(decimal_format="number").encode


class ContractVersion(msgspec.Struct, frozen=True):
    """A version of an event's contract.

    Attributes:
        contract: It.
        status: Where in its life it is.
        created: When it was released, RFC 3339 in UTC; empty where it was only applied.
        changed: When its status was last changed; empty where it was only applied.
        replaced_by: What is to be used in its place.
        sunset: The day on which its time is over.
    """

    contract: Contract
    status: Status = "active"
    created: str = ""
    changed: str = ""
    replaced_by: str = ""
    sunset: str = ""

    @property
    def name(self) -> str:
        """Its semantic version."""
        return self.contract.version

    @property
    def is_promise(self) -> bool:
        """Whether somebody may rely on it."""
        return self.status not in ("draft", "retired") and not is_prerelease(self.name)

    @property
    def warning(self) -> str:
        """What whoever uses it has to know; empty where it is simply in use."""
        return Edition(self.contract, self.status, self.replaced_by, self.sunset).warning

    def text(self) -> str:
        """It as one document of JSON Schema draft-04."""
        return _text(self.contract)

    @classmethod
    def of(cls, contract: Contract, release: Release) -> "ContractVersion":
        """A release."""
        last = release.last
        return cls(
            contract, release.status, release.made.time, last.time, last.replaced_by, last.sunset
        )


class ReleasedSchemas:
    """The contracts that somebody may read: those that hold, and every release of them.

    Args:
        registry: The bus's.
        by: Who asks.
        applied: What holds of each type, by major.
    """

    def __init__(
        self,
        registry: ContractRegistry,
        by: Principal,
        applied: Mapping[str, Mapping[int, Edition]],
    ) -> None:
        self._registry, self._applied = registry, applied
        self._reading = registry.permits.reading(by)

    async def all(self) -> dict[str, list[ContractVersion]]:
        """The versions of every type of which something may be read, by name.

        Types whose ledger is broken are left out: nothing of them can be believed.

        Raises:
            StorageFailed: The store could not be read.
        """
        await self._registry.shelf.look()
        return await asyncio.to_thread(self._all, self._registry.shelf.records)

    async def versions(self, event_type: str) -> list[ContractVersion]:
        """The versions of a type that may be read, the lowest first.

        Raises:
            LedgerBroken: What is in the store was changed.
            StorageFailed: The store could not be read.
        """
        before = await self._registry.before(event_type)
        return await asyncio.to_thread(self._versions, before)

    def _all(self, records: Records) -> dict[str, list[ContractVersion]]:
        broken = self._registry.shelf.broken.keys()
        found = {
            name: self._versions(self._registry.known(name, records))
            for name in sorted((records.keys() | self._applied.keys()) - broken)
        }
        return {name: versions for name, versions in found.items() if versions}

    def _versions(self, before: Before) -> list[ContractVersion]:
        found = [
            ContractVersion.of(before.records.contract(each), each)
            for each in self._reading.releases(before)
        ]
        found += self._held(before)
        return sorted(found, key=lambda each: (precedence(each.name), each.name))

    def _held(self, before: Before) -> list[ContractVersion]:
        """What holds and was not released here."""
        return [
            ContractVersion(
                each.contract, each.status, replaced_by=each.replaced_by, sunset=each.sunset
            )
            for each in self._applied.get(before.type, {}).values()
            if each.contract.version not in before.ledger.releases
            and self._reading.reads(before, each.contract)
        ]


def current(versions: list[ContractVersion]) -> ContractVersion:
    """The newest version that somebody may rely on; where there is none, the newest at all.

    Args:
        versions: At least one, the lowest first.
    """
    return ([each for each in versions if each.is_promise] or versions)[-1]


@lru_cache(_KEPT)
def _text(contract: Contract) -> str:
    return _encode(document_of(contract)).decode()
