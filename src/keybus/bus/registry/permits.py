"""Who may do what with the registry, as the platform that holds decides it."""

from collections.abc import Callable

from keybus.bus.control.generation import Generation
from keybus.bus.control.permission import Permission
from keybus.bus.registry.approval import Approval
from keybus.bus.registry.judging import Before
from keybus.bus.registry.proposals import Proposal
from keybus.bus.registry.reading import Reading
from keybus.clock import Clock
from keybus.contracts import Contract
from keybus.contracts.releases.exchange import Publication, StatusChange
from keybus.governance import ANYBODY, Principal
from keybus.governance.authorizer import Refusal, Visibility

_SOMEBODY = "anybody"


class Permits:
    """The authorizer's decisions on contracts, in the bus's mode.

    Args:
        permission: The mode.
        held: What holds on the bus.
        clock: Time.
    """

    def __init__(
        self, permission: Permission, held: Callable[[], Generation], clock: Clock
    ) -> None:
        self._permission, self._held, self._clock = permission, held, clock

    def is_open(self, by: Principal) -> bool:
        """Whether nobody is asked who they are, so that there is nobody to decide about."""
        return by == ANYBODY and self._permission.mode != "enforce"

    def approval(self, owner: str) -> Approval:
        """The approvers of an account's contracts."""
        held = self._held()
        return Approval(held.authorizer, held.contracts.settings, owner)

    def reading(self, by: Principal) -> Reading:
        """What somebody may read now."""
        asked = None if self.is_open(by) else by
        return Reading(self._held().authorizer, asked, self._clock.time_us())

    def told(self, by: Principal) -> Visibility | None:
        """Which names of the platform somebody may be told; None: all."""
        return None if self.is_open(by) else self._held().authorizer.visible(by)

    def name(self, by: Principal, owner: str, said: str = "") -> str:
        """What a ledger calls whoever does something.

        Args:
            by: Who.
            owner: The account that owns the type.
            said: What they call themselves, which counts where nobody is asked who they are.
        """
        return (said or _SOMEBODY) if self.is_open(by) else self.approval(owner).name_of(by)

    def check_owner(self, contract: Contract, owner: str, by: Principal) -> None:
        """Let a contract be released.

        Args:
            contract: The contract.
            owner: The account that owns its type now; empty where the type is new.
            by: Who releases it.

        Raises:
            Forbidden: It is another account's, or would become another's.
        """
        releasing = self._held().authorizer.releasing
        what = f"release {contract.type} {contract.version}"
        refusal = releasing.release(by, contract.type, owner or contract.owner)
        self._require(by, what, refusal)
        if owner not in ("", contract.owner):
            self._require(by, what, releasing.hand_over(by, contract.type))

    def check_status(self, before: Before, asked: StatusChange, by: Principal) -> None:
        """Let releases be given another status.

        Raises:
            Forbidden: The type is another account's.
        """
        refusal = self._held().authorizer.releasing.release(by, before.type, before.owner)
        self._require(by, f"{asked.status} {before.type}@{asked.release}", refusal)

    def check_migrations(self, before: Before, by: Principal) -> None:
        """Let migrations be written down.

        Raises:
            Forbidden: The type is another account's.
        """
        refusal = self._held().authorizer.releasing.release(by, before.type, before.owner)
        self._require(by, f"migrate {before.type}", refusal)

    def check_ledger(self, before: Before, by: Principal) -> None:
        """Let all that happened to a type's releases be told.

        Raises:
            Forbidden: Only its public contracts may be read.
        """
        if not self.reading(by).knows(before):
            message = (
                f"the account {by.account!r} may read contracts of {before.type}, not who did what"
            )
            hint = "who owns it, approves it or may receive its events may"
            self._require(by, f"ledger of {before.type}", Refusal("contract", message, hint))

    def approvals(
        self, contract: Contract, owner: str, asked: Publication, by: Principal
    ) -> tuple[str, ...]:
        """The approvals that come with a contract, as far as they can be believed.

        Args:
            contract: The contract.
            owner: The account that owns its type until now.
            asked: What was sent.
            by: Who sent it.

        Raises:
            Forbidden: Some are of others than whoever asks can speak for.
        """
        approval = self.approval(owner)
        if self.is_open(by):
            return tuple(name for name in asked.approvals if name in approval.names)
        given = approval.given(by, asked.approvals)
        if missing := [name for name in asked.approvals if name not in given]:
            message = f"{by.credential} cannot say that {missing[0][:80]!r} has approved this"
            hint = "leave it out: what needs an approval waits for it"
            what = f"release {contract.type} {contract.version}"
            self._require(by, what, Refusal("approval", message, hint))
        return given

    def check_approver(self, proposal: Proposal, by: Principal) -> None:
        """Let a proposal be approved.

        Raises:
            Forbidden: They may not, or not alone.
        """
        info = proposal.info
        refusal = self.approval(proposal.owner).refusal(by, info.type, info.credential)
        self._require(by, f"approve {info.type} {info.version}", refusal)

    def check_rejecter(self, proposal: Proposal, by: Principal) -> None:
        """Let a proposal be rejected: by an approver, or by the credential that proposed it.

        Raises:
            Forbidden: It is neither.
        """
        info, releasing = proposal.info, self._held().authorizer.releasing
        if not by.credential or by.credential != info.credential:
            accounts = self.approval(proposal.owner).accounts
            refusal = releasing.approve(by, info.type, accounts)
            self._require(by, f"reject {info.type} {info.version}", refusal)

    def may_see(self, proposal: Proposal, by: Principal) -> bool:
        """Whether a proposal may be told of: to its owner, its approvers, and who reads all."""
        if self.is_open(by):
            return True
        accounts = self.approval(proposal.owner).accounts | {proposal.owner}
        return self._held().authorizer.releasing.may_see(by, accounts)

    def _require(self, by: Principal, what: str, refusal: Refusal | None) -> None:
        if not self.is_open(by):
            self._permission.require(by, what, refusal)
