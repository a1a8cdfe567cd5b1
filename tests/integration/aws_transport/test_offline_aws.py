"""Templates deployed on moto, strictly, and services that run on them."""

import json
from types import ModuleType
from typing import Any

import pytest

from keybus import EventPublisher, EventSubscriber
from keybus.client.aws import AwsTransport
from keybus.settings import Settings
from keybus.testing.aws import OfflineAws
from keybus.testing.aws.error import NotDeployable

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of moto
CENTRAL, TEAM, PUBLISHER = "100000000000", "555555555555", "111111111111"
REGION = "eu-west-1"
TEAM_BUS = f"arn:aws:events:{REGION}:{TEAM}:event-bus/finance"
CENTRAL_BUS = f"arn:aws:events:{REGION}:{CENTRAL}:event-bus/amazon-key"


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def template(**resources: dict[str, Any]) -> dict[str, Any]:
    return {"Resources": resources}


def central() -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
    return template(
        Bus=resource("Events::EventBus", Name="amazon-key"),
        Role=resource(
            "IAM::Role",
            RoleName="delivery",
            AssumeRolePolicyDocument={"Statement": [trust | {"Action": "sts:AssumeRole"}]},
        ),
        Rule=resource(
            "Events::Rule",
            Name="billing",
            EventBusName={"Ref": "Bus"},
            EventPattern={"detail-type": ["delivery.status.updated"]},
            Targets=[{"Id": "team", "Arn": TEAM_BUS, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}],
        ),
    )


def team() -> dict[str, Any]:
    return template(
        Bus=resource("Events::EventBus", Name="finance"),
        Key=resource("KMS::Key", KeyPolicy={"Statement": []}, EnableKeyRotation=True),
        DeadLetters=resource("SQS::Queue", QueueName="billing-dlq"),
        Queue=resource(
            "SQS::Queue",
            QueueName="billing",
            VisibilityTimeout=60,
            KmsMasterKeyId={"Ref": "Key"},
            RedrivePolicy={
                "deadLetterTargetArn": {"Fn::GetAtt": "DeadLetters.Arn"},
                "maxReceiveCount": 3,
            },
        ),
        Policy=resource(
            "SQS::QueuePolicy",
            Queues=[{"Ref": "Queue"}],
            PolicyDocument={"Statement": [{"Resource": {"Fn::Sub": "${Queue.Arn}"}}]},
        ),
        Rule=resource(
            "Events::Rule",
            Name="billing",
            EventBusName={"Ref": "Bus"},
            EventPattern={"source": ["key.delivery"]},
            Targets=[{"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
        ),
    )


@pytest.mark.long
def test_services_run_on_what_was_deployed(events: ModuleType) -> None:
    with OfflineAws(REGION) as aws:
        deployed = aws.deploy(team(), account=TEAM)
        aws.deploy(central(), account=CENTRAL)
        assert deployed.resources["Rule"].attributes["Arn"].endswith(":rule/finance/billing")
        settings = Settings(event_bus=CENTRAL_BUS, publisher="key.delivery")
        sent = events.DeliveryStatusUpdated(
            delivery_id="DEL-1", status="IN_GARAGE", timestamp="2026-01-31T08:00:00Z"
        )
        way = AwsTransport(settings, services=aws.services(PUBLISHER))
        with EventPublisher(transport=way, settings=settings) as publisher:
            publisher.publish(sent)
        subscriber = EventSubscriber(
            "billing", transport=AwsTransport(settings, services=aws.services(TEAM))
        )
        found = []

        @subscriber.on(events.DeliveryStatusUpdated)
        def updated(event: Any) -> None:
            found.append(event)
            subscriber.stop()

        subscriber.run()
        assert [each.id for each in found] == [sent.id]


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        (template(Pipe=resource("Pipes::Pipe", Name="x")), r"Pipe \(AWS::Pipes::Pipe\): this type"),
        (template(Q=resource("SQS::Queue", QueueName="q", Colour="red")), "properties Colour"),
        (template(Q=resource("SQS::Queue", QueueName={"Ref": "Nobody"})), "'Nobody'"),
        (template(Q=resource("SQS::Queue", QueueName={"Fn::If": ["a", "b", "c"]})), "Fn::If"),
        (
            template(
                A=resource("SQS::Queue", QueueName={"Fn::GetAtt": ["B", "QueueName"]}),
                B=resource("SQS::Queue", QueueName={"Fn::GetAtt": ["A", "QueueName"]}),
            ),
            "need each other",
        ),
        ({**template(), "Conditions": {}}, "Conditions"),
        ({**template(), "Parameters": {"Stage": {"Type": "String"}}}, "Stage"),
        (template(Q={"Type": "AWS::SQS::Queue", "Condition": "Prod"}), "Condition"),
        (
            template(Q=resource("SQS::Queue", QueueName="q"), R=resource("SNS::Topic", TopicName={"Fn::GetAtt": "Q.Colour"})),
            "no attribute 'Colour'",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_not_understood_whole_is_refused(resources: dict[str, Any], told: str) -> None:
    with OfflineAws() as aws, pytest.raises(NotDeployable, match=told):
        aws.deploy(resources, account=TEAM)


def test_functions_are_worked_out() -> None:
    name = {"Fn::Join": ["-", ["q", {"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}]]}
    policy = {"Fn::Sub": ["${!x} ${AWS::Region} ${who} ${Q}", {"who": {"Ref": "AWS::AccountId"}}]}
    resources = template(
        Q=resource("SQS::Queue", QueueName=name),
        P=resource(
            "SQS::QueuePolicy",
            Queues=[{"Ref": "Q"}],
            PolicyDocument={"Statement": [{"Sid": policy}]},
        ),
    )
    with OfflineAws() as aws:
        url = aws.deploy(resources, account=TEAM).resources["Q"].ref
        sqs = aws.services(TEAM).client("sqs")
        asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
        assert url.endswith(f"/{TEAM}/q-b")
        assert (
            json.loads(asked["Attributes"]["Policy"])["Statement"][0]["Sid"]
            == f"${{x}} {REGION} {TEAM} {url}"
        )
