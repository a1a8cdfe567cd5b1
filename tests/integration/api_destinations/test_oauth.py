"""OAuth connections: tokens are asked for, kept, renewed when they are refused, and told to nobody."""

from typing import Any

import pytest

from tests.integration.api_destinations.called import Answer, Endpoint, TokenServer
from tests.integration.api_destinations.calling import (
    CallingServer,
    answer_of,
    put,
    refused,
    sends,
    target_of,
    until,
)

pytestmark = pytest.mark.long


def authorized(client: Any, name: str, tokens: TokenServer, **more: Any) -> str:
    """Make a connection that asks for tokens, and wait until it knows whether it gets any."""
    client_id, secret = tokens.client
    parameters = {
        "ClientParameters": {"ClientID": client_id, "ClientSecret": more.pop("secret", secret)},
        "AuthorizationEndpoint": tokens.url,
        "HttpMethod": more.pop("method", "POST"),
    }
    answer = client.create_connection(
        Name=name,
        AuthorizationType="OAUTH_CLIENT_CREDENTIALS",
        AuthParameters={"OAuthParameters": parameters | more},
    )
    assert answer["ConnectionState"] == "AUTHORIZING"
    settled(client, name)
    arn: str = answer["ConnectionArn"]
    return arn


def settled(client: Any, name: str) -> dict[str, Any]:
    """The connection, once it is authorized or is not."""
    found: dict[str, Any] = until(
        lambda: client.describe_connection(Name=name),
        lambda found: found["ConnectionState"] != "AUTHORIZING",
    )
    return found


def test_a_token_is_asked_for_once_and_sent_along(client: Any, called: Endpoint) -> None:
    tokens = TokenServer(called, "/once")
    tokens.guards("/by-token")
    connection = authorized(client, "once", tokens)
    found = client.describe_connection(Name="once")
    assert found["ConnectionState"] == "AUTHORIZED"
    assert found["LastAuthorizedTime"] >= found["CreationTime"]
    assert found["AuthParameters"]["OAuthParameters"] == {
        "ClientParameters": {"ClientID": tokens.client[0]},
        "AuthorizationEndpoint": tokens.url,
        "HttpMethod": "POST",
    }
    [asked] = tokens.asked
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in asked.headers
    sends(client, "by-token", connection, f"{called.url}/by-token")
    for number in range(3):
        put(client, "by-token", id=f"DEL-{number}")
    requests = called.until("/by-token", 3)
    assert {each.headers["authorization"] for each in requests} == {f"Bearer {tokens.token(1)}"}
    assert len(tokens.asked) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_what_goes_along_with_the_request_for_a_token(
    client: Any, called: Endpoint, method: str
) -> None:
    tokens = TokenServer(called, f"/along-{method.lower()}")
    more = {
        "HeaderParameters": [{"Key": "X-Realm", "Value": "doors"}],
        "QueryStringParameters": [{"Key": "v", "Value": "2"}],
        "BodyParameters": [{"Key": "scope", "Value": "open close", "IsValueSecret": True}],
    }
    name = f"along-{method.lower()}"
    authorized(client, name, tokens, method=method, OAuthHttpParameters=more)
    assert settled(client, name)["ConnectionState"] == "AUTHORIZED"
    [asked] = tokens.asked
    assert (asked.method, asked.headers["x-realm"]) == (method, "doors")
    given = dict(asked.query) | dict(asked.form)
    assert (given["v"], given["scope"]) == ("2", "open close")
    assert given["grant_type"] == "client_credentials"
    assert tokens.client[1] not in str(asked.query)
    shown = client.describe_connection(Name=name)["AuthParameters"]["OAuthParameters"]
    body = shown["OAuthHttpParameters"]["BodyParameters"]
    assert body == [{"Key": "scope", "IsValueSecret": True}]


def test_a_request_for_a_token_may_be_json(client: Any, called: Endpoint) -> None:
    tokens = TokenServer(called, "/as-json")
    header = {"Key": "content-type", "Value": "application/json"}
    authorized(client, "as-json", tokens, OAuthHttpParameters={"HeaderParameters": [header]})
    [asked] = tokens.asked
    assert asked.json["client_secret"] == tokens.client[1]


def test_a_token_that_is_refused_is_renewed_within_the_same_attempt(
    client: Any, called: Endpoint
) -> None:
    tokens = TokenServer(called, "/renewed")
    tokens.guards("/renewing")
    connection = authorized(client, "renewing", tokens, OAuthHttpParameters={})
    tokens.revoked.add(tokens.token(1))
    sends(client, "renewing", connection, f"{called.url}/renewing")
    put(client, "renewing", id="DEL-1")
    requests = called.until("/renewing", 2)
    assert [each.headers["authorization"] for each in requests] == [
        f"Bearer {tokens.token(1)}",
        f"Bearer {tokens.token(2)}",
    ]
    assert {each.headers["keybus-attempt"] for each in requests} == {"1"}


