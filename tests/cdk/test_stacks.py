"""All resources of a platform, as plain data; the snapshots show what a reviewer asks for.

`KEYBUS_WRITE_SNAPSHOTS=1` writes the snapshots anew.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keybus.cdk import Resource, Stack, stacks_of, template
from keybus.cdk.names import STATEMENT, fits
from keybus.cdk.publishing import publisher_resources
from keybus.contracts import Contract
from keybus.errors import PlanRefused
from keybus.topology.constructs import Grant, Platform, Subscription
from tests.cdk.platforms import deployed, example, small, subscribed

SNAPSHOTS = Path(__file__).parent / "snapshots"


def snapshot(name: str, text: str) -> None:
    path = SNAPSHOTS / name
    if os.environ.get("KEYBUS_WRITE_SNAPSHOTS"):
        path.write_text(text)
    assert text == path.read_text()


def test_the_statements_of_a_platform() -> None:
    stacks = stacks_of(deployed(subscribed()))
    lines = [line for stack in stacks for line in (f"# {stack.name}", *statement_lines(stack))]
    snapshot("statements.txt", "\n".join(lines) + "\n")


def test_the_resources_of_a_platform() -> None:
    lines = [
        f"{stack.name} {each.id} {each.type} {name_of(each)}".rstrip()
        for stack in stacks_of(deployed(subscribed()))
        for each in stack.resources
        if each.type != "AWS::EventSchemas::Schema"
    ]
    snapshot("resources.txt", "\n".join(lines) + "\n")


def test_the_patterns_of_the_example() -> None:
    deployment = example()
    found = {name: deployment.pattern(name) for name in deployment.platform.subscriptions}
    snapshot("patterns.json", json.dumps(found, indent=2) + "\n")


def test_both_rules_of_a_subscription_have_its_pattern_and_a_place_for_failures() -> None:
    deployment = example()
    for stack in stacks_of(deployment):
        rules = [each for each in stack.resources if each.type == "AWS::Events::Rule"]
        for rule in rules:
            pattern = deployment.pattern(rule.properties["Name"])
            assert rule.properties["EventPattern"] == pattern
            [target] = rule.properties["Targets"]
            assert target["DeadLetterConfig"]["Arn"].endswith("-undelivered")
            assert rule.properties["EventBusName"] != "default"


def test_settings_of_a_subscription_reach_its_resources() -> None:
    retry = {"attempts": 4, "max_age": 3600, "keep_dead_letters": 86_400}
    alarms = {"dead_letters": 7, "waiting": 8, "failure_rate": 0.25, "p90_ms": 900}
    target = {"input_path": "$.detail"}
    deployment = deployed(subscribed(retry=retry, alarms=alarms, target=target))
    found = {each.id: each.properties for each in stacks_of(deployment)[-1].resources}
    assert found["MailerQueue"]["RedrivePolicy"]["maxReceiveCount"] == 5
    assert found["MailerDeadLetters"]["MessageRetentionPeriod"] == 86_400
    [target] = found["MailerRule"]["Targets"]
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3600
    assert target["InputPath"] == "$.detail"
    thresholds = {
        part: found[f"Mailer{part}Alarm"]["Threshold"]
        for part in ("DeadLetters", "Waiting", "Failed", "Slow")
    }
    assert thresholds == {"DeadLetters": 7, "Waiting": 8, "Failed": 0.25, "Slow": 900}
    assert [each["Id"] for each in found["MailerFailedAlarm"]["Metrics"]] == [
        "share",
        "part",
        "whole",
    ]


def test_a_share_of_failures_is_never_a_division_by_nothing() -> None:
    billing = stacks_of(deployed(subscribed(alarms={"failure_rate": 0.25})))[-1]
    [failed] = [each for each in billing.resources if each.id == "MailerFailedAlarm"]
    share, *parts = failed.properties["Metrics"]
    assert (share["Id"], share["Expression"]) == ("share", "part / MAX([part, whole])")
    names = {each["Id"]: each["MetricStat"]["Metric"]["MetricName"] for each in parts}
    assert names == {"part": "FailedInvocations", "whole": "Invocations"}
    assert [each["ReturnData"] for each in parts] == [False, False]


def test_a_subscription_has_ten_alarms_that_tell_its_topic() -> None:
    [*_, billing] = stacks_of(example())
    alarms = [each for each in billing.resources if each.type == "AWS::CloudWatch::Alarm"]
    assert len(alarms) == 10
    assert all(each.properties["AlarmActions"] == [{"Ref": "BillingTopic"}] for each in alarms)


def test_references_lead_to_resources_of_the_same_stack() -> None:
    for stack in stacks_of(example()):
        ids = [each.id for each in stack.resources]
        assert len(set(ids)) == len(ids)
        for resource in stack.resources:
            assert set(references(resource.properties)) | set(resource.after) <= set(ids)


def test_nothing_is_unencrypted_or_under_a_key_of_aws() -> None:
    keys = {
        "AWS::Events::Archive": "KmsKeyIdentifier",
        "AWS::Events::EventBus": "KmsKeyIdentifier",
        "AWS::SNS::Topic": "KmsMasterKeyId",
        "AWS::SQS::Queue": "KmsMasterKeyId",
    }
    for stack in stacks_of(example()):
        own = {each.id for each in stack.resources if each.type == "AWS::KMS::Key"}
        for resource in stack.resources:
            if resource.type in keys:
                assert resource.properties[keys[resource.type]]["Fn::GetAtt"][0] in own


def test_the_central_account_may_subscribe_in_one_stack_with_the_bus() -> None:
    def add(platform: Platform) -> None:
        Subscription(platform, "central", account="hub", events=["delivery.completed@1"])
        grant(platform)

    stacks = [each for each in stacks_of(deployed(small(add))) if each.account == "100000000000"]
    ids = [resource.id for stack in stacks for resource in stack.resources]
    assert len(stacks) == 2
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", ["bus", "central", "small", "undelivered"])
def test_no_two_things_of_a_stack_have_one_name(name: str) -> None:
    types = ("Alarm", "Queue", "Role", "Topic")
    for stack in stacks_of(deployed(subscribed(name))):
        resources = [each for each in stack.resources if each.type.endswith(types)]
        found = [(each.type, name_of(each)) for each in resources]
        assert len(set(found)) == len(found)


def test_policies_of_all_buses_of_an_account_have_ids_of_their_own() -> None:
    def add(platform: Platform) -> None:
        for name in ("mailer", "printer"):
            Subscription(platform, name, account="mail", events=["delivery.completed@1"])

    first = deployed(small(add))
    bus = msgspec.structs.replace(first.platform, bus="second")
    second = msgspec.structs.replace(first, platform=bus)
    ids = {
        (stack.account, each.properties["StatementId"]): each.properties["EventBusName"]
        for deployment in (first, second)
        for stack in stacks_of(deployment)
        for each in stack.resources
        if each.type == "AWS::Events::EventBusPolicy"
    }
    assert sorted(ids.values()) == ["keybus-mailer", "keybus-printer", "second", "small"]
    assert all(fits(id_, STATEMENT) for _, id_ in ids)


def test_dashboards_of_an_account_are_in_no_region() -> None:
    def add(platform: Platform) -> None:
        Subscription(platform, "small", account="hub", events=["delivery.completed@1"])
        grant(platform)

    deployment = deployed(small(add), regions={"small": "us-east-1"})
    with pytest.raises(PlanRefused, match="CentralDashboard of central and SmallDashboard of"):
        stacks_of(deployment)


def test_policies_of_a_bus_are_made_one_after_another() -> None:
    central, *_ = stacks_of(example())
    policies = [each for each in central.resources if each.type == "AWS::Events::EventBusPolicy"]
    assert len(policies) == 3
    before = ["CentralBus", *(each.id for each in policies)]
    assert [each.after for each in policies] == [(each,) for each in before[:-1]]


def test_what_the_registry_cannot_hold() -> None:
    deployment = deployed(subscribed())
    contract = deployment.contracts["delivery.completed"]
    long = {**contract.schema, "description": "x" * 100_000}
    documents = {**contract.closure, contract.file: long}
    contracts = {**deployment.contracts, contract.type: Contract(documents, contract.file)}
    with pytest.raises(
        PlanRefused, match=r"DeliveryCompleted\.json: 'delivery\.completed' has"
    ) as no:
        stacks_of(msgspec.structs.replace(deployment, contracts=contracts))
    assert [each.code for each in no.value.faults] == ["schema-too-long"]
    documents = {**contract.closure, contract.file: {**long, "description": "x" * 90_000}}
    many = {f"delivery.step_{index}": Contract(documents, contract.file) for index in range(11)}
    with pytest.raises(PlanRefused, match=r"has \d+ bytes, \d+ more than CloudFormation"):
        stacks_of(msgspec.structs.replace(deployment, contracts=many))


def test_what_is_said_of_things_is_no_longer_than_aws_takes() -> None:
    deployment = deployed(subscribed())
    platform = msgspec.structs.replace(deployment.platform, bus="b" * 256)
    central, *_ = stacks_of(msgspec.structs.replace(deployment, platform=platform))
    for resource in central.resources:
        limit = 256 if resource.type.startswith("AWS::EventSchemas") else 512
        assert len(resource.properties.get("Description", "")) <= limit


def test_a_publishers_policy_that_iam_would_not_take() -> None:
    types = [f"delivery.step_number_{index}" for index in range(250)]
    deployment = deployed(subscribed())
    said = deployment.platform.publishers["key.delivery"]
    publishers = {"key.delivery": msgspec.structs.replace(said, events=types)}
    platform = msgspec.structs.replace(deployment.platform, publishers=publishers)
    with pytest.raises(PlanRefused, match="divide its events between two publishers") as no:
        publisher_resources(msgspec.structs.replace(deployment, platform=platform), "key.delivery")
    [fault] = no.value.faults
    assert (fault.code, fault.pointer) == ("publisher-policy-size", "/publishers/key.delivery")


def test_a_template_is_the_resources() -> None:
    [_, publisher, _] = stacks_of(deployed(subscribed()))
    found = template(publisher.resources, "Who publishes")
    assert found["Description"] == "Who publishes"
    [resource] = found["Resources"].values()
    assert resource["Type"] == "AWS::IAM::ManagedPolicy"
    json.dumps(found)


def test_the_core_needs_neither_the_cdk_nor_the_server() -> None:
    program = """
