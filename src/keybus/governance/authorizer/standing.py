"""Who a principal is to the platform: an account that it declares, in roles that count."""

from keybus.governance.authorizer.refusal import Refusal
from keybus.governance.principal import Principal, Role
from keybus.topology import Platform
from keybus.topology.findings import quoted


class Standing:
    """The declared accounts, and which of them is the central one. Immutable.

    Attributes:
        accounts: Those that are declared; never one whose name is empty, which is nobody's.

    Args:
        platform: What declares them.
    """

    def __init__(self, platform: Platform) -> None:
        self.accounts = {name: each for name, each in platform.accounts.items() if name}
        self._central = platform.central

    def roles(self, principal: Principal) -> frozenset[Role]:
        """The roles that count: none of an account that is not declared, ``central`` of its own."""
        if principal.account not in self.accounts:
            return frozenset()
        if principal.account == self._central:
            return principal.roles
        return principal.roles - {"central"}

    def undeclared(self, account: str) -> Refusal | None:
        """Whether an account is none of the platform's."""
        if account in self.accounts:
            return None
        if not account:
            message = "no account asks: the request has no credential"
            return Refusal("unknown-account", message, "the central account issues credentials")
        message = f"the platform declares no account {quoted(account)}"
        return Refusal("unknown-account", message, "the central account declares accounts")

    def refusal(self, principal: Principal, needed: frozenset[Role], what: str) -> Refusal | None:
        """Whether a principal lacks the standing for something.

        Args:
            principal: Who asks.
            needed: One of these roles has to be theirs.
            what: What is asked for, as a phrase: ``putting events``.
        """
        undeclared = self.undeclared(principal.account)
        if undeclared is not None:
            return undeclared
        if self.roles(principal) & needed:
            return None
        roles = " or ".join(sorted(needed))
        message = f"{what} takes a credential with the role {roles}"
        if "central" in needed & principal.roles:
            message += ", and central counts only in the central account's"
        return Refusal("role", message, "ask the central account for such a credential")
