"""Queues by real boto3: created, found, listed, changed, deleted."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.sqs.serving import CENTRAL, SHOP, attributes, created, fresh, received
from tests.running import Server

NONEXISTENT = "AWS.SimpleQueueService.NonExistentQueue"
UNSUPPORTED = "AWS.SimpleQueueService.UnsupportedOperation"


def refused(call: Any, **asked: Any) -> str:
    """The code with which a call is refused."""
    with pytest.raises(ClientError) as error:
        call(**asked)
    assert error.value.response["Error"]["Message"]
    return str(error.value.response["Error"]["Code"])


def test_a_queue_is_created_once_and_found_by_its_name(sqs: Any, shared_server: Server) -> None:
    name = fresh()
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    assert url == f"{shared_server.url}/{CENTRAL}/{name}"
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == url
    same = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})
    assert same["QueueUrl"] == url
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    found = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=CENTRAL)
    assert found["QueueUrl"] == url


def test_another_queue_of_the_name_is_refused(sqs: Any) -> None:
    name = fresh()
    sqs.create_queue(QueueName=name)
    with pytest.raises(sqs.exceptions.QueueNameExists, match="VisibilityTimeout") as error:
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "61"})
    assert error.value.response["Error"]["Code"] == "QueueAlreadyExists"


@pytest.mark.parametrize("name", ["", "a b", "x" * 81, "a.b", "x" * 76 + ".fifo", ".fifo"])
def test_a_name_that_no_queue_can_have(sqs: Any, name: str) -> None:
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    asked = {"QueueName": name, "Attributes": fifo}
    assert refused(sqs.create_queue, **asked) == "InvalidParameterValue"


@pytest.mark.parametrize("name", ["x" * 80, "A-b_9", "x" * 75 + ".fifo"])
def test_the_longest_and_the_oddest_names(sqs: Any, name: str) -> None:
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    url = sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
    assert url.endswith(f"/{name}")
    sqs.delete_queue(QueueUrl=url)


def test_fifo_by_name_and_by_attribute_is_one_thing(sqs: Any) -> None:
    assert refused(sqs.create_queue, QueueName=fresh(".fifo")) == "InvalidParameterValue"
    plain = {"QueueName": fresh(), "Attributes": {"FifoQueue": "true"}}
    assert refused(sqs.create_queue, **plain) == "InvalidParameterValue"


BOUNDS = [
    ("DelaySeconds", 0, 900),
    ("MaximumMessageSize", 1_024, 1_048_576),
    ("MessageRetentionPeriod", 60, 1_209_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20),
    ("VisibilityTimeout", 0, 43_200),
]


@pytest.mark.parametrize(("name", "least", "most"), BOUNDS)
def test_numbers_are_kept_within_their_bounds(sqs: Any, name: str, least: int, most: int) -> None:
    url = created(sqs)
    for value in (least, most):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(value)})
        assert attributes(sqs, url, name) == {name: str(value)}
    for wrong in (str(least - 1), str(most + 1), "many", "", "1.5"):
        asked = {"QueueUrl": url, "Attributes": {name: wrong}}
        assert refused(sqs.set_queue_attributes, **asked) == "InvalidAttributeValue"
    assert attributes(sqs, url, name) == {name: str(most)}


def test_all_attributes_of_a_new_queue(sqs: Any) -> None:
    url = created(sqs)
    found = attributes(sqs, url)
    assert found.pop("CreatedTimestamp") == found.pop("LastModifiedTimestamp")
    assert found.pop("QueueArn") == f"arn:aws:sqs:local:{CENTRAL}:{url.rpartition('/')[2]}"
    assert found == {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "false",
        "VisibilityTimeout": "30",
    }
    assert sqs.get_queue_attributes(QueueUrl=url).get("Attributes") is None


def test_a_fifo_queues_own_attributes(sqs: Any) -> None:
    url = created(sqs, {"ContentBasedDeduplication": "true"}, fifo=True)
    own = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
    assert attributes(sqs, url, *own) == dict(
        zip(own, ("true", "true", "queue", "perQueue"), strict=True)
    )
    fast = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=fast)
    assert attributes(sqs, url, *fast) == fast
    for wrong in ({"DeduplicationScope": "queue"}, {"ContentBasedDeduplication": "yes"}):
        asked = {"QueueUrl": url, "Attributes": wrong}
        assert refused(sqs.set_queue_attributes, **asked) == "InvalidAttributeValue"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Colour": "red"}, "InvalidAttributeName"),
        ({"QueueArn": "arn"}, "InvalidAttributeName"),
        ({"FifoQueue": "true"}, "InvalidAttributeName"),
        ({"ContentBasedDeduplication": "true"}, "InvalidAttributeName"),
        ({"SqsManagedSseEnabled": "true"}, "InvalidAttributeValue"),
        ({"KmsMasterKeyId": "alias/aws/sqs"}, "InvalidAttributeValue"),
        ({"RedrivePolicy": "{"}, "InvalidAttributeValue"),
        ({"RedrivePolicy": '{"maxReceiveCount": 3}'}, "InvalidAttributeValue"),
        ({"RedriveAllowPolicy": '{"redrivePermission": "some"}'}, "InvalidAttributeValue"),
        ({"RedriveAllowPolicy": '{"redrivePermission": "byQueue"}'}, "InvalidAttributeValue"),
    ],
)
def test_an_attribute_that_cannot_be_set(sqs: Any, given: dict[str, str], code: str) -> None:
    url = created(sqs)
    assert refused(sqs.set_queue_attributes, QueueUrl=url, Attributes=given) == code
    assert refused(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["x"]) == (
        "InvalidAttributeName"
    )


def test_no_encryption_may_be_said_in_so_many_words(sqs: Any) -> None:
    given = {"SqsManagedSseEnabled": "false", "KmsMasterKeyId": ""}
    assert attributes(sqs, created(sqs, given), *given) == {"SqsManagedSseEnabled": "false"}


def test_a_redrive_policy_names_a_queue_of_the_same_kind(sqs: Any) -> None:
    dead, url = created(sqs), created(sqs)
    arn = attributes(sqs, dead, "QueueArn")["QueueArn"]
    policy = {"deadLetterTargetArn": arn, "maxReceiveCount": "3"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})
    told = json.loads(attributes(sqs, url, "RedrivePolicy")["RedrivePolicy"])
    assert told == {"deadLetterTargetArn": arn, "maxReceiveCount": 3}
    sources = sqs.list_dead_letter_source_queues(QueueUrl=dead)
    assert sources["queueUrls"] == [url]
    fifo = attributes(sqs, created(sqs, fifo=True), "QueueArn")["QueueArn"]
    for wrong in (
        policy | {"maxReceiveCount": 0},
        policy | {"maxReceiveCount": 1_001},
        policy | {"deadLetterTargetArn": fifo},
        policy | {"deadLetterTargetArn": f"{arn}-not"},
        policy | {"deadLetterTargetArn": "arn:aws:sqs:local:999999999999:x"},
        policy | {"deadLetterTargetArn": attributes(sqs, url, "QueueArn")["QueueArn"]},
        policy | {"more": 1},
    ):
        asked = {"QueueUrl": url, "Attributes": {"RedrivePolicy": json.dumps(wrong)}}
        assert refused(sqs.set_queue_attributes, **asked) == "InvalidAttributeValue"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert attributes(sqs, url, "RedrivePolicy") == {}
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == []


def test_a_dead_letter_queue_says_whose_it_is(sqs: Any) -> None:
    dead, url, other = created(sqs), created(sqs), created(sqs)
    arns = [attributes(sqs, each, "QueueArn")["QueueArn"] for each in (dead, url)]
    allow = {"redrivePermission": "byQueue", "sourceQueueArns": [arns[1]]}
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(allow)})
    assert json.loads(attributes(sqs, dead)["RedriveAllowPolicy"]) == allow
    policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arns[0], "maxReceiveCount": 1})}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=policy)
    asked = {"QueueUrl": other, "Attributes": policy}
    assert refused(sqs.set_queue_attributes, **asked) == "InvalidAttributeValue"


def test_a_deleted_queue_is_gone_and_its_name_is_free(sqs: Any) -> None:
    url = created(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="gone")
    sqs.delete_queue(QueueUrl=url)
    for call in (sqs.delete_queue, sqs.purge_queue, sqs.receive_message, sqs.list_queue_tags):
        with pytest.raises(sqs.exceptions.QueueDoesNotExist) as error:
            call(QueueUrl=url)
        assert error.value.response["Error"]["Code"] == NONEXISTENT
    assert sqs.create_queue(QueueName=url.rpartition("/")[2])["QueueUrl"] == url
    assert received(sqs, url, WaitTimeSeconds=0) == []


def test_of_a_queues_url_the_account_and_the_name_count(sqs: Any) -> None:
    url = created(sqs)
    name = url.rpartition("/")[2]
    for host in ("https://sqs.eu-central-1.amazonaws.com", "http://queue.local:1", ""):
        assert attributes(sqs, f"{host}/{CENTRAL}/{name}", "QueueArn")
    for wrong in ("", name, f"http://x/{name}", f"http://x/1/{name}", "http://[x/1/2"):
        assert refused(sqs.receive_message, QueueUrl=wrong) == "InvalidAddress"
    assert refused(sqs.receive_message, QueueUrl=f"http://x/999999999999/{name}") == NONEXISTENT


def test_queues_are_listed_by_prefix_and_page_by_page(sqs: Any) -> None:
    made = sorted(sqs.create_queue(QueueName=f"page-{each}")["QueueUrl"] for each in "cab")
    assert sqs.list_queues(QueueNamePrefix="page-")["QueueUrls"] == made
    first = sqs.list_queues(QueueNamePrefix="page-", MaxResults=2)
    assert first["QueueUrls"] == made[:2]
    sqs.delete_queue(QueueUrl=made[1])
    rest = sqs.list_queues(QueueNamePrefix="page-", MaxResults=2, NextToken=first["NextToken"])
    assert rest["QueueUrls"] == made[2:]
    assert "NextToken" not in rest
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="no-such-")
    for wrong in ({"MaxResults": 0}, {"MaxResults": 1_001}, {"NextToken": "x"}):
        assert refused(sqs.list_queues, **wrong) == "InvalidParameterValue"
    token = {"MaxResults": 1, "NextToken": "#"}
    assert refused(sqs.list_queues, **token) == "InvalidParameterValue"


def test_tags_are_kept(sqs: Any) -> None:
    name = fresh()
    url = sqs.create_queue(QueueName=name, tags={"team": "shop"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=url, Tags={"stage": "test", "team": "desk"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "test", "team": "desk"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["team", "never"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "test"}
    for wrong in ({"": "x"}, {"aws:x": "y"}, {"k" * 129: "v"}, {"k": "v" * 257}, {"k": "\n"}):
        assert refused(sqs.tag_queue, QueueUrl=url, Tags=wrong) == "InvalidParameterValue"
    many = {f"key-{number}": "v" for number in range(50)}
    assert refused(sqs.tag_queue, QueueUrl=url, Tags=many) == "InvalidParameterValue"


def statement(principal: Any, **more: Any) -> str:
    allow = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


OWN = {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:local:{CENTRAL}:rule/sales"}}


@pytest.mark.parametrize(
    "policy",
    [
        statement({"Service": "events.amazonaws.com"}, Condition=OWN),
        statement({"Service": ["events.amazonaws.com"]}),
        statement({"AWS": CENTRAL}),
        statement({"AWS": [f"arn:aws:iam::{CENTRAL}:root"]}),
        statement("*", Condition=OWN),
        "",
    ],
)
def test_a_policy_of_the_own_account_is_kept_as_it_is(sqs: Any, policy: str) -> None:
    url = created(sqs, {"Policy": policy})
    assert attributes(sqs, url, "Policy") == ({"Policy": policy} if policy else {})


@pytest.mark.parametrize(
    "policy",
    [
        statement("*"),
        statement({"AWS": "*"}),
        statement({"AWS": "222222222222"}),
        statement({"Service": "sns.amazonaws.com"}),
        statement({"Service": "events.amazonaws.com", "AWS": "arn:aws:iam::222222222222:root"}),
        statement("*", Condition={"ArnNotEquals": OWN["ArnEquals"]}),
        statement("*", Condition={"ArnEquals": {"aws:SourceArn": []}}),
        statement("*", Condition={"StringEquals": {"aws:SourceAccount": None}}),
        json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*"}]}),
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "*"}]}),
        json.dumps({"Statement": []}),
        "no JSON",
        "[" * 5_000,
    ],
)
def test_a_policy_that_lets_others_in_is_refused(sqs: Any, policy: str) -> None:
    url = created(sqs)
    asked = {"QueueUrl": url, "Attributes": {"Policy": policy}}
    assert refused(sqs.set_queue_attributes, **asked) == "InvalidAttributeValue"
    assert attributes(sqs, url, "Policy") == {}


@pytest.mark.parametrize(("statements", "padding"), [(20, ""), (1, "x" * 20_300)])
def test_a_policy_grows_no_longer_than_it_may_be(sqs: Any, statements: int, padding: str) -> None:
    one = {"Effect": "Allow", "Principal": CENTRAL, "Action": "sqs:*", "Resource": padding}
    policy = json.dumps({"Statement": [one] * statements})
    url = created(sqs, {"Policy": policy})
    asked = {"QueueUrl": url, "Label": "more", "AWSAccountIds": [CENTRAL], "Actions": ["*"]}
    assert refused(sqs.add_permission, **asked) == "OverLimit"
    assert attributes(sqs, url, "Policy") == {"Policy": policy}


def test_permissions_are_for_the_own_account(sqs: Any) -> None:
    url = created(sqs)
    asked = {"QueueUrl": url, "Label": "own", "AWSAccountIds": [CENTRAL], "Actions": ["*"]}
    sqs.add_permission(**asked)
    [told] = json.loads(attributes(sqs, url, "Policy")["Policy"])["Statement"]
    assert told["Principal"] == {"AWS": f"arn:aws:iam::{CENTRAL}:root"}
    assert refused(sqs.add_permission, **asked) == "InvalidParameterValue"
    assert refused(sqs.add_permission, **asked | {"AWSAccountIds": [SHOP]}) == UNSUPPORTED
    assert refused(sqs.add_permission, **asked | {"AWSAccountIds": []}) == "MissingParameter"
    for wrong in ({"Label": "a b"}, {"Label": "new", "Actions": ["Fly"]}):
        assert refused(sqs.add_permission, **asked | wrong) == "InvalidParameterValue"
    many = {"Label": "new", "Actions": ["SendMessage"] * 8}
    assert refused(sqs.add_permission, **asked | many) == "OverLimit"
    sqs.remove_permission(QueueUrl=url, Label="own")
    assert attributes(sqs, url, "Policy") == {}
    gone = {"QueueUrl": url, "Label": "own"}
    assert refused(sqs.remove_permission, **gone) == "InvalidParameterValue"
