"""A discoverer: somebody wants to see what events look like that have no contract."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from keybus.governance.principal import Role

State = Literal["STARTED", "STOPPED"]


class Discoverer(msgspec.Struct, frozen=True):
    """What is kept of a discoverer.

    Attributes:
        account: The account's name.
        id: What it is called; the account has no other of that name.
        source_arn: The ARN of the bus whose events it looks at.
        own_bus: Whether that is one that the account has made, not the platform's.
        state: Whether it looks.
        since: From when on it looks, in microseconds since the Unix epoch.
        roles: The roles of whoever made it, by which it is decided what it may see.
        asks: Whether the bus knew who that was; else it sees what anybody does.
        through: The position of the log up to which it has looked.
        description: What it is for.
        cross_account: Whether it was asked for the events of other accounts as well.
        tags: Whatever its account says of it.
    """

    account: str
    id: str
    source_arn: str
    own_bus: bool
    state: State
    since: int
    roles: tuple[Role, ...]
    asks: bool = True
    through: int = 0
    description: str = ""
    cross_account: bool = True
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def key(self) -> str:
        """The document's."""
        return f"{self.account}/{self.id}"
