"""API destinations by real boto3: made, shown, changed, ended; and what may be a rule's target."""

from typing import Any

import pytest

from tests.integration.api_destinations.called import Endpoint
from tests.integration.api_destinations.calling import ACCOUNT, connected, refused

pytestmark = pytest.mark.long

SHOP = "222222222222"


@pytest.fixture(scope="module")
def connection(client: Any) -> str:
    return connected(client, "for-destinations")


@pytest.fixture
def whole(connection: str, called: Endpoint) -> dict[str, Any]:
    """What is asked for where nothing is wrong with it."""
    return {
        "Name": "refused",
        "ConnectionArn": connection,
        "InvocationEndpoint": f"{called.url}/",
        "HttpMethod": "POST",
    }


def made(client: Any, name: str, connection: str, url: str, **more: Any) -> dict[str, Any]:
    asked = {"HttpMethod": "POST", **more}
    answer: dict[str, Any] = client.create_api_destination(
        Name=name, ConnectionArn=connection, InvocationEndpoint=url, **asked
    )
    return answer


def test_one_is_made_and_shown(client: Any, connection: str, called: Endpoint) -> None:
    url = f"{called.url}/doors/*/open?by=bus"
    more = {"Description": "doors", "InvocationRateLimitPerSecond": 7}
    answer = made(client, "doors", connection, url, HttpMethod="PUT", **more)
    arn = answer["ApiDestinationArn"]
    assert arn.startswith(f"arn:aws:events:local:{ACCOUNT}:api-destination/doors/")
    assert answer["ApiDestinationState"] == "ACTIVE"
    found = client.describe_api_destination(Name="doors")
    del found["ResponseMetadata"]
    assert found == {
        "ApiDestinationArn": arn,
        "Name": "doors",
        "Description": "doors",
        "ApiDestinationState": "ACTIVE",
        "ConnectionArn": connection,
        "InvocationEndpoint": url,
        "HttpMethod": "PUT",
        "InvocationRateLimitPerSecond": 7,
        "CreationTime": answer["CreationTime"],
        "LastModifiedTime": answer["LastModifiedTime"],
    }


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"InvocationEndpoint": "https://example.com/"}, "ValidationException", "no destination"),
        ({"InvocationEndpoint": "http://127.0.0.1:1/"}, "ValidationException", "no destination"),
        ({"InvocationEndpoint": "http://example.com/"}, "ValidationException", "is http"),
        (
            {"InvocationEndpoint": "ftp://127.0.0.1/"},
            "ValidationException",
            "neither https nor http",
        ),
        ({"InvocationEndpoint": "https://a@b/"}, "ValidationException", "no host"),
        ({"InvocationEndpoint": "https://*.example.com/"}, "ValidationException", "no host"),
        ({"InvocationEndpoint": "https://a/#b"}, "ValidationException", "regular expression"),
        ({"InvocationEndpoint": "x" * 2049}, "ValidationException", "length less"),
        ({"HttpMethod": "TRACE"}, "ValidationException", "enum value set"),
        ({"InvocationRateLimitPerSecond": 0}, "ValidationException", "greater than or equal to 1"),
        ({"ConnectionArn": "arn:aws:sqs:local:1:q"}, "ValidationException", "regular expression"),
        (
            {"ConnectionArn": f"arn:aws:events:local:{ACCOUNT}:connection/none/0"},
            "ResourceNotFoundException",
            "does not exist",
        ),
        (
            {"ConnectionArn": f"arn:aws:events:local:{SHOP}:connection/for-destinations/0"},
            "ResourceNotFoundException",
            "does not exist",
        ),
    ],
)
def test_what_cannot_be_called_is_refused(
    client: Any, whole: dict[str, Any], change: dict[str, Any], code: str, said: str
) -> None:
    assert said in refused(code, client.create_api_destination, **(whole | change))
    refused("ResourceNotFoundException", client.describe_api_destination, Name="refused")


def test_a_name_is_taken_once_and_one_that_is_not_there_is_not_found(
    client: Any, connection: str, called: Endpoint
) -> None:
    made(client, "taken", connection, f"{called.url}/")
    message = refused(
        "ResourceAlreadyExistsException",
        client.create_api_destination,
        Name="taken",
        ConnectionArn=connection,
        InvocationEndpoint=f"{called.url}/",
        HttpMethod="POST",
    )
    assert "taken" in message
    for call in (
        client.describe_api_destination,
        client.update_api_destination,
        client.delete_api_destination,
    ):
        assert "none" in refused("ResourceNotFoundException", call, Name="none")


def test_an_update_changes_what_it_names_and_nothing_else(
    client: Any, connection: str, called: Endpoint
) -> None:
    made(client, "changed", connection, f"{called.url}/a", Description="old")
    client.update_api_destination(Name="changed", HttpMethod="PATCH")
    client.update_api_destination(Name="changed", InvocationRateLimitPerSecond=3)
    found = client.describe_api_destination(Name="changed")
    assert (found["HttpMethod"], found["InvocationRateLimitPerSecond"]) == ("PATCH", 3)
    assert (found["Description"], found["InvocationEndpoint"]) == ("old", f"{called.url}/a")
    other = connected(client, "another-one")
    client.update_api_destination(Name="changed", ConnectionArn=other)
    assert client.describe_api_destination(Name="changed")["ConnectionArn"] == other
    elsewhere = {"InvocationEndpoint": "https://elsewhere.example.com/"}
    refused("ValidationException", client.update_api_destination, Name="changed", **elsewhere)


