"""What the constructs of an app know of each other: their platforms, and the names they gave."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from constructs import Construct

from keybus.cdk.deployment import Deployment, NotDeclared
from keybus.cdk.resource import Resource
from keybus.cdk.stacks import Named, named_in
from keybus.topology.findings import quoted

_KEPT: Final = "_keybus_kept"  # on the app, as all its constructs have that in common


class _Kept(msgspec.Struct):
    """What an app's constructs made.

    Attributes:
        deployments: Their platforms.
        names: The path of the construct that made each named resource.
    """

    deployments: list[Deployment] = []
    names: dict[Named, str] = {}


def platforms_of(scope: Construct) -> list[Deployment]:
    """The platforms that a construct's app has so far."""
    return _of(scope).deployments


def make_known(scope: Construct, deployment: Deployment) -> None:
    """Let other constructs of the app know a platform."""
    known = platforms_of(scope)
    if all(_meaning(deployment) != _meaning(each) for each in known):
        known.append(deployment)


def take_names(scope: Construct, account: str, region: str, resources: Iterable[Resource]) -> None:
    """See that nothing else in the app has the names of a construct's resources.

    Raises:
        NotDeclared: Something has.
    """
    taken = _of(scope).names
    for each in resources:
        named = named_in(each, account, region)
        if named is None:
            continue
        path = scope.node.path
        other = taken.setdefault(named, path)
        if other != path:
            message = f"{quoted(path)} and {quoted(other)} would both have the {named.type}"
            hint = "make each part of a platform once; give another bus another name"
            raise NotDeclared(f"{message} {named.name!r} of {account}", hint=hint)


def _of(scope: Construct) -> _Kept:
    app = scope.node.root
    found: _Kept | None = getattr(app, _KEPT, None)
    if found is None:
        found = _Kept()
        setattr(app, _KEPT, found)
    return found


def _meaning(deployment: Deployment) -> tuple[Any, ...]:
    contracts: Mapping[str, str] = {
        name: each.digest for name, each in deployment.contracts.items()
    }
    return deployment.platform, deployment.region, dict(deployment.regions), contracts
