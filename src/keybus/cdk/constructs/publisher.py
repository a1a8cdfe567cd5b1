"""The publisher's construct."""

from functools import cached_property
from typing import Final

from aws_cdk import aws_iam
from constructs import Construct

from keybus.cdk.constructs.sealed import SealedResources
from keybus.cdk.constructs.told import told
from keybus.cdk.constructs.where import Given, check_place, deployment_for
from keybus.cdk.deployment import NotDeclared
from keybus.cdk.names import logical_prefix
from keybus.cdk.publishing import publisher_resources

# What the CDK imports takes a policy without a word, and has none.
_GRANTED: Final = (aws_iam.Group, aws_iam.LazyRole, aws_iam.Role, aws_iam.User)


class Publisher(Construct):
    """The permission to publish: a publisher's own events, on the central bus, and nothing else.

    ```python
    publisher = Publisher(self, "Publisher", name="key.delivery")
    publisher.grant(function)
    ```

    Attributes:
        name: The publisher's name.
        deployment: The platform as it is to stand on AWS.
        bus_arn: The central bus: what an ``EventPublisher`` puts on.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        platform: Given | None = None,
    ) -> None:
        """Make a declared publisher's policy in a stack of its account.

        Args:
            scope: The stack, or something in it.
            id_: The construct's id.
            name: The publisher's name in the platform.
            platform: As for `Subscription`.

        Raises:
            NotDeclared: The platform does not declare it, or declares it for another account.
            PlanRefused: AWS cannot carry the platform; all reasons are listed.
        """
        super().__init__(scope, id_)
        self.name = told("name", name, str, "the publisher's name in the platform")
        self.deployment = deployment_for(self, platform)
        self._site = self.deployment.publisher_site(name)
        check_place(self, self.deployment, self._site.account, "")
        self.bus_arn = self.deployment.central.bus_arn
        resources = publisher_resources(self.deployment, name)
        self._parts = SealedResources(self, resources, logical_prefix(name))

    @cached_property
    def policy(self) -> aws_iam.IManagedPolicy:
        """The policy of whoever publishes."""
        ref = self._parts["PublisherPolicy"].ref
        return aws_iam.ManagedPolicy.from_managed_policy_arn(self, "ImportedPolicy", ref)

    def grant(self, grantee: aws_iam.IGrantable) -> None:
        """Let a role, or what has one such as a Lambda function, publish.

        Raises:
            NotDeclared: It has no role that this app may add a policy to.
        """
        role = getattr(grantee, "grant_principal", grantee)
        if not isinstance(role, _GRANTED):
            hint = (
                "give a role that the app makes, or what has one; where another made it, attach"
                f" {self._site.policy!r} there"
            )
            raise NotDeclared("a policy cannot be added to what is no role of this app", hint=hint)
        role.add_managed_policy(self.policy)
