"""A platform on its way to a running bus, and what the bus says of those it has."""

import msgspec

from keybus.bus.control.versions import Applied
from keybus.contracts.packed import PackedContracts
from keybus.topology import Platform


class Proposal(msgspec.Struct, frozen=True):
    """``PUT /api/v1/platform``: a platform that is to hold.

    Attributes:
        platform: What is declared.
        contracts: Its contracts.
        expected: The version that it was planned on; None: whatever holds.
        note: What whoever proposes it says of it.
        despite: Why it is to hold although compliance finds something; empty: it is not to.
    """

    platform: Platform
    contracts: PackedContracts
    expected: int | None = None
    note: str = ""
    despite: str = ""

    @property
    def remark(self) -> str:
        """What the list of versions says of it."""
        return remark(self.note, self.despite)


def remark(note: str, despite: str) -> str:
    """A note, and why the platform holds although compliance finds something."""
    despite = despite.strip()
    return f"{note} (despite what compliance finds: {despite})".strip() if despite else note


class VersionInfo(msgspec.Struct, frozen=True):
    """A version as ``GET /api/v1/platform/versions`` lists it.

    Attributes:
        version: Its number.
        applied_us: When it was applied, in microseconds since the Unix epoch.
        account: The account that applied it; empty where the bus asks for no credentials.
        credential: That credential's id.
        note: What was said of it.
        contracts: The digest of its contracts.
    """

    version: int
    applied_us: int
    account: str
    credential: str
    note: str
    contracts: str

    @classmethod
    def of(cls, applied: Applied) -> "VersionInfo":
        """All but the platform itself."""
        return cls(
            applied.version,
            applied.applied_us,
            applied.account,
            applied.credential,
            applied.note,
            applied.contracts,
        )


class VersionContent(msgspec.Struct, frozen=True):
    """A version with all that it says: ``GET /api/v1/platform/versions/N``.

    Attributes:
        info: When and by whom it was applied.
        platform: What was declared.
        contracts: Its contracts.
    """

    info: VersionInfo
    platform: Platform
    contracts: PackedContracts


class QueueInfo(msgspec.Struct, frozen=True):
    """A queue that the store holds: ``GET /api/v1/queues``.

    Attributes:
        name: Its subscription's name.
        declared: Whether a subscription declares it; one that none does was left by a removal.
        waiting: Deliveries that nobody has fetched.
        held: Deliveries that the account may not receive now.
        dead: Dead letters.
        made: Whether it is that of a rule's target, which no platform declares.
    """

    name: str
    declared: bool
    waiting: int
    held: int
    dead: int
    made: bool = False


class Prune(msgspec.Struct, frozen=True):
    """``POST /api/v1/queues/prune``: the queues to remove, with all that is in them."""

    queues: list[str]