@pytest.mark.parametrize(("lifetime", "count"), [(0, 3), ("0", 3), (None, 1), (86_400, 1)])
def test_a_token_is_kept_until_it_ends(
    client: Any, called: Endpoint, lifetime: object, count: int
) -> None:
    name = f"lives-{type(lifetime).__name__}-{lifetime}".lower()
    tokens = TokenServer(called, f"/{name}", lifetime)
    connection = authorized(client, name, tokens)
    sends(client, name, connection, f"{called.url}/used-{name}")
    for number in range(2):
        put(client, name, id=f"DEL-{number}")
    called.until(f"/used-{name}", 2)
    assert len(tokens.asked) == count


def test_where_no_token_is_issued_events_wait_and_the_connection_says_why(
    bus: CallingServer, client: Any, called: Endpoint
) -> None:
    tokens = TokenServer(called, "/refusing")
    connection = authorized(client, "refusing", tokens, secret="a wrong secret")
    found = client.describe_connection(Name="refusing")
    assert found["ConnectionState"] == "DEAUTHORIZED"
    reason = "the authorization endpoint answered 401 (invalid_client)"
    assert found["StateReason"] == reason
    subscription = sends(client, "refusing", connection, f"{called.url}/unreached")
    put(client, "refusing", id="DEL-1")
    target = until(lambda: target_of(bus, subscription), lambda found: found["reason"])
    assert target["reason"] == f"SDK_CLIENT_ERROR: {reason}"
    assert called.came("/unreached") == []
    right = {"OAuthParameters": {"ClientParameters": {"ClientSecret": tokens.client[1]}}}
    client.update_connection(Name="refusing", AuthParameters=right)
    called.until("/unreached")
    assert settled(client, "refusing")["ConnectionState"] == "AUTHORIZED"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, b"", "answered 500"),
        (302, b"", "answered 302"),
        (400, b'{"error": "of their own making"}', "answered 400"),
        (200, b"no JSON", "without an access token"),
        (200, b"{}", "without an access token"),
        (200, b'{"access_token": "a\\r\\nX-Evil: yes"}', "what cannot be a token"),
        (200, b'{"access_token": "t", "expires_in": "soon"}', "without an access token"),
        (200, b"[" * 60_000, "without an access token"),
    ],
)
def test_an_authorization_server_that_answers_anything(
    client: Any, called: Endpoint, status: int, body: bytes, said: str
) -> None:
    tokens = TokenServer(called, "/anything")
    called.answers["/anything"] = lambda _: Answer(status, body, (("Location", tokens.url),))
    before = len(tokens.asked)
    authorized(client, "anything", tokens)
    found = client.describe_connection(Name="anything")
    assert (found["ConnectionState"], len(tokens.asked)) == ("DEAUTHORIZED", before + 1)
    assert found["StateReason"].endswith(said)
    client.delete_connection(Name="anything")


def test_an_update_authorizes_anew(client: Any, called: Endpoint) -> None:
    tokens = TokenServer(called, "/anew")
    authorized(client, "anew", tokens)
    answer = client.update_connection(Name="anew", Description="again")
    assert answer["ConnectionState"] == "AUTHORIZING"
    assert settled(client, "anew")["ConnectionState"] == "AUTHORIZED"
    assert len(tokens.asked) == 2
    elsewhere = {"OAuthParameters": {"AuthorizationEndpoint": "https://elsewhere.example.com/"}}
    refused("ValidationException", client.update_connection, Name="anew", AuthParameters=elsewhere)


def test_tokens_and_secrets_are_nowhere(bus: CallingServer, client: Any, called: Endpoint) -> None:
    tokens = TokenServer(called, "/nowhere", lifetime=0)
    called.answers["/echo"] = lambda request: Answer(500, request.headers["authorization"].encode())
    connection = authorized(client, "nowhere", tokens)
    subscription = sends(client, "nowhere", connection, f"{called.url}/echo")
    put(client, "nowhere", id="DEL-1")
    called.until("/echo")
    target = until(lambda: target_of(bus, subscription), lambda found: found["reason"])
    assert target["reason"] == "SDK_CLIENT_ERROR: answered 500: ***"
    authorized(client, "wrong", tokens, secret="a wrong secret")
    paths = ("/api/v1/audit?limit=1000", "/api/v1/subscriptions", "/api/v1/evidence")
    everything = [str(answer_of(bus, path)) for path in paths] + [bus.log.read_text()]
    files = [each for each in bus.data.rglob("*") if each.is_file()]
    everything += [each.read_bytes().decode("latin-1") for each in files]
    assert len(tokens.asked) >= 2
    for secret in (tokens.client[1], "a wrong secret", "token-nowhere"):
        assert all(secret not in each for each in everything), secret
