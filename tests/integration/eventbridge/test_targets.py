"""Targets of rules by real boto3, on a closed bus."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.eventbridge.conftest import Clients
from tests.integration.eventbridge.refusing import refused

OWN = "arn:aws:sqs:local:222222222222:"
QUEUE = OWN + "sales"
RULE = "sales"
CALLED = {"Arn": "arn:aws:events:local:222222222222:api-destination/a/b"}
PATIENCE = 30.0


@pytest.fixture
def sqs(clients: Clients) -> Any:
    return clients("shop", "publisher", "subscriber", service="sqs")


@pytest.fixture
def rule(shop: Any) -> Iterator[Any]:
    """A rule that matches all of the shop's sales; what puts and removes its targets."""
    shop.put_rule(Name=RULE, EventPattern=json.dumps({"source": ["shop.till"]}))
    yield shop
    targets = shop.list_targets_by_rule(Rule=RULE)["Targets"]
    if targets:
        shop.remove_targets(Rule=RULE, Ids=[each["Id"] for each in targets])
    shop.delete_rule(Name=RULE)


@pytest.fixture
def queue(sqs: Any) -> Iterator[str]:
    """A queue that takes what is sold."""
    url = sqs.create_queue(QueueName="sales")["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def test_events_come_to_a_queue_and_stop_when_the_target_goes(
    rule: Any, sqs: Any, queue: str
) -> None:
    put = rule.put_targets(Rule=RULE, Targets=[{"Id": "q", "Arn": QUEUE}])
    assert (put["FailedEntryCount"], put["FailedEntries"]) == (0, [])
    sell(rule, 1, 2)
    found = bodies(sqs, queue, 2)
    assert [each["detail"]["n"] for each in found] == [1, 2]
    assert {each["source"] for each in found} == {"shop.till"}
    removed = rule.remove_targets(Rule=RULE, Ids=["q", "another"])
    assert (removed["FailedEntryCount"], removed["FailedEntries"]) == (0, [])
    rule.put_targets(Rule=RULE, Targets=[{"Id": "other", "Arn": QUEUE, "Input": '"other"'}])
    sell(rule, 3)
    assert bodies(sqs, queue, 1) == ["other"]


def test_a_target_is_listed_as_it_was_put(rule: Any) -> None:
    targets = [
        {
            "Id": "a",
            "Arn": QUEUE,
            "RoleArn": "arn:aws:iam::222222222222:role/any",
            "InputTransformer": {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": "<n>"},
            "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
            "DeadLetterConfig": {"Arn": OWN + "dead"},
        },
        {"Id": "b", "Arn": OWN + "x.fifo", "SqsParameters": {"MessageGroupId": "g"}},
        {"Id": "c", "Arn": QUEUE, "Input": '"text"', "RetryPolicy": {"MaximumRetryAttempts": 3}},
        {"Id": "d", "Arn": QUEUE, "InputPath": "$.detail"},
    ]
    rule.put_targets(Rule=RULE, Targets=targets)
    assert rule.list_targets_by_rule(Rule=RULE)["Targets"] == targets
    first = rule.list_targets_by_rule(Rule=RULE, Limit=3)
    assert first["Targets"] == targets[:3]
    second = rule.list_targets_by_rule(Rule=RULE, Limit=3, NextToken=first["NextToken"])
    assert second["Targets"] == targets[3:]
    assert "NextToken" not in second


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Arn": "arn:aws:lambda:local:222222222222:function:f"}, "'lambda' are not supported"),
        ({"Arn": "arn:aws:events:local:222222222222:event-bus/small"}, "no target"),
        ({"Arn": "arn:aws:events:local:222222222222:api-destination/a/b"}, "no API destination"),
        ({"Arn": "arn:aws:sqs:eu-west-1:222222222222:sales"}, "in another region"),
        ({"Arn": "arn:aws:sqs:local:333333333333:sales"}, "not the account's own"),
        ({"Arn": "arn:aws:sqs:local:999999999999:sales"}, "not the account's own"),
        ({"Arn": OWN + "shop-feed"}, "the queue of a subscription"),
        ({"Arn": OWN + "x.fifo"}, "MessageGroupId must be specified for target: t."),
        ({"Input": "{}", "InputPath": "$.detail"}, "Input and InputPath exclude each other"),
        ({"Input": "text"}, "Input: it is no JSON"),
        ({"InputPath": "detail"}, "InputPath: "),
        ({"InputTransformer": {"InputTemplate": "<n>"}}, "which is no variable"),
        (
            {"InputTransformer": {"InputPathsMap": {"n": "n"}, "InputTemplate": "<n>"}},
            "does not begin with $",
        ),
        ({"HttpParameters": {"HeaderParameters": {"a": "b"}}}, "HttpParameters is for API"),
        (CALLED | {"HttpParameters": {"PathParameterValues": ["x"] * 101}}, "at most 100 members"),
        (CALLED | {"HttpParameters": {"PathParameterValues": ["x" * 66_000]}}, "at most 65536"),
        ({"KinesisParameters": {"PartitionKeyPath": "$.id"}}, "KinesisParameters is for a service"),
        ({"EcsParameters": {"TaskDefinitionArn": "arn:x"}}, "EcsParameters is for a service"),
        ({"DeadLetterConfig": {"Arn": "dead"}}, "DeadLetterConfig: dead is not the ARN"),
        ({"DeadLetterConfig": {"Arn": OWN + "dead.fifo"}}, "a FIFO queue cannot take"),
        ({"DeadLetterConfig": {"Arn": QUEUE.replace("2", "3")}}, "not of the target's own account"),
    ],
)
def test_an_entry_that_is_no_target_fails_by_itself(
    rule: Any, target: dict[str, Any], message: str
) -> None:
    asked = {"Id": "t", "Arn": QUEUE} | target
    answer = rule.put_targets(Rule=RULE, Targets=[{"Id": "good", "Arn": QUEUE}, asked])
    assert answer["FailedEntryCount"] == 1
    [failed] = answer["FailedEntries"]
    assert (failed["TargetId"], failed["ErrorCode"]) == ("t", "ValidationException")
    assert message in failed["ErrorMessage"]
    listed = rule.list_targets_by_rule(Rule=RULE)["Targets"]
    assert [each["Id"] for each in listed] == ["good"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Arn": "sales"}, "Parameter sales is not valid. Reason: Provided Arn is not in correct"),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "less than or equal to 185"),
        ({"RetryPolicy": {"MaximumEventAgeInSeconds": 59}}, "greater than or equal to 60"),
        ({"RetryPolicy": {"MaximumEventAgeInSeconds": 86_401}}, "less than or equal to 86400"),
        ({"Input": "x" * 8193}, "less than or equal to 8192"),
        ({"Id": "a b"}, "regular expression"),
        ({"SqsParameters": {"MessageGroupId": "g" * 101}}, "less than or equal to 100"),
        ({"HttpParameters": {"HeaderParameters": {"a": "secret\n"}}}, "regular expression"),
    ],
)
def test_what_breaks_a_constraint_of_the_model_refuses_all(
    rule: Any, target: dict[str, Any], message: str
) -> None:
    asked = [{"Id": "good", "Arn": QUEUE}, {"Id": "t", "Arn": QUEUE} | target]
    told = refused(rule.put_targets, "ValidationException", message, Rule=RULE, Targets=asked)
    assert "secret" not in told
    assert rule.list_targets_by_rule(Rule=RULE)["Targets"] == []


