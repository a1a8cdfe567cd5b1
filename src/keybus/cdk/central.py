"""What the central account has: the bus, its policy, a rule for each subscription, archive, registry."""

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from keybus.cdk.alarms import Metric, Watch, alarm, dashboard, of_queue, of_rule
from keybus.cdk.bus_policy import bus_policy
from keybus.cdk.deployment import Deployment, refusal
from keybus.cdk.names import CENTRAL, logical_prefix
from keybus.cdk.parts import (
    LONGEST_RETENTION,
    key_with_alias,
    queue_with_policy,
    retry_policy,
    topic_with_policy,
)
from keybus.cdk.resource import Reference, Resource, policy, template
from keybus.cdk.sites import CentralSite
from keybus.cdk.statements import (
    archive_key_statement,
    assume_by_rule,
    deliver,
    key_statements,
    log_key_statements,
    send_by_events,
    write_logs,
)
from keybus.contracts import Contract
from keybus.contracts.exchange_formats.self_contained import document_of
from keybus.contracts.pointers import pointer_of
from keybus.errors import Fault

MOST_RESOURCES: Final = 500
MOST_BYTES: Final = 1_000_000
"""Of a template. Source: AWS CloudFormation quotas."""
_DAY: Final = 86_400
_LOGS_KEPT: Final = 90  # days
_SHOWN: Final = 50  # rules in a graph
_LONGEST_SCHEMA: Final = 100_000
_LONGEST_ABOUT: Final = 256
"""Characters. Source: EventBridge Schemas API reference, "CreateSchema", "CreateRegistry"."""


def central_resources(deployment: Deployment) -> tuple[Resource, ...]:
    """All resources of the central account.

    Raises:
        PlanRefused: The bus's policy is too long, a contract, or the template.
    """
    resources = tuple(_Parts(deployment).all())
    count, size = len(resources), len(json.dumps(template(resources), indent=1))  # as the CDK does
    for found, most, what in ((count, MOST_RESOURCES, "resources"), (size, MOST_BYTES, "bytes")):
        if found > most:
            over = found - most
            message = f"its template has {found} {what}, {over} more than CloudFormation takes"
            hint = "divide the platform between two buses"
            fault = Fault(f"too-many-{what}", message, pointer_of("subscriptions"), hint=hint)
            raise refusal(deployment.platform.bus, [fault])
    return resources


