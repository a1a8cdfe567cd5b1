"""What a rule matches is sent to an API destination: authorized, filled in, tried again or given up."""

import base64
import threading
from typing import Any

import pytest

from tests.integration.api_destinations.called import Answer, Called, Endpoint
from tests.integration.api_destinations.calling import (
    CallingServer,
    answer_of,
    connected,
    dead,
    put,
    sends,
    state_of,
    target_of,
    until,
)

pytestmark = pytest.mark.long

ADDED = {
    "HeaderParameters": [
        {"Key": "x-tenant", "Value": "of the connection"},
        {"Key": "X-Proof", "Value": "hidden-header-value", "IsValueSecret": True},
    ],
    "QueryStringParameters": [{"Key": "q", "Value": "a&b=c/ü", "IsValueSecret": True}],
    "BodyParameters": [{"Key": "proof", "Value": "hidden-member", "IsValueSecret": True}],
}


def test_an_event_is_sent_with_all_that_is_asked_for(client: Any, called: Endpoint) -> None:
    url = f"{called.url}/all/*/of/*?fixed=1"
    sends(
        client,
        "all",
        connected(client, "all", InvocationHttpParameters=ADDED),
        url,
        method="PUT",
        HttpParameters={
            "PathParameterValues": ["$.detail.id", "a b/c"],
            "HeaderParameters": {"X-Tenant": "of the target", "X-Count": "$.detail.count"},
            "QueryStringParameters": {"q": "of the target", "source": "$.source"},
        },
    )
    put(client, "all", id="DEL/1?", count=1.50)
    [request] = called.until("/all")
    assert (request.method, request.path) == ("PUT", "/all/DEL%2F1%3F/of/a%20b%2Fc")
    assert request.query == [("fixed", "1"), ("q", "a&b=c/ü"), ("source", "all")]
    headers = request.headers
    proof = base64.b64encode(b"ann:the pass-word").decode()
    assert headers["authorization"] == f"Basic {proof}"
    assert headers["x-tenant"] == "of the connection"
    assert headers["x-proof"] == "hidden-header-value"
    assert headers["x-count"] == "1.5"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["keybus-attempt"] == "1"
    assert headers["keybus-event-id"] == request.json["id"]
    assert request.json["proof"] == "hidden-member"
    assert request.json["detail"] == {"id": "DEL/1?", "count": 1.5}


def test_an_api_key_is_a_header_and_an_input_is_what_is_sent(client: Any, called: Endpoint) -> None:
    parameters = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Api-Key", "ApiKeyValue": "the key"}}
    connection = client.create_connection(
        Name="keyed", AuthorizationType="API_KEY", AuthParameters=parameters
    )["ConnectionArn"]
    transformer = {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '{"it": <id>}'}
    sends(client, "keyed", connection, f"{called.url}/keyed", InputTransformer=transformer)
    put(client, "keyed", id="DEL-1")
    [request] = called.until("/keyed")
    assert request.json == {"it": "DEL-1"}
    assert request.headers["x-api-key"] == "the key"
    assert "authorization" not in request.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "PATCH"])
def test_each_method_is_used(client: Any, called: Endpoint, method: str) -> None:
    name = f"by-{method.lower()}"
    sends(client, name, connected(client, name), f"{called.url}/{name}", method=method)
    put(client, name, id="DEL-1")
    [request] = called.until(f"/{name}")
    assert request.method == method
    has_body = method in ("DELETE", "PATCH")
    assert bool(request.body) == has_body
    assert ("content-type" in request.headers) == has_body


def test_what_no_request_can_be_made_of_is_a_dead_letter(
    bus: CallingServer, client: Any, called: Endpoint
) -> None:
    subscription = sends(
        client,
        "unfit",
        connected(client, "unfit"),
        f"{called.url}/unfit/*",
        HttpParameters={
            "PathParameterValues": ["$.detail.id"],
            "HeaderParameters": {"X-Who": "$.detail.who"},
        },
    )
    for detail in ({"who": "x"}, {"id": {"a": 1}, "who": "x"}, {"id": "..", "who": "x"},
                   {"id": "1", "who": "x\r\ny: z"}, {"id": "x" * 3000, "who": "x"}):  # fmt: skip
        put(client, "unfit", **detail)
    put(client, "unfit", id="fits", who="me")
    [request] = called.until("/unfit")
    assert request.path == "/unfit/fits"
    letters = dead(bus, subscription, 5)
    assert {each["cause"] for each in letters} == {"input"}
    assert any("at $.detail.id" in each["reason"] for each in letters)


def test_what_may_work_later_is_tried_again_and_what_will_not_is_given_up(
    bus: CallingServer, client: Any, called: Endpoint
) -> None:
    answers = iter([500, 429, 409, 200, 404])
    called.answers["/later"] = lambda _: Answer(next(answers), b'{"no": "such"}')
    subscription = sends(client, "later", connected(client, "later"), f"{called.url}/later")
    put(client, "later", id="DEL-1")
    requests = called.until("/later", 4)
    assert [each.headers["keybus-attempt"] for each in requests] == ["1", "2", "3", "4"]
    put(client, "later", id="DEL-2")
    [letter] = dead(bus, subscription, 1)
    assert letter["cause"] == "api-destination.404"
    assert letter["reason"] == 'SDK_CLIENT_ERROR: answered 404: {"no": "such"}'
    assert letter["attributes"]["ERROR_CODE"] == "SDK_CLIENT_ERROR"
    assert len(called.came("/later")) == 5


