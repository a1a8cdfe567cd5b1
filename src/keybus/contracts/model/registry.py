"""The generated event classes of this process, by type and major version."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from keybus.errors import UnknownEventType

if TYPE_CHECKING:
    from keybus.contracts.model.event import Event


class Bindings:
    """Event classes by type and major version.

    Several packages may bind one type: two services' packages in one process, or two versions of
    one package. They coexist, each class with its own name and module; a lookup by type answers
    the one with the highest version, and among equals the one that was imported first.
    """

    def __init__(self) -> None:
        self._classes: dict[str, dict[tuple[str, str], type[Event]]] = {}

    def add(self, event: "type[Event]") -> None:
        """Register a class; a module that is imported anew replaces its own."""
        self._classes.setdefault(event.TYPE, {})[event.__module__, event.__qualname__] = event

    def find(self, event_type: str, major: int | None = None) -> "type[Event] | None":
        """The class of a type, or None."""
        known = self._classes.get(event_type, {}).values()
        fitting = [event for event in known if major is None or _version(event)[0] == major]
        return max(fitting, key=_version, default=None)

    def types(self) -> tuple[str, ...]:
        """Every bound type, sorted."""
        return tuple(sorted(self._classes))

    def __iter__(self) -> "Iterator[type[Event]]":
        for classes in self._classes.values():
            yield from classes.values()


BINDINGS = Bindings()


def bound(event_type: str, major: int | None = None) -> "type[Event] | None":
    """The generated class for an event type, or None where no imported package has one.

    Args:
        event_type: Such as ``delivery.status.updated``.
        major: The major version; None for the highest.

    Among several classes the highest version wins, and among equal versions the first imported.
    """
    return BINDINGS.find(event_type, major)


def bound_types() -> tuple[str, ...]:
    """The event types that imported packages bind, sorted."""
    return BINDINGS.types()


def create(event_type: str, /, **fields: Any) -> "Event":
    """Create an event by the name of its type.

    Args:
        event_type: Such as ``delivery.status.updated``.
        fields: What the generated class's constructor takes.

    Raises:
        UnknownEventType: No imported package binds it; the nearest types are named.
        InvalidEvent: The contract refuses it; every fault is listed.
    """
    found = BINDINGS.find(event_type)
    if found is None:
        raise UnknownEventType(event_type, BINDINGS.types())
    return found(**fields)


def _version(event: "type[Event]") -> tuple[int, int, int]:
    release = event.VERSION.partition("+")[0].partition("-")[0]
    major, minor, patch = (int(part) for part in release.split("."))
    return major, minor, patch
