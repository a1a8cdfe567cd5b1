"""Who may release contracts, approve what breaks others, and read what was released."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from keybus.governance.authorizer.actions import ACTIONS
from keybus.governance.authorizer.refusal import Refusal
from keybus.governance.authorizer.rights import Rights
from keybus.governance.authorizer.standing import Standing
from keybus.governance.principal import Principal
from keybus.topology import Platform
from keybus.topology.findings import quoted

PUBLIC = "public"
"""The classification of contracts that everybody who has a credential may read."""


class Releasing:
    """The decisions on contracts, of one platform. Immutable.

    Args:
        platform: What is declared.
        standing: Who is who on it.
        rights: What each account may receive.
    """

    def __init__(
        self, platform: Platform, standing: Standing, rights: Mapping[str, Rights]
    ) -> None:
        self._standing, self._rights = standing, rights
        self._owners = {name: each.owners for name, each in platform.accounts.items() if name}

    def accounts_of(self, approvers: Iterable[str]) -> frozenset[str]:
        """The accounts whose credentials speak for approvers.

        Args:
            approvers: Names, as ``keybus.toml`` has them: of accounts, or of people who own some.
        """
        names = set(approvers)
        return frozenset(
            account
            for account, owners in self._owners.items()
            if account in names or not names.isdisjoint(owners)
        )

    def release(self, principal: Principal, event_type: str, owner: str) -> Refusal | None:
        """Whether a type's contracts may be released, and their status be changed.

        Args:
            principal: Who asks.
            event_type: The type.
            owner: The account that owns it now; of a new one, the account that its contract names.
        """
        action = "contracts.publish"
        barred = self._standing.refusal(principal, ACTIONS[action], f"the action {action}")
        if barred is not None:
            return barred
        roles = self._standing.roles(principal)
        if "central" in roles or principal.account == owner:
            return None
        message = (
            f"{quoted(event_type)} is not for the account {quoted(principal.account)} to release"
        )
        return Refusal("contract", message, "its owner releases it, or the central account")

    def hand_over(self, principal: Principal, event_type: str) -> Refusal | None:
        """Whether a type may be given to another account."""
        if "central" in self._standing.roles(principal):
            return None
        message = f"{quoted(event_type)} would be given to another account"
        return Refusal("contract", message, "the central account hands a type over")

    def approve(
        self, principal: Principal, event_type: str, accounts: AbstractSet[str]
    ) -> Refusal | None:
        """Whether what breaks readers of a type may be approved, or be rejected.

        Args:
            principal: Who asks.
            event_type: The type.
            accounts: Those of its approvers.
        """
        action = "contracts.approve"
        barred = self._standing.refusal(principal, ACTIONS[action], f"the action {action}")
        if barred is not None:
            return barred
        if "central" in self._standing.roles(principal) or principal.account in accounts:
            return None
        account = quoted(principal.account)
        message = f"the account {account} is no approver of {quoted(event_type)}"
        return Refusal("approval", message, "approvers in keybus.toml name who is")

    def alone(self, principal: Principal, event_type: str) -> Refusal:
        """That whoever proposed a release does not approve it as well."""
        message = (
            f"{principal.credential} proposed this release of {quoted(event_type)}, and"
            f" {quoted(principal.account)} is not declared as an approver"
        )
        hint = "another credential approves it; or name approvers in keybus.toml, and apply that"
        return Refusal("approval", message, hint)

    def knows(
        self, principal: Principal, event_type: str, accounts: AbstractSet[str], now_us: int
    ) -> bool:
        """Whether all that happened to a type's releases may be told.

        Args:
            principal: Who asks.
            event_type: The type.
            accounts: Those that own it, or approve what breaks its readers.
            now_us: Microseconds since the Unix epoch.
        """
        roles = self._standing.roles(principal)
        if not roles or not roles.isdisjoint(("central", "auditor")):
            return bool(roles)
        if principal.account in accounts:
            return True
        return now_us < self._rights[principal.account].until([event_type])

    def reads(self, principal: Principal, classification: str, *, knows: bool) -> bool:
        """Whether a contract may be read: by whoever knows its type, and a public one by all.

        Args:
            principal: Who asks.
            classification: The contract's.
            knows: What `knows` says.
        """
        return knows or (classification == PUBLIC and bool(self._standing.roles(principal)))

    def may_see(self, principal: Principal, accounts: AbstractSet[str]) -> bool:
        """Whether what waits for an approval may be told: to these accounts, and who reads all."""
        roles = self._standing.roles(principal)
        whole = not roles.isdisjoint(("central", "auditor"))
        return whole or (bool(roles) and principal.account in accounts)
