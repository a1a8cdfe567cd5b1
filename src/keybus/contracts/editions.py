"""Editions: what holds of each major version of an event type, side by side.

A repository's folder has one contract for a type. Whoever relies on another major of it has that
major's newest release.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from keybus.contracts.contract import Contract
from keybus.contracts.documents import parse_document
from keybus.contracts.releases.folder import Releases
from keybus.contracts.releases.ledger import newest_of_majors
from keybus.contracts.releases.lifecycle import Status
from keybus.contracts.versions import precedence
from keybus.contracts.view import METADATA

_encode = msgspec.json.Encoder(decimal_format="number").encode
WARNED_OF: Final = ("deprecated", "sunset")
"""Statuses of what works, and of which whoever uses it is warned."""


class Edition(msgspec.Struct, frozen=True):
    """A major version of an event type, as it stands.

    Attributes:
        contract: What it is, in its newest form.
        status: Where in its life it is.
        replaced_by: What is to be used in its place, as ``delivery.status.updated@2``.
        sunset: The day on which its time is over, such as 2027-06-30.
    """

    contract: Contract
    status: Status = "active"
    replaced_by: str = ""
    sunset: str = ""

    @property
    def is_retired(self) -> bool:
        """Whether nothing may be published by it any more."""
        return self.status == "retired"

    @property
    def warning(self) -> str:
        """What whoever uses it has to know, as a sentence; empty where it is simply in use."""
        if self.status not in (*WARNED_OF, "retired"):
            return ""
        until = f" (its sunset date is {self.sunset})" if self.sunset else ""
        instead = f"; use {self.replaced_by}" if self.replaced_by else ""
        name = f"{self.contract.type}@{self.contract.major}"
        said = "past its sunset" if self.status == "sunset" else self.status
        return f"{name} is {said}{until}{instead}"


class PackedEdition(msgspec.Struct, frozen=True, omit_defaults=True):
    """An edition as one value, to be sent and kept.

    Attributes:
        type: The event type.
        version: The contract's.
        status: As in `Edition`.
        replaced_by: As in `Edition`.
        sunset: As in `Edition`.
        file: The contract's own file; empty where the repository's folder has the contract.
        documents: The JSON text of each file of its closure.
    """

    type: str
    version: str
    status: Status = "active"
    replaced_by: str = ""
    sunset: str = ""
    file: str = ""
    documents: dict[str, str] = {}

    @classmethod
    def of(cls, edition: Edition, *, is_own: bool) -> "PackedEdition":
        """Pack an edition.

        Args:
            edition: The edition.
            is_own: Whether the repository's folder has its contract.
        """
        contract = edition.contract
        texts = {name: _encode(found).decode() for name, found in contract.closure.items()}
        return cls(
            contract.type,
            contract.version,
            edition.status,
            edition.replaced_by,
            edition.sunset,
            "" if is_own else contract.file,
            {} if is_own else texts,
        )

    def over(self, own: Contract) -> Edition:
        """The edition.

        Args:
            own: The contract of the type that the repository's folder has.

        Raises:
            ValueError: There is no such contract in its documents, which have no faults else.
        """
        if not self.file:
            if own.version != self.version:
                raise ValueError(
                    f"the contract of {self.type} is {own.version}, not {self.version}"
                )
            return Edition(own, self.status, self.replaced_by, self.sunset)
        documents = {name: parse_document(text, name)[0] for name, text in self.documents.items()}
        if METADATA not in documents.get(self.file, ()):
            raise ValueError(f"the contract of {self.type} {self.version} is missing")
        found = Contract(documents, self.file)
        if (found.type, found.version) != (self.type, self.version):
            raise ValueError(f"the contract of {self.type} {self.version} is another's")
        return Edition(found, self.status, self.replaced_by, self.sunset)


class Editions(Mapping[str, Mapping[int, Edition]]):
    """The editions of every type that a repository has, by type and major. Immutable."""

    def __init__(self, found: Mapping[str, Mapping[int, Edition]]) -> None:
        self._found = {
            event_type: dict(sorted(majors.items())) for event_type, majors in found.items()
        }

    @classmethod
    def of(cls, contracts: Mapping[str, Contract], releases: Releases) -> "Editions":
        """The contracts of a folder, and what was released of their other majors.

        Args:
            contracts: The folder's, by type.
            releases: What was released.
        """
        found = {}
        for event_type, contract in contracts.items():
            found[event_type] = {contract.major: Edition(contract)}
            if event_type in releases:
                found[event_type] |= _released(releases, contract)
        return cls(found)

    @classmethod
    def unpacked(
        cls, contracts: Mapping[str, Contract], packed: Iterable[PackedEdition]
    ) -> "Editions":
        """The contracts of a repository, and the editions that came with it.

        Raises:
            ValueError: They do not go together.
        """
        found = {name: {each.major: Edition(each)} for name, each in contracts.items()}
        for each in packed:
            if each.type not in contracts:
                raise ValueError(f"there is no contract of {each.type}")
            edition = each.over(contracts[each.type])
            found[each.type][edition.contract.major] = edition
        return cls(found)

    def pack(self, contracts: Mapping[str, Contract]) -> list[PackedEdition]:
        """All that a repository's own contracts do not say.

        Args:
            contracts: Those, by type.
        """
        return [
            PackedEdition.of(each, is_own=each.contract == contracts.get(event_type))
            for event_type, majors in self.items()
            for each in majors.values()
            if each != Edition(each.contract) or each.contract != contracts.get(event_type)
        ]

    def at(self, event_type: str, major: int) -> Edition | None:
        """The edition of a type's major; None where there is none."""
        return self._found.get(event_type, {}).get(major)

    def meant(self, event_type: str) -> int:
        """The major of an event that does not say its own: the only active one.

        Returns:
            -1 where several are active, so that nobody knows, or there is no such type.
        """
        majors = self._found.get(event_type, {})
        active = [major for major, each in majors.items() if each.status == "active"]
        left = active or [major for major, each in majors.items() if not each.is_retired]
        return left[0] if len(left) == 1 else -1

    def joined(self, others: "Editions") -> "Editions":
        """These, and of another repository's editions of the same types what is newer.

        A status is the one that the later of both says; of the same version, the others'.
        """
        found = {event_type: dict(majors) for event_type, majors in self._found.items()}
        for event_type, majors in others.items():
            mine = found.setdefault(event_type, {})
            for major, each in majors.items():
                if major not in mine or not _is_newer(mine[major], each):
                    mine[major] = each
        return Editions(found)

    def __getitem__(self, event_type: str) -> Mapping[int, Edition]:
        return self._found[event_type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _is_newer(one: Edition, other: Edition) -> bool:
    return precedence(one.contract.version) > precedence(other.contract.version)


def _released(releases: Releases, own: Contract) -> dict[int, Edition]:
    """What was released of each major; of the folder's own, the contract is the folder's."""
    found = {}
    for major, release in newest_of_majors(releases[own.type].releases.values()).items():
        contract = own if major == own.major else releases.contract(release)
        last = release.last
        found[major] = Edition(contract, release.status, last.replaced_by, last.sunset)
    return found
