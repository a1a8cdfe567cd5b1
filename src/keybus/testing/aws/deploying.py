"""Deploying a template: its resources in the order of their references, each by boto3."""

from collections.abc import Callable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

import msgspec

from keybus.testing.aws.error import NotDeployable
from keybus.testing.aws.events import EVENTS
from keybus.testing.aws.intrinsics import Made, Resolver, references
from keybus.testing.aws.queues import QUEUES
from keybus.testing.aws.roles import ROLES
from keybus.testing.aws.watching import WATCHING

Client = Callable[[str], Any]
_SECTIONS: Final = frozenset({"AWSTemplateFormatVersion", "Description", "Metadata", "Resources"})
# What CDK adds to every template; it says nothing of what is deployed.
_BY_CDK: Final = frozenset({"Parameters", "Rules"})
_MEMBERS: Final = frozenset(
    {"Type", "Properties", "DependsOn", "Metadata", "DeletionPolicy", "UpdateReplacePolicy"}
)
_MAKERS: Final = {**EVENTS, **QUEUES, **ROLES, **WATCHING}
_IGNORED: Final = frozenset({"AWS::CDK::Metadata"})


class Deployed(msgspec.Struct, frozen=True):
    """A template that was deployed.

    Attributes:
        account: The account's 12 digits.
        region: The region.
        resources: What was made, by logical id.
    """

    account: str
    region: str
    resources: Mapping[str, Made]


def deploy(template: Mapping[str, Any], client: Client, *, account: str, region: str) -> Deployed:
    """Make a template's resources.

    Args:
        template: A CloudFormation template.
        client: Gives boto3's client of a service, of the account and region.
        account: The account's 12 digits.
        region: The region.

    Raises:
        NotDeployable: Something of it is not understood; nothing after it was made.
    """
    _check_sections(template)
    resources = template["Resources"]
    made: dict[str, Made] = {}
    pseudo = {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": "stack",
    }
    resolver = Resolver(pseudo, made)
    for name in _ordered(resources):
        resource = resources[name]
        if resource["Type"] in _IGNORED:
            continue
        try:
            made[name] = _made(resource, resolver, client)
        except NotDeployable as error:
            what = f"{name} ({resource['Type']}): {error.args[0]}"
            raise NotDeployable(what, hint=error.hint) from None
    return Deployed(account, region, made)


def _check_sections(template: Mapping[str, Any]) -> None:
    unknown = sorted(template.keys() - _SECTIONS - _BY_CDK)
    named = [each for each in template.get("Parameters", {}) if each != "BootstrapVersion"]
    if unknown or named:
        raise NotDeployable(
            f"the template has what is not known here: {', '.join([*unknown, *named])}",
            hint="parameters, conditions and mappings would have to be worked out first",
        )


def _ordered(resources: Mapping[str, Any]) -> list[str]:
    graph: dict[str, set[str]] = {}
    for name, resource in resources.items():
        after = resource.get("DependsOn", ())
        wanted = {after} if isinstance(after, str) else set(after)
        wanted.update(references(resource.get("Properties", {})))
        graph[name] = wanted & resources.keys()
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise NotDeployable(f"resources need each other: {' → '.join(error.args[1])}") from None


def _made(resource: Mapping[str, Any], resolver: Resolver, client: Client) -> Made:
    """Make one resource."""
    unknown = sorted(resource.keys() - _MEMBERS)
    if unknown:
        raise NotDeployable(f"{', '.join(unknown)} is not known here")
    maker = _MAKERS.get(resource["Type"])
    if maker is None:
        raise NotDeployable("this type is not known here")
    given = resolver.value(dict(resource.get("Properties", {})))
    unknown = sorted(given.keys() - maker.properties)
    if unknown:
        raise NotDeployable(f"the properties {', '.join(unknown)} are not known here")
    return maker.make(client, given)
