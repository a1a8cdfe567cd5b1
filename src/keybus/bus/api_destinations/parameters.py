"""What a rule's target says goes along with its requests: texts, or parts of the event.

Source: Amazon EventBridge API reference, "HttpParameters"; user guide, "Dynamic path parameters":
a value that begins with ``$.`` is a path into the event.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from keybus.bus.api_destinations.headers import is_value, not_to_be_given
from keybus.bus.rules.target import HttpParameters
from keybus.topology.findings import quoted
from keybus.topology.inputs import InputError
from keybus.topology.inputs.path import Path

MOST_VALUE: Final = 2048
"""Characters of a value that comes from an event."""
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")
_STEPS: Final = frozenset({"", ".", ".."})


class Value(msgspec.Struct, frozen=True):
    """A value.

    Attributes:
        text: It, or the path that it was written as.
        path: Where in the event it is; None: it is the text.
    """

    text: str
    path: Path | None = None

    @classmethod
    def parse(cls, text: str) -> "Value":
        """Read one.

        Raises:
            InputError: It begins with ``$.``, and is no path.
        """
        return cls(text, Path.parse(text) if text.startswith("$.") else None)

    def of(self, envelope: bytes) -> str:
        """What it is for an event.

        Raises:
            InputError: The event has nothing there that could be a value.
        """
        if self.path is None:
            return self.text
        value = self._found(self.path, envelope)
        if not isinstance(value, str):
            raise InputError(f"the event has no text or number at {self.text}")
        if len(value) > MOST_VALUE:
            raise InputError(f"what the event has at {self.text} is too long")
        return value

    def _found(self, path: Path, envelope: bytes) -> object:
        """What the event has there: numbers as a text, with the digits that it has."""
        try:
            found = path.find(envelope)
            value = None if found is None else msgspec.json.decode(found)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise InputError(f"what the event has at {self.text} cannot be read") from error
        if isinstance(value, bool | int | float):
            assert found is not None
            return found.decode()
        return value


class Parameters(msgspec.Struct, frozen=True):
    """What goes along with the requests of one target; `compile` makes it.

    Attributes:
        steps: What stands in the URL in place of each ``*``.
        headers: Headers, by name.
        query: Members of the query string, by name.
    """

    steps: tuple[Value, ...] = ()
    headers: tuple[tuple[str, Value], ...] = ()
    query: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def compile(cls, given: HttpParameters | None) -> "Parameters":
        """Read a target's.

        Raises:
            InputError: One cannot be given, or can be no value.
        """
        if given is None:
            return cls()
        for name in given.headers:
            if why := not_to_be_given(name):
                raise InputError(why)
        for text in given.path:
            if text in _STEPS:
                raise InputError(f"the path parameter {quoted(text)} would lead elsewhere")
        return cls(
            tuple(map(Value.parse, given.path)), _parsed(given.headers), _parsed(given.query)
        )

    def steps_of(self, envelope: bytes) -> list[str]:
        """What stands in the URL for an event.

        Raises:
            InputError: The event has something else there.
        """
        found = [each.of(envelope) for each in self.steps]
        for value, step in zip(found, self.steps, strict=True):
            if value in _STEPS or _CONTROLS.search(value):
                raise InputError(f"what the event has at {step.text} cannot be part of a path")
        return found

    def headers_of(self, envelope: bytes) -> list[tuple[str, str]]:
        """The headers for an event.

        Raises:
            InputError: The event has something else there.
        """
        found = [(name, each.of(envelope)) for name, each in self.headers]
        for name, value in found:
            if not is_value(value):
                raise InputError(f"what the event has for the header {name} cannot be in a header")
        return found

    def query_of(self, envelope: bytes) -> dict[str, str]:
        """The members of the query string for an event.

        Raises:
            InputError: The event has something else there.
        """
        return {name: each.of(envelope) for name, each in self.query}


def _parsed(given: Mapping[str, str]) -> tuple[tuple[str, Value], ...]:
    items: Iterable[tuple[str, str]] = given.items()
    return tuple((name, Value.parse(text)) for name, text in items)
