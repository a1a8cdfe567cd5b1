"""Declared subscriptions and their dead letters, received from by real boto3."""

import http.client
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.sqs.serving import SHOP, attributes, received
from tests.running import Server

COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


def refused(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**asked)
    return str(error.value.response["Error"]["Code"]).rpartition(".")[2]


def publish(events: Any, kind: str, *details: dict[str, Any]) -> list[str]:
    """Events of the till; their ids."""
    entries = [
        {"Source": "shop.till", "DetailType": kind, "Detail": json.dumps(each)} for each in details
    ]
    answer = events.put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 0
    return [each["EventId"] for each in answer["Entries"]]


def url_of(server: Server, name: str) -> str:
    return f"{server.url}/{SHOP}/{name}"


def arn_of(name: str) -> str:
    return f"arn:aws:sqs:local:{SHOP}:{name}"


def test_what_is_declared_is_found_and_listed(sqs: Any, shared_server: Server) -> None:
    names = ["feed", "feed-dlq", "lane.fifo", "lane-dlq.fifo", "totals", "totals-dlq", "hook-dlq"]
    urls = {url_of(shared_server, each) for each in names}
    assert urls <= set(sqs.list_queues()["QueueUrls"])
    for url in urls:
        name = url.rpartition("/")[2]
        assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
        found = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=SHOP)
        assert found["QueueUrl"] == url
    for name in ("hook", "lane", "feed.fifo", "lane.fifo-dlq", "feed-dlq.fifo", "no-dlq"):
        assert refused(sqs.get_queue_url, QueueName=name) == "NonExistentQueue"


def test_its_attributes_are_what_is_declared(sqs: Any, shared_server: Server) -> None:
    feed, dead = url_of(shared_server, "feed"), url_of(shared_server, "feed-dlq")
    told = attributes(sqs, feed)
    assert told["QueueArn"] == arn_of("feed")
    policy = {"deadLetterTargetArn": arn_of("feed-dlq"), "maxReceiveCount": 2}
    assert json.loads(told["RedrivePolicy"]) == policy
    assert attributes(sqs, dead, "MessageRetentionPeriod") == {"MessageRetentionPeriod": "1209600"}
    assert attributes(sqs, url_of(shared_server, "lane.fifo"), "FifoQueue") == {"FifoQueue": "true"}
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [feed]
    hook = url_of(shared_server, "hook-dlq")
    assert sqs.list_dead_letter_source_queues(QueueUrl=hook)["queueUrls"] == []
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=feed)


@pytest.mark.parametrize("name", ["feed", "feed-dlq"])
def test_what_the_platform_declares_is_not_changed_here(
    sqs: Any, shared_server: Server, name: str
) -> None:
    url = url_of(shared_server, name)
    for call, asked in (
        (sqs.send_message, {"MessageBody": "x"}),
        (sqs.send_message_batch, {"Entries": [{"Id": "a", "MessageBody": "x"}]}),
        (sqs.set_queue_attributes, {"Attributes": {"VisibilityTimeout": "1"}}),
        (sqs.tag_queue, {"Tags": {"a": "b"}}),
        (sqs.untag_queue, {"TagKeys": ["a"]}),
        (sqs.delete_queue, {}),
        (sqs.add_permission, {"Label": "a", "AWSAccountIds": [SHOP], "Actions": ["*"]}),
        (sqs.remove_permission, {"Label": "a"}),
    ):
        assert refused(call, QueueUrl=url, **asked) == "UnsupportedOperation"


def test_events_are_messages(sqs: Any, events: Any, shared_server: Server) -> None:
    url = url_of(shared_server, "feed")
    ids = publish(events, "sold", {"item": "Käse"}, {"item": "Brot"})
    found: list[dict[str, Any]] = []
    while len(found) < 2:
        found += received(sqs, url, MessageSystemAttributeNames=["All"])
    assert {each["MessageId"] for each in found} == set(ids)
    for each in found:
        envelope = json.loads(each["Body"])
        assert envelope["id"] == each["MessageId"]
        assert envelope["detail"]["item"] in {"Käse", "Brot"}
        assert each["Attributes"]["ApproximateReceiveCount"] == "1"
    assert attributes(sqs, url, *COUNTS) == dict(zip(COUNTS, ("0", "2"), strict=True))
    gone = [
        {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]}
        for number, each in enumerate(found)
    ]
    assert len(sqs.delete_message_batch(QueueUrl=url, Entries=gone)["Successful"]) == 2
    assert set(attributes(sqs, url, *COUNTS).values()) == {"0"}
    assert refused(sqs.purge_queue, QueueUrl=url) == "UnsupportedOperation"


def test_an_input_is_the_body(sqs: Any, events: Any, shared_server: Server) -> None:
    url = url_of(shared_server, "totals")
    [event] = publish(events, "counted", {"total": 3})
    [found] = received(sqs, url)
    assert json.loads(found["Body"]) == {"total": 3}
    assert found["MessageId"] == event
    sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])


def test_a_name_that_no_queue_could_be_given(sqs: Any, events: Any, shared_server: Server) -> None:
    url = sqs.get_queue_url(QueueName="team/audit")["QueueUrl"]
    assert url == url_of(shared_server, "team%2Faudit")
    assert attributes(sqs, url, "QueueArn") == {"QueueArn": arn_of("team%2Faudit")}
    [event] = publish(events, "noted", {"by": "olga"})
    connection = http.client.HTTPConnection("127.0.0.1", shared_server.port, timeout=30)
    asked = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 10})
    target = {"X-Amz-Target": "AmazonSQS.ReceiveMessage"}
    connection.request("POST", f"/{SHOP}/team%2Faudit", asked, target)
    [found] = json.loads(connection.getresponse().read())["Messages"]
    connection.close()
    assert found["MessageId"] == event
    sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])


