"""Connections by real boto3: made, shown without their secrets, changed, ended."""

import urllib.request
from typing import Any

import pytest

from tests.integration.api_destinations.calling import ACCOUNT, CallingServer
from tests.integration.api_destinations.calling import refused as refused_by

SECRETS = (
    "pass-the-word",
    "the-key-itself",
    "a-hidden-header",
    "a-hidden-query",
    "a-hidden-member",
)
BASIC = {"BasicAuthParameters": {"Username": "ann", "Password": SECRETS[0]}}
KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Api-Key", "ApiKeyValue": SECRETS[1]}}
ADDED = {
    "HeaderParameters": [
        {"Key": "X-Tenant", "Value": "doors", "IsValueSecret": False},
        {"Key": "X-Proof", "Value": SECRETS[2], "IsValueSecret": True},
    ],
    "QueryStringParameters": [{"Key": "proof", "Value": SECRETS[3], "IsValueSecret": True}],
    "BodyParameters": [{"Key": "proof", "Value": SECRETS[4], "IsValueSecret": True}],
}


def made(client: Any, name: str, kind: str = "BASIC", **more: Any) -> dict[str, Any]:
    parameters = more.pop("AuthParameters", BASIC)
    answer: dict[str, Any] = client.create_connection(
        Name=name, AuthorizationType=kind, AuthParameters=parameters, **more
    )
    return answer


def refused(code: str, call: Any, **asked: Any) -> str:
    message = refused_by(code, call, **asked)
    assert all(secret not in message for secret in SECRETS)
    return message


def test_a_connection_is_made_and_shown_without_its_secrets(client: Any) -> None:
    answer = made(client, "shown", Description="of doors", AuthParameters=BASIC | {
        "InvocationHttpParameters": ADDED
    })  # fmt: skip
    arn = answer["ConnectionArn"]
    assert arn.startswith(f"arn:aws:events:local:{ACCOUNT}:connection/shown/")
    assert answer["ConnectionState"] == "AUTHORIZED"
    found = client.describe_connection(Name="shown")
    assert found["ConnectionArn"] == arn
    assert found["Description"] == "of doors"
    assert found["AuthorizationType"] == "BASIC"
    assert found["CreationTime"] == answer["CreationTime"] == found["LastAuthorizedTime"]
    secret = f"arn:aws:secretsmanager:local:{ACCOUNT}:secret:events!connection/shown/"
    assert found["SecretArn"].startswith(secret)
    assert found["AuthParameters"] == {
        "BasicAuthParameters": {"Username": "ann"},
        "InvocationHttpParameters": {
            "HeaderParameters": [
                {"Key": "X-Tenant", "Value": "doors", "IsValueSecret": False},
                {"Key": "X-Proof", "IsValueSecret": True},
            ],
            "QueryStringParameters": [{"Key": "proof", "IsValueSecret": True}],
            "BodyParameters": [{"Key": "proof", "IsValueSecret": True}],
        },
    }
    assert all(secret not in str(found) for secret in SECRETS)


def test_a_name_is_taken_once_and_one_that_is_not_there_is_not_found(client: Any) -> None:
    made(client, "taken")
    message = refused(
        "ResourceAlreadyExistsException",
        client.create_connection,
        Name="taken",
        AuthorizationType="BASIC",
        AuthParameters=BASIC,
    )
    assert message == "Connection taken already exists."
    for call in (
        client.describe_connection,
        client.update_connection,
        client.deauthorize_connection,
        client.delete_connection,
    ):
        message = refused("ResourceNotFoundException", call, Name="none")
        assert message == "Connection none does not exist."


