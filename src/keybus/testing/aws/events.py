"""Event buses, rules and archives."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from keybus.testing.aws.error import NotDeployable
from keybus.testing.aws.intrinsics import Made
from keybus.testing.aws.maker import Maker, maker, renamed, text

Client = Callable[[str], Any]


@maker("Name Description Tags KmsKeyIdentifier DeadLetterConfig LogConfig Policy")
def event_bus(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::Events::EventBus."""
    events = client("events")
    name = properties["Name"]
    asked = renamed(
        properties,
        *("Name", "Description", "Tags", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig"),
    )
    arn = events.create_event_bus(**asked)["EventBusArn"]
    if "Policy" in properties:
        events.put_permission(EventBusName=name, Policy=text(properties["Policy"]))
    return Made(name, {"Arn": arn, "Name": name})


@maker("EventBusName StatementId Statement")
def event_bus_policy(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::Events::EventBusPolicy: one statement beside the others."""
    events = client("events")
    bus, statement = properties.get("EventBusName", "default"), dict(properties["Statement"])
    statement["Sid"] = properties["StatementId"]
    known = json.loads(events.describe_event_bus(Name=bus).get("Policy") or '{"Statement": []}')
    others = [each for each in known["Statement"] if each.get("Sid") != statement["Sid"]]
    policy = {"Version": "2012-10-17", "Statement": [*others, statement]}
    events.put_permission(EventBusName=bus, Policy=json.dumps(policy))
    return Made(statement["Sid"])


@maker("Name Description EventBusName EventPattern State Targets RoleArn Tags", named="Name")
def rule(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::Events::Rule, with its targets."""
    events = client("events")
    name, bus = properties["Name"], properties.get("EventBusName", "default")
    asked = renamed(properties, "Name", "Description", "State", "RoleArn", "Tags")
    pattern = text(properties["EventPattern"])
    arn = events.put_rule(EventBusName=bus, EventPattern=pattern, **asked)["RuleArn"]
    targets = properties.get("Targets", [])
    if targets:
        answer = events.put_targets(Rule=name, EventBusName=bus, Targets=targets)
        if answer.get("FailedEntryCount"):
            raise NotDeployable(f"targets were refused: {answer['FailedEntries']}")
    return Made(name, {"Arn": arn})


@maker(
    "ArchiveName Description EventPattern RetentionDays SourceArn KmsKeyIdentifier",
    named="ArchiveName",
)
def archive(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::Events::Archive."""
    asked = renamed(
        properties,
        "ArchiveName",
        "Description",
        "RetentionDays",
        "KmsKeyIdentifier",
        EventSourceArn="SourceArn",
    )
    if "EventPattern" in properties:
        asked["EventPattern"] = text(properties["EventPattern"])
    arn = client("events").create_archive(**asked)["ArchiveArn"]
    return Made(properties["ArchiveName"], {"Arn": arn})


def _kept(name: str) -> Callable[[Client, dict[str, Any]], Made]:
    """A resource of EventBridge Schemas, which moto does not have: it stands for itself."""

    def make(_: Client, properties: Mapping[str, Any]) -> Made:
        return Made(properties[name], {name: properties[name]})

    return make


EVENTS: Final[Mapping[str, Maker]] = {
    "AWS::Events::EventBus": event_bus,
    "AWS::Events::EventBusPolicy": event_bus_policy,
    "AWS::Events::Rule": rule,
    "AWS::Events::Archive": archive,
    "AWS::EventSchemas::Registry": maker("RegistryName Description Tags")(_kept("RegistryName")),
    "AWS::EventSchemas::RegistryPolicy": maker("RegistryName Policy")(_kept("RegistryName")),
    "AWS::EventSchemas::Schema": maker("RegistryName SchemaName Type Content Description Tags")(
        _kept("SchemaName")
    ),
}
