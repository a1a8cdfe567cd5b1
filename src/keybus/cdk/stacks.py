"""A whole platform's resources, by where they stand; no two of them have one name."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from keybus.cdk.central import central_resources
from keybus.cdk.deployment import Deployment
from keybus.cdk.publishing import publisher_resources
from keybus.cdk.resource import Resource
from keybus.cdk.subscriber import subscription_resources
from keybus.errors import Fault, PlanRefused

_NAMES: Final[Mapping[str, str]] = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Events::Archive": "ArchiveName",
    "AWS::Events::EventBus": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}
_EVERYWHERE: Final = frozenset({"AWS::IAM::ManagedPolicy", "AWS::IAM::Role"})


class Stack(NamedTuple):
    """The resources of one declared thing.

    Attributes:
        name: ``central``, ``subscription/billing`` or ``publisher/key.delivery``.
        account: The 12 digits of the account that it stands in.
        region: Its region.
        resources: All of them.
    """

    name: str
    account: str
    region: str
    resources: tuple[Resource, ...]


def stacks_of(deployment: Deployment) -> tuple[Stack, ...]:
    """All that a platform is on AWS.

    Raises:
        PlanRefused: Two things would have one name, or a limit is passed; all reasons are listed.
    """
    found = tuple(_stacks(deployment))
    taken: dict[tuple[str, str, str, str], str] = {}
    faults = []
    for stack in found:
        for resource in stack.resources:
            key = _NAMES.get(resource.type)
            if key is None:
                continue
            name = str(resource.properties[key])
            region = "" if resource.type in _EVERYWHERE else stack.region
            other = taken.setdefault((resource.type, stack.account, region, name), stack.name)
            if other != stack.name:
                message = f"{other} and {stack.name} would both have the {resource.type} {name!r}"
                hint = "rename one of them"
                faults.append(Fault("same-name", message, f"/{stack.name}", hint=hint))
    if faults:
        bus = deployment.platform.bus
        raise PlanRefused(f"{bus!r} cannot stand on AWS as it is declared", faults)
    return found


def _stacks(deployment: Deployment) -> Iterator[Stack]:
    central = deployment.central
    yield Stack("central", central.account, central.region, central_resources(deployment))
    for name in deployment.platform.publishers:
        site = deployment.publisher_site(name)
        resources = publisher_resources(deployment, name)
        yield Stack(f"publisher/{name}", site.account, site.region, resources)
    for name in deployment.platform.subscriptions:
        place = deployment.site(name)
        resources = subscription_resources(deployment, name)
        yield Stack(f"subscription/{name}", place.account, place.region, resources)
