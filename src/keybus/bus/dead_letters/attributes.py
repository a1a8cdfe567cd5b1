"""A dead letter's attributes as Amazon EventBridge puts them on the messages of a queue.

Source: Amazon EventBridge user guide, "Using dead-letter queues to process undelivered events".
"""

from collections.abc import Mapping
from typing import Final

from keybus.bus.dead_letters.letters import ATTEMPTS, EXPIRED, DeadLetter
from keybus.topology import Platform
from keybus.topology.model import NOBODY

_EXHAUSTED: Final[Mapping[str, str]] = {
    ATTEMPTS: "MaximumRetryAttempts",
    EXPIRED: "MaximumEventAgeInSeconds",
}


def attributes_of(letter: DeadLetter, subscription: str, platform: Platform) -> dict[str, str]:
    """The attributes of a subscription's dead letter; all of them follow from what is kept.

    Args:
        letter: The dead letter.
        subscription: The subscription's name: the rule, and the target.
        platform: What declares it.

    Returns:
        Texts by EventBridge's names. ``ERROR_CODE`` is the cause in capitals; there is an
        ``EXHAUSTED_RETRY_CONDITION`` only where a limit was reached.
    """
    declared = platform.subscriptions[subscription]
    owner = platform.accounts.get(platform.central or "")
    holder = platform.accounts.get(declared.account)
    rule = f"{owner.id if owner else NOBODY}:rule/{platform.bus}/{subscription}"
    queue = f"{holder.id if holder else NOBODY}:{subscription}"
    webhook = declared.target.webhook
    found = {
        "RULE_ARN": f"arn:aws:events:{platform.region}:{rule}",
        "TARGET_ARN": webhook.url if webhook else f"arn:aws:sqs:{platform.region}:{queue}",
        "ERROR_CODE": letter.cause.replace("-", "_").replace(".", "_").upper(),
        "ERROR_MESSAGE": letter.reason,
        "RETRY_ATTEMPTS": str(max(0, letter.attempts - 1)),
    }
    if (condition := _EXHAUSTED.get(letter.cause)) is not None:
        found["EXHAUSTED_RETRY_CONDITION"] = condition
    return found
