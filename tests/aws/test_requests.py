"""What the JSON protocols say of heads, targets and encodings, and what is none of them."""

import gzip
import http.client
import json
import socket
from typing import Any

import msgspec
import pytest

from tests.aws.serialising import Sent, serialised
from tests.aws.wire import Answered, Wire

TARGETS = {"events": "AWSEvents", "sqs": "AmazonSQS"}


def with_headers(sent: Sent, **headers: str) -> Sent:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return msgspec.structs.replace(sent, headers=sent.headers | named)


@pytest.mark.parametrize(("service", "version"), [("events", "1.1"), ("sqs", "1.0")])
def test_an_unknown_operation_is_told_in_the_services_own_protocol(
    wire: Wire, service: str, version: str
) -> None:
    headers = {"X-Amz-Target": f"{TARGETS[service]}.Nonsense"}
    answered = wire.send(Sent("POST", "/", headers, b"{}"))
    check_unknown(answered)
    assert answered.headers["content-type"] == f"application/x-amz-json-{version}"
    assert "Nonsense" in answered.json()["message"]


@pytest.mark.parametrize("target", ["", "AWSEvents", "Nonsense.PutEvents", ".", "AWSEvents."])
def test_a_target_that_is_none_is_an_unknown_operation(wire: Wire, target: str) -> None:
    check_unknown(wire.send(Sent("POST", "/", {"X-Amz-Target": target}, b"{}")))


def test_without_a_target_it_is_said_what_is_missing(wire: Wire) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answered = wire.send(Sent("POST", "/", form, b"Action=ListQueues&Version=2012-11-05"))
    check_unknown(answered)
    assert "X-Amz-Target" in answered.json()["message"]


def check_unknown(answered: Answered) -> None:
    assert answered.status == 400
    assert answered.code == answered.json()["__type"] == "UnknownOperationException"
    assert answered.headers["x-amzn-requestid"]


def test_of_two_targets_none_is_taken(wire: Wire) -> None:
    connection = http.client.HTTPConnection(wire.url.removeprefix("http://"), timeout=60)
    connection.putrequest("POST", "/")
    for target in ("AWSEvents.PutEvents", "AWSEvents.ListRules"):
        connection.putheader("X-Amz-Target", target)
    connection.putheader("Content-Length", "2")
    connection.endheaders(b"{}")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["__type"]) == (
        400,
        "UnknownOperationException",
    )
    connection.close()


def test_a_compressed_body_is_refused_by_its_name(wire: Wire) -> None:
    sent = serialised("events", "PutEvents", {"Entries": []})
    sent = msgspec.structs.replace(sent, body=gzip.compress(sent.body))
    answered = wire.send(with_headers(sent, Content_Encoding="gzip"))
    assert (answered.status, answered.code) == (400, "SerializationException")
    assert "'gzip'" in answered.json()["message"]


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/x-amz-json-1.0"])
def test_the_type_of_the_body_is_the_targets_business(wire: Wire, kind: str) -> None:
    sent = serialised("events", "PutEvents", {"Entries": [entry()]})
    answered = wire.send(with_headers(sent, Content_Type=kind))
    assert answered.status == 200
    assert answered.headers["content-type"] == "application/x-amz-json-1.1"


def test_a_client_that_waits_to_be_asked_on_is_asked_on(wire: Wire) -> None:
    sent = serialised("events", "PutEvents", {"Entries": [entry()]})
    host, _, port = wire.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        head = [f"{name}: {value}" for name, value in sent.headers.items()]
        head += [
            f"Host: {host}:{port}",
            f"Content-Length: {len(sent.body)}",
            "Expect: 100-continue",
        ]
        connection.sendall("\r\n".join(["POST / HTTP/1.1", *head, "", ""]).encode())
        with connection.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
            connection.sendall(sent.body)
            assert answer.readline() == b"\r\n"
            assert answer.readline() == b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_told_what_is_allowed(wire: Wire, method: str) -> None:
    answered = wire.send(Sent(method, "/", {}, b""))
    assert answered.status == 405
    assert answered.headers["allow"] == "POST"


def test_a_page_of_another_origin_gets_nothing(wire: Wire) -> None:
    asks = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    for method in ("OPTIONS", "POST"):
        answered = wire.send(Sent(method, "/", asks, b""))
        assert answered.status == 403
        assert not [name for name in answered.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[]", "SerializationException"),
        (b"null", "SerializationException"),
        (b'"text"', "SerializationException"),
        (b"{", "SerializationException"),
        (b"", "ValidationException"),
        (b"{}", "ValidationException"),
        (b'{"Entries": null}', "ValidationException"),
        (b'{"Entries": {}}', "SerializationException"),
        (b'{"Entries": [[]]}', "SerializationException"),
        (b'{"Entries": [null]}', "SerializationException"),
        (b'{"Entries": [{"Source": 1}]}', "SerializationException"),
        (b'{"Entries": []}', "ValidationException"),
        (b'{"Entries":' + b"[" * 20_000, "SerializationException"),
    ],
)
def test_a_body_that_does_not_fit(wire: Wire, body: bytes, code: str) -> None:
    sent = serialised("events", "PutEvents", {})
    answered = wire.send(msgspec.structs.replace(sent, body=body))
    assert (answered.status, answered.code) == (400, code), answered.body
    assert answered.json()["message"]


def test_of_a_member_that_is_there_twice_the_last_counts(wire: Wire) -> None:
    sent = serialised("events", "PutEvents", {})
    twice = b'{"Entries": [], "Entries": [' + json.dumps(entry()).encode() + b"]}"
    answered = wire.send(msgspec.structs.replace(sent, body=twice))
    assert answered.json()["FailedEntryCount"] == 0


def entry() -> dict[str, Any]:
    return {"Source": "aws.key", "DetailType": "Key Event", "Detail": "{}"}
