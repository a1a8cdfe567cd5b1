"""The JSON Schemas of an API's types, with the words of their docstrings."""

import inspect
import re
from typing import Any, Final

import msgspec

from keybus.server.operation import Operation
from keybus.topology.schema import ATTRIBUTE

Schema = dict[str, Any]
_NONE: Final = re.compile(r"\bNone(?=:| where| at)")
_REFERENCE: Final = "#/components/schemas/{name}"


class Schemas:
    """All types of some operations.

    Args:
        problem: The type of errors.
        operations: What they are of.

    Attributes:
        components: The schemas of all Structs, by their names.
    """

    def __init__(self, problem: type[msgspec.Struct], *operations: Operation) -> None:
        kinds: list[Any] = [problem]
        for each in operations:
            kinds += each.answers.values()
            if each.body is not None:
                kinds.append(each.body.kind)
        schemas, self.components = _made(kinds)
        self._found = list(zip(kinds, schemas, strict=True))
        bases = {kind.__name__: kind for kind in kinds if isinstance(kind, type)}
        for name, schema in self.components.items():
            schema["title"] = name
            _describe(schema, bases.get(name))

    def __getitem__(self, kind: Any) -> Schema:
        """The schema of an operation's type: a reference, where it is a Struct."""
        return next(schema for known, schema in self._found if known == kind)

    def inline(self, kind: type[msgspec.Struct]) -> Schema:
        """The schema of a Struct, in place."""
        _, components = msgspec.json.schema_components([kind])
        schema: Schema = components[kind.__name__]
        _describe(schema, kind)
        return schema


def _made(kinds: list[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """The types' schemas, and those of all Structs by their names.

    Of Structs that share a name each has its module's, as `ReplayPreview`, but none of its path.
    """
    made = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    text = msgspec.json.encode(made)
    for path in [name for name in made[1] if "." in name]:
        module, name = path.split(".")[-2:]
        text = text.replace(path.encode(), f"{module.title()}{name}".encode())
    return msgspec.json.decode(text, type=tuple[list[Schema], dict[str, Schema]])


def _describe(schema: Schema, kind: type | None) -> None:
    """Make one line of a Struct's description, and give its properties what is said of them."""
    texts = [schema.get("description", "")]
    texts += [base.__doc__ or "" for base in (kind.__mro__ if kind else ())]
    said: dict[str, str] = {}
    for text in reversed(texts):
        said.update(ATTRIBUTE.findall(inspect.cleandoc(text).partition("Attributes:\n")[2]))
    schema["description"] = _one_line(inspect.cleandoc(texts[0]).partition("\n\n")[0])
    for name, value in schema.get("properties", {}).items():
        if name in said:
            value["description"] = _one_line(said[name])


def _one_line(text: str) -> str:
    return " ".join(_NONE.sub("null", text.replace("``", "`")).split())
