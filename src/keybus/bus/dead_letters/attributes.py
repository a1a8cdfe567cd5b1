"""A dead letter's attributes as Amazon EventBridge puts them on the messages of a queue.

Source: Amazon EventBridge user guide, "Using dead-letter queues to process undelivered events".
"""

from collections.abc import Mapping
from typing import Final

from keybus.bus.control.generation import Generation
from keybus.bus.dead_letters.letters import ATTEMPTS, EXPIRED, DeadLetter
from keybus.topology import Platform
from keybus.topology.model import NOBODY

_EXHAUSTED: Final[Mapping[str, str]] = {
    ATTEMPTS: "MaximumRetryAttempts",
    EXPIRED: "MaximumEventAgeInSeconds",
}
CODES: Final = frozenset(
    ("INTERNAL_ERROR", "NO_PERMISSIONS", "NO_RESOURCE", "SDK_CLIENT_ERROR", "THROTTLING", "TIMEOUT")
)
"""Codes of EventBridge's own with which the reason of a rule's failure may begin: ``NO_RESOURCE: …``."""


def attributes_of(letter: DeadLetter, subscription: str, generation: Generation) -> dict[str, str]:
    """The attributes of a subscription's dead letter; all of them follow from what is kept.

    Args:
        letter: The dead letter.
        subscription: The subscription's name: the rule, and the target.
        generation: What holds.

    Returns:
        Texts by EventBridge's names. ``ERROR_CODE`` is EventBridge's where the target said one, or
        else the cause in capitals; there is an ``EXHAUSTED_RETRY_CONDITION`` only where a limit was
        reached.
    """
    beside = generation.beside.get(subscription)
    if beside is not None:
        rule, target = beside.arn, beside.target.arn
    else:
        rule, target = _declared(subscription, generation.platform)
    found = {
        "RULE_ARN": rule,
        "TARGET_ARN": target,
        "ERROR_CODE": _code(letter),
        "ERROR_MESSAGE": letter.reason,
        "RETRY_ATTEMPTS": str(max(0, letter.attempts - 1)),
    }
    if (condition := _EXHAUSTED.get(letter.cause)) is not None:
        found["EXHAUSTED_RETRY_CONDITION"] = condition
    return found


def _declared(subscription: str, platform: Platform) -> tuple[str, str]:
    """What stands for the rule, and for its target, of a subscription that is declared."""
    declared = platform.subscriptions[subscription]
    owner = platform.accounts.get(platform.central or "")
    holder = platform.accounts.get(declared.account)
    rule = f"{owner.id if owner else NOBODY}:rule/{platform.bus}/{subscription}"
    queue = f"{holder.id if holder else NOBODY}:{subscription}"
    webhook = declared.target.webhook
    target = webhook.url if webhook else f"arn:aws:sqs:{platform.region}:{queue}"
    return f"arn:aws:events:{platform.region}:{rule}", target


def _code(letter: DeadLetter) -> str:
    said = letter.reason.partition(":")[0]
    return said if said in CODES else letter.cause.replace("-", "_").replace(".", "_").upper()
