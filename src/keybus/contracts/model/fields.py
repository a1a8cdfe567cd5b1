"""Fields of generated classes: how they are declared, and how they read the document."""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET

if TYPE_CHECKING:
    from keybus.contracts.model.record import Record


class Marker(Enum):
    """Defaults that are no values."""

    REQUIRED = "required"
    FILLED = "filled"


REQUIRED: Final = Marker.REQUIRED
FILLED: Any = Marker.FILLED
"""The default of a field that the client fills, such as ``id`` and ``time``."""

ALWAYS = frozenset({"id", "type", "time", "publisher", "schema_version"})
"""Properties that every event has."""


class Field:
    """A declaration made with `field`; only the class that it stands in ever sees it."""

    __slots__ = ("default", "name")

    def __init__(self, name: str, default: Any) -> None:
        self.name = name
        self.default = default


def field(*, name: str, default: Any = REQUIRED) -> Any:
    """Declare a field whose property Python cannot spell, or whose name is taken.

    Args:
        name: The property's name in the document.
        default: None or UNSET where it is optional, FILLED where the client fills it.
    """
    return Field(name, default)


class Property:
    """The attribute that reads one property of a record's document.

    Attributes:
        attribute: Its Python name.
        name: Its name in the document.
        default: What stands where the document has none: None, UNSET, or a marker.
    """

    __slots__ = ("attribute", "default", "name", "reader")

    def __init__(self, attribute: str, name: str, default: Any) -> None:
        self.attribute = attribute
        self.name = name
        self.default = default
        self.reader: Callable[[Any], Any] | None = None

    @property
    def none_is_absent(self) -> bool:
        """Whether passing None leaves the property out, rather than making it null."""
        return self.default is None or (self.default is FILLED and self.name not in ALWAYS)

    def __get__(self, record: "Record | None", owner: type["Record"]) -> Any:
        if record is None:
            return self
        value = record._document.get(self.name, REQUIRED)  # noqa: SLF001 - the one way to read it
        if value is REQUIRED:
            return self._nothing(owner)
        if type(value) is str:
            return value
        if self.reader is None:
            self.reader = owner._form.reader(self.name)  # noqa: SLF001 - the class's own form
        return self.reader(value)

    def __set__(self, record: "Record", value: Any) -> None:
        raise AttributeError(
            f"{type(record).__name__} is immutable: use replace({self.attribute}=…)"
        )

    def __delete__(self, record: "Record") -> None:
        raise AttributeError(f"{type(record).__name__} is immutable")

    def _nothing(self, owner: type["Record"]) -> Any:
        if self.default is None or self.default is UNSET:
            return self.default
        if self.default is REQUIRED or self.name == "publisher":
            when = ": it is filled at publish" if self.name == "publisher" else ""
            raise AttributeError(f"this {owner.__name__} has no {self.attribute}{when}")
        return None
