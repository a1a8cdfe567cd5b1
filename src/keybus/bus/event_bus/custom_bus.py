"""An event bus that an account has made for itself, beside the platform's own."""

from collections.abc import Mapping
from typing import Final

import msgspec

from keybus.arns import Arn
from keybus.errors import KeybusError

MOST_BUSES: Final = 99
"""Buses that an account makes (EventBridge quotas: 100, with the one that it has)."""


class CustomBus(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event bus.

    Attributes:
        account: The name of the account that has made it, and that alone uses it.
        name: Its name, one of a kind within the account.
        description: In words.
        tags: Its tags.
        created_us: When it was made, in microseconds since the Unix epoch.
        changed_us: When anything was said of it last.
    """

    account: str
    name: str
    description: str = ""
    tags: Mapping[str, str] = {}
    created_us: int = 0
    changed_us: int = 0

    @property
    def key(self) -> str:
        """Its document's key; a bus's name has no slash."""
        return key_of(self.account, self.name)


class NoSuchBus(KeybusError):
    """The account has no bus of that name."""

    code = "no-such-bus"


class BusExists(KeybusError):
    """The account has a bus of that name."""

    code = "bus-exists"


class BusHasRules(KeybusError):
    """A bus that has rules does not go."""

    code = "bus-has-rules"


class TooManyBuses(KeybusError):
    """The account has as many buses as it may."""

    code = "too-many-buses"


def key_of(account: str, name: str) -> str:
    """The key of a bus's document."""
    return f"{account}/{name}"


def bus_arn(region: str, account_id: str, name: str) -> str:
    """A bus's ARN."""
    return str(Arn("events", region, account_id, f"event-bus/{name}"))
