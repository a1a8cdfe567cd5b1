"""Lagging: what is pinned, beside what a source has by now."""

from collections.abc import Iterator

import msgspec

from keybus.contracts.pinning.lock import LockedPackage, Pin
from keybus.contracts.pinning.sources import ContractSource, Offer, newest
from keybus.contracts.versions import major_of, precedence


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """A pinned release that is not the newest, or is to be left.

    Attributes:
        type: The event type.
        version: What is pinned.
        status: What became of it; ``missing`` where the source does not have it.
        newest: The newest promised version of the same major, where it is higher; else empty.
        next: The newest promised version of a higher major, where there is one; else empty.
        replaced_by: What is to be used in its place.
        sunset: The day on which its time is over.
    """

    type: str
    version: str
    status: str
    newest: str = ""
    next: str = ""
    replaced_by: str = ""
    sunset: str = ""

    @property
    def is_behind(self) -> bool:
        """Whether generating again, or another major, is needed; a higher major alone is no lag."""
        return bool(self.newest) or self.status != "active"

    def __str__(self) -> str:
        """``delivery.failed 1.0.0 → 1.1.0; deprecated, use delivery.failed@2 by 2027-06-30``."""
        said = f"{self.type} {self.version}"
        if self.newest:
            said += f" → {self.newest}"
        if self.status == "missing":
            said += "; it is not there"
        elif self.status != "active":
            instead = f", use {self.replaced_by}" if self.replaced_by else ""
            until = f" by {self.sunset}" if self.status == "deprecated" and self.sunset else ""
            said += f"; {self.status}{instead}{until}"
        return said + (f"; there is {self.next}" if self.next else "")


def lags(locked: LockedPackage, source: ContractSource) -> list[Lag]:
    """All that is pinned and is not the newest of its type, or is to be left, by event type.

    Args:
        locked: The package's part of the lock.
        source: What it is compared with.
    """
    return [each for name, pin in sorted(locked.events.items()) for each in _of(name, pin, source)]


def _of(event_type: str, pin: Pin, source: ContractSource) -> Iterator[Lag]:
    offers = source.offers(event_type)
    major = major_of(pin.version)
    own = next((each for each in offers if each.digest == pin.digest), None)
    found = Lag(
        type=event_type,
        version=pin.version,
        status="missing" if own is None else own.status,
        newest=_above(pin, newest(each for each in offers if each.major == major)),
        next=_above(pin, newest(each for each in offers if each.major > major)),
        replaced_by="" if own is None else own.replaced_by,
        sunset="" if own is None else own.sunset,
    )
    if found.is_behind or found.next:
        yield found


def _above(pin: Pin, offer: Offer | None) -> str:
    """The version of an offer, where it is a higher one."""
    if offer is None or precedence(offer.version) <= precedence(pin.version):
        return ""
    return offer.version