def test_a_rule_has_five_targets_at_most(rule: Any) -> None:
    targets = [{"Id": f"t{number}", "Arn": QUEUE} for number in range(6)]
    refused(rule.put_targets, "LimitExceededException", Rule=RULE, Targets=targets)
    assert rule.list_targets_by_rule(Rule=RULE)["Targets"] == []
    assert rule.put_targets(Rule=RULE, Targets=targets[:5])["FailedEntryCount"] == 0
    refused(rule.put_targets, "LimitExceededException", Rule=RULE, Targets=targets[5:])
    assert rule.put_targets(Rule=RULE, Targets=targets[:1])["FailedEntryCount"] == 0


def test_an_id_that_comes_twice_fails_the_second_time(rule: Any) -> None:
    targets = [{"Id": "t", "Arn": QUEUE}, {"Id": "t", "Arn": OWN + "other"}]
    answer = rule.put_targets(Rule=RULE, Targets=targets)
    assert [each["TargetId"] for each in answer["FailedEntries"]] == ["t"]
    assert rule.list_targets_by_rule(Rule=RULE)["Targets"] == targets[:1]


def test_targets_of_a_rule_that_there_is_not(shop: Any) -> None:
    told = "Rule no does not exist on EventBus default."
    target = {"Id": "t", "Arn": QUEUE}
    refused(shop.put_targets, "ResourceNotFoundException", told, Rule="no", Targets=[target])
    refused(shop.remove_targets, "ResourceNotFoundException", told, Rule="no", Ids=["t"])
    refused(shop.list_targets_by_rule, "ResourceNotFoundException", told, Rule="no")


def test_a_queue_that_is_not_there_yet_is_taken_with_a_warning(rule: Any) -> None:
    answer = rule.put_targets(Rule=RULE, Targets=[{"Id": "t", "Arn": OWN + "later"}])
    assert answer["FailedEntryCount"] == 0
    told = answer["ResponseMetadata"]["HTTPHeaders"]["x-keybus-warning"]
    assert "there is no queue later yet" in told
    wrong = {"Id": "u", "Arn": OWN + "never", "DeadLetterConfig": {"Arn": "arn:aws:sns:::no"}}
    answer = rule.put_targets(Rule=RULE, Targets=[wrong])
    assert answer["FailedEntryCount"] == 1
    assert "x-keybus-warning" not in answer["ResponseMetadata"]["HTTPHeaders"]