class _Parts:
    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._site: CentralSite = deployment.central
        self._key: Reference = {"Fn::GetAtt": [_id("Key"), "Arn"]}
        self._topic: Reference = {"Ref": _id("Topic")}

    def all(self) -> Iterator[Resource]:
        yield from self._base()
        yield from self._policies()
        for name in self._deployment.platform.subscriptions:
            yield from self._subscription(name)
        yield self._archive()
        yield from self._registry()
        yield from self._logs()
        yield from self._dashboard()

    def _base(self) -> Iterator[Resource]:
        site = self._site
        rules = [site.rule_arn(name) for name in self._deployment.platform.subscriptions]
        statements = key_statements(
            site.root, site.account, site.bus_arn, [site.bus_arn, *rules], site.alarms_arn
        )
        about = f"Events of the bus {site.bus}"
        statements += [archive_key_statement(site), *log_key_statements(site)]
        yield from key_with_alias(CENTRAL, site.alias, about, statements)
        yield from self._undelivered(_id("Undelivered"), site.undelivered, site.bus_arn)
        yield Resource(
            _id("Bus"),
            "AWS::Events::EventBus",
            {
                "Name": site.bus,
                "Description": "The central bus: everything is published here",
                "KmsKeyIdentifier": self._key,
                "DeadLetterConfig": {"Arn": {"Fn::GetAtt": [_id("Undelivered"), "Arn"]}},
                "LogConfig": {"Level": "ERROR", "IncludeDetail": "NONE"},
            },
            (_id("UndeliveredPolicy"),),
        )
        yield from topic_with_policy(CENTRAL, site, self._key)
        words = "The bus could not encrypt or decrypt events: look at its key's policy"
        yield self._alarm(
            CENTRAL, "undelivered", Watch("Undelivered", words, of_queue(site.undelivered), 1)
        )

    def _policies(self) -> Iterator[Resource]:
        # One after another: each is a change of one policy, of which EventBridge keeps the last.
        before = _id("Bus")
        for statement in bus_policy(self._deployment):
            properties = {
                "EventBusName": self._site.bus,
                "StatementId": statement["Sid"],
                "Statement": statement,
            }
            id_ = f"{statement['Sid'].replace('-', '')}PutPolicy"
            yield Resource(id_, "AWS::Events::EventBusPolicy", properties, (before,))
            before = id_

    def _subscription(self, name: str) -> Iterator[Resource]:
        site = self._site
        queue = site.rule_undelivered(name)
        yield from self._undelivered(_forward(name, "Undelivered"), queue, site.rule_arn(name))
        yield self._role(name)
        yield self._rule(name)
        failed = of_rule(site.bus, site.rule(name), "FailedInvocations")
        words = f"Events did not get as far as the bus of the subscription {name}"
        yield self._alarm(_forward(name, ""), f"{name}-failed", Watch("Failed", words, failed, 1))
        words += ": they are kept, and their attributes say why"
        watch = Watch("Undelivered", words, of_queue(queue), 1)
        yield self._alarm(_forward(name, ""), f"{name}-undelivered", watch)

    def _role(self, name: str) -> Resource:
        properties = {
            "RoleName": self._site.role(name),
            "Description": f"Delivers to the subscription {name}",
            "AssumeRolePolicyDocument": policy(assume_by_rule(self._deployment, name)),
            "Policies": [
                {
                    "PolicyName": "deliver",
                    "PolicyDocument": policy(deliver(self._deployment, name)),
                }
            ],
        }
        return Resource(_forward(name, "Role"), "AWS::IAM::Role", properties)

    def _rule(self, name: str) -> Resource:
        site, subscription = self._site, self._deployment.subscription(name)
        target = {
            "Id": "subscriber",
            "Arn": self._deployment.site(name).bus_arn,
            "RoleArn": site.role_arn(name),
            "RetryPolicy": retry_policy(subscription.retry.max_age),
            "DeadLetterConfig": {"Arn": site.arn("sqs", site.rule_undelivered(name))},
        }
        properties = {
            "Name": site.rule(name),
            "Description": f"Delivers to the subscription {name} of {subscription.account}",
            "EventBusName": site.bus,
            "EventPattern": self._deployment.pattern(name),
            "State": "ENABLED",
            "Targets": [target],
        }
        before = ("Role", "UndeliveredPolicy")
        after = (_id("Bus"), *(_forward(name, part) for part in before))
        return Resource(_forward(name, "Rule"), "AWS::Events::Rule", properties, after)

    def _archive(self) -> Resource:
        max_age = self._deployment.platform.archive.max_age
        properties = {
            "ArchiveName": self._site.archive,
            "Description": f"All events of the bus {self._site.bus}",
            "SourceArn": self._site.bus_arn,
            "RetentionDays": (max_age or 0) // _DAY,  # 0: for ever
            "KmsKeyIdentifier": self._key,
        }
        after = (_id("Bus"),)
        return Resource(_id("Archive"), "AWS::Events::Archive", properties, after, kept=True)

    def _registry(self) -> Iterator[Resource]:
        registry = self._site.registry
        about = f"The contracts of the bus {self._site.bus}"[:_LONGEST_ABOUT]
        properties = {"RegistryName": registry, "Description": about}
        yield Resource(_id("Registry"), "AWS::EventSchemas::Registry", properties)
        for event_type, contract in self._deployment.contracts.items():
            words = f"{event_type} {contract.version}, of {contract.owner}"
            schema: dict[str, Any] = {
                "RegistryName": registry,
                "SchemaName": event_type,
                "Type": "JSONSchemaDraft4",
                "Description": words[:_LONGEST_ABOUT],
                "Content": self._content(event_type, contract),
            }
            id_ = f"{logical_prefix(event_type)}Schema"
            yield Resource(id_, "AWS::EventSchemas::Schema", schema, (_id("Registry"),))

    def _content(self, event_type: str, contract: Contract) -> str:
        content = msgspec.json.encode(document_of(contract)).decode()
        over = len(content) - _LONGEST_SCHEMA
        if over > 0:
            message = f"{event_type!r} has {over} characters more than a schema of EventBridge"
            hint = "leave out examples and descriptions, or divide it"
            fault = Fault("schema-too-long", message, file=contract.file, hint=hint)
            raise refusal(self._deployment.platform.bus, [fault])
        return content

    def _logs(self) -> Iterator[Resource]:
        site = self._site
        group = {"LogGroupName": site.log_group, "RetentionInDays": _LOGS_KEPT}
        yield Resource(_id("LogGroup"), "AWS::Logs::LogGroup", group)
        writing = msgspec.json.encode(policy(write_logs(site))).decode()
        named = {"PolicyName": site.log_delivery, "PolicyDocument": writing}
        yield Resource(_id("LogPolicy"), "AWS::Logs::ResourcePolicy", named)
        source = {
            "Name": site.log_delivery,
            "ResourceArn": site.bus_arn,
            "LogType": "ERROR_LOGS",
        }
        yield Resource(_id("LogSource"), "AWS::Logs::DeliverySource", source, (_id("Bus"),))
        arn = site.arn("logs", f"log-group:{site.log_group}")
        destination = {"Name": site.log_delivery, "DestinationResourceArn": arn}
        after = (_id("LogGroup"), _id("LogPolicy"))
        id_ = _id("LogDestination")
        yield Resource(id_, "AWS::Logs::DeliveryDestination", destination, after)
        delivery = {
            "DeliverySourceName": {"Ref": _id("LogSource")},
            "DeliveryDestinationArn": {"Fn::GetAtt": [id_, "Arn"]},
        }
        yield Resource(_id("LogDelivery"), "AWS::Logs::Delivery", delivery)

    def _dashboard(self) -> Iterator[Resource]:
        site = self._site
        names = list(self._deployment.platform.subscriptions)[:_SHOWN]
        if not names:
            return
        panels = {
            title: [of_rule(site.bus, site.rule(name), metric, statistic) for name in names]
            for title, metric, statistic in (
                ("Delivered", "Invocations", "Sum"),
                ("Failed", "FailedInvocations", "Sum"),
                ("Bus to bus, p90 ms", "IngestionToInvocationSuccessLatency", "p90"),
            )
        }
        queues: list[Metric] = [of_queue(site.rule_undelivered(name)) for name in names]
        panels["Undelivered"] = [of_queue(site.undelivered), *queues]
        yield dashboard(_id("Dashboard"), site.dashboard, site.region, panels)

    def _undelivered(self, id_: str, name: str, source: str) -> Iterator[Resource]:
        arn = self._site.arn("sqs", name)
        statement = send_by_events("SendUndelivered", self._site.account, source, arn)
        yield from queue_with_policy(
            id_, name, arn, self._key, statement, MessageRetentionPeriod=LONGEST_RETENTION
        )

    def _alarm(self, prefix: str, subject: str, watch: Watch) -> Resource:
        return alarm(prefix, self._site.alarm(subject), watch, self._topic)


def _id(part: str) -> str:
    return f"{CENTRAL}{part}"


def _forward(name: str, part: str) -> str:
    """The id of what forwards to a subscription; the subscription's own may be in the same stack."""
    return f"{logical_prefix(name)}Forward{part}"
