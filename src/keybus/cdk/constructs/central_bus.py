"""The central account's construct."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Annotated, Literal, TypeAlias, get_args

import msgspec
from aws_cdk import aws_events, aws_sns
from constructs import Construct

from keybus.cdk.central import central_resources
from keybus.cdk.constructs.kept import make_known
from keybus.cdk.constructs.sealed import SealedResources
from keybus.cdk.constructs.told import told
from keybus.cdk.constructs.where import Given, check_place, deployment_here
from keybus.cdk.names import CENTRAL
from keybus.cdk.stacks import stacks_of

_Days: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
# Source: CloudWatch Logs API reference, "PutRetentionPolicy".
_LogDays: TypeAlias = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]  # fmt: skip


class CentralBus(Construct):
    """The bus, with all that the central account has.

    ```python
    CentralBus(self, "Bus", platform="../platform")
    ```

    Its policy names every publisher's account; each subscription has a rule, a role that this rule
    alone may take, and a queue for what could not be forwarded. An archive keeps all events, a
    schema registry shows all contracts, alarms tell a topic, and a dashboard shows it all.

    Attributes:
        deployment: The platform as it is to stand on AWS.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        platform: Given,
        regions: Mapping[str, str] | None = None,
        leave_out: Collection[str] = (),
        archive_days: int | None = None,
        log_days: int | None = None,
    ) -> None:
        """Make the bus in the central account's stack.

        Args:
            scope: The stack, or something in it.
            id_: The construct's id.
            platform: The platform, or its folder; where it declares no region that AWS has, the
                stack's is taken.
            regions: The regions of subscriptions that are elsewhere, by their names.
            leave_out: What is declared, lacks on AWS, and is knowingly done without: JSON pointers.
            archive_days: How long the archive keeps events, 0 for ever; as declared where it is
                left out.
            log_days: How long logs of failures are kept; 90 where it is left out.

        Raises:
            PlanRefused: AWS cannot carry the platform; all reasons are listed.
            NotDeclared: The stack is not the central account's, or an argument is none that can be.
        """
        super().__init__(scope, id_)
        told("archive_days", archive_days, _Days | None, "whole days, or 0 for ever")
        kept = ", ".join(map(str, get_args(_LogDays)))
        told("log_days", log_days, _LogDays | None, f"one of {kept}")
        self.deployment = found = deployment_here(self, platform, regions, leave_out)
        check_place(self, found, found.central.account, found.region)
        stacks_of(found)  # all of it, so that what is refused is refused here
        self._parts = SealedResources(self, central_resources(found), CENTRAL)
        if archive_days is not None:
            self.override("Archive", "RetentionDays", archive_days)
        if log_days is not None:
            self.override("LogGroup", "RetentionInDays", log_days)
        make_known(self, found)

    @cached_property
    def bus(self) -> aws_events.IEventBus:
        """The bus, for an app's own metrics; rules on it are the platform's alone."""
        arn = self._parts["Bus"].get_att("Arn").to_string()
        return aws_events.EventBus.from_event_bus_arn(self, "Imported", arn)

    @cached_property
    def topic(self) -> aws_sns.ITopic:
        """The topic of the alarms."""
        return aws_sns.Topic.from_topic_arn(self, "ImportedTopic", self._parts["Topic"].ref)

    def override(self, part: str, name: str, value: object) -> None:
        """Set a property that is no policy.

        Args:
            part: Of which resource, such as ``Archive``; a template shows them behind ``Central``.
            name: The property, as CloudFormation names it.
            value: Its value.

        Raises:
            NotDeclared: There is no such part, or the property follows from the platform.
        """
        self._parts[part].set_open(name, value)
