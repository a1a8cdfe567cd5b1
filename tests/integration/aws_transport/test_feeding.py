"""A function that a queue feeds, as an app of the CDK has it, and what Lambda does with each answer."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from keybus.errors import SettingsError
from keybus.testing.aws import OfflineAws
from keybus.testing.aws.error import NotDeployable

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of moto
TEAM = "555555555555"
TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def app(**mapping: Any) -> dict[str, Any]:
    """A queue with dead letters, a function without names, as the CDK leaves them out, and a table."""

    def resource(kind: str, **properties: Any) -> dict[str, Any]:
        return {"Type": f"AWS::{kind}", "Properties": properties}

    arn = {"Fn::GetAtt": ["Queue", "Arn"]}
    letters = {"deadLetterTargetArn": {"Fn::GetAtt": ["Letters", "Arn"]}, "maxReceiveCount": 2}
    allowed = {"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": arn}
    return {
        "Resources": {
            "Letters": resource("SQS::Queue", QueueName="billing-dlq"),
            "Queue": resource("SQS::Queue", QueueName="billing", RedrivePolicy=letters),
            "Role": resource(
                "IAM::Role", AssumeRolePolicyDocument=TRUST, ManagedPolicyArns=[BASIC]
            ),
            "Policy": resource(
                "IAM::Policy",
                PolicyName="Receive",
                PolicyDocument={"Version": "2012-10-17", "Statement": [allowed]},
                Roles=[{"Ref": "Role"}],
            ),
            "Function": resource(
                "Lambda::Function",
                Code={"S3Bucket": "assets", "S3Key": "code.zip"},
                Handler="billing.handler",
                Role={"Fn::GetAtt": ["Role", "Arn"]},
                Runtime="python3.13",
                Timeout=10,
            ),
            "Feed": resource(
                "Lambda::EventSourceMapping",
                EventSourceArn=arn,
                FunctionName={"Ref": "Function"},
                **mapping,
            ),
            "Nightly": resource(
                "Events::Rule",
                EventPattern={"source": ["shop.till"]},
                Targets=[{"Id": "queue", "Arn": arn}],
            ),
            "Seen": resource(
                "DynamoDB::Table",
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
                TimeToLiveSpecification={"AttributeName": "until", "Enabled": True},
            ),
        }
    }


class Team:
    """The account, with the app in it."""

    def __init__(self, aws: OfflineAws, **mapping: Any) -> None:
        self.aws = aws
        self.deployed = aws.deploy(app(**mapping), account=TEAM)
        self.sqs = aws.services(TEAM).client("sqs")
        self.given: list[str] = []

    def send(self, *bodies: str) -> None:
        url = self.deployed.resources["Queue"].ref
        for each in bodies:
            self.sqs.send_message(QueueUrl=url, MessageBody=each)

    def feed(self, answer: Any) -> list[str]:
        """The bodies that a handler was given which answers so, for each record if it is asked."""
        given: list[str] = []

        def handler(invocation: dict[str, Any], context: None) -> Any:
            assert context is None
            given.extend(each["body"] for each in invocation["Records"])
            return answer(invocation["Records"]) if callable(answer) else answer

        count = self.aws.feed("billing", handler, account=TEAM)
        assert count == len(given)
        return sorted(given)

    def letters(self) -> int:
        url = self.deployed.resources["Letters"].ref
        asked = {"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"]}
        found = self.sqs.get_queue_attributes(**asked)["Attributes"]
        return int(found["ApproximateNumberOfMessages"])


@pytest.fixture
def aws() -> Iterator[OfflineAws]:
    """AWS, empty."""
    with OfflineAws() as entered:
        yield entered


REPORTS = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


def second(records: list[dict[str, Any]]) -> Any:
    named = [each["messageId"] for each in records if each["body"] == "b"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in named]}


def test_what_is_named_comes_again_until_it_is_a_dead_letter(aws: OfflineAws) -> None:
    team = Team(aws, **REPORTS)
    team.send("a", "b", "c")
    assert [team.feed(second) for _ in range(3)] == [["a", "b", "c"], ["b"], []]
    assert team.letters() == 1


def test_without_reports_every_answer_is_success(aws: OfflineAws) -> None:
    team = Team(aws)
    team.send("a", "b")
    assert [team.feed(second) for _ in range(2)] == [["a", "b"], []]
    assert team.letters() == 0


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"other": 1}])
def test_answers_that_name_nothing_are_success(aws: OfflineAws, answer: Any) -> None:
    team = Team(aws, **REPORTS)
    team.send("a")
    assert [team.feed(answer) for _ in range(2)] == [["a"], []]


@pytest.mark.parametrize(
    "answer",
    [
        "no",
        {"batchItemFailures": [{}]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": ["x"]},
        {"batchItemFailures": [{"itemIdentifier": "of nobody"}]},
    ],
)
def test_answers_that_lambda_cannot_read_are_failures_of_all(aws: OfflineAws, answer: Any) -> None:
    team = Team(aws, **REPORTS)
    team.send("a")
    assert [team.feed(answer) for _ in range(2)] == [["a"], ["a"]]


def test_what_a_handler_raises_is_raised_and_all_comes_again(aws: OfflineAws) -> None:
    team = Team(aws)
    team.send("a")

    def broken(_: Any) -> None:
        raise ValueError("no bill")

    for _ in range(2):
        with pytest.raises(ValueError, match="no bill"):
            team.feed(broken)
    assert team.feed(None) == []
    assert team.letters() == 1


def test_a_batch_is_as_large_as_the_mapping_says(aws: OfflineAws) -> None:
    team = Team(aws, BatchSize=2)
    team.send("a", "b", "c")
    assert [len(team.feed(None)) for _ in range(3)] == [2, 1, 0]


def test_a_queue_that_feeds_nothing_is_told(aws: OfflineAws) -> None:
    Team(aws, Enabled=False)
    for queue in ("billing", "nothing"):
        with pytest.raises(SettingsError, match=r"feeds no function .*event source mapping"):
            aws.feed(queue, lambda *_: None, account=TEAM)


def test_names_are_made_up_and_an_unknown_property_is_not(aws: OfflineAws) -> None:
    team = Team(aws)
    made = team.deployed.resources
    assert made["Function"].attributes["Arn"].endswith(f":{TEAM}:function:stack-Function")
    roles = aws.services(TEAM).client("iam").list_role_policies(RoleName=made["Role"].ref)
    assert roles["PolicyNames"] == ["Receive"]
    rules = aws.services(TEAM).client("events").list_rules()["Rules"]
    assert [each["Name"] for each in rules] == ["stack-Nightly"]
    table = aws.services(TEAM).client("dynamodb").describe_table(TableName=made["Seen"].ref)
    assert table["Table"]["TableArn"] == made["Seen"].attributes["Arn"]
    filters = {"Filters": [{"Pattern": json.dumps({"body": ["a"]})}]}
    with pytest.raises(NotDeployable, match=r"Feed .*FilterCriteria"):
        aws.deploy(app(FilterCriteria=filters), account="444444444444")
