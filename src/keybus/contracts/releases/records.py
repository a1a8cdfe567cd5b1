"""Every type's ledger, and the contracts that it names: what holds of them wherever they are kept."""

from collections.abc import Callable, Iterator, Mapping

from keybus.contracts.contract import Contract
from keybus.contracts.releases.entry import Said
from keybus.contracts.releases.ledger import Ledger, Release
from keybus.errors import ContractError, Fault, UnknownEventType

Open = Callable[[str], Contract]
"""The contract with a digest; a ValueError, or an OSError, says why it is not to be had."""


class Records(Mapping[str, Ledger]):
    """What was read of releases. Where it stands, and how it is written, is not its business.

    Args:
        ledgers: The ledgers, by type.
        opened: Has the contracts.
    """

    def __init__(self, ledgers: Mapping[str, Ledger], opened: Open) -> None:
        self._ledgers = dict(ledgers)
        self._opened = opened
        self._contracts: dict[str, Contract] = {}

    def of(self, event_type: str) -> Ledger:
        """A type's ledger.

        Raises:
            UnknownEventType: None of its contracts was released; the nearest types are named.
        """
        if event_type not in self._ledgers:
            raise UnknownEventType(event_type, self._ledgers)
        return self._ledgers[event_type]

    def contract(self, release: Release) -> Contract:
        """The contract as it was released."""
        contract = self._contracts.get(release.digest)
        if contract is None:
            contract = self._contracts[release.digest] = self._opened(release.digest)
        return contract

    def faults(self, ledger: Ledger, file_of: Callable[[str], str], hint: str) -> Iterator[Fault]:
        """What is wrong with the contracts that a ledger names.

        Args:
            ledger: The ledger.
            file_of: Where a contract stands, by its digest.
            hint: Where to get one that was changed, or is gone.
        """
        for release in ledger.releases.values():
            try:
                contract = self.contract(release)
                if (contract.type, contract.version) != (ledger.type, release.version):
                    raise ValueError(f"it is of {contract.type} {contract.version}")  # noqa: TRY301 - told as the others are
            except (OSError, ValueError) as error:
                message = f"{ledger.type} {release.version} ({release.digest}): {error}."
                yield Fault("release-broken", message, file=file_of(release.digest), hint=hint)

    def after(self, event_type: str, said: Said) -> Ledger:
        """A type's ledger with one entry more, which stands nowhere yet.

        Raises:
            ContractError: It cannot follow on what the ledger says.
        """
        try:
            return self._ledgers.get(event_type, Ledger(event_type)).then(said)
        except ValueError as error:
            raise ContractError(str(error)) from error

    def __getitem__(self, event_type: str) -> Ledger:
        return self._ledgers[event_type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ledgers)

    def __len__(self) -> int:
        return len(self._ledgers)
