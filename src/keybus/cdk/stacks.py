"""A whole platform's resources, by where they stand; no two of them have one name."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from keybus.cdk.central import central_resources
from keybus.cdk.deployment import Deployment, refusal
from keybus.cdk.publishing import publisher_resources
from keybus.cdk.resource import Resource
from keybus.cdk.subscriber import subscription_resources
from keybus.errors import Fault

_NAMES: Final[Mapping[str, str]] = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Events::Archive": "ArchiveName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::EventBusPolicy": "StatementId",  # of whatever bus, to CloudFormation
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}
# Of these an account has one list for all regions.
_EVERYWHERE: Final = frozenset(
    {"AWS::CloudWatch::Dashboard", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role"}
)


class Named(NamedTuple):
    """What AWS knows a resource by.

    Attributes:
        type: Its type.
        account: Its account's 12 digits.
        region: Its region; empty where the account has one list for all of them.
        name: Its name.
    """

    type: str
    account: str
    region: str
    name: str


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
    taken: dict[Named, str] = {}
    faults = []
    for stack in found:
        for resource in stack.resources:
            named = named_in(resource, stack.account, stack.region)
            if named is None:
                continue
            here = f"{resource.id} of {stack.name}"
            other = taken.setdefault(named, here)
            if other != here:
                message = f"{other} and {here} would both have the {named.type} {named.name!r}"
                hint = "rename one of them"
                faults.append(Fault("same-name", message, f"/{stack.name}", hint=hint))
    if faults:
        raise refusal(deployment.platform.bus, faults)
    return found


def named_in(resource: Resource, account: str, region: str) -> Named | None:
    """What no two resources may have in common; None where AWS makes the name up."""
    key = _NAMES.get(resource.type)
    if key is None:
        return None
    place = "" if resource.type in _EVERYWHERE else region
    return Named(resource.type, account, place, str(resource.properties[key]))


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
