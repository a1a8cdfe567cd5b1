"""The key by which a subscription's deliveries are in order, read from the event's own bytes."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Literal

import msgspec
from msgspec import Raw

from keybus.bus.forms.forms import Untranslatable
from keybus.bus.forms.shape import Shape
from keybus.contracts import Contract, ContractRepository
from keybus.contracts.pointers import tokens_of
from keybus.topology import Subscription

OnFailure = Literal["block", "skip"]
Tokens = tuple[str, ...]

_object = msgspec.json.Decoder(dict[str, Raw]).decode
_array = msgspec.json.Decoder(list[Raw]).decode
_text = msgspec.json.Decoder(str).decode
_value = msgspec.json.Decoder(Any).decode
_encode = msgspec.json.Encoder(order="sorted").encode
_DIGEST_BYTES = 12


class OrderKey:
    """Which deliveries of a subscription are in order among themselves. Belongs to one event loop.

    Attributes:
        on_failure: Whether what follows a failed delivery of its key waits, or goes ahead.
        spec: What is compared to know whether the key is another one than before.
    """

    def __init__(
        self,
        pointer: Tokens | None,
        by_type: Mapping[str, Mapping[int, Tokens]],
        on_failure: OnFailure,
        shape: Shape | None = None,
    ) -> None:
        """Take what is compiled; `compile` is the way here.

        Args:
            pointer: Where the key stands in every event; None: where its contract says.
            by_type: Where it stands in the events of a type, by the majors that are delivered; not
                used where there is a pointer.
            on_failure: What becomes of what follows a failed delivery.
            shape: In which form events are delivered; None: as they came.
        """
        self._pointer, self._by_type, self._shape = pointer, by_type, shape
        self.on_failure = on_failure

    @property
    def spec(self) -> object:
        """Where keys stand."""
        return self._pointer, self._by_type

    @classmethod
    def compile(
        cls,
        subscription: Subscription,
        contracts: ContractRepository,
        shape: Shape | None = None,
    ) -> "OrderKey | None":
        """Compile a subscription's order.

        Args:
            subscription: A sound one.
            contracts: All contracts.
            shape: In which form events are delivered; None: as they came.

        Returns:
            None where the subscription asks for no order.
        """
        order = subscription.order
        if order is None:
            return None
        if order.key is not None:
            return cls(tuple(tokens_of(order.key)), {}, order.on_failure, shape)
        by_type = {name: _keys([each]) for name, each in contracts.items()}
        for event_type in {ref.type for ref in subscription.event_refs}:
            majors = [ref.major for ref in subscription.event_refs if ref.type == event_type]
            by_type[event_type] = _keys(contracts.at(event_type, major) for major in majors)
        return cls(None, by_type, order.on_failure, shape)

    def group(self, envelope: bytes) -> str:
        """The name of the group that an event belongs to: a digest of its key.

        Numbers are equal where their values are, texts however they are escaped, and objects in
        whatever order their members stand.

        Args:
            envelope: The envelope's JSON, unprojected.

        Returns:
            Empty where the event has no key: it is then in no order.
        """
        try:
            key = self._key(envelope)
            if key is None:
                return ""
            canonical = _encode(_plain(_value(key)))
        except (msgspec.DecodeError, RecursionError, KeyError, IndexError, Untranslatable):
            return ""
        return (
            ""
            if canonical == b"null"
            else blake2b(canonical, digest_size=_DIGEST_BYTES).hexdigest()
        )

    def _key(self, envelope: bytes) -> Raw | None:
        if self._shape is not None:
            envelope = self._shape.translate(envelope)
        members = _object(envelope)
        tokens = self._pointer
        if tokens is None:
            tokens = self._asked(_text(members["detail-type"]), envelope)
            if tokens is None:
                return None
        value = members["detail"]
        for token in tokens:
            found = _below(value, token)
            if found is None:
                return None
            value = found
        return value

    def _asked(self, event_type: str, envelope: bytes) -> Tokens | None:
        """Where the contract says that the key of an event is."""
        keys = self._by_type.get(event_type, {})
        if len(keys) > 1 and self._shape is not None:
            return keys.get(self._shape.major_in(envelope))
        return next(iter(keys.values()), None)


def _keys(contracts: Iterable[Contract | None]) -> dict[int, Tokens]:
    """Where each of several majors has its key."""
    return {
        each.major: tuple(tokens_of(each.key))
        for each in contracts
        if each is not None and each.key is not None
    }


def _below(value: Raw, token: str) -> Raw | None:
    first = bytes(memoryview(value)[:1])
    if first == b"{":
        return _object(value).get(token)
    if first == b"[" and token.isascii() and token.isdecimal() and str(int(token)) == token:
        items = _array(value)
        return items[int(token)] if int(token) < len(items) else None
    return None


def _plain(value: Any) -> Any:
    """A value of which equal ones are written alike."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value
