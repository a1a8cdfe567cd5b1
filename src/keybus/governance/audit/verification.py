"""What became of checking a log."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from keybus.errors import AuditError, Fault

DamageCode = Literal[
    "audit-unreadable",  # the bytes are no entry, or not as they were written
    "audit-changed",  # the hash or the seal is not that of the rest
    "audit-missing",  # numbers that nothing stands for
    "audit-misplaced",  # a sound entry in another one's place
    "audit-duplicate",  # the same entry again
    "audit-inserted",  # a second, different entry of the same number
    "audit-broken-link",  # the next entry follows another one than this
    "audit-truncated",  # the head counts more
    "audit-appended",  # the head counts less
    "audit-rewritten",  # the head or an anchor names another entry
    "audit-unsealed",  # no seal where there has to be one
    "audit-head",  # the head itself is gone, unreadable or forged
    "audit-stray",  # something in the log's place that is no entry of it
]


class Damage(msgspec.Struct, frozen=True):
    """One place where the log is not as it was written.

    Attributes:
        sequence: The number of the entry; 0 where it is none's.
        code: What kind of damage.
        message: What is wrong there.
    """

    sequence: int
    code: DamageCode
    message: str

    @property
    def fault(self) -> Fault:
        """The same as a fault; its pointer is the entry's number."""
        pointer = f"/{self.sequence}" if self.sequence else ""
        return Fault(self.code, str(self), pointer=pointer)

    def __str__(self) -> str:
        """``entry 17: …``."""
        return f"entry {self.sequence}: {self.message}" if self.sequence else self.message


class Verification(msgspec.Struct, frozen=True):
    """Whether a log is as it was written.

    Attributes:
        entries: How many were read.
        sealed: How many of them carry a seal.
        seals_checked: Whether a key was there to check seals with; without it, a log that was
            rewritten as a whole cannot be told from a true one, but by an anchor.
        last: The last entry's number.
        hash: Its hash, empty where it is damaged. ``last:hash`` is an anchor.
        beyond_head: Sound entries after the one that the head names: a bus was stopped hard in
            between, or writes just now.
        damages: Every place that is not as it was written, in the order of their numbers.
        more: How many more damages there are than are listed.
    """

    entries: int
    sealed: int
    seals_checked: bool
    last: int
    hash: str
    beyond_head: int = 0
    damages: tuple[Damage, ...] = ()
    more: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damages

    def check(self, subject: str = "the audit log") -> None:
        """Raise where something is damaged.

        Raises:
            AuditError: With every place.
        """
        if self.damages:
            raise audit_error(self.damages, subject)


def audit_error(damages: Iterable[Damage], subject: str = "the audit log") -> AuditError:
    """The error for damages."""
    return AuditError(
        f"{subject} is not as it was written",
        [damage.fault for damage in damages],
        hint="keep the store as it is, and compare it with an export or a backup",
    )
