"""Connections and API destinations."""

from typing import Final

from tests.aws.chapters.step import Step

AUTH: Final = {
    "ApiKeyAuthParameters": {"ApiKeyName": "x-api-key", "ApiKeyValue": "a secret"},
    "InvocationHttpParameters": {
        "HeaderParameters": [{"Key": "x-tenant", "Value": "doors", "IsValueSecret": False}],
        "QueryStringParameters": [{"Key": "q", "Value": "1", "IsValueSecret": False}],
    },
}
CONNECTION: Final = Step(
    "events",
    "CreateConnection",
    {
        "Name": "connection-${run}",
        "Description": "to the doors",
        "AuthorizationType": "API_KEY",
        "AuthParameters": AUTH,
    },
    {"connection": "ConnectionArn"},
)
NAMED: Final = {"Name": "connection-${run}"}
DESTINATION: Final = {"Name": "destination-${run}"}

CONNECTIONS: Final = (
    CONNECTION,
    Step("events", "CreateConnection", CONNECTION.asked, refused="ResourceAlreadyExistsException"),
    Step("events", "DescribeConnection", NAMED),
    Step("events", "ListConnections", {"NamePrefix": "connection-${run}", "Limit": 1}),
    Step("events", "ListConnections", {"ConnectionState": "AUTHORIZED"}),
    Step(
        "events",
        "UpdateConnection",
        {
            **NAMED,
            "Description": "to the gates",
            "AuthorizationType": "BASIC",
            "AuthParameters": {"BasicAuthParameters": {"Username": "me", "Password": "a secret"}},
        },
    ),
    Step("events", "DeauthorizeConnection", NAMED),
    Step("events", "DeleteConnection", NAMED),
    Step("events", "DescribeConnection", NAMED, refused="ResourceNotFoundException"),
    Step("events", "DeleteConnection", NAMED, refused="ResourceNotFoundException"),
)

DESTINATIONS: Final = (
    CONNECTION,
    Step(
        "events",
        "CreateApiDestination",
        {
            **DESTINATION,
            "Description": "the doors",
            "ConnectionArn": "${connection}",
            "InvocationEndpoint": "https://hooks.example.com/doors/*",
            "HttpMethod": "POST",
            "InvocationRateLimitPerSecond": 10,
        },
        {"destination": "ApiDestinationArn"},
    ),
    Step("events", "DescribeApiDestination", DESTINATION),
    Step("events", "ListApiDestinations", {"NamePrefix": "destination-${run}", "Limit": 1}),
    Step("events", "ListApiDestinations", {"ConnectionArn": "${connection}"}),
    Step(
        "events",
        "UpdateApiDestination",
        {**DESTINATION, "HttpMethod": "PUT", "InvocationRateLimitPerSecond": 20},
    ),
    Step("events", "DeleteApiDestination", DESTINATION),
    Step("events", "DescribeApiDestination", DESTINATION, refused="ResourceNotFoundException"),
    Step("events", "DeleteConnection", NAMED),
)
