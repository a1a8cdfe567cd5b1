"""PutEvents by real boto3: what is taken, what is refused, and how."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.running import Server


@pytest.fixture
def client(shared_server: Server) -> Iterator[Any]:
    made = boto3.client(
        "events",
        endpoint_url=shared_server.url,
        region_name="local",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        # Limits are the server's to enforce here, and an error is to be seen at once.
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    yield made
    made.close()


GOOD = {"Source": "aws.key", "DetailType": "Key Event", "Detail": '{"key": "value"}'}


def put(client: Any, *entries: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client.put_events(Entries=list(entries))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["RequestId"]
    return answer


def test_ten_entries_each_get_an_id_of_their_own(client: Any) -> None:
    answer = put(client, *[GOOD] * 10)
    assert answer["FailedEntryCount"] == 0
    assert len({entry["EventId"] for entry in answer["Entries"]}) == 10


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Source": None}, "InvalidArgument"),
        ({"Source": ""}, "InvalidArgument"),
        ({"DetailType": None}, "InvalidArgument"),
        ({"DetailType": "x" * 129}, "InvalidArgument"),
        ({"Detail": None}, "InvalidArgument"),
        ({"Detail": "no JSON"}, "MalformedDetail"),
        ({"Detail": "[]"}, "MalformedDetail"),
        ({"Detail": '{"a": 18446744073709551616}'}, "MalformedDetail"),
        ({"EventBusName": "another"}, "InvalidArgument"),
    ],
)
def test_an_entry_is_refused_by_itself(client: Any, change: dict[str, Any], code: str) -> None:
    entry = {key: value for key, value in (GOOD | change).items() if value is not None}
    answer = put(client, entry, GOOD)
    assert answer["FailedEntryCount"] == 1
    refused, taken = answer["Entries"]
    assert refused["ErrorCode"] == code
    assert refused["ErrorMessage"]
    assert "EventId" not in refused
    assert taken["EventId"]


@pytest.mark.parametrize(
    "change",
    [
        {"EventBusName": "default"},
        {"EventBusName": "amazon-key"},
        {"EventBusName": "arn:aws:events:eu-central-1:111111111111:event-bus/amazon-key"},
        {"Time": datetime(2026, 1, 31, tzinfo=UTC)},
        {"Resources": ["arn:aws:s3:::a", "b"]},
        {"TraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793"},
        {"DetailType": "x" * 128},
        {"Detail": json.dumps({"a": "x" * 900_000})},
    ],
)
def test_what_eventbridge_takes_is_taken(client: Any, change: dict[str, Any]) -> None:
    assert put(client, GOOD | change)["FailedEntryCount"] == 0


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "ValidationException"),
        ([GOOD] * 11, "ValidationException"),
        ([GOOD | {"Detail": json.dumps({"a": "x" * 600_000})}] * 2, "ValidationException"),
        ([GOOD | {"Source": 7}], "SerializationException"),
        ([GOOD | {"EventBusName": "x/default"}], "ValidationException"),
        ([GOOD | {"EventBusName": "arn:aws:sqs:local:111111111111:x"}], "ValidationException"),
    ],
    ids=["none", "eleven", "too large together", "wrong type", "partner's bus", "no bus"],
)
def test_a_request_is_refused_as_a_whole(client: Any, entries: list[Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        client.put_events(Entries=entries)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_operation_that_is_refused_on_purpose_says_why(client: Any) -> None:
    with pytest.raises(ClientError, match="is not supported by Keybus: ") as caught:
        client.list_endpoints()
    assert caught.value.response["Error"]["Code"] == "OperationDisabledException"


def post(server: Server, body: bytes, target: str = "AWSEvents.PutEvents") -> tuple[int, Any]:
    """A request as no SDK would send it."""
    request = urllib.request.Request(
        server.url, body, {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("time", ["1700000000000", "-1e12", "1e300"])
def test_a_time_that_is_none_is_one_entrys_fault(shared_server: Server, time: str) -> None:
    entry = json.dumps(GOOD)
    late = entry[:-1] + f', "Time": {time}}}'
    status, answer = post(shared_server, f'{{"Entries": [{late}, {entry}]}}'.encode())
    assert (status, answer["FailedEntryCount"]) == (200, 1)
    assert answer["Entries"][0]["ErrorCode"] == "InvalidArgument"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "ValidationException"),
        (b"{", "SerializationException"),
        (b"\xff", "SerializationException"),
        (b'{"Entries": ' + b"[" * 100_000, "SerializationException"),
        (b'{"x": ' + b"[" * 100_000, "SerializationException"),
        (b"[]", "SerializationException"),
        (b"{}", "ValidationException"),
        (b'{"Entries": null}', "ValidationException"),
        (b'{"Entries": [null]}', "SerializationException"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    shared_server: Server, body: bytes, kind: str
) -> None:
    status, answer = post(shared_server, body)
    assert (status, answer["__type"]) == (400, kind)


@pytest.mark.parametrize("target", ["", "PutEvents", "AmazonSQS.PutEvents", "AWSEvents.Nothing"])
def test_a_target_that_is_not_there_is_refused(shared_server: Server, target: str) -> None:
    assert post(shared_server, b"{}", target)[0] == 400