def test_an_ordered_subscription_is_fifo(sqs: Any, events: Any, shared_server: Server) -> None:
    url, dead = url_of(shared_server, "lane.fifo"), url_of(shared_server, "lane-dlq.fifo")
    publish(events, "moved", *({"till": n % 2, "step": n} for n in range(6)))
    steps: dict[str, list[int]] = {}
    while sum(map(len, steps.values())) < 6:
        for each in received(sqs, url, AttributeNames=["All"]):
            told = each["Attributes"]
            assert told["MessageDeduplicationId"] == each["MessageId"]
            assert told["SequenceNumber"]
            step = json.loads(each["Body"])["detail"]["step"]
            steps.setdefault(told["MessageGroupId"], []).append(step)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    assert sorted(steps.values()) == [[0, 2, 4], [1, 3, 5]]
    ids = publish(events, "moved", {"till": 1, "step": 6}, {"till": 1, "step": 7})
    for _ in ids:
        received(sqs, url, 1, VisibilityTimeout=0)
    for event in ids:
        [letter] = received(sqs, dead, 1, AttributeNames=["All"])
        assert letter["MessageId"] == event
        assert letter["Attributes"]["MessageGroupId"] in steps
        assert received(sqs, dead, WaitTimeSeconds=0) == []  # its group is out
        gone = {"QueueUrl": dead, "ReceiptHandle": letter["ReceiptHandle"]}
        sqs.change_message_visibility(**gone, VisibilityTimeout=0)
        assert refused(sqs.delete_message, **gone) == "InvalidParameterValue"
        [letter] = received(sqs, dead, 1)
        sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter["ReceiptHandle"])


def test_dead_letters_are_received_and_purged(sqs: Any, events: Any, shared_server: Server) -> None:
    url, dead = url_of(shared_server, "feed"), url_of(shared_server, "feed-dlq")
    [event] = publish(events, "sold", {"item": "sour"})
    for _ in range(2):
        [found] = received(sqs, url, VisibilityTimeout=0)
        assert found["MessageId"] == event
    [letter] = received(
        sqs, dead, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )
    assert letter["MessageId"] == event
    assert json.loads(letter["Body"])["detail"] == {"item": "sour"}
    told = {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()}
    assert told["TARGET_ARN"] == arn_of("feed")
    assert told["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == arn_of("feed")
    assert received(sqs, dead, WaitTimeSeconds=0) == []
    assert attributes(sqs, dead, *COUNTS) == dict(zip(COUNTS, ("0", "1"), strict=True))
    handle = letter["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=dead, ReceiptHandle=handle, VisibilityTimeout=0)
    asked = {"QueueUrl": dead, "ReceiptHandle": handle, "VisibilityTimeout": 1}
    assert refused(sqs.change_message_visibility, **asked) == "MessageNotInflight"
    [again] = received(sqs, dead, AttributeNames=["ApproximateReceiveCount"])
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}
    assert refused(sqs.delete_message, QueueUrl=url, ReceiptHandle=again["ReceiptHandle"]) == (
        "ReceiptHandleIsInvalid"
    )
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=again["ReceiptHandle"])
    assert set(attributes(sqs, dead, *COUNTS).values()) == {"0"}


def test_a_move_task_redrives(sqs: Any, events: Any, shared_server: Server) -> None:
    url, dead = url_of(shared_server, "feed"), url_of(shared_server, "feed-dlq")
    [event] = publish(events, "sold", {"item": "late"})
    for _ in range(2):
        received(sqs, url, VisibilityTimeout=0)
    while attributes(sqs, dead, COUNTS[0])[COUNTS[0]] != "1":
        pass
    elsewhere = {"SourceArn": arn_of("feed-dlq"), "DestinationArn": arn_of("totals")}
    assert refused(sqs.start_message_move_task, **elsewhere) == "UnsupportedOperation"
    assert refused(sqs.start_message_move_task, SourceArn=arn_of("feed")) == "UnsupportedOperation"
    home = {"SourceArn": arn_of("feed-dlq"), "DestinationArn": arn_of("feed")}
    task = sqs.start_message_move_task(**home)["TaskHandle"]
    [found] = received(sqs, url)
    assert found["MessageId"] == event
    sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    state = "RUNNING"
    while state == "RUNNING":
        [told] = sqs.list_message_move_tasks(SourceArn=arn_of("feed-dlq"))["Results"]
        state = told["Status"]
    assert state == "COMPLETED"
    assert told["DestinationArn"] == arn_of("feed")
    assert refused(sqs.cancel_message_move_task, TaskHandle=task) == "ResourceNotFoundException"
    sqs.purge_queue(QueueUrl=dead)


@pytest.mark.parametrize("name", ["feed", "feed-dlq", "totals-dlq"])
def test_a_declared_name_is_taken_in_its_account_alone(sqs: Any, name: str) -> None:
    url = sqs.create_queue(QueueName=name)["QueueUrl"]  # the central account's own
    assert SHOP not in url
    sqs.delete_queue(QueueUrl=url)