def test_a_queue_that_takes_nothing_yet_is_warned_of(rule: Any, sqs: Any) -> None:
    fifo = {"FifoQueue": "true"}
    url = sqs.create_queue(QueueName="in-order.fifo", Attributes=fifo)["QueueUrl"]
    target = {
        "Id": "t",
        "Arn": OWN + "in-order.fifo",
        "SqsParameters": {"MessageGroupId": "g"},
        "DeadLetterConfig": {"Arn": OWN + "no-letters"},
    }
    answer = rule.put_targets(Rule=RULE, Targets=[target])
    sqs.delete_queue(QueueUrl=url)
    assert answer["FailedEntryCount"] == 0
    told = answer["ResponseMetadata"]["HTTPHeaders"]["x-keybus-warning"]
    assert "in-order.fifo has no ContentBasedDeduplication" in told
    assert "there is no queue no-letters yet: dead letters stay here" in told


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"Input": '"a"', "InputPath": "$.detail"}, "Input and InputPath exclude each other"),
        (
            {"InputTransformer": {"InputPathsMap": {}, "InputTemplate": '{"a": <nope>}'}},
            "declare it in InputPathsMap",
        ),
    ],
)
def test_what_is_wrong_is_told_by_the_names_of_the_api(
    rule: Any, more: dict[str, Any], told: str
) -> None:
    answer = rule.put_targets(Rule=RULE, Targets=[{"Id": "t", "Arn": QUEUE, **more}])
    [failed] = answer["FailedEntries"]
    assert told in failed["ErrorMessage"]


def test_the_central_account_may_send_to_any_accounts_queue(central: Any, clients: Clients) -> None:
    central.put_rule(Name="all", EventPattern='{"source": ["shop.till"]}')
    target = {"Id": "desk", "Arn": "arn:aws:sqs:local:333333333333:seen"}
    assert central.put_targets(Rule="all", Targets=[target])["FailedEntryCount"] == 0
    sqs = clients("desk", "subscriber", service="sqs")
    queue = sqs.create_queue(QueueName="seen")["QueueUrl"]
    sell(clients("shop", "publisher", "subscriber"), 7)
    assert [each["detail"]["n"] for each in bodies(sqs, queue, 1)] == [7]
    central.remove_targets(Rule="all", Ids=["desk"])
    central.delete_rule(Name="all")
    sqs.delete_queue(QueueUrl=queue)


def test_what_was_given_up_comes_to_the_dead_letter_queue(rule: Any, sqs: Any) -> None:
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    target = {
        "Id": "q",
        "Arn": OWN + "nowhere",
        "RetryPolicy": {"MaximumRetryAttempts": 0},
        "DeadLetterConfig": {"Arn": OWN + "dead"},
    }
    rule.put_targets(Rule=RULE, Targets=[target])
    sell(rule, 5)
    [message] = messages(sqs, queue, 1)
    told = {key: each["StringValue"] for key, each in message["MessageAttributes"].items()}
    assert told["RULE_ARN"] == "arn:aws:events:local:222222222222:rule/sales"
    assert told["TARGET_ARN"] == OWN + "nowhere"
    assert told["ERROR_CODE"] == "NO_RESOURCE"
    assert told["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert json.loads(message["Body"])["detail"] == {"n": 5}
    sqs.delete_queue(QueueUrl=queue)


def sell(events: Any, *numbers: int) -> None:
    entries = [
        {"Source": "shop.till", "DetailType": "Sold", "Detail": json.dumps({"n": number})}
        for number in numbers
    ]
    assert events.put_events(Entries=entries)["FailedEntryCount"] == 0


def messages(sqs: Any, queue: str, count: int) -> list[dict[str, Any]]:
    """So many messages, each deleted."""
    found: list[dict[str, Any]] = []
    end = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < end:
        answer = sqs.receive_message(
            QueueUrl=queue,
            WaitTimeSeconds=5,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
        )
        for each in answer.get("Messages", []):
            found.append(each)
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
    assert len(found) == count
    return found


def bodies(sqs: Any, queue: str, count: int) -> list[Any]:
    return [json.loads(each["Body"]) for each in messages(sqs, queue, count)]


def test_nobody_but_the_receiver_is_sent_what_was_given_up(central: Any) -> None:
    pattern = json.dumps({"source": ["shop.till"]})
    central.put_rule(Name="central-sales", EventPattern=pattern)
    dead = {"Arn": OWN.replace("2", "1") + "dead"}
    entry = {"Id": "q", "Arn": QUEUE, "DeadLetterConfig": dead}
    answer = central.put_targets(Rule="central-sales", Targets=[entry])
    central.delete_rule(Name="central-sales")
    [failed] = answer["FailedEntries"]
    assert "not of the target's own account" in failed["ErrorMessage"]
