"""Where contracts come from: a folder as it stands, its releases, or anything that offers the same."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from keybus.contracts.contract import Contract
from keybus.contracts.editions import Edition
from keybus.contracts.releases.ledger import Release
from keybus.contracts.releases.lifecycle import PROMISING, Status
from keybus.contracts.releases.records import Records
from keybus.contracts.repository import ContractRepository
from keybus.contracts.versions import major_of, precedence


class Offer(msgspec.Struct, frozen=True):
    """A contract that a source has, and how it stands.

    Attributes:
        type: The event type.
        version: Its version.
        digest: ``sha256:…`` over its whole closure.
        status: Where in its life it is.
        replaced_by: What is to be used in its place.
        sunset: The day on which its time is over.
    """

    type: str
    version: str
    digest: str
    status: Status
    replaced_by: str = ""
    sunset: str = ""

    @property
    def major(self) -> int:
        """The version's."""
        return major_of(self.version)

    @property
    def is_promise(self) -> bool:
        """Whether somebody may rely on it."""
        return self.status in PROMISING


class ContractSource(Protocol):
    """Has contracts. What is promised of a type, and which of it is meant, is asked of no other."""

    @property
    def name(self) -> str:
        """What it is, in words, for messages: ``the releases in contracts``."""

    @property
    def types(self) -> Sequence[str]:
        """The event types that it has, sorted."""

    def offers(self, event_type: str) -> Sequence[Offer]:
        """All that it has of a type, the lowest version first; nothing of one that it has not."""

    def meant(self, event_type: str) -> Offer | None:
        """What is meant where only the type is named; None where nothing of it is promised."""

    def contract(self, offer: Offer) -> Contract:
        """The contract that it offers; its digest is the offer's."""


class ReleasesSource:
    """What was released.

    Args:
        records: The releases.
        name: What they are, in words.
    """

    def __init__(self, records: Records, name: str) -> None:
        self._records = records
        self.name = name

    @property
    def types(self) -> Sequence[str]:
        """The types that have a ledger."""
        return sorted(self._records)

    def offers(self, event_type: str) -> Sequence[Offer]:
        """Every release of a type, drafts and retired ones too."""
        if event_type not in self._records:
            return ()
        return [_offer(each) for each in self._records[event_type].releases.values()]

    def meant(self, event_type: str) -> Offer | None:
        """The newest that is promised."""
        return newest(self.offers(event_type))

    def contract(self, offer: Offer) -> Contract:
        """As it was released."""
        return self._records.contract(self._records[offer.type].releases[offer.version])


class FolderSource:
    """The contracts of a folder as they stand, and what was released of their other majors.

    Args:
        repository: The folder's.
    """

    def __init__(self, repository: ContractRepository) -> None:
        self._repository = repository
        self.name = f"the contracts in {repository.folder}"

    @property
    def types(self) -> Sequence[str]:
        """The folder's."""
        return self._repository.types

    def offers(self, event_type: str) -> Sequence[Offer]:
        """One of each major."""
        editions = self._repository.editions.get(event_type, {})
        found = [_of_edition(each) for each in editions.values()]
        return sorted(found, key=lambda each: precedence(each.version))

    def meant(self, event_type: str) -> Offer | None:
        """The folder's own, released or not."""
        own = self._repository[event_type]
        return _of_edition(self._repository.editions[event_type][own.major])

    def contract(self, offer: Offer) -> Contract:
        """The folder's own, or as it was released."""
        return self._repository.editions[offer.type][offer.major].contract


def newest(offers: Iterable[Offer]) -> Offer | None:
    """The highest version that is promised; None where none is."""
    promised = [each for each in offers if each.is_promise]
    return max(promised, key=lambda each: precedence(each.version), default=None)


def _offer(release: Release) -> Offer:
    made, last = release.made, release.last
    return Offer(made.type, made.version, made.digest, last.status, last.replaced_by, last.sunset)


def _of_edition(edition: Edition) -> Offer:
    contract = edition.contract
    return Offer(
        contract.type,
        contract.version,
        contract.digest,
        edition.status,
        edition.replaced_by,
        edition.sunset,
    )
