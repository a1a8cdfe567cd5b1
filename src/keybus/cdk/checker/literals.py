"""References of a template filled in, as far as the template alone says what they come to.

Source: AWS CloudFormation template reference, "Intrinsic functions", "Dynamic references".
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from keybus.arns import Arn
from keybus.cdk.checker.cloud_assembly import Template
from keybus.cdk.checker.json_text import DEEPEST
from keybus.cdk.checker.resource_names import ARNS, NAMES, TYPES, Named
from keybus.cdk.sites import domain_of, partition_of
from keybus.contracts.pointers import pointer_of


class Unresolvable(ValueError):
    """A value that only a deployment knows.

    Attributes:
        pointer: To it, from where resolving began.
    """

    def __init__(self, message: str, pointer: str) -> None:
        super().__init__(message)
        self.pointer = pointer


_OPEN, _CLOSE = "⟨", "⟩"
_PLACEHOLDER: Final = re.compile(r"\$\{([^}$]*)\}")
_VARIABLE: Final = re.compile(r"[A-Za-z0-9_]+")  # no reference has such a name given to it
_NOTHING: Final = object()  # what Ref AWS::NoValue stands for
_INDEX: Final = re.compile(r"[0-9]{1,4}")
_DYNAMIC: Final = "{{resolve:"
_LONGEST: Final = 262_144  # characters of a text that is put together
_LONGEST_NAME: Final = 2_048  # characters of a name; no type takes more


class Literals:
    """The values of a template. A name that AWS makes up is written ``⟨LogicalId⟩``."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._asked: list[str] = []  # ids whose names are being made, to stop at a circle
        self._known: dict[str, str] = {}  # names that are made, by id
        self._depth = 0
        region = template.region
        self._pseudo: Mapping[str, object] = {
            "AWS::AccountId": template.account,
            "AWS::NoValue": _NOTHING,
            "AWS::Partition": partition_of(region),
            "AWS::Region": region,
            "AWS::URLSuffix": domain_of(region),
        }
        self._functions: Mapping[str, Callable[[Any, str], object]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }

    def of(self, value: Any, pointer: str = "") -> Any:
        """A value with its references filled in.

        Raises:
            Unresolvable: The template alone does not say.
        """
        if isinstance(value, str):
            if _OPEN in value or _CLOSE in value:
                raise Unresolvable(f"{value!r} cannot be told from a made-up name", pointer)
            return _static(value, pointer)
        if not isinstance(value, dict | list):
            return value
        self._depth += 1
        try:
            if self._depth > DEEPEST:
                raise Unresolvable("it is nested too deeply", pointer)
            return self._within(value, pointer)
        finally:
            self._depth -= 1

    def _within(self, value: dict[str, Any] | list[Any], pointer: str) -> Any:
        if isinstance(value, list):
            made = [self.of(each, pointer + pointer_of(index)) for index, each in enumerate(value)]
            return [each for each in made if each is not _NOTHING]
        function = next((key for key in value if key == "Ref" or key.startswith("Fn::")), None)
        if function is not None:
            if function not in self._functions or len(value) > 1:
                raise Unresolvable(f"{function} is not known before it is deployed", pointer)
            return self._functions[function](value[function], pointer)
        filled = {key: self.of(each, pointer + pointer_of(key)) for key, each in value.items()}
        return {key: each for key, each in filled.items() if each is not _NOTHING}

    def _ref(self, name: Any, pointer: str) -> object:
        if isinstance(name, str) and name in self._pseudo:
            return self._pseudo[name]
        type_, named = self._type(name, pointer)
        if named.refers:
            return self._arn(name, type_, named, pointer)
        plain = self._name(name, named, pointer)
        if type_ == "AWS::SQS::Queue":
            place = self._template
            return f"https://sqs.{place.region}.{domain_of(place.region)}/{place.account}/{plain}"
        return plain

    def _attribute(self, said: Any, pointer: str) -> object:
        parts = said.split(".", 1) if isinstance(said, str) else self.of(said, pointer)
        match parts:
            case [str() as name, str() as attribute]:
                type_, named = self._type(name, pointer)
            case _:
                raise Unresolvable("Fn::GetAtt takes a resource and an attribute", pointer)
        if attribute in named.made_up:
            return f"{_OPEN}{name}.{attribute}{_CLOSE}"
        if attribute in ARNS and named.resource:
            return self._arn(name, type_, named, pointer)
        if attribute in NAMES:
            return self._name(name, named, pointer)
        if attribute == "StreamArn" and named.service == "dynamodb":
            return f"{self._arn(name, type_, named, pointer)}/stream/{_OPEN}{name}{_CLOSE}"
        raise Unresolvable(f"{name}.{attribute} is not known before it is deployed", pointer)

    def _join(self, said: Any, pointer: str) -> str:
        match said:
            case [str() as between, parts]:
                filled = self._list(parts, pointer)
                if filled is not None:
                    return _joined(self._parts(between, filled, pointer), pointer)
        raise Unresolvable("Fn::Join takes a delimiter and a list", pointer)

    def _parts(self, between: str, values: list[Any], pointer: str) -> Iterator[str]:
        for index, each in enumerate(values):
            if index:
                yield between
            yield self._text(each, pointer)

    def _split(self, said: Any, pointer: str) -> list[str]:
        match said:
            case [str() as between, text] if between:
                whole = self._text(self.of(text, pointer), pointer)
                if _OPEN in whole and between != ":":  # AWS makes names up of a stack's name
                    raise Unresolvable("a name that AWS makes up is divided", pointer)
                return whole.split(between)
        raise Unresolvable("Fn::Split takes a delimiter and a text", pointer)

    def _select(self, said: Any, pointer: str) -> object:
        match said:
            case [index, parts]:
                filled = self._list(parts, pointer) or []
                number = str(self.of(index, pointer))
                if _INDEX.fullmatch(number) and int(number) < len(filled):
                    return filled[int(number)]
        raise Unresolvable("Fn::Select takes an index and a list that has it", pointer)

    def _list(self, said: Any, pointer: str) -> list[Any] | None:
        """A list that is counted or put together: whether AWS::NoValue has a place is not said."""
        filled = self.of(said, pointer)
        if not isinstance(filled, list):
            return None
        if isinstance(said, list) and len(filled) < len(said):
            raise Unresolvable("AWS::NoValue is in a list whose parts are counted", pointer)
        return filled

    def _sub(self, said: Any, pointer: str) -> str:
        given: dict[str, Any] = {}
        match said:
            case str():
                text = said
            case [str() as text, dict() as more] if all(map(_VARIABLE.fullmatch, more)):
                given = {key: self.of(each, pointer) for key, each in more.items()}
            case _:
                raise Unresolvable("Fn::Sub takes a text", pointer)

        def parts() -> Iterator[str]:
            end = 0
            for found in _PLACEHOLDER.finditer(text):
                yield text[end : found.start()]
                yield self._filled(found[1], given, pointer)
                end = found.end()
            yield text[end:]

        self.of(text, pointer)
        return _joined(parts(), pointer)

    def _filled(self, name: str, given: Mapping[str, Any], pointer: str) -> str:
        """What stands for a placeholder."""
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        if name in given:
            return self._text(given[name], pointer)
        value = self._attribute(name, pointer) if "." in name else self._ref(name, pointer)
        return self._text(value, pointer)

    def _text(self, value: object, pointer: str) -> str:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
        raise Unresolvable("a text is made of something that is none", pointer)

    def _type(self, name: Any, pointer: str) -> tuple[str, Named]:
        found = self._template.resources.get(name) if isinstance(name, str) else None
        if not isinstance(found, dict) or not isinstance(found.get("Type"), str):
            raise Unresolvable(f"{name!r} is no resource of this template", pointer)
        type_ = found["Type"]
        if type_ not in TYPES:
            message = f"what {name}, a {type_}, is called is not known before it is deployed"
            raise Unresolvable(message, pointer)
        return type_, TYPES[type_]

    def _name(self, id_: str, named: Named, pointer: str) -> str:
        if id_ not in self._known:
            self._known[id_] = self._made_name(id_, named, pointer)
        return self._known[id_]

    def _made_name(self, id_: str, named: Named, pointer: str) -> str:
        if id_ in self._asked:
            raise Unresolvable(f"the name of {id_} is made of itself", pointer)
        self._asked.append(id_)
        try:
            chosen = self._properties(id_).get(named.name, _NOTHING) if named.name else _NOTHING
            said = self.of(chosen, pointer)
            name = f"{_OPEN}{id_}{_CLOSE}" if said is _NOTHING else self._text(said, pointer)
            if len(name) > _LONGEST_NAME:
                raise Unresolvable(f"the name of {id_} is longer than any can be", pointer)
            return name
        finally:
            self._asked.pop()

    def _properties(self, id_: str) -> Mapping[str, Any]:
        said = self._template.resources[id_].get("Properties")
        return said if isinstance(said, dict) else {}

    def _arn(self, id_: str, type_: str, named: Named, pointer: str) -> str:
        name = self._name(id_, named, pointer)
        said = self._properties(id_)
        if type_ == "AWS::Events::Rule" and "EventBusName" in said:
            bus = self._text(self.of(said["EventBusName"], pointer), pointer)
            name = name if bus == "default" else f"{bus.rpartition('/')[2]}/{name}"
        if named.service == "iam" and "Path" in said:
            name = self._text(self.of(said["Path"], pointer), pointer).lstrip("/") + name
        region = "" if named.service == "iam" else self._template.region
        place = self._template
        resource = named.resource.format(name)
        return str(Arn(named.service, region, place.account, resource, partition_of(place.region)))


def _joined(parts: Iterable[str], pointer: str) -> str:
    """Parts as one text; it stops where texts of texts of texts would never end."""
    made, length = [], 0
    for part in parts:
        length += len(part)
        if length > _LONGEST:
            raise Unresolvable(f"it is longer than {_LONGEST} characters", pointer)
        made.append(part)
    return _static("".join(made), pointer)


def _static(text: str, pointer: str) -> str:
    if _DYNAMIC in text:
        raise Unresolvable("a dynamic reference is not known before it is deployed", pointer)
    return text
