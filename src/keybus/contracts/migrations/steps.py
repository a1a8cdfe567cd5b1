"""Field moves, as they are written: the steps of a migration, read from JSON with every fault.

Names are those of JSON Patch (RFC 6902: ``op``, ``from``, ``path``, ``value``), with two operations
of our own, and with one difference: events have optional fields, so a missing source is no error.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from keybus.contracts.documents import lines_of, parse_document
from keybus.contracts.hints import Hints, clip, quoted
from keybus.contracts.migrations.rules import fault
from keybus.contracts.pointers import PointerError, pointer_of, tokens_of
from keybus.errors import Fault

EACH: Final = "*"
"""The token of a pointer that stands for each item of an array."""
MOST_STEPS: Final = 1_000
CARRIED: Final = (
    *("id", "type", "time", "publisher", "schema_version"),
    *("trace", "correlation_id", "causation_id"),
)
"""The fields of every event that are carried over by themselves."""


class Op(NamedTuple):
    """What a step can do.

    Attributes:
        means: It, in a sentence.
        needs: Members that it has.
        may: Members that it may have.
    """

    means: str
    needs: tuple[str, ...]
    may: tuple[str, ...] = ()


OPS: Final[Mapping[str, Op]] = {
    "move": Op("What is at one place is taken to another.", ("from", "path")),
    "copy": Op("What is at one place is at another as well.", ("from", "path")),
    "remove": Op("What is at a place is left out.", ("path",)),
    "add": Op("A value is at a place, whatever was there.", ("path", "value")),
    "default": Op("A value is at a place where nothing was.", ("path", "value")),
    "map": Op("A text becomes another by a table.", ("path", "values"), ("otherwise",)),
}
"""Every operation, by its name."""


class Step(msgspec.Struct, frozen=True):
    """One step.

    Attributes:
        op: What it does; one of `OPS`.
        path: Tokens of the pointer to the field that it is about; ``*`` is each item of an array.
        source: Tokens of ``from``; the same as in ``path`` up to the last ``*``.
        value: Of ``add`` and ``default``; not to be changed.
        values: Of ``map``: what becomes of each text; not to be changed.
        otherwise: Of ``map``: what becomes of all else; UNSET: it stays.
    """

    op: str
    path: tuple[str, ...]
    source: tuple[str, ...] = ()
    value: Any = None
    values: Mapping[str, Any] = {}
    otherwise: Any = msgspec.UNSET


def read_steps(text: str, file: str) -> tuple[tuple[Step, ...], list[Fault]]:
    """The steps of a file.

    Args:
        text: The file's.
        file: Its name, for faults.

    Returns:
        The steps, and everything that is wrong; with a fault the steps are good for nothing.
    """
    document, faults = parse_document(text, file)
    if faults:
        return (), faults
    document = msgspec.json.decode(text)  # numbers as events have them
    reading = _Reading(file, lines_of(text))
    steps = tuple(reading.steps(document))
    return steps, reading.faults


class _Reading:
    def __init__(self, file: str, lines: Mapping[str, int]) -> None:
        self._file, self._lines = file, lines
        self._hints = Hints()
        self.faults: list[Fault] = []

    def steps(self, document: Any) -> Iterator[Step]:
        """The steps that are in order."""
        if not isinstance(document, dict):
            self._say("migration-shape", "A migration is an object with the member 'steps'.")
            return
        self._known(document, ("steps",), "A migration")
        steps = document.get("steps")
        if not isinstance(steps, list):
            self._say("migration-shape", "'steps' is a list of steps.", "steps")
            return
        if len(steps) > MOST_STEPS:
            message = f"There are {len(steps)} steps; at most {MOST_STEPS} are allowed."
            self._say("migration-shape", message, "steps")
            return
        for index, written in enumerate(steps):
            step = self._step(written, index)
            if step is not None:
                yield step

    def _step(self, written: Any, index: int) -> Step | None:
        place = ("steps", index)
        op = written.get("op") if isinstance(written, dict) else None
        if not isinstance(written, dict) or not isinstance(op, str):
            self._say("migration-shape", "A step is an object with an 'op'.", *place)
            return None
        if op not in OPS:
            hint = self._hints.nearest(op, OPS)
            self._say(
                "migration-op", f"There is no operation {quoted(op)}.", *place, "op", hint=hint
            )
            return None
        before = len(self.faults)
        self._members(written, op, place)
        path = self._pointer(written, "path", place)
        source = self._pointer(written, "from", place) if "from" in OPS[op].needs else ()
        if len(self.faults) == before:
            self._sound(op, path, source, place)
        if len(self.faults) > before:
            return None
        values, otherwise = written.get("values", {}), written.get("otherwise", msgspec.UNSET)
        return Step(op, path, source, written.get("value"), values, otherwise)

    def _members(self, written: Mapping[str, Any], op: str, place: tuple[str | int, ...]) -> None:
        """What is wrong with the members of a step, but for its pointers."""
        kind = OPS[op]
        self._known(written, ("op", *kind.needs, *kind.may), f"A step {op!r}", *place)
        for name in kind.needs:
            if name not in written:
                self._say("migration-shape", f"A step {op!r} needs the member {name!r}.", *place)
        if op == "map" and not isinstance(written.get("values", {}), dict):
            self._say("migration-shape", "'values' is an object.", *place, "values")

    def _pointer(
        self, written: Mapping[str, Any], name: str, place: tuple[str | int, ...]
    ) -> tuple[str, ...]:
        """The tokens of a pointer, where it is one."""
        pointer = written.get(name)
        if name not in written:
            return ()
        try:
            tokens = tokens_of(pointer) if isinstance(pointer, str) else []
        except PointerError as error:
            self._say("migration-pointer", f"{error}.", *place, name)
            return ()
        if not tokens:
            said = "An empty pointer names the whole event" if pointer == "" else "This is none"
            self._say("migration-pointer", f"{said}; a step is about a field.", *place, name)
        return tuple(tokens)

    def _sound(
        self,
        op: str,
        path: tuple[str, ...],
        source: tuple[str, ...],
        place: tuple[str | int, ...],
    ) -> None:
        """What is wrong with pointers that are well-formed."""
        written = {"path": path} | ({"from": source} if source else {})
        for name, tokens in written.items():
            if tokens[0] in CARRIED and not (op == "copy" and name == "from"):
                message = f"{pointer_of(tokens[0])} is carried over by itself, in every migration."
                self._say("migration-head", message, *place, name)
            if tokens[0] == EACH:
                message = "An event is an object, and has no items."
                self._say("migration-pointer", message, *place, name)
            elif tokens[-1] == EACH and op != "map":
                message = f"A step {op!r} is about a field of each item, not about the item."
                self._say("migration-pointer", message, *place, name)
        if source and items_of(path) != items_of(source):
            message = "Both pointers lead through the same array, or through none."
            hint = "write what is before the last * in both, such as /items/*/a and /items/*/b"
            self._say("migration-pointer", message, *place, "path", hint=hint)
        if source and path == source:
            message = "Both pointers lead to the same field."
            self._say("migration-pointer", message, *place, "path", hint="leave the step out")

    def _known(
        self, written: Mapping[str, Any], known: tuple[str, ...], what: str, *place: str | int
    ) -> None:
        for name in written.keys() - set(known):
            message = f"{what} has no member {quoted(name)}."
            hint = self._hints.nearest(name, known) or f"known are {', '.join(known)}"
            self._say("migration-shape", message, *place, clip(name), hint=hint)

    def _say(self, rule: str, message: str, *place: str | int, hint: str = "") -> None:
        pointer = pointer_of(*place)
        line = self._lines.get(pointer) or self._lines.get(pointer.rpartition("/")[0], 0)
        found = fault(rule, message, self._file, pointer=pointer, line=line, hint=hint)
        self.faults.append(found)


def items_of(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """The tokens up to the last ``*``, which say of which items a pointer is about."""
    backwards = tokens[::-1]
    return tokens[: len(tokens) - backwards.index(EACH)] if EACH in tokens else ()
