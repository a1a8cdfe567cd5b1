"""Compatibility policies, as contracts and repositories write them."""

from typing import Any, Final, NamedTuple

MODES = (
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
)
STRICTNESSES = ("tolerant", "strict")


def fault_of_policy(policy: Any) -> str:
    """What is wrong with a policy, as a sentence; empty where nothing is.

    Args:
        policy: A mode, or an object with ``mode`` and ``strictness``, each of them optional.
    """
    if isinstance(policy, str):
        policy = {"mode": policy}
    if not isinstance(policy, dict):
        return f"{policy!r} is neither a mode nor an object with mode and strictness."
    for name, value in policy.items():
        known = {"mode": MODES, "strictness": STRICTNESSES}.get(name)
        if known is None:
            return f"A policy has no {name!r}: it has mode and strictness."
        if value not in known:
            return f"{value!r} is no {name} of a policy: one of {', '.join(known)}."
    return ""


class Policy(NamedTuple):
    """What a change of a contract has to keep.

    Attributes:
        mode: One of `MODES`: who has to understand whom.
        strictness: ``tolerant``: for events whose properties their writer's contract declares;
            ``strict``: for all that a contract accepts.
    """

    mode: str
    strictness: str

    @property
    def is_transitive(self) -> bool:
        """Whether every release is compared, not only the last."""
        return self.mode.endswith("_TRANSITIVE")


DEFAULT: Final = Policy("FULL_TRANSITIVE", "tolerant")
"""Publishers move first, and archives are replayed: new readers read old events, and old ones new."""


def policy_of(*written: Any) -> Policy:
    """The policy that holds.

    Args:
        written: As `fault_of_policy` accepts them, the most important first; None where there is
            none. What one leaves open, the next says, and `DEFAULT` in the end.
    """
    mode = strictness = ""
    for policy in (*written, DEFAULT._asdict()):
        table = {"mode": policy} if isinstance(policy, str) else policy or {}
        mode = mode or table.get("mode", "")
        strictness = strictness or table.get("strictness", "")
    return Policy(mode, strictness)
