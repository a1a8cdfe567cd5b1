"""Messages by real boto3, which checks every digest that it is answered."""

import http.client
import json
import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.sqs.serving import CENTRAL, attributes, created, received
from tests.running import Server

COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
BATCH = "AWS.SimpleQueueService"


@pytest.fixture(scope="module")
def url(sqs: Any) -> str:
    """A queue for what is refused, so that nothing is ever in it."""
    return created(sqs)


def refused(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**asked)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(error.value.response["Error"]["Code"])


def attribute(kind: str, **value: Any) -> dict[str, Any]:
    return {"DataType": kind, **value}


def test_a_message_comes_as_it_was_sent(sqs: Any) -> None:
    url = created(sqs)
    given = {
        "colour": attribute("String.name", StringValue="grün"),
        "count": attribute("Number", StringValue="-12.5e3"),
        "key": attribute("Binary", BinaryValue=bytes(range(256))),
    }
    trace = attribute("String", StringValue="Root=1-67891233-abcdef012345678912345678")
    sent = sqs.send_message(
        QueueUrl=url,
        MessageBody='{"sold": "Käse \U0001f9c0"}\t\r\n',
        MessageAttributes=given,
        MessageSystemAttributes={"AWSTraceHeader": trace},
    )
    [found] = received(sqs, url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])
    assert found["MessageId"] == sent["MessageId"]
    assert found["Body"] == '{"sold": "Käse \U0001f9c0"}\t\r\n'
    assert found["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert found["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert found["MessageAttributes"] == given
    told = found["Attributes"]
    assert told.pop("SentTimestamp") <= told.pop("ApproximateFirstReceiveTimestamp")
    assert told == {
        "ApproximateReceiveCount": "1",
        "AWSTraceHeader": trace["StringValue"],
        "SenderId": CENTRAL,
    }


def test_attributes_come_by_name_and_by_prefix(sqs: Any) -> None:
    url = created(sqs, {"VisibilityTimeout": "0"})
    given = {name: attribute("String", StringValue="x") for name in ("a.b", "a.c", "b", "d")}
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=given)
    cases: list[tuple[list[str], set[str]]] = [
        ([], set()),
        (["b"], {"b"}),
        (["a.*"], {"a.b", "a.c"}),
        (["a.*", "d", "never"], {"a.b", "a.c", "d"}),
        ([".*"], set(given)),
        (["All"], set(given)),
    ]
    for asked, wanted in cases:
        [found] = received(sqs, url, MessageAttributeNames=asked)
        assert set(found.get("MessageAttributes", ())) == wanted
        assert "Attributes" not in found
    [found] = received(sqs, url, AttributeNames=["ApproximateReceiveCount", "SenderId"])
    assert found["Attributes"] == {"ApproximateReceiveCount": "7", "SenderId": CENTRAL}
    unknown = {"QueueUrl": url, "MessageSystemAttributeNames": ["Colour"]}
    assert refused(sqs.receive_message, **unknown) == "InvalidAttributeName"
    many = {"QueueUrl": url, "MessageAttributeNames": ["a"] * 101}
    assert refused(sqs.receive_message, **many) == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"MessageBody": ""}, "MissingParameter"),
        ({"MessageBody": "\x00"}, "InvalidMessageContents"),
        ({"MessageBody": "\x0b"}, "InvalidMessageContents"),
        ({"MessageBody": "\ufffe"}, "InvalidMessageContents"),
        ({"MessageBody": "x" * (1_048_576 + 1)}, "InvalidParameterValue"),
        ({"DelaySeconds": -1}, "InvalidParameterValue"),
        ({"DelaySeconds": 901}, "InvalidParameterValue"),
        ({"MessageDeduplicationId": "x"}, "InvalidParameterValue"),
        ({"MessageGroupId": "x" * 129}, "InvalidParameterValue"),
        ({"MessageGroupId": "a b"}, "InvalidParameterValue"),
        ({"MessageAttributes": {"AWS.x": attribute("String", StringValue="x")}}, None),
        ({"MessageAttributes": {"amazon.x": attribute("String", StringValue="x")}}, None),
        ({"MessageAttributes": {".x": attribute("String", StringValue="x")}}, None),
        ({"MessageAttributes": {"x..y": attribute("String", StringValue="x")}}, None),
        ({"MessageAttributes": {"x" * 257: attribute("String", StringValue="x")}}, None),
        ({"MessageAttributes": {"x": attribute("Text", StringValue="x")}}, None),
        ({"MessageAttributes": {"x": attribute("String", StringValue="")}}, None),
        ({"MessageAttributes": {"x": attribute("String", StringValue="\x01")}}, None),
        ({"MessageAttributes": {"x": attribute("String", BinaryValue=b"x")}}, None),
        ({"MessageAttributes": {"x": attribute("Binary", StringValue="x")}}, None),
        ({"MessageAttributes": {"x": attribute("Number", StringValue="ten")}}, None),
        ({"MessageAttributes": {"x": attribute("Number", StringValue="1" * 39)}}, None),
        ({"MessageAttributes": {"x": attribute("Number", StringValue="1" * 40_000 + "x")}}, None),
        ({"MessageAttributes": {"x": attribute("String", StringListValues=["x"])}}, None),
        (
            {
                "MessageAttributes": {
                    f"a{number}": attribute("String", StringValue="x") for number in range(11)
                }
            },
            None,
        ),
        ({"MessageSystemAttributes": {"Trace": attribute("String", StringValue="x")}}, None),
        (
            {"MessageSystemAttributes": {"AWSTraceHeader": attribute("Binary", BinaryValue=b"x")}},
            None,
        ),
        (
            {
                "MessageSystemAttributes": {
                    "AWSTraceHeader": attribute("String", StringValue="x" * 1_025)
                }
            },
            None,
        ),
    ],
)
def test_a_message_that_cannot_be(sqs: Any, url: str, change: Any, code: str | None) -> None:
    asked = {"QueueUrl": url, "MessageBody": "x", **change}
    assert refused(sqs.send_message, **asked) == (code or "InvalidParameterValue")
    assert attributes(sqs, url, COUNTS[0]) == {COUNTS[0]: "0"}


