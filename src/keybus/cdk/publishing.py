"""What a publisher has in its own account: the policy of whoever publishes."""

from typing import Final

import msgspec

from keybus.cdk.deployment import Deployment, refusal
from keybus.cdk.names import logical_prefix
from keybus.cdk.resource import Resource, policy
from keybus.cdk.statements import put_by_publisher
from keybus.contracts.pointers import pointer_of
from keybus.errors import Fault

LIMIT: Final = 6_144
"""Characters of a managed policy. Source: IAM and AWS STS quotas."""


def publisher_resources(deployment: Deployment, name: str) -> tuple[Resource, ...]:
    """All resources of a publisher's own account.

    Args:
        deployment: The platform.
        name: The publisher's name.

    Raises:
        NotDeclared: There is no such publisher.
        PlanRefused: Its policy is too long.
    """
    site = deployment.publisher_site(name)
    document = policy(put_by_publisher(deployment, name))
    over = len(msgspec.json.encode(document)) - LIMIT
    if over > 0:
        message = f"its policy would be {over} characters longer than IAM takes"
        pointer = pointer_of("publishers", name)
        hint = "divide its events between two publishers"
        fault = Fault("publisher-policy-size", message, pointer, hint=hint)
        raise refusal(deployment.platform.bus, [fault])
    properties = {
        "ManagedPolicyName": site.policy,
        "Description": f"Publishes as {name} on the bus {deployment.platform.bus}",
        "PolicyDocument": document,
    }
    id_ = f"{logical_prefix(name)}PublisherPolicy"
    return (Resource(id_, "AWS::IAM::ManagedPolicy", properties),)
