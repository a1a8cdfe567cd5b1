"""Who approves releases that break somebody: names of ``keybus.toml``, and credentials."""

from collections.abc import Iterable

from keybus.contracts.folder import RepositorySettings
from keybus.contracts.releases.releasing import approvers_of, declared_approvers
from keybus.governance import Principal
from keybus.governance.authorizer import Authorizer, Refusal


class Approval:
    """The approvers of one account's contracts, on the platform that holds.

    Args:
        authorizer: Knows the platform's accounts.
        settings: Those of the contracts that were applied with it.
        owner: The account that owns the contracts.

    Attributes:
        names: Whose approval is needed, as the settings name them; else the owner.
        accounts: The accounts whose credentials speak for them.
    """

    def __init__(self, authorizer: Authorizer, settings: RepositorySettings, owner: str) -> None:
        self._releasing, self._owner = authorizer.releasing, owner
        self.names = approvers_of(settings, owner)
        self.accounts = self._releasing.accounts_of(self.names)
        self._declared = self._releasing.accounts_of(declared_approvers(settings, owner))

    def name_of(self, by: Principal) -> str:
        """What a ledger calls whoever does something: never an account that nobody is told of."""
        if by.account == self._owner:
            return self._owner
        return next(iter(self._spoken(by)), "central")

    def given(self, by: Principal, names: Iterable[str]) -> tuple[str, ...]:
        """The approvals that whoever publishes may give in the same breath.

        Only a declared approver approves what they propose themselves, and for nobody else.

        Args:
            by: Who publishes.
            names: Whose approval they say that it has.
        """
        spoken = self._spoken(by) if by.account in self._declared else []
        return tuple(name for name in names if name in spoken)

    def refusal(self, by: Principal, event_type: str, proposed_by: str) -> Refusal | None:
        """Whether a proposal may not be approved.

        Args:
            by: Who approves.
            event_type: Whose release it is.
            proposed_by: The credential that proposed it.
        """
        refusal = self._releasing.approve(by, event_type, self.accounts)
        if refusal is None and by.credential == proposed_by and by.account not in self._declared:
            return self._releasing.alone(by, event_type)
        return refusal

    def _spoken(self, by: Principal) -> list[str]:
        """The approvers for whom a credential speaks."""
        return [each for each in self.names if by.account in self._releasing.accounts_of([each])]