def test_the_largest_messages(sqs: Any) -> None:
    url = created(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x" * 1_048_576)
    entries = [{"Id": str(number), "MessageBody": "x" * 349_525} for number in range(3)]
    assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 3
    entries[0]["MessageBody"] += "xx"
    assert refused(sqs.send_message_batch, QueueUrl=url, Entries=entries) == (
        f"{BATCH}.BatchRequestTooLong"
    )
    small = created(sqs, {"MaximumMessageSize": "1024"})
    given = {"a": attribute("String", StringValue="x" * 7)}
    trace = {"AWSTraceHeader": attribute("String", StringValue="x" * 1_024)}  # it does not count
    sqs.send_message(
        QueueUrl=small,
        MessageBody="x" * 1_010,
        MessageAttributes=given,
        MessageSystemAttributes=trace,
    )
    asked = {"QueueUrl": small, "MessageBody": "x" * 1_011, "MessageAttributes": given}
    assert refused(sqs.send_message, **asked) == "InvalidParameterValue"


@pytest.mark.parametrize("operation", ["send", "delete", "change"])
def test_a_batch_that_cannot_be(sqs: Any, url: str, operation: str) -> None:
    cases: dict[str, tuple[Any, dict[str, Any]]] = {
        "send": (sqs.send_message_batch, {"MessageBody": "x"}),
        "delete": (sqs.delete_message_batch, {"ReceiptHandle": "x"}),
        "change": (
            sqs.change_message_visibility_batch,
            {"ReceiptHandle": "x", "VisibilityTimeout": 1},
        ),
    }
    call, entry = cases[operation]
    for ids, code in (
        ([], "EmptyBatchRequest"),
        (list(map(str, range(11))), "TooManyEntriesInBatchRequest"),
        (["a", "a"], "BatchEntryIdsNotDistinct"),
        (["a b"], "InvalidBatchEntryId"),
        ([""], "InvalidBatchEntryId"),
        (["x" * 81], "InvalidBatchEntryId"),
    ):
        entries = [{"Id": each, **entry} for each in ids]
        assert refused(call, QueueUrl=url, Entries=entries) == f"{BATCH}.{code}"


def test_in_a_batch_each_entry_is_taken_or_refused_by_itself(sqs: Any) -> None:
    url = created(sqs)
    entries: list[dict[str, Any]] = [{"Id": str(each), "MessageBody": f"m{each}"} for each in "abc"]
    entries[1]["MessageBody"] = "\x00"
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["a", "c"]
    [failed] = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == (
        "b",
        "InvalidMessageContents",
        True,
    )
    found: list[dict[str, Any]] = []
    while len(found) < 2:
        found += received(sqs, url)
    handles = [each["ReceiptHandle"] for each in found]
    asked = [
        {"Id": "one", "ReceiptHandle": handles[0], "VisibilityTimeout": 100},
        {"Id": "two", "ReceiptHandle": "none", "VisibilityTimeout": 100},
        {"Id": "three", "ReceiptHandle": handles[1], "VisibilityTimeout": 43_201},
        {"Id": "four", "ReceiptHandle": handles[1]},
    ]
    answer = sqs.change_message_visibility_batch(QueueUrl=url, Entries=asked)
    assert answer["Successful"] == [{"Id": "one"}]
    assert [(each["Id"], each["Code"]) for each in answer["Failed"]] == [
        ("two", "ReceiptHandleIsInvalid"),
        ("three", "InvalidParameterValue"),
        ("four", "MissingParameter"),
    ]
    gone = [{"Id": str(n), "ReceiptHandle": each} for n, each in enumerate([*handles, "none"])]
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=gone)
    assert answer["Successful"] == [{"Id": "0"}, {"Id": "1"}]
    assert [each["Code"] for each in answer["Failed"]] == ["ReceiptHandleIsInvalid"]
    assert set(attributes(sqs, url, *COUNTS).values()) == {"0"}


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("MaxNumberOfMessages", 1, 10),
        ("WaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
    ],
)
def test_what_a_receive_may_ask_for(sqs: Any, name: str, least: int, most: int) -> None:
    url = created(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    for wrong in (least - 1, most + 1):
        asked = {"QueueUrl": url, name: wrong}
        assert refused(sqs.receive_message, **asked) == "InvalidParameterValue"
    for value in (least, most):
        asked = {"QueueUrl": url, "WaitTimeSeconds": 10, "VisibilityTimeout": 0, name: value}
        assert [each["Body"] for each in sqs.receive_message(**asked)["Messages"]] == ["x"]
    attempt = {"QueueUrl": url, "ReceiveRequestAttemptId": "x"}
    assert refused(sqs.receive_message, **attempt) == "InvalidParameterValue"


def test_a_message_is_its_receivers_until_its_time_ends(sqs: Any) -> None:
    url = created(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [first] = received(sqs, url)
    assert received(sqs, url, WaitTimeSeconds=0) == []
    assert attributes(sqs, url, *COUNTS) == dict(zip(COUNTS, ("0", "1"), strict=True))
    handle = first["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    [again] = received(sqs, url, AttributeNames=["ApproximateReceiveCount"])
    assert again["MessageId"] == first["MessageId"]
    assert again["ReceiptHandle"] != handle
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}
    asked = {"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 1}
    assert refused(sqs.change_message_visibility, **asked) == f"{BATCH}.MessageNotInflight"
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=created(sqs), ReceiptHandle=handle)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])  # it is gone already
    assert set(attributes(sqs, url, *COUNTS).values()) == {"0"}


