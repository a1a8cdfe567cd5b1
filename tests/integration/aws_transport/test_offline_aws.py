"""Templates deployed on moto, strictly, and services that run on them."""

import json
from types import ModuleType
from typing import Any

import pytest

from keybus import EventPublisher, EventSubscriber
from keybus.client.aws import AwsTransport
from keybus.client.message_body import envelope_in
from keybus.envelope import decode
from keybus.errors import SettingsError
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


def queue(**properties: Any) -> dict[str, Any]:
    return resource("SQS::Queue", QueueName="q", **properties)


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        (template(Q=queue() | {"DependsOn": "Nobody"}), r"Q \(AWS::SQS::Queue\): .*Nobody"),
        (template(Q={"Properties": {}}), r"Q \(without a Type\)"),
        (
            template(B={"Type": "AWS::Events::EventBus"}),
            r"B \(AWS::Events::EventBus\): it has no Name",
        ),
        (template(Q=queue(FifoQueue=True)), r"Q \(AWS::SQS::Queue\): .*\.fifo"),
        (template(Q=queue(Tags={"Fn::Join": "x"})), r"Q \(AWS::SQS::Queue\): .*shape"),
        (template(Q=queue(Tags={"Fn::GetAtt": []})), r"Q \(AWS::SQS::Queue\): .*shape"),
        (template(Q=queue(Tags=7)), r"Q \(AWS::SQS::Queue\)"),
        ({}, "no template"),
        ([], "no template"),
    ],
)
def test_what_speaks_against_a_template_is_told_with_its_place(resources: Any, told: str) -> None:
    with OfflineAws() as aws, pytest.raises(NotDeployable, match=told):
        aws.deploy(resources, account=TEAM)


@pytest.mark.parametrize(
    "wrong",
    [
        resource("Pipes::Pipe", Name="x"),
        resource("SNS::Topic", Colour="red"),
        resource("SNS::Topic", TopicName={"Fn::ImportValue": "x"}),
        resource("SNS::Topic", TopicName="x") | {"Condition": "Prod"},
    ],
)
def test_of_what_is_not_understood_whole_nothing_is_made(wrong: dict[str, Any]) -> None:
    with OfflineAws() as aws:
        with pytest.raises(NotDeployable, match="Wrong"):
            aws.deploy(template(Q=queue(), Wrong=wrong), account=TEAM)
        assert "QueueUrls" not in aws.services(TEAM).client("sqs").list_queues()


def test_no_setting_of_the_machine_leads_away(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    with OfflineAws() as aws:
        assert aws.deploy(template(Q=queue()), account=TEAM).resources["Q"].ref.endswith("/q")


def test_nothing_is_asked_of_aws_itself() -> None:
    aws = OfflineAws()
    with pytest.raises(SettingsError, match="not entered"):
        aws.deploy(template(Q=queue()), account=TEAM)
    with aws:
        sqs = aws.services(TEAM).client("sqs")
    with pytest.raises(SettingsError, match="not entered"):
        sqs.list_queues()


def test_it_can_be_entered_again() -> None:
    aws = OfflineAws()
    for _ in range(2):
        with aws:
            sqs = aws.services(TEAM).client("sqs")
            assert "QueueUrls" not in sqs.list_queues()
            url = aws.deploy(template(Q=queue()), account=TEAM).resources["Q"].ref
            assert url.endswith(f"/{TEAM}/q")


def test_an_account_has_a_number() -> None:
    with OfflineAws() as aws, pytest.raises(SettingsError, match="'finance'"):
        aws.services("finance")


def test_each_entry_reaches_its_own_bus() -> None:
    rule = resource(
        "Events::Rule",
        Name="all",
        EventBusName={"Ref": "Bus"},
        EventPattern={"source": ["key.delivery"]},
        Targets=[{"Id": "queue", "Arn": {"Fn::GetAtt": ["Q", "Arn"]}}],
    )
    bus = resource("Events::EventBus", Name="bus")
    with OfflineAws() as aws:
        for account in (CENTRAL, TEAM):
            aws.deploy(template(Bus=bus, Q=queue(), Rule=rule), account=account)
        entries = [
            {
                "Source": "key.delivery",
                "DetailType": "x",
                "Detail": json.dumps({"account": account}),
                "EventBusName": f"arn:aws:events:{REGION}:{account}:event-bus/bus",
            }
            for account in (TEAM, CENTRAL, TEAM)
        ]
        answer = aws.services(PUBLISHER).client("events").put_events(Entries=entries)
        assert [bool(each["EventId"]) for each in answer["Entries"]] == [True] * 3
        for account, count in ((CENTRAL, 1), (TEAM, 2)):
            sqs = aws.services(account).client("sqs")
            url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
            details = [json.loads(each["Body"])["detail"]["account"] for each in found]
            assert details == [account] * count
            # moto leaves the account out of its envelopes; an event may have one of its own.
            assert [decode(envelope_in(each["Body"])).account for each in found] == [""] * count


def test_what_a_subscription_asks_of_a_topic_holds() -> None:
    resources = template(
        Topic=resource("SNS::Topic", TopicName="alarms"),
        Q=queue(),
        S=resource(
            "SNS::Subscription",
            TopicArn={"Ref": "Topic"},
            Protocol="sqs",
            Endpoint={"Fn::GetAtt": ["Q", "Arn"]},
            RawMessageDelivery=True,
            FilterPolicy={"kind": ["fire"]},
        ),
    )
    with OfflineAws() as aws:
        made = aws.deploy(resources, account=TEAM).resources
        sns, sqs = (aws.services(TEAM).client(name) for name in ("sns", "sqs"))
        for kind in ("water", "fire"):
            attributes = {"kind": {"DataType": "String", "StringValue": kind}}
            sns.publish(TopicArn=made["Topic"].ref, Message=kind, MessageAttributes=attributes)
        found = sqs.receive_message(QueueUrl=made["Q"].ref, MaxNumberOfMessages=10)["Messages"]
        assert [each["Body"] for each in found] == ["fire"]
