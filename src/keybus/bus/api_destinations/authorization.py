"""What authorizes requests to an endpoint: with what is secret of it, and without.

Source: Amazon EventBridge API reference, "CreateConnectionAuthRequestParameters" and
"ConnectionHttpParameters".
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

HIDDEN: Final = ""
"""What stands in place of a secret where it is shown without."""
OAuthMethod = Literal["GET", "POST", "PUT"]


class Parameter(msgspec.Struct, frozen=True):
    """One header, member of a query string or member of a body.

    Attributes:
        key: Its name.
        value: Its value; `HIDDEN` where it is secret and shown.
        is_secret: Whether the value is never shown.
    """

    key: str
    value: str
    is_secret: bool = False

    def __repr__(self) -> str:
        """Without the value."""
        return f"Parameter({self.key!r}, …)"


class Additions(msgspec.Struct, frozen=True, omit_defaults=True):
    """What goes along with requests.

    Attributes:
        headers: Headers.
        query: Members of the query string.
        body: Members of the body, which is an object.
    """

    headers: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()


class Basic(msgspec.Struct, frozen=True, tag="BASIC"):
    """A user name and a password (RFC 7617).

    Attributes:
        username: The user name.
        password: The password.
    """

    username: str
    password: str

    def __repr__(self) -> str:
        """Without the password."""
        return f"Basic({self.username!r}, …)"


class ApiKey(msgspec.Struct, frozen=True, tag="API_KEY"):
    """A header that only whoever is entitled knows.

    Attributes:
        name: Its name.
        value: Its value.
    """

    name: str
    value: str

    def __repr__(self) -> str:
        """Without the value."""
        return f"ApiKey({self.name!r}, …)"


class OAuth(msgspec.Struct, frozen=True, tag="OAUTH_CLIENT_CREDENTIALS"):
    """Tokens that an authorization server issues to a client (RFC 6749, section 4.4).

    Attributes:
        client_id: The client's id.
        client_secret: Its secret.
        endpoint: Where tokens are issued.
        method: By which method they are asked for.
        additions: What goes along with that.
    """

    client_id: str
    client_secret: str
    endpoint: str
    method: OAuthMethod
    additions: Additions = Additions()

    def __repr__(self) -> str:
        """Without the secret."""
        return f"OAuth({self.client_id!r}, …, {self.endpoint!r}, {self.method!r}, …)"


Means = Basic | ApiKey | OAuth
"""By what a request is authorized."""


class Authorization(msgspec.Struct, frozen=True):
    """All of a connection's parameters.

    Attributes:
        means: By what requests are authorized.
        additions: What goes along with each request.
    """

    means: Means
    additions: Additions = Additions()

    @property
    def type(self) -> str:
        """Its AuthorizationType, as AWS names it."""
        tag = self.means.__struct_config__.tag
        assert isinstance(tag, str)
        return tag

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(msgspec.json.encode(self))

    @property
    def hidden(self) -> "Authorization":
        """The same without what is secret."""
        return Authorization(_hidden_means(self.means), _hidden(self.additions))

    @property
    def secrets(self) -> Iterator[str]:
        """All values that are secret."""
        means = self.means
        additions = [self.additions]
        if isinstance(means, Basic):
            yield means.password
        elif isinstance(means, ApiKey):
            yield means.value
        else:
            yield means.client_secret
            additions.append(means.additions)
        for each in additions:
            for parameter in (*each.headers, *each.query, *each.body):
                if parameter.is_secret:
                    yield parameter.value


def _hidden_means(means: Means) -> Means:
    if isinstance(means, Basic):
        return Basic(means.username, HIDDEN)
    if isinstance(means, ApiKey):
        return ApiKey(means.name, HIDDEN)
    additions = _hidden(means.additions)
    return msgspec.structs.replace(means, client_secret=HIDDEN, additions=additions)


def _hidden(additions: Additions) -> Additions:
    kinds = (additions.headers, additions.query, additions.body)
    return Additions(*(tuple(map(_hidden_parameter, each)) for each in kinds))


def _hidden_parameter(parameter: Parameter) -> Parameter:
    if not parameter.is_secret:
        return parameter
    return msgspec.structs.replace(parameter, value=HIDDEN)
