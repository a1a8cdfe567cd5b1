"""Compatibility policies, as contracts and repositories write them."""

from typing import Any

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
