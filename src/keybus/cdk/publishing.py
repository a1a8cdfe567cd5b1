"""What a publisher has in its own account: the policy of whoever publishes."""

from keybus.cdk.deployment import Deployment
from keybus.cdk.names import logical_prefix
from keybus.cdk.resource import Resource, policy
from keybus.cdk.statements import put_by_publisher


def publisher_resources(deployment: Deployment, name: str) -> tuple[Resource, ...]:
    """All resources of a publisher's own account.

    Args:
        deployment: The platform.
        name: The publisher's name.

    Raises:
        NotDeclared: There is no such publisher.
    """
    site = deployment.publisher_site(name)
    properties = {
        "ManagedPolicyName": site.policy,
        "Description": f"Publishes as {name} on the bus {deployment.platform.bus}",
        "PolicyDocument": policy(put_by_publisher(deployment, name)),
    }
    id_ = f"{logical_prefix(name)}PublisherPolicy"
    return (Resource(id_, "AWS::IAM::ManagedPolicy", properties),)
