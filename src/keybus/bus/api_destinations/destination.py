"""An API destination: an endpoint of others, and how it is called."""

from typing import Final, Literal

import msgspec

Method = Literal["POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]
BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods whose requests have no body (RFC 9110, section 9.3: its content would mean nothing)."""
RATE: Final = 300
"""Requests a second where nothing else is said (EventBridge quotas)."""


class ApiDestination(msgspec.Struct, frozen=True, omit_defaults=True):
    """An API destination as the store has it.

    Attributes:
        account: The name of the account that made it.
        name: Its name.
        id: What tells it from one of the same name that was before it.
        connection: The name of its connection, which is its account's.
        connection_id: That connection's id.
        endpoint: The URL that is called; each ``*`` of its path stands for a path parameter.
        method: By which method.
        created_us: When it was made, in microseconds since the Unix epoch.
        modified_us: When it was changed last.
        rate: Requests a second, at most; None: the default.
        description: What it is for.
    """

    account: str
    name: str
    id: str
    connection: str
    connection_id: str
    endpoint: str
    method: Method
    created_us: int
    modified_us: int
    rate: int | None = None
    description: str | None = None

    @property
    def wildcards(self) -> int:
        """How many path parameters it asks for."""
        return self.endpoint.partition("?")[0].count("*")
