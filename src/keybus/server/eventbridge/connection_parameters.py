"""A connection's parameters, as they are asked for and as the bus has them.

Source: Amazon EventBridge API reference, "CreateConnectionAuthRequestParameters",
"UpdateConnectionAuthRequestParameters" and "ConnectionHttpParameters".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from keybus.bus.api_destinations.authorization import (
    Additions,
    ApiKey,
    Authorization,
    Basic,
    Means,
    OAuth,
    OAuthMethod,
    Parameter,
)
from keybus.bus.api_destinations.errors import NotAuthorizing
from keybus.bus.api_destinations.headers import is_value, not_to_be_given
from keybus.server.aws.shapes import SENSITIVE, Request, length, pattern
from keybus.server.eventbridge.target_entries import HeaderKey, HeaderValue, QueryKey, QueryValue

AuthorizationType = Literal["BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY"]
_AUTH: Final = pattern(
    r"^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$",
    linear=r"\t*[^\x00-\x1F:\x7F][^\x00-\x08\x0A-\x1F:\x7F]*",
)
AuthValue = Annotated[str, length(1, 512), _AUTH]
AuthSecret = Annotated[str, length(1, 512), _AUTH, SENSITIVE]
Endpoint = Annotated[
    str,
    length(1, 2048),
    pattern(
        r"^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@\x26=+$,A-Za-z0-9])+)([).!';/?:,])?$",
        linear=r"(?:%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@\x26=+$,A-Za-z0-9])+",
    ),
]
_LATTICE: Final = (
    r"^(?:^arn:[a-z0-9\-]+:vpc-lattice:[a-zA-Z0-9\-]+:\d{12}:resourceconfiguration/"
    r"rcfg-[0-9a-z]{17}$|^$)"
)
_MOST: Final = length(0, 100)
_MEMBERS: Final = {
    "BASIC": "BasicAuthParameters",
    "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
    "API_KEY": "ApiKeyAuthParameters",
}


class HeaderParameter(Request, frozen=True):
    """ConnectionHeaderParameter."""

    key: HeaderKey | None = None
    value: Annotated[HeaderValue, SENSITIVE] | None = None
    is_value_secret: bool = False


class QueryStringParameter(Request, frozen=True):
    """ConnectionQueryStringParameter."""

    key: QueryKey | None = None
    value: Annotated[QueryValue, SENSITIVE] | None = None
    is_value_secret: bool = False


class BodyParameter(Request, frozen=True):
    """ConnectionBodyParameter."""

    key: str | None = None
    value: Annotated[str, SENSITIVE] | None = None
    is_value_secret: bool = False


class HttpParameters(Request, frozen=True):
    """ConnectionHttpParameters; what is absent stays as it is."""

    header_parameters: Annotated[tuple[HeaderParameter, ...], _MOST, SENSITIVE] | None = None
    query_string_parameters: (
        Annotated[tuple[QueryStringParameter, ...], _MOST, SENSITIVE] | None
    ) = None
    body_parameters: Annotated[tuple[BodyParameter, ...], _MOST, SENSITIVE] | None = None


class CreateBasic(Request, frozen=True):
    """CreateConnectionBasicAuthRequestParameters."""

    username: AuthValue
    password: AuthSecret


class UpdateBasic(Request, frozen=True):
    """UpdateConnectionBasicAuthRequestParameters."""

    username: AuthValue | None = None
    password: AuthSecret | None = None


class CreateApiKey(Request, frozen=True):
    """CreateConnectionApiKeyAuthRequestParameters."""

    api_key_name: AuthValue
    api_key_value: AuthSecret


class UpdateApiKey(Request, frozen=True):
    """UpdateConnectionApiKeyAuthRequestParameters."""

    api_key_name: AuthValue | None = None
    api_key_value: AuthSecret | None = None


class CreateClient(Request, frozen=True):
    """CreateConnectionOAuthClientRequestParameters."""

    client_id: AuthValue = msgspec.field(name="ClientID")
    client_secret: AuthSecret


class UpdateClient(Request, frozen=True):
    """UpdateConnectionOAuthClientRequestParameters."""

    client_id: AuthValue | None = msgspec.field(name="ClientID", default=None)
    client_secret: AuthSecret | None = None


class CreateOAuth(Request, frozen=True):
    """CreateConnectionOAuthRequestParameters."""

    client_parameters: CreateClient
    authorization_endpoint: Endpoint
    http_method: OAuthMethod
    o_auth_http_parameters: HttpParameters | None = None


class UpdateOAuth(Request, frozen=True):
    """UpdateConnectionOAuthRequestParameters."""

    client_parameters: UpdateClient | None = None
    authorization_endpoint: Endpoint | None = None
    http_method: OAuthMethod | None = None
    o_auth_http_parameters: HttpParameters | None = None


class ResourceConfiguration(Request, frozen=True):
    """ConnectivityResourceConfigurationArn."""

    resource_configuration_arn: Annotated[str, length(0, 2048), pattern(_LATTICE)]


class Connectivity(Request, frozen=True):
    """ConnectivityResourceParameters."""

    resource_parameters: ResourceConfiguration


class CreateParameters(Request, frozen=True):
    """CreateConnectionAuthRequestParameters."""

    basic_auth_parameters: CreateBasic | None = None
    o_auth_parameters: CreateOAuth | None = None
    api_key_auth_parameters: CreateApiKey | None = None
    invocation_http_parameters: HttpParameters | None = None
    connectivity_parameters: Connectivity | None = None


class UpdateParameters(Request, frozen=True):
    """UpdateConnectionAuthRequestParameters."""

    basic_auth_parameters: UpdateBasic | None = None
    o_auth_parameters: UpdateOAuth | None = None
    api_key_auth_parameters: UpdateApiKey | None = None
    invocation_http_parameters: HttpParameters | None = None
    connectivity_parameters: Connectivity | None = None


def check_connectivity(*asked: Connectivity | None) -> None:
    """Refuse private connectivity.

    Raises:
        NotAuthorizing: It is asked for.
    """
    if any(each and each.resource_parameters.resource_configuration_arn for each in asked):
        raise NotAuthorizing(
            "Private connectivity is not supported by Keybus, as it has no VPC Lattice: reach a"
            " private endpoint over a network that the bus is started with (--webhook-network)."
        )


def merged(
    before: Authorization | None, kind: str, asked: CreateParameters | UpdateParameters
) -> Authorization:
    """A connection's parameters, of those that it has and of what is asked for.

    Args:
        before: What it has; None: nothing.
        kind: Its AuthorizationType.
        asked: What is asked for; what that leaves out stays.

    Raises:
        NotAuthorizing: They are not complete, or are another type's.
    """
    check_connectivity(asked.connectivity_parameters)
    given = {
        "BASIC": asked.basic_auth_parameters,
        "OAUTH_CLIENT_CREDENTIALS": asked.o_auth_parameters,
        "API_KEY": asked.api_key_auth_parameters,
    }
    for other, parameters in given.items():
        if other != kind and parameters is not None:
            raise NotAuthorizing(
                f"{_MEMBERS[other]} is for the authorization type {other}, not for {kind}."
            )
    means = None if before is None else before.means
    additions = Additions() if before is None else before.additions
    return Authorization(
        _MERGED[kind](means, given[kind]),
        _additions(additions, asked.invocation_http_parameters),
    )


def _basic(before: Means | None, asked: CreateBasic | UpdateBasic | None) -> Basic:
    given = asked or UpdateBasic()
    known = (before.username, before.password) if isinstance(before, Basic) else (None, None)
    return Basic(
        _chosen("Username", given.username, known[0]), _chosen("Password", given.password, known[1])
    )


def _api_key(before: Means | None, asked: CreateApiKey | UpdateApiKey | None) -> ApiKey:
    given = asked or UpdateApiKey()
    known = (before.name, before.value) if isinstance(before, ApiKey) else (None, None)
    name = _chosen("ApiKeyName", given.api_key_name, known[0])
    value = _chosen("ApiKeyValue", given.api_key_value, known[1])
    if why := not_to_be_given(name):
        raise NotAuthorizing(f"ApiKeyName: {why}")
    if not is_value(value):
        raise NotAuthorizing("ApiKeyValue cannot be in a header: write it in ASCII.")
    return ApiKey(name, value)


def _oauth(before: Means | None, asked: CreateOAuth | UpdateOAuth | None) -> OAuth:
    given = asked or UpdateOAuth()
    client = given.client_parameters or UpdateClient()
    if isinstance(before, OAuth):
        return OAuth(
            client.client_id or before.client_id,
            client.client_secret or before.client_secret,
            given.authorization_endpoint or before.endpoint,
            given.http_method or before.method,
            _additions(before.additions, given.o_auth_http_parameters),
        )
    if given.http_method is None:
        raise _missing("HttpMethod")
    return OAuth(
        _chosen("ClientID", client.client_id),
        _chosen("ClientSecret", client.client_secret),
        _chosen("AuthorizationEndpoint", given.authorization_endpoint),
        given.http_method,
        _additions(Additions(), given.o_auth_http_parameters),
    )


_MERGED: Final[Mapping[str, Callable[[Means | None, Any], Means]]] = {
    "BASIC": _basic,
    "OAUTH_CLIENT_CREDENTIALS": _oauth,
    "API_KEY": _api_key,
}


def _chosen(name: str, asked: str | None, known: str | None = None) -> str:
    found = known if asked is None else asked
    if found is None:
        raise _missing(name)
    return found


def _missing(name: str) -> NotAuthorizing:
    return NotAuthorizing(f"Parameter {name} is required for this authorization type.")


def _additions(before: Additions, asked: HttpParameters | None) -> Additions:
    if asked is None:
        return before
    headers, query = asked.header_parameters, asked.query_string_parameters
    body = asked.body_parameters
    for each in headers or ():
        if why := not_to_be_given(each.key or ""):
            raise NotAuthorizing(f"HeaderParameters: {why}")
    return Additions(
        before.headers if headers is None else _parameters("HeaderParameters", headers),
        before.query if query is None else _parameters("QueryStringParameters", query),
        before.body if body is None else _parameters("BodyParameters", body),
    )


def _parameters(
    where: str, asked: Iterable[HeaderParameter | QueryStringParameter | BodyParameter]
) -> tuple[Parameter, ...]:
    found = []
    for each in asked:
        if not each.key or each.value is None:
            raise NotAuthorizing(f"{where}: each has a Key and a Value.")
        found.append(Parameter(each.key, each.value, each.is_value_secret))
    return tuple(found)