OAUTH = {
    "ClientParameters": {"ClientID": "us", "ClientSecret": SECRETS[0]},
    "AuthorizationEndpoint": "https://elsewhere.example.com/token",
    "HttpMethod": "POST",
}
LATTICE = (
    "arn:aws:vpc-lattice:eu-central-1:111111111111:resourceconfiguration/rcfg-0123456789abcdefg"
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"AuthParameters": KEY}, "ApiKeyAuthParameters is for the authorization type API_KEY"),
        ({"AuthParameters": BASIC | KEY}, "ApiKeyAuthParameters is for"),
        ({"AuthParameters": {}}, "Username is required"),
        ({"AuthorizationType": "DIGEST"}, "Member must satisfy enum value set"),
        ({"Name": "a name"}, "[\\.\\-_A-Za-z0-9]+"),
        ({"Name": "x" * 65}, "length less than or equal to 64"),
        ({"Description": "x" * 513}, "length less than or equal to 512"),
        ({"KmsKeyIdentifier": "alias/ours"}, "KmsKeyIdentifier is not supported"),
        (
            {"InvocationConnectivityParameters": {
                "ResourceParameters": {"ResourceConfigurationArn": LATTICE}
            }},
            "Private connectivity is not supported",
        ),
        (
            {"AuthParameters": BASIC | {"ConnectivityParameters": {
                "ResourceParameters": {"ResourceConfigurationArn": LATTICE}
            }}},
            "Private connectivity is not supported",
        ),
        (
            {"AuthParameters": {"BasicAuthParameters": {
                "Username": "ann", "Password": SECRETS[0] + ":"
            }}},
            "Value at 'authParameters.basicAuthParameters.password' failed to satisfy",
        ),
        (
            {"AuthParameters": {"BasicAuthParameters": {
                "Username": "ann", "Password": SECRETS[0] * 60
            }}},
            "Value at 'authParameters.basicAuthParameters.password' failed to satisfy",
        ),
        (
            {"AuthorizationType": "API_KEY", "AuthParameters": {"ApiKeyAuthParameters": {
                "ApiKeyName": "a key", "ApiKeyValue": SECRETS[1]
            }}},
            "'a key' cannot be the name of a header",
        ),
        (
            {"AuthorizationType": "API_KEY", "AuthParameters": {"ApiKeyAuthParameters": {
                "ApiKeyName": "Host", "ApiKeyValue": SECRETS[1]
            }}},
            "'Host' is the bus's own",
        ),
        (
            {"AuthorizationType": "API_KEY", "AuthParameters": {"ApiKeyAuthParameters": {
                "ApiKeyName": "x", "ApiKeyValue": SECRETS[1] + "\N{KEY}"
            }}},
            "cannot be in a header",
        ),
        (
            {"AuthParameters": BASIC | {"InvocationHttpParameters": {
                "HeaderParameters": [{"Key": "Content-Length", "Value": "1"}]
            }}},
            "'Content-Length' is the bus's own",
        ),
        (
            {"AuthParameters": BASIC | {"InvocationHttpParameters": {
                "HeaderParameters": [{"Key": "x-proof", "Value": SECRETS[2] + "\r\nx: y"}]
            }}},
            "failed to satisfy",
        ),
        (
            {"AuthParameters": BASIC | {"InvocationHttpParameters": {
                "QueryStringParameters": [{"Key": "proof"}]
            }}},
            "each has a Key and a Value",
        ),
        (
            {"AuthParameters": BASIC | {"InvocationHttpParameters": {
                "BodyParameters": [{"Key": "proof", "Value": SECRETS[4]}] * 101
            }}},
            "Value at 'authParameters.invocationHttpParameters.bodyParameters' failed",
        ),
        (
            {"AuthParameters": BASIC | {"InvocationHttpParameters": {
                "BodyParameters": [{"Key": "proof", "Value": SECRETS[4] * 5_000}]
            }}},
            "more than 65536 bytes",
        ),
        (
            {"AuthorizationType": "OAUTH_CLIENT_CREDENTIALS",
             "AuthParameters": {"OAuthParameters": OAUTH}},
            "is no destination of the account",
        ),
        (
            {"AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": {
                "OAuthParameters": OAUTH | {"AuthorizationEndpoint": "http://169.254.169.254/"}
            }},
            "is http",
        ),
    ],
)  # fmt: skip
def test_what_cannot_authorize_is_refused(client: Any, change: dict[str, Any], said: str) -> None:
    asked = {"Name": "refused", "AuthorizationType": "BASIC", "AuthParameters": BASIC} | change
    assert said in refused("ValidationException", client.create_connection, **asked)
    refused("ResourceNotFoundException", client.describe_connection, Name="refused")


def test_a_text_that_a_pattern_would_take_for_ever_over_is_refused_at_once(client: Any) -> None:
    slow = "a " * 250 + ":"
    asked = {"BasicAuthParameters": {"Username": slow, "Password": slow}}
    assert "username" in refused(
        "ValidationException",
        client.create_connection,
        Name="slow",
        AuthorizationType="BASIC",
        AuthParameters=asked,
    )


