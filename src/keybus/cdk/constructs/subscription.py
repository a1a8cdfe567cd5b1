"""The subscriber's construct."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, TypeAlias

import msgspec
from aws_cdk import aws_iam, aws_kms, aws_sns, aws_sqs
from constructs import Construct

from keybus.cdk.constructs.sealed import SealedResources
from keybus.cdk.constructs.told import told
from keybus.cdk.constructs.where import Application, Given, check_place, deployment_for
from keybus.cdk.deployment import NotDeclared
from keybus.cdk.names import logical_prefix
from keybus.cdk.subscriber import QueueSettings, subscription_resources
from keybus.topology.findings import quoted

_Visible: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=43_200)]
_Wait: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=20)]


def _settings(visibility_timeout: int, receive_wait: int) -> QueueSettings:
    hint = "seconds from {} to {}, as a whole number"
    told("visibility_timeout", visibility_timeout, _Visible, hint.format(0, 43_200))
    told("receive_wait", receive_wait, _Wait, hint.format(0, 20))
    return QueueSettings(visibility_timeout, receive_wait)


class Subscription(Construct):
    """A subscription in the subscriber's account: all it takes to receive events there.

    ```python
    Subscription(self, "GarageBilling",
        name="garage-billing",
        events=["delivery.completed@1"],
        application=Application(account="555555555555", region="eu-west-1"),
    )
    ```

    Which events it may have is the platform's to say, so what is said here has to agree with it.

    Attributes:
        name: The subscription's name, which is its queue's as well.
        deployment: The platform as it is to stand on AWS.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        events: Sequence[str] | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - it is the key's name in the platform
        application: Application | None = None,
        platform: Given | None = None,
        visibility_timeout: int = 60,
        receive_wait: int = 20,
    ) -> None:
        """Make a declared subscription in a stack of its account.

        Args:
            scope: The stack, or something in it.
            id_: The construct's id.
            name: The subscription's name in the platform.
            events: What it asks for; as the platform declares it.
            filter: Its filter; as the platform declares it. Not compared where it is left out.
            application: Whose it is; the stack's account and region where it is left out.
            platform: The platform, or its folder. Where it is left out, it is that of the app's
                `CentralBus`, or the folder that the context ``keybus:platform`` names.
            visibility_timeout: Seconds that a consumer has for a message before it comes again, at
                most 43,200; of a Lambda function, six times its own timeout.
            receive_wait: Seconds that a receive call waits for messages, at most 20.

        Raises:
            NotDeclared: The platform does not declare it, or not so, or an argument is none that
                can be.
            PlanRefused: AWS cannot carry the platform; all reasons are listed.
        """
        super().__init__(scope, id_)
        self.name = told("name", name, str, "the subscription's name in the platform")
        settings = _settings(visibility_timeout, receive_wait)
        told("events", events, list[str] | None, "a list, such as ['delivery.completed@1']")
        told("filter", filter, dict[str, Any] | None, "a pattern, as the platform has it")
        hint = "Application(account='555555555555', region='eu-west-1')"
        told("application", application, Application | None, hint)
        self.deployment = deployment_for(self, platform)
        site = self.deployment.site(name)
        check_place(self, self.deployment, site.account, site.region)
        self._agree(events, filter, application)
        resources = subscription_resources(self.deployment, name, settings)
        self._parts = SealedResources(self, resources, logical_prefix(name))

    @cached_property
    def queue(self) -> aws_sqs.IQueue:
        """The queue, for consumers such as ``SqsEventSource(subscription.queue)``."""
        return self._queue("Queue")

    @cached_property
    def dead_letter_queue(self) -> aws_sqs.IQueue:
        """The queue of what its consumer gave up."""
        return self._queue("DeadLetters")

    @cached_property
    def undelivered_queue(self) -> aws_sqs.IQueue:
        """The queue of what did not get as far as the queue."""
        return self._queue("Undelivered")

    @cached_property
    def key(self) -> aws_kms.IKey:
        """The key of all of it."""
        return aws_kms.Key.from_key_arn(self, "ImportedKey", self._arn("Key"))

    @cached_property
    def topic(self) -> aws_sns.ITopic:
        """The topic of the alarms: ``subscription.topic.add_subscription(…)``."""
        return aws_sns.Topic.from_topic_arn(self, "ImportedTopic", self._parts["Topic"].ref)

    @cached_property
    def consumer_policy(self) -> aws_iam.IManagedPolicy:
        """The policy of whoever consumes the queue: ``role.add_managed_policy(…)``."""
        ref = self._parts["ConsumerPolicy"].ref
        return aws_iam.ManagedPolicy.from_managed_policy_arn(self, "ImportedPolicy", ref)

    def override(self, part: str, name: str, value: object) -> None:
        """Set a property that is no policy.

        Args:
            part: Of which resource, such as ``Queue`` or ``WaitingAlarm``.
            name: The property, as CloudFormation names it.
            value: Its value.

        Raises:
            NotDeclared: There is no such part, or the property follows from the platform.
        """
        self._parts[part].set_open(name, value)

    def _agree(
        self,
        events: Sequence[str] | None,
        pattern: Mapping[str, Any] | None,
        application: Application | None,
    ) -> None:
        declared = self.deployment.subscription(self.name)
        what = f"the subscription {quoted(self.name)}"
        hint = "change it in the platform first, where its grants are"
        if events is not None and set(events) != set(declared.events):
            found = ", ".join(declared.events) or "none"
            message = (
                f"{what} asks for {', '.join(events) or 'none'} here, and the platform declares"
            )
            raise NotDeclared(f"{message} {found}", hint=hint)
        if pattern is not None and dict(pattern) != declared.filter:
            raise NotDeclared(f"{what} has another filter here than in the platform", hint=hint)
        if application is None:
            return
        account = self.deployment.platform.accounts[declared.account]
        if application.account not in {declared.account, account.id}:
            message = f"{what} is of {declared.account} ({account.id}), not {application.account}"
            raise NotDeclared(message, hint=hint)
        region = self.deployment.site(self.name).region
        if application.region and application.region != region:
            message = (
                f"{what} is in {application.region} here, and the platform delivers to {region}"
            )
            raise NotDeclared(message, hint="give its region to CentralBus: regions={name: region}")

    def _queue(self, part: str) -> aws_sqs.IQueue:
        # By attributes that lead to the resources, so that what uses them is made after them.
        arn, key = self._arn(part), self._arn("Key")
        return aws_sqs.Queue.from_queue_attributes(
            self, f"Imported{part}", queue_arn=arn, key_arn=key
        )

    def _arn(self, part: str) -> str:
        return self._parts[part].get_att("Arn").to_string()
