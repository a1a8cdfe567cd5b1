"""How the server can be reached: part of what compliance looks at."""

import msgspec


class Listening(msgspec.Struct, frozen=True):
    """Where a server listens, and how.

    Attributes:
        address: ``host:port``.
        tls: It speaks TLS itself.
        terminated: Something before it does.
    """

    address: str = "127.0.0.1:0"
    tls: bool = False
    terminated: bool = False
