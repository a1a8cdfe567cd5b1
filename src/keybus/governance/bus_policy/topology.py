"""What the topology allows, as statements: whoever reads the bus's policy sees all of it."""

from collections.abc import Iterator
from typing import Any, Final

from keybus.governance.authorizer.puts import RESERVED
from keybus.governance.bus_policy.statement import PUT_EVENTS
from keybus.topology import Platform

OF_THE_TOPOLOGY: Final = "keybus-topology-"
"""What the Sids of such statements begin with; the account's 12 digits follow."""


def of_the_topology(platform: Platform, resource: str) -> Iterator[dict[str, Any]]:
    """A statement for each account that has sources: that it may put from these.

    Args:
        platform: What is declared.
        resource: The bus's ARN.
    """
    for name, account in platform.accounts.items():
        if sources := sources_of(platform, name):
            yield {
                "Sid": OF_THE_TOPOLOGY + account.id,
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"},
                "Action": PUT_EVENTS,
                "Resource": resource,
                "Condition": {
                    "StringEquals": {
                        "events:source": sources if len(sources) > 1 else sources[0],
                    }
                },
            }


def sources_of(platform: Platform, account: str) -> list[str]:
    """The sources of an account's publishers, without AWS's own, sorted."""
    found = {
        source
        for name, publisher in platform.publishers.items()
        if publisher.account == account
        for source in publisher.sources or [name]
    }
    return sorted(each for each in found if not each.startswith(RESERVED))
