"""The publisher of an event: filled at publish, so that a new event is judged with a stand-in."""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keybus.contracts.hints import quoted
from keybus.contracts.model.bundle import Bundle
from keybus.contracts.sentences import show
from keybus.errors import Fault, InvalidEvent

if TYPE_CHECKING:
    from keybus.contracts.view import Sites

_STAND_IN = "publisher"
_MOST = 16  # names that a contract gives, to be tried one after the other
_HINT = "leave the publisher out: it is filled at publish"


class Publishers:
    """What an event's contract has for a publisher: a text, or an object with a name."""

    def __init__(self, bundle: Bundle, sites: "Sites") -> None:
        self._bundle = bundle
        self._places: Sites = bundle.view.node(*sites, whole=True).properties.get("publisher", ())

    @cached_property
    def is_text(self) -> bool:
        """Whether it is a plain string, rather than an object."""
        return bool(self._places) and "object" not in self._bundle.view.node(*self._places).types

    @cached_property
    def stand_ins(self) -> tuple[Any, ...]:
        """Publishers to judge an event with that has none: one a name that the contract gives."""
        names = list(dict.fromkeys(self._names()))[:_MOST]
        return tuple(self.of(name) for name in names or [_STAND_IN])

    def of(self, name: str) -> Any:
        """The publisher of this name, as the contract has it."""
        return name if self.is_text else {"name": name}

    def check(self, event_type: str, found: Any, name: str) -> None:
        """Refuse an event's publisher if it is not the one of this name.

        Raises:
            InvalidEvent: It is another, or none.
        """
        pointer, shown = "/publisher", show(found)
        if isinstance(found, dict):
            if "name" in found:
                pointer, found = "/publisher/name", found["name"]
                shown = show(found)
            else:
                shown += " without a name"
        if found != name:
            message = f"Expected the publisher {quoted(name)} and found {shown}."
            fault = Fault("other-publisher", message, pointer=pointer, hint=_HINT)
            raise InvalidEvent(event_type, [fault])

    def _names(self) -> Iterator[str]:
        """Every name in an enum, also where alternatives of the event give different ones."""
        for place in self._places:
            if not place.pointer.startswith("/"):  # a mark, not a schema
                continue
            node = self._bundle.view.node(place)
            if not self.is_text:
                node = self._bundle.view.node(*node.properties.get("name", (place,)))
            yield from (name for name in node.enum or () if isinstance(name, str))


def is_of_publisher(fault: Fault) -> bool:
    """Whether a fault is of the publisher's own value, not of the event around it."""
    return fault.pointer == "/publisher" or fault.pointer.startswith("/publisher/")
