"""A connection's parameters, as they are answered: without what is secret.

Source: Amazon EventBridge API reference, "ConnectionAuthResponseParameters".
"""

import msgspec

from keybus.bus.api_destinations.authorization import Additions, ApiKey, Authorization, Basic
from keybus.server.aws.shapes import Answer


class ShownParameter(Answer, frozen=True):
    """ConnectionHeaderParameter and its like; what is secret has no value."""

    key: str
    value: str | None
    is_value_secret: bool | None


class ShownAdditions(Answer, frozen=True):
    """ConnectionHttpParameters."""

    header_parameters: list[ShownParameter] | None = None
    query_string_parameters: list[ShownParameter] | None = None
    body_parameters: list[ShownParameter] | None = None


class ShownBasic(Answer, frozen=True):
    """ConnectionBasicAuthResponseParameters."""

    username: str


class ShownApiKey(Answer, frozen=True):
    """ConnectionApiKeyAuthResponseParameters."""

    api_key_name: str


class ShownClient(Answer, frozen=True):
    """ConnectionOAuthClientResponseParameters."""

    client_id: str = msgspec.field(name="ClientID")


class ShownOAuth(Answer, frozen=True):
    """ConnectionOAuthResponseParameters."""

    client_parameters: ShownClient
    authorization_endpoint: str
    http_method: str
    o_auth_http_parameters: ShownAdditions | None = None


class ShownAuthorization(Answer, frozen=True):
    """ConnectionAuthResponseParameters."""

    basic_auth_parameters: ShownBasic | None = None
    o_auth_parameters: ShownOAuth | None = None
    api_key_auth_parameters: ShownApiKey | None = None
    invocation_http_parameters: ShownAdditions | None = None


def shown(hidden: Authorization) -> ShownAuthorization:
    """A connection's parameters, as they are answered.

    Args:
        hidden: The parameters, without what is secret.
    """
    means, additions = hidden.means, _shown_additions(hidden.additions)
    if isinstance(means, Basic):
        basic = ShownBasic(means.username)
        return ShownAuthorization(basic_auth_parameters=basic, invocation_http_parameters=additions)
    if isinstance(means, ApiKey):
        key = ShownApiKey(means.name)
        return ShownAuthorization(api_key_auth_parameters=key, invocation_http_parameters=additions)
    oauth = ShownOAuth(
        ShownClient(means.client_id),
        means.endpoint,
        means.method,
        _shown_additions(means.additions),
    )
    return ShownAuthorization(o_auth_parameters=oauth, invocation_http_parameters=additions)


def _shown_additions(additions: Additions) -> ShownAdditions | None:
    lists = [
        [
            ShownParameter(each.key, None if each.is_secret else each.value, each.is_secret)
            for each in kind
        ]
        for kind in (additions.headers, additions.query, additions.body)
    ]
    return ShownAdditions(*(each or None for each in lists)) if any(lists) else None
