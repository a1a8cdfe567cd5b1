"""A running bus as compliance sees it: what `GET /api/v1/evidence` answers."""

from typing import Literal

import msgspec

from keybus.governance.principal import Role
from keybus.topology.model import Platform

Mode = Literal["enforce", "observe", "off"]
"""How admission and the authorizer treat what they would refuse."""


class RunningQueue(msgspec.Struct, frozen=True):
    """A queue that the store holds, also one that a removed subscription left behind.

    Attributes:
        name: The subscription's name.
        declared: Whether the applied platform has the subscription, as the bus says.
        waiting: Deliveries that wait.
        held: Deliveries that are held back, because a grant has ended.
        dead: Dead letters.
        made: Whether it is that of a rule's target, which no platform declares.
    """

    name: str
    declared: bool
    waiting: int = 0
    held: int = 0
    dead: int = 0
    made: bool = False


class RunningCredential(msgspec.Struct, frozen=True):
    """A credential that the bus knows; never its secret.

    Attributes:
        id: Its id.
        account: The account's name.
        roles: What it is for.
        kind: ``key`` (it signs requests) or ``token`` (it is sent as it is).
        created_us: When it was issued, in microseconds since the Unix epoch.
        expires_us: The first moment at which it no longer holds; None: it has no end.
        revoked_us: When it was revoked; None: it was not.
        last_used_us: When it was last used; None: never.
    """

    id: str
    account: str
    roles: tuple[Role, ...]
    kind: Literal["key", "token"]
    created_us: int
    expires_us: int | None = None
    revoked_us: int | None = None
    last_used_us: int | None = None

    def is_live(self, now_us: int) -> bool:
        """Whether it opens the bus at that moment, in microseconds since the Unix epoch."""
        ended = self.expires_us is not None and self.expires_us <= now_us
        return self.revoked_us is None and not ended


class RunningConsumer(msgspec.Struct, frozen=True):
    """Somebody who is connected and takes deliveries.

    Attributes:
        subscription: Whose deliveries.
        account: The account of the credential that it came with; empty where it showed none.
    """

    subscription: str
    account: str


class MadeByHand(msgspec.Struct, frozen=True):
    """Something that was made through AWS's API, and that no platform file declares.

    Attributes:
        kind: What it is: ``policy statement``, ``archive``, ``rule`` …
        name: What it is called.
        account: Whose it is.
        what: What it says, in one line.
    """

    kind: str
    name: str
    account: str
    what: str = ""


class Running(msgspec.Struct, frozen=True):
    """A snapshot of a running bus.

    Attributes:
        bus: The name that it answers to.
        platform: The platform that is applied.
        version: The applied platform's version.
        authentication: Whether it asks for credentials.
        authorization: How the authorizer treats what it would refuse.
        admission: How contracts are held to.
        tls: Whether it speaks TLS itself; ``terminated``: something before it does.
        address: Where it listens, as ``host:port`` or as a URL.
        queues: Every queue that the store holds.
        credentials: Every credential, also those that no longer hold.
        consumers: Everybody who is connected.
        sealing: Whether the secrets of access keys are sealed under a key.
        made: What was made by hand, beside the platform.
    """

    bus: str
    platform: Platform
    version: int
    authentication: bool
    authorization: Mode
    admission: Mode
    tls: bool | Literal["terminated"]
    address: str
    queues: tuple[RunningQueue, ...] = ()
    credentials: tuple[RunningCredential, ...] = ()
    consumers: tuple[RunningConsumer, ...] = ()
    sealing: bool = False
    made: tuple[MadeByHand, ...] = ()