def test_a_purged_queue_is_empty(sqs: Any) -> None:
    url = created(sqs)
    for body in "ab":
        sqs.send_message(QueueUrl=url, MessageBody=body)
    received(sqs, url, 1)
    sqs.purge_queue(QueueUrl=url)
    assert set(attributes(sqs, url, *COUNTS).values()) == {"0"}
    sqs.send_message(QueueUrl=url, MessageBody="new")
    assert [each["Body"] for each in received(sqs, url)] == ["new"]


def test_a_delayed_message_waits(sqs: Any) -> None:
    url = created(sqs, {"DelaySeconds": "900"})
    sqs.send_message(QueueUrl=url, MessageBody="later")
    sqs.send_message(QueueUrl=url, MessageBody="now", DelaySeconds=0)
    sqs.send_message(QueueUrl=url, MessageBody="soon", DelaySeconds=1)
    assert [each["Body"] for each in received(sqs, url)] == ["now"]
    assert [each["Body"] for each in received(sqs, url)] == ["soon"]
    delayed = "ApproximateNumberOfMessagesDelayed"
    assert attributes(sqs, url, delayed, COUNTS[0]) == {delayed: "1", COUNTS[0]: "0"}


def test_fifo_keeps_the_order_of_each_group(sqs: Any) -> None:
    url = created(sqs, {"ContentBasedDeduplication": "true"}, fifo=True)
    sent = [
        sqs.send_message(QueueUrl=url, MessageBody=f"{group}{number}", MessageGroupId=group)
        for number in range(3)
        for group in "xy"
    ]
    numbers = [int(each["SequenceNumber"]) for each in sent]
    assert numbers == sorted(set(numbers))
    again = sqs.send_message(QueueUrl=url, MessageBody="x0", MessageGroupId="x")
    assert again["MessageId"] == sent[0]["MessageId"]
    got: dict[str, list[str]] = {"x": [], "y": []}
    while sum(map(len, got.values())) < 6:
        for each in received(sqs, url, MessageSystemAttributeNames=["All"]):
            told = each["Attributes"]
            assert told["MessageDeduplicationId"]
            assert int(told["SequenceNumber"]) in numbers
            got[told["MessageGroupId"]].append(each["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    assert got == {"x": ["x0", "x1", "x2"], "y": ["y0", "y1", "y2"]}


def test_what_fifo_asks_of_messages(sqs: Any) -> None:
    url = created(sqs, fifo=True)
    good = {"QueueUrl": url, "MessageBody": "x", "MessageGroupId": "g"}
    assert refused(sqs.send_message, **good) == "InvalidParameterValue"
    good["MessageDeduplicationId"] = "!~" * 64
    for wrong, code in (
        ({"MessageGroupId": None}, "MissingParameter"),
        ({"MessageGroupId": ""}, "InvalidParameterValue"),
        ({"DelaySeconds": 1}, "InvalidParameterValue"),
        ({"MessageDeduplicationId": "x" * 129}, "InvalidParameterValue"),
    ):
        asked = {name: each for name, each in (good | wrong).items() if each is not None}
        assert refused(sqs.send_message, **asked) == code
    sqs.send_message(**good, DelaySeconds=0)
    [found] = received(sqs, url)
    late = {"QueueUrl": url, "ReceiptHandle": found["ReceiptHandle"]}
    sqs.change_message_visibility(**late, VisibilityTimeout=0)
    assert refused(sqs.delete_message, **late) == "InvalidParameterValue"


def test_a_receive_that_is_repeated_answers_the_same(sqs: Any) -> None:
    url = created(sqs, {"ContentBasedDeduplication": "true"}, fifo=True)
    for body in "ab":
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    first = received(sqs, url, 1, ReceiveRequestAttemptId="once")
    assert received(sqs, url, 1, ReceiveRequestAttemptId="once") == first
    assert received(sqs, url, 1, ReceiveRequestAttemptId="twice", WaitTimeSeconds=0) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    [second] = received(sqs, url, 1, ReceiveRequestAttemptId="once")
    assert second["Body"] == "b"


def test_dead_letters_move_and_come_back(sqs: Any) -> None:
    dead = created(sqs)
    arns = [attributes(sqs, dead, "QueueArn")["QueueArn"]]
    policy = json.dumps({"deadLetterTargetArn": arns[0], "maxReceiveCount": 1})
    url = created(sqs, {"RedrivePolicy": policy})
    arns.append(attributes(sqs, url, "QueueArn")["QueueArn"])
    sent = sqs.send_message(QueueUrl=url, MessageBody="bad")
    received(sqs, url, VisibilityTimeout=0)
    assert received(sqs, url, WaitTimeSeconds=1) == []
    [letter] = received(sqs, dead, VisibilityTimeout=0, AttributeNames=["All"])
    assert (letter["MessageId"], letter["Body"]) == (sent["MessageId"], "bad")
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == arns[1]
    asked = {"SourceArn": arns[0], "MaxNumberOfMessagesPerSecond": 500}
    task = sqs.start_message_move_task(**asked)["TaskHandle"]
    assert [each["Body"] for each in received(sqs, url)] == ["bad"]
    listed = sqs.list_message_move_tasks(SourceArn=arns[0])["Results"]
    while listed[0]["Status"] == "RUNNING":
        listed = sqs.list_message_move_tasks(SourceArn=arns[0], MaxResults=10)["Results"]
    [told] = listed
    assert (told["Status"], told["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)
    assert "TaskHandle" not in told
    gone = "ResourceNotFoundException"
    assert refused(sqs.cancel_message_move_task, TaskHandle=task) == gone
    assert refused(sqs.cancel_message_move_task, TaskHandle="x") == "InvalidParameterValue"
    assert refused(sqs.start_message_move_task, SourceArn=f"{arns[0]}-not") == gone
    assert (
        refused(sqs.start_message_move_task, SourceArn=arns[1]) == f"{BATCH}.UnsupportedOperation"
    )
    asked = {"SourceArn": arns[0], "DestinationArn": f"{arns[0]}-not"}
    assert refused(sqs.start_message_move_task, **asked) == gone
    for wrong in (0, 501):
        asked = {"SourceArn": arns[0], "MaxNumberOfMessagesPerSecond": wrong}
        assert refused(sqs.start_message_move_task, **asked) == "InvalidParameterValue"
    asked = {"SourceArn": arns[0], "MaxResults": 11}
    assert refused(sqs.list_message_move_tasks, **asked) == "InvalidParameterValue"


def test_a_receiver_that_goes_away_takes_nothing_along(sqs: Any, shared_server: Server) -> None:
    url = created(sqs)
    body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}).encode()
    with socket.create_connection(("127.0.0.1", shared_server.port)) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nx-amz-target: AmazonSQS.ReceiveMessage\r\n"
            b"content-length: %d\r\n\r\n%s" % (shared_server.port, len(body), body)
        )
    assert attributes(sqs, url, COUNTS[0]) == {COUNTS[0]: "0"}
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [found] = received(sqs, url, AttributeNames=["ApproximateReceiveCount"])
    assert found["Attributes"] == {"ApproximateReceiveCount": "1"}


def test_some_clients_post_to_the_queues_url(sqs: Any, shared_server: Server) -> None:
    url = created(sqs)
    path = "/" + url.split("/", 3)[3]
    headers = {"X-Amz-Target": "AmazonSQS.SendMessage"}
    connection = http.client.HTTPConnection("127.0.0.1", shared_server.port, timeout=10)
    connection.request("POST", path, json.dumps({"QueueUrl": url, "MessageBody": "x"}), headers)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("content-type")) == (200, "application/x-amz-json-1.0")
    assert json.loads(answer.read())["MessageId"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", path, "Action=ReceiveMessage&Version=2012-11-05", form)
    answer = connection.getresponse()
    assert answer.status == 400
    assert b"X-Amz-Target" in answer.read()
    connection.close()
