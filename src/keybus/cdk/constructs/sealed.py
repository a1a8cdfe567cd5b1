"""Resources in a CDK app, of which what follows from the platform cannot be changed."""

from collections.abc import Iterable, Mapping
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from keybus.cdk.constructs.kept import take_names
from keybus.cdk.constructs.where import stack_place
from keybus.cdk.deployment import NotDeclared
from keybus.cdk.resource import OPEN, Resource
from keybus.topology.findings import known_names, nearest, quoted


class SealedResource(cdk.CfnResource):
    """A resource whose open properties alone can be overridden: policies are the platform's."""

    def __init__(self, scope: Construct, resource: Resource) -> None:
        super().__init__(
            scope, resource.id, type=resource.type, properties=dict(resource.properties)
        )
        self._open = False
        self._type = resource.type
        self.override_logical_id(resource.id)
        if resource.kept:
            self.apply_removal_policy(cdk.RemovalPolicy.RETAIN)

    def set_open(self, name: str, value: object) -> None:
        """Override a property that is no policy.

        Args:
            name: The property, as CloudFormation names it: ``VisibilityTimeout``.
            value: Its value; a part of it where the name has dots.

        Raises:
            NotDeclared: It follows from the platform.
        """
        if str(name).partition(".")[0] not in OPEN.get(self._type, frozenset()):
            raise self._closed(str(name))
        self._open = True
        try:
            super().add_property_override(name, value)
        finally:
            self._open = False

    def add_property_override(self, property_path: str, value: Any) -> None:
        """The same, as the CDK names it."""
        self.set_open(property_path, value)

    def add_override(self, path: str, value: Any) -> None:
        """Refused for all but open properties, and metadata."""
        if self._open or path.startswith("Metadata"):
            super().add_override(path, value)
            return
        head, _, name = path.partition(".")
        if head != "Properties":
            raise self._closed(path)
        self.set_open(name, value)

    def add_deletion_override(self, path: str) -> None:
        """Refused."""
        raise self._closed(path)

    def add_property_deletion_override(self, property_path: str) -> None:
        """Refused."""
        raise self._closed(property_path)

    def _closed(self, name: str) -> NotDeclared:
        free = sorted(OPEN.get(self._type, ()))
        hint = nearest(name, free)
        if not hint and free:
            hint = f"open are: {', '.join(free)}"
        what = f"{quoted(name)} of the {self._type} is not open: it follows from the platform"
        return NotDeclared(what, hint=hint or "nothing of it is open: change the platform")


class SealedResources:
    """All resources of a construct, by what they are of it.

    Args:
        scope: The construct.
        resources: Its resources.
        prefix: What their ids begin with.

    Raises:
        NotDeclared: Something else in the app has one of their names.
    """

    def __init__(self, scope: Construct, resources: Iterable[Resource], prefix: str) -> None:
        self._prefix = prefix
        every = list(resources)
        take_names(scope, *stack_place(scope), every)
        self._made: Mapping[str, SealedResource] = {
            each.id: SealedResource(scope, each) for each in every
        }
        for each in every:
            for before in each.after:
                self._made[each.id].add_resource_dependency(self._made[before])

    def __getitem__(self, part: str) -> SealedResource:
        """One of them, such as ``Queue`` or ``DeadLettersAlarm``.

        Raises:
            NotDeclared: There is none.
        """
        found = self._made.get(f"{self._prefix}{part}")
        if found is None:
            known = [each.removeprefix(self._prefix) for each in self._made]
            name = str(part)
            raise NotDeclared(f"there is no part {quoted(name)}", hint=known_names(name, known))
        return found
