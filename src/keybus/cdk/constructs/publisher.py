"""The publisher's construct."""

from functools import cached_property

from aws_cdk import aws_iam
from constructs import Construct

from keybus.cdk.constructs.sealed import SealedResources
from keybus.cdk.constructs.where import Given, check_place, deployment_for
from keybus.cdk.deployment import NotDeclared
from keybus.cdk.names import logical_prefix
from keybus.cdk.publishing import publisher_resources


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
        self.name = name
        self.deployment = deployment_for(self, platform)
        site = self.deployment.publisher_site(name)
        check_place(self, self.deployment, site.account, "")
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
        role = grantee.grant_principal
        if not hasattr(role, "add_managed_policy"):
            hint = "give a role, or what has one"
            raise NotDeclared("a policy cannot be added to what is no role", hint=hint)
        role.add_managed_policy(self.policy)
