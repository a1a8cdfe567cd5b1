"""What is found wrong with a field, in words: one sentence, and the nearest thing that is right."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from keybus.contracts.hints import Hints, clip, quoted
from keybus.contracts.pattern_lint.judging import JudgedField
from keybus.contracts.pattern_lint.kinds import literals
from keybus.contracts.pattern_lint.leaves import LEAF_KINDS, Leaves
from keybus.contracts.pattern_lint.reaching import Stop
from keybus.patterns.flatten import Members
from keybus.patterns.numbers import Number
from keybus.patterns.operators import Absent, Exact, Operator, Range, SameNumber
from keybus.patterns.wording import number

_MOST: Final = 8  # names or values in a hint
_LONGEST: Final = 60
_NEAR: Final = 0.7  # how alike a field is to one that is declared to be a slip of it
_ORIGINS: Final = {"type": ("has", "they are"), "source": ("comes from", "they come from")}
_KINDS: Final = {
    "string": "text",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def written(value: Any) -> str:
    """A value of a pattern as JSON text, on one line and not too long."""
    return clip(_json(value), _LONGEST)


def _json(value: Any) -> str:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Mapping | Members):
        pairs = value.items() if isinstance(value, Mapping) else value
        return f"{{{', '.join(f'{_json(name)}: {_json(each)}' for name, each in pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_json, value))}]"
    return json.dumps(value, ensure_ascii=True, default=str)


def listing(names: Iterable[Any]) -> str:
    """Some names or values, and how many more there are."""
    shown = list(dict.fromkeys(name if isinstance(name, str) else _json(name) for name in names))
    more = f" and {len(shown) - _MOST} more" if len(shown) > _MOST else ""
    return ", ".join(clip(name, _LONGEST) for name in shown[:_MOST]) + more


def kind_asked(operator: Operator) -> str:
    """The JSON type that an operator is for; empty where it is for any."""
    if isinstance(operator, SameNumber | Range):
        return "number"
    if isinstance(operator, Exact) and not isinstance(operator.leaf, str):
        return "null" if operator.leaf is None else "boolean"
    return "" if type(operator).__name__ in ("Present", "Absent", "AnythingBut") else "string"


class Wording:
    """Words for what is wrong with one field."""

    def __init__(self, field: JudgedField, hints: Hints) -> None:
        self._field = field
        self._hints = hints
        self.name = quoted(field.site.path)

    @property
    def kinds(self) -> frozenset[str]:
        """The JSON types of leaves that the field may have."""
        return frozenset().union(*(leaves.kinds for leaves in self._leaves())) & LEAF_KINDS

    def deepest(self) -> Stop | None:
        """Where the path gets furthest, of all the events; None where it leads to a leaf."""
        order = ("undeclared", "closed", "leaf", "object")
        stops = [stop for verdict in self._field.verdicts for stop in verdict.reach.stops]
        return max(stops, key=lambda stop: (stop.depth, order.index(stop.why)), default=None)

    def stopped(self, stop: Stop) -> tuple[str, str]:
        """That a path leads nowhere, and where it was to lead."""
        steps = self._field.site.path.split(".")
        before = quoted(".".join(steps[: stop.depth]))
        known = self._names(stop)
        if stop.why == "object":
            hint = f"name a field within it: {listing(known)}" if known else ""
            return f"{self.name} is an object, and patterns look at leaves only", hint
        if stop.why == "leaf":
            return f"{before} is {_types(known) or 'nothing'}, and nothing is within it", ""
        step = steps[stop.depth]
        near = self._hints.nearest(step, sorted(known), cutoff=_NEAR)
        hint = near or f"declared are {listing(known)}"
        if not stop.depth:
            return f"no event has {quoted(step)}", hint
        if stop.why == "closed":
            return f"the contract lets {before} have no {quoted(step)}", hint
        message = f"none of the events declares {self.name}"
        if all(isinstance(operator, Absent) for operator in self._field.site.operators):
            message += ", so `exists: false` filters nothing"
        return message, hint

    def required(self) -> tuple[str, str]:
        """That a field is never absent."""
        message = f"every event has {self.name}, and `exists: false` asks for those without it"
        return message, "remove it"

    def wrong_type(self, index: int) -> tuple[str, str]:
        """That a value is of a type which the field never has."""
        operator, value = self._field.site.operators[index], self._field.site.values[index]
        kinds = self.kinds
        hint = ""
        if kind_asked(operator) == "string" and isinstance(value, str):
            if ("number" in kinds and Number.of_text(value).value is not None) or (
                "boolean" in kinds and value in ("true", "false")
            ):
                hint = f"write {value} without quotes"
        elif literals(operator) and "string" in kinds:
            hint = f'write "{written(value)}" in quotes'
        asked = _KINDS[kind_asked(operator)]
        return f"{self.name} is {_types(kinds)}, never {asked}: {written(value)}", hint

    def impossible_value(self, index: int) -> tuple[str, str]:
        """That a value is none that the field can have."""
        value = self._field.site.values[index]
        return f"{self.name} is never {written(value)}", self._near(value) or self._reason(index)

    def unlisted(self, index: int) -> tuple[str, str]:
        """That a value is none that the field's list has yet."""
        value = self._field.site.values[index]
        message = f"the list of {self.name} may grow, and has nothing like {written(value)} yet"
        return message, self._near(value)

    def no_such(self, index: int, what: str, known: Iterable[str]) -> tuple[str, str]:
        """That no event is of a type, or from a source, that is asked for.

        Args:
            index: Of the value.
            what: ``type`` or ``source``.
            known: What there is.
        """
        value, names = self._field.site.values[index], sorted(set(known))
        verb, there = _ORIGINS[what]
        if isinstance(value, str):
            message = f"none of the events {verb} the {what} {written(value)}"
            near = self._hints.nearest(value, names)
        else:
            message, near = f"none of the events {verb} a {what} like {written(value)}", ""
        return message, near or (f"{there} {listing(names)}" if names else "")

    def impossible_text(self, index: int) -> tuple[str, str]:
        """That no text of the field is like the one that is asked for."""
        value = self._field.site.values[index]
        text = value
        while isinstance(text, Mapping | Members) and text:
            text = next(iter(text.values())) if isinstance(text, Mapping) else text[0][1]
        return f"{self.name} never matches {written(value)}", self._near(text) or self._bounds()

    def impossible_range(self, index: int) -> tuple[str, str]:
        """That no number of the field is in a range."""
        value = self._field.site.values[index]
        values = self.values()
        hint = _one_of(values) or self._bounds()
        return f"{self.name} never lies in {written(value)}", hint

    def values(self) -> list[Any]:
        """The values that the field can have, where they are listed."""
        return [
            value
            for kind in self._field.kinds
            for value in kind.valid_values(self._field.site.path)
        ]

    def excluded(self, value: Any) -> tuple[str, str]:
        """That what is to be excluded never occurs."""
        message = f"{self.name} is never {written(value)}, so this excludes nothing"
        return message, self._near(value) or self._bounds()

    def _near(self, value: Any) -> str:
        values = self.values()
        if isinstance(value, str) and (
            hint := self._hints.nearest(value, [v for v in values if isinstance(v, str)])
        ):
            return hint
        return _one_of(values)

    def _reason(self, index: int) -> str:
        """The contract's own words about a literal."""
        for kind, verdict in zip(self._field.kinds, self._field.verdicts, strict=True):
            for spot in verdict.reach.spots.values():
                for value in literals(self._field.site.operators[index]):
                    if reason := kind.reason(spot, value):
                        return f"the contract says: {reason}"
        return ""

    def _bounds(self) -> str:
        """What the field's numbers or texts are like, where all events agree."""
        found = set(map(_described, self._leaves()))
        return f"it is {next(iter(found))}" if len(found) == 1 and "" not in found else ""

    def _leaves(self) -> list[Leaves]:
        return [
            leaves
            for verdict in self._field.verdicts
            for spot in verdict.reach.spots.values()
            for leaves in spot.leaves
        ]

    def _names(self, like: Stop) -> list[str]:
        """What is declared instead, over all of the events."""
        stops = [stop for verdict in self._field.verdicts for stop in verdict.reach.stops]
        same = [stop for stop in stops if (stop.why, stop.depth) == (like.why, like.depth)]
        return list(dict.fromkeys(name for stop in same for name in stop.names))


def _one_of(values: Iterable[Any]) -> str:
    shown = listing(values)
    many = ", " in shown
    return f"it is {'one of ' if many else 'always '}{shown}" if shown else ""


def _types(kinds: Iterable[str]) -> str:
    return " or ".join(_KINDS[kind] for kind in _KINDS if kind in kinds)


def _described(leaves: Leaves) -> str:
    """The limits of numbers or texts, as far as there are any."""
    numbers, texts = leaves.numbers, leaves.texts
    if leaves.kinds & LEAF_KINDS == {"number"}:
        what = "a whole number" if numbers.whole else "a number"
        ends = [
            f"{'more than' if numbers.without_low else 'at least'} {number(numbers.low)}"
            if numbers.low > float("-inf")
            else "",
            f"{'less than' if numbers.without_high else 'at most'} {number(numbers.high)}"
            if numbers.high < float("inf")
            else "",
        ]
        return " of ".join(part for part in (what, " and ".join(filter(None, ends))) if part)
    if leaves.kinds & LEAF_KINDS == {"string"} and (texts.formats or texts.head):
        return f"text of the format {', '.join(sorted(texts.formats))}" if texts.formats else ""
    return ""