import sys, keybus.cdk
print(*({"aws_cdk", "jsii", "boto3", "starlette", "apsw"} & set(sys.modules)))
sys.modules["aws_cdk"] = None
try:
    from keybus.cdk import CentralBus
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded, refusal = done.stdout.splitlines()
    assert not loaded
    assert refusal == "CentralBus needs aws-cdk-lib: pip install 'keybus[cdk]'"


def grant(platform: Platform) -> None:
    Grant(
        platform,
        "hub-deliveries",
        account="hub",
        events=["delivery.completed"],
        reason="counts them",
        approver="jo",
        expires="2028-01-31",
    )


def statement_lines(stack: Stack) -> Iterator[str]:
    for resource in stack.resources:
        for statement in statements_in(resource.properties):
            if statement["Effect"] == "Allow":
                said = {key: statement[key] for key in statement if key not in {"Effect", "Sid"}}
                yield f"{resource.id}/{statement['Sid']} {json.dumps(said)}"


def statements_in(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if "Effect" in value:
            yield value
            return
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from statements_in(each)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        if "Ref" in value:
            yield value["Ref"]
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from references(each)


def name_of(resource: Resource) -> str:
    found = [value for key, value in resource.properties.items() if key.endswith("Name")]
    return str(found[0]) if found and isinstance(found[0], str) else ""
