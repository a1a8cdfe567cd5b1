"""What a subscription is delivered of an event, cut out of the event's own bytes."""

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from keybus.contracts import Contract
from keybus.contracts.pointers import tokens_of
from keybus.topology.keeping import Keeping, of_contract, of_fields
from keybus.topology.model import Subscription

_object = msgspec.json.Decoder(dict[str, Raw]).decode
_array = msgspec.json.Decoder(list[Raw]).decode
_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.encode
_EMPTY = Raw(b"{}")


class Projection:
    """A subscription's ``fields``, compiled for the contracts of its events.

    Delivered is what an event's contract requires and what the fields name, each pointer with all
    that is within it; a step into an array is one into each of its items. Values keep their bytes
    and objects the order of their keys. Safe to share between threads.
    """

    def __init__(self, kept: Mapping[str, Keeping], otherwise: Keeping | None) -> None:
        """Take what is compiled; `compile` is the way here.

        Args:
            kept: What is kept, by event type.
            otherwise: What is kept of any other event; None: all of it.
        """
        self._kept = {_encode(event_type): keeping for event_type, keeping in kept.items()}
        self._otherwise = otherwise

    @classmethod
    def compile(cls, subscription: Subscription, contracts: Mapping[str, Contract]) -> "Projection":
        """Compile a subscription's fields.

        Args:
            subscription: A sound one; without ``fields``, all of an event is delivered.
            contracts: All contracts by event type. Of an event without one, only what the fields
                name is delivered.
        """
        if not subscription.fields:
            return cls({}, None)
        fields = [tuple(tokens_of(pointer)) for pointer in subscription.fields]
        asked = [ref.type for ref in subscription.event_refs] or list(contracts)
        kept = {
            event_type: of_contract(contracts[event_type], fields)
            for event_type in asked
            if event_type in contracts
        }
        return cls(kept, of_fields(fields))

    def apply(self, envelope: bytes) -> bytes:
        """An event as it is delivered.

        Args:
            envelope: The envelope's JSON, as the bus keeps it.

        Returns:
            The envelope's JSON, with what is left of the detail.
        """
        if self._otherwise is None:
            return envelope
        members = _object(envelope)
        written = bytes(members["detail-type"])
        kept = self._kept.get(written)
        if kept is None and b"\\" in written:  # one text may be escaped in many ways
            kept = self._kept.get(_encode(_text(written)))
        detail = _cut(members["detail"], kept or self._otherwise)
        members["detail"] = _EMPTY if detail is None else detail
        return _encode(members)


def _cut(value: Raw, kept: Keeping) -> Raw | None:
    """What is left of a value; None: nothing."""
    first = bytes(memoryview(value)[:1])
    if first == b"{":
        return _record(value, kept.names)
    if first == b"[":
        items = (_cut(item, kept) for item in _array(value))
        return Raw(_encode([item for item in items if item is not None]))
    return value if kept.others else None


def _record(value: Raw, names: Mapping[str, Keeping | None]) -> Raw:
    left: dict[str, Raw] = {}
    for name, member in _object(value).items():
        if name in names:
            below = names[name]
            cut = member if below is None else _cut(member, below)
            if cut is not None:
                left[name] = cut
    return Raw(_encode(left))