def test_what_an_endpoint_repeats_of_secrets_is_not_kept(
    bus: CallingServer, client: Any, called: Endpoint
) -> None:
    def mirror(request: Called) -> Answer:
        shown = f"{request.headers['authorization']} {request.query} {request.body.decode()}"
        return Answer(422, shown.encode())

    called.answers["/mirror"] = mirror
    connection = connected(client, "mirror", InvocationHttpParameters=ADDED)
    subscription = sends(client, "mirror", connection, f"{called.url}/mirror", Input="{}")
    put(client, "mirror", id="DEL-1")
    [letter] = dead(bus, subscription, 1)
    assert "answered 422: *** [('q', '***')] {\"proof\":\"***\"}" in letter["reason"]


def test_refused_credentials_are_no_fault_of_the_events(
    bus: CallingServer, client: Any, called: Endpoint
) -> None:
    password = {"known": "another"}

    def guarded(request: Called) -> Answer:
        proof = base64.b64encode(f"ann:{password['known']}".encode()).decode()
        return Answer(200 if request.headers["authorization"] == f"Basic {proof}" else 401)

    called.answers["/guarded"] = guarded
    subscription = sends(client, "guarded", connected(client, "guarded"), f"{called.url}/guarded")
    put(client, "guarded", id="DEL-1")
    called.until("/guarded")
    target = until(lambda: target_of(bus, subscription), lambda found: found["reason"])
    refused = "SDK_CLIENT_ERROR: answered 401: {} (the credentials are refused)"
    assert target["reason"] == refused
    parameters = {"BasicAuthParameters": {"Password": "another"}}
    client.update_connection(Name="guarded", AuthParameters=parameters)
    until(lambda: state_of(bus, subscription), lambda found: found["waiting"] == 0)
    assert answer_of(bus, f"/api/v1/subscriptions/{subscription}/dead-letters") == []


def test_what_waits_for_a_destination_is_sent_once_it_may_be(
    bus: CallingServer, client: Any, called: Endpoint
) -> None:
    connection = connected(client, "waits")
    subscription = sends(client, "waits", connection, f"{called.url}/waits")
    client.deauthorize_connection(Name="waits")
    put(client, "waits", id="DEL-1")
    target = until(lambda: target_of(bus, subscription), lambda found: found["state"] == "stopped")
    assert target["kind"] == "api-destination"
    assert "the connection waits is deauthorized" in target["reason"]
    assert called.came("/waits") == []
    parameters = {"BasicAuthParameters": {"Username": "ann", "Password": "word"}}
    client.update_connection(Name="waits", AuthParameters=parameters)
    [request] = called.until("/waits")
    assert request.headers["keybus-attempt"] == "1"
    client.update_api_destination(Name="waits", InvocationEndpoint=f"{called.url}/waits/*")
    put(client, "waits", id="DEL-2")
    target = until(lambda: target_of(bus, subscription), lambda found: found["reason"])
    assert "asks for 1 path parameters" in target["reason"]
    client.update_api_destination(Name="waits", InvocationEndpoint=f"{called.url}/waits/again")
    assert called.until("/waits", 2)[1].path == "/waits/again"
    client.delete_api_destination(Name="waits")
    target = until(lambda: target_of(bus, subscription), lambda found: found["reason"])
    assert "was deleted" in target["reason"]


def test_the_rate_is_kept_and_waiting_for_it_counts_no_attempt(
    client: Any, called: Endpoint
) -> None:
    sends(client, "paced", connected(client, "paced"), f"{called.url}/paced", rate=4)
    for number in range(9):
        put(client, "paced", id=f"DEL-{number}")
    requests = called.until("/paced", 9)
    # A second's worth at once, and one that is owed; the other four take a quarter each.
    assert requests[8].at - requests[0].at > 3 / 4
    assert {each.headers["keybus-attempt"] for each in requests} == {"1"}


@pytest.mark.long
def test_an_answer_has_five_seconds(bus: CallingServer, client: Any, called: Endpoint) -> None:
    ended = threading.Event()

    def hangs(_: Called) -> Answer:
        ended.wait(60)
        return Answer()

    called.answers["/hangs"] = hangs
    subscription = sends(
        client,
        "hangs",
        connected(client, "hangs"),
        f"{called.url}/hangs",
        RetryPolicy={"MaximumRetryAttempts": 0},
    )
    put(client, "hangs", id="DEL-1")
    [letter] = dead(bus, subscription, 1)
    ended.set()
    assert letter["reason"] == "TIMEOUT: 127.0.0.1: no answer in time"
    assert letter["attributes"]["ERROR_CODE"] == "TIMEOUT"
