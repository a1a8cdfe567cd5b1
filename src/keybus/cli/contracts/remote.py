"""A running bus's registry, as the command line asks it; nothing that it answers is believed."""

from collections.abc import Iterator, Sequence
from functools import cache
from urllib.parse import quote, urlencode

from keybus.cli.api import Refused, get, send
from keybus.contracts import Contract, ContractRepository
from keybus.contracts.documents import canonical_json
from keybus.contracts.folder import RepositorySettings
from keybus.contracts.packed import PackedContracts
from keybus.contracts.pinning import Offer
from keybus.contracts.pinning.sources import newest
from keybus.contracts.releases import Ledger
from keybus.contracts.releases.exchange import (
    ContractDetail,
    ContractInfo,
    ContractPage,
    LedgerContent,
    MigrationsPublication,
    MigrationsPublished,
    ProposalInfo,
    Publication,
    Published,
    ReleasedContract,
    ReleasedMigration,
    StatusChange,
    StatusChanged,
    Verdict,
)
from keybus.contracts.releases.objects import read
from keybus.errors import BrokenContracts, Fault

_NOT_FOUND = 404


def is_address(text: str) -> bool:
    """Whether a text names a running bus."""
    return text.startswith(("http://", "https://"))


class RemoteRegistry:
    """The registry of a running bus; what was answered is remembered.

    Args:
        url: The bus.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.detail = cache(self._detail)
        self.contract = cache(self._contract)

    def list(self, **asked: str) -> Iterator[ContractInfo]:
        """The event types that one may read, sorted.

        Args:
            asked: The query: ``q``, ``owner``, ``status``.
        """
        after: str | None = ""
        while after is not None:
            query = urlencode({**asked, "after": after, "limit": "500"})
            page = get(self.url, f"/contracts?{query}", ContractPage)
            yield from page.contracts
            after = page.next

    def ledger(self, event_type: str) -> Ledger:
        """All that happened to a type's releases; the chain is verified.

        Raises:
            BrokenContracts: The chain is broken, or the ledger is another type's.
        """
        found = get(self.url, f"{_path(event_type)}/ledger", LedgerContent)
        text = "".join(f"{entry.line()}\n" for entry in found.entries)
        ledger, faults = Ledger.read(event_type, text, f"{self.url}: {event_type}")
        if faults:
            raise BrokenContracts(f"the releases at {self.url}", faults)
        return ledger

    def publish(self, event_type: str, publication: Publication) -> Published:
        """Publish a contract."""
        return send("POST", self.url, f"{_path(event_type)}/releases", publication, Published)

    def migrate(self, event_type: str, publication: MigrationsPublication) -> MigrationsPublished:
        """Publish migrations of a type."""
        place = f"{_path(event_type)}/migrations"
        return send("POST", self.url, place, publication, MigrationsPublished)

    def migration(self, event_type: str, digest: str) -> str:
        """The text of a migration; whoever takes it holds it against the digest."""
        place = f"{_path(event_type)}/migrations/{quote(digest, safe='')}"
        return get(self.url, place, ReleasedMigration).text

    def change(self, event_type: str, change: StatusChange) -> StatusChanged:
        """Give releases another status."""
        return send("POST", self.url, f"{_path(event_type)}/status", change, StatusChanged)

    def pending(self) -> Sequence[ProposalInfo]:
        """The releases that wait for an approval."""
        return get(self.url, "/contract-proposals", list[ProposalInfo])

    def approve(self, proposal: str, why: str) -> Published:
        """Approve one of them."""
        return send("POST", self.url, f"{_proposal(proposal)}/approve", Verdict(why), Published)

    def reject(self, proposal: str, why: str) -> ProposalInfo:
        """Reject one of them."""
        return send("POST", self.url, f"{_proposal(proposal)}/reject", Verdict(why), ProposalInfo)

    def _detail(self, event_type: str) -> ContractDetail | None:
        """A type and its releases; None where nothing of it may be read."""
        try:
            return get(self.url, _path(event_type), ContractDetail)
        except Refused as error:
            if error.status != _NOT_FOUND:
                raise
            return None

    def _contract(self, event_type: str, digest: str) -> Contract:
        """The contract that was released under a digest, verified.

        Raises:
            BrokenContracts: What is answered is not of this digest, is of another type, or has
                faults that no contract in a folder may have.
        """
        place = f"{_path(event_type)}/releases/{quote(digest, safe='')}"
        found = get(self.url, place, ReleasedContract)
        try:
            contract = read(bytes(found.content), digest)
            if contract.type != event_type:
                raise ValueError(f"it is of {contract.type}")  # noqa: TRY301 - told as the other faults
        except ValueError as error:
            fault = Fault("release-broken", f"{event_type} ({digest}): {error}.")
            raise BrokenContracts(f"the releases at {self.url}", [fault]) from error
        check_sound(contract)
        return contract


class RegistrySource:
    """A registry as what bindings are generated from.

    Args:
        registry: The registry.
    """

    def __init__(self, registry: RemoteRegistry) -> None:
        self._registry = registry
        self.name = f"the registry at {registry.url}"

    @property
    def types(self) -> Sequence[str]:
        """The types that one may read."""
        return [each.type for each in self._registry.list()]

    def offers(self, event_type: str) -> Sequence[Offer]:
        """Every release of a type that one may read."""
        detail = self._registry.detail(event_type)
        return [
            Offer(event_type, each.version, each.digest, each.status, each.replaced_by, each.sunset)
            for each in (detail.releases if detail else ())
        ]

    def meant(self, event_type: str) -> Offer | None:
        """The newest that is promised."""
        return newest(self.offers(event_type))

    def contract(self, offer: Offer) -> Contract:
        """As it was released."""
        return self._registry.contract(offer.type, offer.digest)


def check_sound(contract: Contract, subject: str = "the contracts") -> None:
    """Whether a contract fits the rules of a folder's: a digest says who wrote it as little as that.

    Args:
        contract: The contract.
        subject: What it is, in words.

    Raises:
        BrokenContracts: It does not; bindings of it could be anything.
    """
    files = {file: canonical_json(found).decode() for file, found in contract.closure.items()}
    settings = RepositorySettings("the registry")
    try:
        ContractRepository.unpack(PackedContracts(settings, files))
    except BrokenContracts as error:
        raise BrokenContracts(subject, error.faults) from error


def _path(event_type: str) -> str:
    return f"/contracts/{quote(event_type, safe='')}"


def _proposal(proposal: str) -> str:
    return f"/contract-proposals/{quote(proposal, safe='')}"
