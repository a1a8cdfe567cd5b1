"""What the registry refuses, beside what the authorizer does."""

from collections.abc import Sequence

from keybus.contracts.releases.report import Finding
from keybus.errors import ContractError, EngineError, Fault, FaultsError, KeybusError


class NotReleased(FaultsError, ContractError):
    """A contract that cannot be released as it is, with every reason."""

    code = "not-released"

    @classmethod
    def of(cls, subject: str, findings: Sequence[Finding]) -> "NotReleased":
        """The same as findings of a check."""
        faults = [
            Fault(each.rule, each.message, each.pointer, each.file, hint=each.hint)
            for each in findings
        ]
        return cls(subject, faults, hint="`keybus contracts check --against URL` says the same")

    @classmethod
    def because(cls, subject: str, code: str, message: str, hint: str = "") -> "NotReleased":
        """For one reason."""
        return cls(subject, [Fault(code, message, hint=hint)])


class ReleasedMeanwhile(ContractError):
    """Somebody else wrote into a type's ledger since it was looked at."""

    code = "released-meanwhile"

    def __init__(self, event_type: str) -> None:
        super().__init__(
            f"the ledger of {event_type} was written by somebody else meanwhile",
            hint="look at what was released, and try again",
        )


class LedgerBroken(FaultsError, EngineError):
    """Releases in the store that are not as they were written; nothing is told of their type."""

    code = "ledger-broken"


class NoSuchRelease(ContractError):
    """A type has no release of that version or digest."""

    code = "no-such-release"


class NoSuchMigration(ContractError):
    """A type has no migration of that digest."""

    code = "no-such-migration"


class NoSuchProposal(KeybusError):
    """No release of that id waits for an approval."""

    code = "no-such-proposal"

    def __init__(self, proposal: str) -> None:
        super().__init__(
            f"no release {proposal[:40]!r} waits for an approval",
            hint="see `keybus contracts pending`",
        )


class TooManyProposals(ContractError):
    """As many releases of a type wait for an approval as may."""

    code = "too-many-proposals"
