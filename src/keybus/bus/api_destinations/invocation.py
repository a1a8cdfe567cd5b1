"""A delivery as a request to an API destination: its URL, its headers and its body."""

import base64
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from keybus.bus.api_destinations.authorization import ApiKey, Authorization, Basic, Parameter
from keybus.bus.api_destinations.destination import BODILESS, ApiDestination
from keybus.bus.api_destinations.headers import Headers
from keybus.bus.api_destinations.parameters import Parameters
from keybus.bus.api_destinations.query import with_query
from keybus.topology.inputs import InputError

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encode = msgspec.json.encode


class Invocation(msgspec.Struct, frozen=True):
    """A request.

    Attributes:
        url: Where to, as it is sent.
        headers: Its headers.
        body: What is sent; None: nothing.
        secrets: What of it may be told to nobody.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes | None
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        """Nothing of it."""
        return "Invocation(…)"


def invocation(
    destination: ApiDestination,
    authorization: Authorization,
    parameters: Parameters,
    *,
    envelope: bytes,
    body: bytes,
    headers: Mapping[str, str],
    token: str = "",
) -> Invocation:
    """The request of a delivery. Of equal names the connection's come before the target's.

    Args:
        destination: What is called.
        authorization: Its connection's parameters.
        parameters: The target's.
        envelope: The event, into which the target's paths lead.
        body: What is sent of it.
        headers: What every delivery says.
        token: The OAuth token; empty where there is none.

    Raises:
        InputError: No request can be made of the event.
    """
    added = authorization.additions
    query = parameters.query_of(envelope) | _by_key(added.query)
    url = with_query(_filled(destination, parameters.steps_of(envelope)), query)
    every = Headers(headers)
    every.set(parameters.headers_of(envelope))
    every.set(_by_key(added.headers).items())
    proof = _proof(authorization, token)
    every.set([proof])
    content = None if destination.method in BODILESS else _with_members(body, added.body)
    if content is None:
        every.without("content-type")
    secrets = (*authorization.secrets, proof[1], proof[1].partition(" ")[2] or proof[1])
    return Invocation(url, every.all(), content, tuple(dict.fromkeys(filter(None, secrets))))


def _filled(destination: ApiDestination, steps: list[str]) -> str:
    """The endpoint, with a path parameter in place of each ``*``."""
    if len(steps) != destination.wildcards:
        raise InputError(
            f"the API destination asks for {destination.wildcards} path parameters, and the target"
            f" has {len(steps)}"
        )
    path, mark, query = destination.endpoint.partition("?")
    first, *rest = path.split("*")
    parts = [f"{quote(step, safe='')}{part}" for step, part in zip(steps, rest, strict=True)]
    return "".join([first, *parts, mark, query])


def _proof(authorization: Authorization, token: str) -> tuple[str, str]:
    """The header that authorizes the request."""
    means = authorization.means
    if isinstance(means, Basic):
        pair = f"{means.username}:{means.password}".encode()
        return "Authorization", f"Basic {base64.b64encode(pair).decode()}"
    if isinstance(means, ApiKey):
        return means.name, means.value
    return "Authorization", f"Bearer {token}"


def _with_members(body: bytes, added: tuple[Parameter, ...]) -> bytes:
    if not added:
        return body
    try:
        members = _members.decode(body)
    except msgspec.MsgspecError as error:
        raise InputError(
            "the connection adds members to the body, which is no JSON object"
        ) from error
    for each in added:
        members[each.key] = msgspec.Raw(_encode(each.value))
    return _encode(members)


def _by_key(parameters: tuple[Parameter, ...]) -> dict[str, str]:
    return {each.key: each.value for each in parameters}