def test_an_update_changes_what_it_names_and_nothing_else(client: Any) -> None:
    before = made(client, "changed", AuthParameters=BASIC | {"InvocationHttpParameters": ADDED})
    answer = client.update_connection(Name="changed", Description="new")
    assert answer["ConnectionArn"] == before["ConnectionArn"]
    assert answer["LastModifiedTime"] >= before["LastModifiedTime"]
    parameters = {"BasicAuthParameters": {"Username": "bob"}}
    client.update_connection(Name="changed", AuthParameters=parameters)
    found = client.describe_connection(Name="changed")
    assert found["Description"] == "new"
    shown = found["AuthParameters"]
    assert shown["BasicAuthParameters"] == {"Username": "bob"}
    assert set(shown["InvocationHttpParameters"]) == set(ADDED)
    added: dict[str, Any] = {
        "InvocationHttpParameters": {"HeaderParameters": [], "BodyParameters": []}
    }
    client.update_connection(Name="changed", AuthParameters=added)
    shown = client.describe_connection(Name="changed")["AuthParameters"]
    assert set(shown["InvocationHttpParameters"]) == {"QueryStringParameters"}


def test_an_update_to_another_type_needs_all_of_its_parameters(client: Any) -> None:
    made(client, "other")
    message = refused(
        "ValidationException",
        client.update_connection,
        Name="other",
        AuthorizationType="API_KEY",
    )
    assert "ApiKeyName is required" in message
    client.update_connection(Name="other", AuthorizationType="API_KEY", AuthParameters=KEY)
    found = client.describe_connection(Name="other")
    assert found["AuthorizationType"] == "API_KEY"
    assert found["AuthParameters"] == {"ApiKeyAuthParameters": {"ApiKeyName": "X-Api-Key"}}


def test_what_is_deauthorized_has_no_parameters_until_it_is_given_new_ones(client: Any) -> None:
    made(client, "emptied", AuthParameters=BASIC)
    assert client.deauthorize_connection(Name="emptied")["ConnectionState"] == "DEAUTHORIZED"
    found = client.describe_connection(Name="emptied")
    assert "AuthParameters" not in found
    assert "SecretArn" not in found
    assert found["AuthorizationType"] == "BASIC"
    half = {"BasicAuthParameters": {"Username": "ann"}}
    message = refused(
        "ValidationException", client.update_connection, Name="emptied", AuthParameters=half
    )
    assert "Password is required" in message
    answer = client.update_connection(Name="emptied", AuthParameters=BASIC)
    assert answer["ConnectionState"] == "AUTHORIZED"


def test_one_that_is_deleted_is_gone_and_its_name_another_ones(client: Any) -> None:
    before = made(client, "gone")
    assert client.delete_connection(Name="gone")["ConnectionArn"] == before["ConnectionArn"]
    refused("ResourceNotFoundException", client.describe_connection, Name="gone")
    assert made(client, "gone")["ConnectionArn"] != before["ConnectionArn"]


def test_they_are_listed_by_name_and_state_page_by_page(client: Any) -> None:
    for number in range(5):
        made(client, f"listed-{number}")
    client.deauthorize_connection(Name="listed-3")
    page = client.list_connections(NamePrefix="listed-", Limit=2)
    assert [each["Name"] for each in page["Connections"]] == ["listed-0", "listed-1"]
    client.delete_connection(Name="listed-0")
    client.delete_connection(Name="listed-1")
    rest = client.list_connections(NamePrefix="listed-", NextToken=page["NextToken"])
    assert [each["Name"] for each in rest["Connections"]] == ["listed-2", "listed-3", "listed-4"]
    assert "NextToken" not in rest
    found = client.list_connections(NamePrefix="listed-", ConnectionState="DEAUTHORIZED")
    assert [each["Name"] for each in found["Connections"]] == ["listed-3"]
    assert "SecretArn" not in found["Connections"][0]
    refused("ValidationException", client.list_connections, NextToken="nobodys")
    refused("ValidationException", client.list_connections, Limit=101)


def test_secrets_are_nowhere(bus: CallingServer, client: Any) -> None:
    made(client, "sealed", AuthParameters=BASIC | {"InvocationHttpParameters": ADDED})
    made(client, "sealed-too", "API_KEY", AuthParameters=KEY)
    audit = bus_answer(bus, "/api/v1/audit?limit=1000")
    assert '"action":"connection.created","subject":"operations/sealed"' in audit.replace(" ", "")
    everything = [audit, bus_answer(bus, "/api/v1/evidence"), bus.log.read_text()]
    assert "sealed-too" in everything[1]
    files = [each for each in bus.data.rglob("*") if each.is_file()]
    everything += [each.read_bytes().decode("latin-1") for each in files]
    for secret in SECRETS:
        assert all(secret not in each for each in everything), secret


def bus_answer(bus: CallingServer, path: str) -> str:
    with urllib.request.urlopen(bus.url + path, timeout=30) as answer:
        text: str = answer.read().decode()
    return text
