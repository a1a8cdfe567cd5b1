"""Deploying a template: its resources in the order of their references, each by boto3."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

import msgspec

from keybus.testing.aws.error import NotDeployable
from keybus.testing.aws.events import EVENTS
from keybus.testing.aws.functions import FUNCTIONS
from keybus.testing.aws.intrinsics import Made, Resolver, check_functions, references
from keybus.testing.aws.queues import QUEUES
from keybus.testing.aws.roles import ROLES
from keybus.testing.aws.tables import TABLES
from keybus.testing.aws.watching import WATCHING

Client = Callable[[str], Any]
_SECTIONS: Final = frozenset({"AWSTemplateFormatVersion", "Description", "Metadata", "Resources"})
# What CDK adds to every template; it says nothing of what is deployed.
_BY_CDK: Final = frozenset({"Parameters", "Rules"})
_MEMBERS: Final = frozenset(
    {"Type", "Properties", "DependsOn", "Metadata", "DeletionPolicy", "UpdateReplacePolicy"}
)
_MAKERS: Final = {**EVENTS, **FUNCTIONS, **QUEUES, **ROLES, **TABLES, **WATCHING}
_LONGEST_NAME: Final = 64
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
        NotDeployable: Something of it is not understood, and nothing was made; or a resource was
            refused, and what it needs stands already.
    """
    _check_sections(template)
    resources = template["Resources"]
    ordered = _ordered(resources)
    made: dict[str, Made] = {}
    pseudo = {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": "stack",
    }
    resolver = Resolver(pseudo, made)
    for name in ordered:
        if resources[name]["Type"] not in _IGNORED:
            with _named(name, resources[name]):
                made[name] = _made(name, resources[name], resolver, client)
    return Deployed(account, region, made)


def _check_sections(template: Any) -> None:
    if not isinstance(template, Mapping) or not isinstance(template.get("Resources"), Mapping):
        raise NotDeployable("this is no template", hint="it is a mapping, and has Resources")
    unknown = sorted(template.keys() - _SECTIONS - _BY_CDK)
    named = [each for each in template.get("Parameters", {}) if each != "BootstrapVersion"]
    if unknown or named:
        raise NotDeployable(
            f"the template has what is not known here: {', '.join([*unknown, *named])}",
            hint="leave it out, and write out the values that come of it",
        )


@contextmanager
def _named(name: str, resource: Any) -> Iterator[None]:
    """Whatever speaks against a resource is told with its logical id and type."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra

    kind = resource.get("Type") if isinstance(resource, Mapping) else None
    where = f"{name} ({kind or 'without a Type'})"
    try:
        yield
    except NotDeployable as error:
        raise NotDeployable(f"{where}: {error.args[0]}", hint=error.hint) from None
    except (BotoCoreError, ClientError) as error:
        raise NotDeployable(f"{where}: {error}", hint="nothing is rolled back") from error
    except KeyError as error:
        hint = "CloudFormation may do without, or make a name up; here it is written out"
        raise NotDeployable(f"{where}: it has no {error.args[0]}", hint=hint) from error
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise NotDeployable(f"{where}: it is not of a template's shape: {error}") from error


def _ordered(resources: Mapping[str, Any]) -> list[str]:
    """The names of the resources, each after those that it needs; all were looked at."""
    graph: dict[str, set[str]] = {}
    for name, resource in resources.items():
        with _named(name, resource):
            _check(resource)
            after = resource.get("DependsOn", ())
            wanted = {after} if isinstance(after, str) else set(after)
            if missing := wanted - resources.keys():
                raise NotDeployable(
                    f"it depends on {', '.join(sorted(missing))}, which is not there"
                )
            wanted.update(references(resource.get("Properties", {})))
            graph[name] = wanted & resources.keys()
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise NotDeployable(f"resources need each other: {' → '.join(error.args[1])}") from None


def _check(resource: Mapping[str, Any]) -> None:
    """What can be said of a resource before anything is made."""
    if not isinstance(resource.get("Type"), str):
        raise NotDeployable("this is no resource")
    if resource["Type"] in _IGNORED:
        return
    unknown = sorted(resource.keys() - _MEMBERS)
    if unknown:
        raise NotDeployable(f"{', '.join(unknown)} is not known here")
    maker = _MAKERS.get(resource["Type"])
    if maker is None:
        raise NotDeployable("this type is not known here")
    properties = resource.get("Properties", {})
    unknown = sorted(properties.keys() - maker.properties)
    if unknown:
        raise NotDeployable(f"the properties {', '.join(unknown)} are not known here")
    check_functions(properties)


def _made(name: str, resource: Mapping[str, Any], resolver: Resolver, client: Client) -> Made:
    """Make one resource."""
    given = resolver.value(dict(resource.get("Properties", {})))
    maker = _MAKERS[resource["Type"]]
    if maker.named:
        given.setdefault(maker.named, f"stack-{name}"[:_LONGEST_NAME])
    return maker.make(client, given)
