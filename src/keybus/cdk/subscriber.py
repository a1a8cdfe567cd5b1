"""What a subscription is made of in its own account: bus, rule, queues, key, alarms, policy."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from keybus.cdk.alarms import Metric, Watch, alarm, dashboard, of_queue, of_rule
from keybus.cdk.deployment import Deployment
from keybus.cdk.names import logical_prefix
from keybus.cdk.parts import (
    LONGEST_RETENTION,
    key_with_alias,
    queue_with_policy,
    retry_policy,
    topic_with_policy,
)
from keybus.cdk.resource import Reference, Resource, policy
from keybus.cdk.sites import SubscriptionSite
from keybus.cdk.statements import consume, key_statements, put_by_delivery, send_by_events
from keybus.topology.model import Alarms, Subscription, Target

_MANY_WAITING: Final = 10_000
_OLD: Final = 3_600  # seconds that the oldest message waits
_IN_FLIGHT: Final = 100_000  # SQS hands out no more than 120,000 at once
_SLOW: Final = 5_000  # milliseconds from ingestion to the queue


class QueueSettings(msgspec.Struct, frozen=True):
    """How a subscription's queue is read; no policy.

    Attributes:
        visibility_timeout: Seconds that a consumer has for a message before it comes again.
        receive_wait: Seconds that a receive call waits for messages.
    """

    visibility_timeout: int = 60
    receive_wait: int = 20


def subscription_resources(
    deployment: Deployment, name: str, settings: QueueSettings | None = None
) -> tuple[Resource, ...]:
    """All resources of a subscription's own account.

    Args:
        deployment: The platform.
        name: The subscription's name.
        settings: How its queue is read.

    Raises:
        NotDeclared: There is no such subscription.
    """
    return tuple(_Parts(deployment, name, settings or QueueSettings()).all())


class _Parts:
    def __init__(self, deployment: Deployment, name: str, settings: QueueSettings) -> None:
        self._deployment, self._name, self._settings = deployment, name, settings
        self._prefix = logical_prefix(name)
        self._subscription: Subscription = deployment.subscription(name)
        self._site: SubscriptionSite = deployment.site(name)
        self._key: Reference = {"Fn::GetAtt": [self._id("Key"), "Arn"]}

    def all(self) -> Iterator[Resource]:
        site = self._site
        senders = [site.bus_arn, site.rule_arn]
        statements = key_statements(site.root, site.account, site.bus_arn, senders, site.alarms_arn)
        about = f"Events of the subscription {self._name}"
        yield from key_with_alias(self._prefix, site.alias, about, statements)
        yield from self._queues()
        yield from self._bus()
        yield self._rule()
        yield from topic_with_policy(self._prefix, site, self._key)
        for watch in self._watches():
            yield alarm(
                self._prefix, site.alarm(_dashed(watch.id)), watch, {"Ref": self._id("Topic")}
            )
        yield dashboard(self._id("Dashboard"), site.dashboard, site.region, self._panels())
        yield Resource(
            self._id("ConsumerPolicy"),
            "AWS::IAM::ManagedPolicy",
            {
                "ManagedPolicyName": site.consumer,
                "Description": f"Consumes the subscription {self._name}",
                "PolicyDocument": policy(*consume(site, self._key)),
            },
        )

    def _queues(self) -> Iterator[Resource]:
        site, retry = self._site, self._subscription.retry
        yield from queue_with_policy(
            self._id("DeadLetters"),
            site.dead_letters,
            site.dead_letters_arn,
            self._key,
            MessageRetentionPeriod=retry.keep_dead_letters,
            RedriveAllowPolicy={
                "redrivePermission": "byQueue",
                "sourceQueueArns": [site.queue_arn],
            },
        )
        yield from queue_with_policy(
            self._id("Queue"),
            self._name,
            site.queue_arn,
            self._key,
            send_by_events("SendByRule", site.account, site.rule_arn, site.queue_arn),
            MessageRetentionPeriod=LONGEST_RETENTION,
            ReceiveMessageWaitTimeSeconds=self._settings.receive_wait,
            RedrivePolicy={
                "deadLetterTargetArn": {"Fn::GetAtt": [self._id("DeadLetters"), "Arn"]},
                "maxReceiveCount": retry.attempts + 1,
            },
            VisibilityTimeout=self._settings.visibility_timeout,
        )
        senders = [site.bus_arn, site.rule_arn]
        yield from queue_with_policy(
            self._id("Undelivered"),
            site.undelivered,
            site.undelivered_arn,
            self._key,
            send_by_events("SendByBusOrRule", site.account, senders, site.undelivered_arn),
            MessageRetentionPeriod=retry.keep_dead_letters,
        )

    def _bus(self) -> Iterator[Resource]:
        site = self._site
        yield Resource(
            self._id("Bus"),
            "AWS::Events::EventBus",
            {
                "Name": site.bus,
                "Description": f"Receives what the subscription {self._name} asks for",
                "KmsKeyIdentifier": self._key,
                "DeadLetterConfig": {"Arn": {"Fn::GetAtt": [self._id("Undelivered"), "Arn"]}},
            },
            (self._id("UndeliveredPolicy"),),
        )
        statement = put_by_delivery(self._deployment, self._name)
        properties = {
            "EventBusName": site.bus,
            "StatementId": statement["Sid"],
            "Statement": statement,
        }
        after = (self._id("Bus"),)
        yield Resource(self._id("BusPolicy"), "AWS::Events::EventBusPolicy", properties, after)

    def _rule(self) -> Resource:
        site = self._site
        target = {
            "Id": "queue",
            "Arn": site.queue_arn,
            "RetryPolicy": retry_policy(self._subscription.retry.max_age),
            "DeadLetterConfig": {"Arn": site.undelivered_arn},
            **_input(self._subscription.target),
        }
        properties = {
            "Name": site.rule,
            "Description": f"Delivers to the queue {self._name}",
            "EventBusName": site.bus,
            "EventPattern": self._deployment.pattern(self._name),
            "State": "ENABLED",
            "Targets": [target],
        }
        after = (self._id("Bus"), self._id("QueuePolicy"), self._id("UndeliveredPolicy"))
        return Resource(self._id("Rule"), "AWS::Events::Rule", properties, after)

    def _watches(self) -> Iterator[Watch]:
        site, said = self._site, self._subscription.alarms
        yield Watch(
            "DeadLetters",
            "Its consumer gave up on events: mend it, and redrive them to the queue",
            of_queue(site.dead_letters),
            said.dead_letters or 1,
        )
        yield Watch(
            "Undelivered",
            "Events did not get as far as the queue: their attributes say why",
            of_queue(site.undelivered),
            1,
        )
        waiting = said.waiting or _MANY_WAITING
        words = "Events wait: its consumer is too slow, or does not run"
        yield Watch("Waiting", words, of_queue(self._name), waiting, periods=5)
        yield Watch(
            "Oldest",
            "An event has waited long: SQS deletes it after 14 days, with no dead letter",
            of_queue(self._name, "ApproximateAgeOfOldestMessage"),
            _OLD,
            periods=5,
        )
        in_flight = of_queue(self._name, "ApproximateNumberOfMessagesNotVisible")
        words = "Its consumer takes events and deletes none: SQS is about to hand out no more"
        yield Watch("InFlight", words, in_flight, _IN_FLIGHT)
        yield from self._watches_of_rule(said)

    def _watches_of_rule(self, said: Alarms) -> Iterator[Watch]:
        share = self._metric("Invocations") if said.failure_rate else None
        yield Watch(
            "Failed",
            "The rule could not hand events to the queue: look at the queue's and key's policy",
            self._metric("FailedInvocations"),
            said.failure_rate or 1,
            share_of=share,
        )
        words = "The rule gave events up: they are among the undelivered"
        yield Watch("GivenUp", words, self._metric("InvocationsSentToDlq"), 1)
        words = "Events are lost: the queue for the undelivered could not be written"
        yield Watch("Lost", words, self._metric("InvocationsFailedToBeSentToDlq"), 1)
        words = "EventBridge throttles the rule: ask AWS for a higher quota"
        yield Watch("Throttled", words, self._metric("ThrottledRules"), 1, periods=3)
        latency = self._metric("IngestionToInvocationSuccessLatency", "p90")
        words = "9 of 10 events take longer than they should from the bus to the queue"
        yield Watch("Slow", words, latency, said.p90_ms or _SLOW, periods=5)

    def _panels(self) -> Mapping[str, list[Metric]]:
        site = self._site
        ages = of_queue(self._name, "ApproximateAgeOfOldestMessage")
        latency = "IngestionToInvocationSuccessLatency"
        return {
            "Delivered": [self._metric("MatchedEvents"), self._metric("Invocations")],
            "Waiting": [of_queue(self._name), of_queue(site.dead_letters)],
            "Oldest message, seconds": [ages],
            "Undelivered": [self._metric("FailedInvocations"), of_queue(site.undelivered)],
            "Bus to queue, ms": [self._metric(latency, "p50"), self._metric(latency, "p90")],
        }

    def _metric(self, name: str, statistic: str = "Sum") -> Metric:
        return of_rule(self._site.bus, self._site.rule, name, statistic)

    def _id(self, part: str) -> str:
        return f"{self._prefix}{part}"


def _input(target: Target) -> dict[str, Any]:
    """What the rule hands over in place of the event."""
    if target.input is not None:
        return {"Input": target.input}
    if target.input_path is not None:
        return {"InputPath": target.input_path}
    if target.input_transformer is None:
        return {}
    made = target.input_transformer
    paths = {"InputPathsMap": made.paths} if made.paths else {}
    return {"InputTransformer": {**paths, "InputTemplate": made.template}}


def _dashed(words: str) -> str:
    """``DeadLetters`` as ``dead-letters``."""
    return "".join(f"-{each.lower()}" if each.isupper() else each for each in words).strip("-")