def test_it_is_inactive_while_its_connection_authorizes_nothing(
    client: Any, called: Endpoint
) -> None:
    arn = connected(client, "comes-and-goes")
    made(client, "dependent", arn, f"{called.url}/")

    def state() -> str:
        found: str = client.describe_api_destination(Name="dependent")["ApiDestinationState"]
        return found

    client.deauthorize_connection(Name="comes-and-goes")
    assert state() == "INACTIVE"
    parameters = {"BasicAuthParameters": {"Username": "ann", "Password": "word"}}
    client.update_connection(Name="comes-and-goes", AuthParameters=parameters)
    assert state() == "ACTIVE"
    client.delete_connection(Name="comes-and-goes")
    assert state() == "INACTIVE"
    connected(client, "comes-and-goes")  # of the same name, and another one
    assert state() == "INACTIVE"
    assert client.describe_api_destination(Name="dependent")["ConnectionArn"] == arn


def test_they_are_listed_by_name_and_connection_page_by_page(client: Any, called: Endpoint) -> None:
    one, two = connected(client, "list-one"), connected(client, "list-two")
    for number in range(4):
        made(client, f"listed-{number}", (one, two)[number % 2], f"{called.url}/")
    page = client.list_api_destinations(NamePrefix="listed-", Limit=3)
    assert [each["Name"] for each in page["ApiDestinations"]] == [f"listed-{n}" for n in range(3)]
    rest = client.list_api_destinations(NamePrefix="listed-", NextToken=page["NextToken"])
    assert [each["Name"] for each in rest["ApiDestinations"]] == ["listed-3"]
    assert "NextToken" not in rest
    found = client.list_api_destinations(ConnectionArn=two)["ApiDestinations"]
    assert [each["Name"] for each in found] == ["listed-1", "listed-3"]
    refused("ValidationException", client.list_api_destinations, NextToken=rest.get("no", "no"))


def test_a_method_without_a_body_takes_no_connection_that_adds_to_it(
    client: Any, called: Endpoint
) -> None:
    added = {"BodyParameters": [{"Key": "from", "Value": "bus"}]}
    arn = connected(client, "adds", InvocationHttpParameters=added)
    message = refused(
        "ValidationException",
        client.create_api_destination,
        Name="bodiless",
        ConnectionArn=arn,
        InvocationEndpoint=f"{called.url}/",
        HttpMethod="GET",
    )
    assert "adds members to the body" in message


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (None, "asks for 1 path parameters, and the target has 0"),
        ({"PathParameterValues": ["a", "b"]}, "the target has 2"),
        ({"PathParameterValues": [".."]}, "would lead elsewhere"),
        ({"PathParameterValues": ["$.detail..id"]}, "cannot be read"),
        (
            {"PathParameterValues": ["a"], "HeaderParameters": {"Host": "b"}},
            "is the bus's own",
        ),
        (
            {"PathParameterValues": ["a"], "QueryStringParameters": {"q": "$.detail["}},
            "cannot be read",
        ),
    ],
)
def test_a_target_whose_parameters_do_not_fit_is_refused(
    client: Any, connection: str, called: Endpoint, parameters: Any, said: str
) -> None:
    client.put_rule(Name="parameters", EventPattern='{"source": ["nobody"]}')
    if "with-path" not in str(client.list_api_destinations(NamePrefix="with-path")):
        made(client, "with-path", connection, f"{called.url}/a/*?x=*")
    target = {
        "Id": "it",
        "Arn": client.describe_api_destination(Name="with-path")["ApiDestinationArn"],
        **({} if parameters is None else {"HttpParameters": parameters}),
    }
    answer = client.put_targets(Rule="parameters", Targets=[target])
    assert answer["FailedEntryCount"] == 1
    assert said in answer["FailedEntries"][0]["ErrorMessage"]


def test_what_is_no_api_destination_of_the_accounts_is_no_target(client: Any) -> None:
    client.put_rule(Name="nowhere", EventPattern='{"source": ["nobody"]}')
    arns = [
        f"arn:aws:events:local:{ACCOUNT}:api-destination/none/0",
        f"arn:aws:events:local:{SHOP}:api-destination/taken/0",
        f"arn:aws:events:elsewhere:{ACCOUNT}:api-destination/taken/0",
        f"arn:aws:events:local:{ACCOUNT}:connection/taken/0",
    ]
    targets = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(arns)]
    answer = client.put_targets(Rule="nowhere", Targets=targets)
    assert answer["FailedEntryCount"] == len(arns)
    assert client.list_targets_by_rule(Rule="nowhere")["Targets"] == []
