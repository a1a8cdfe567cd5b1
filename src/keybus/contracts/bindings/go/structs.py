"""Go structs of records and events."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from keybus.contracts.bindings.declared import Attribute, Declarations, Reference
from keybus.contracts.bindings.go.names import field_names
from keybus.contracts.bindings.go.text import columns, comment, literal, quoted_tag
from keybus.contracts.bindings.go.types import RAW, GoType, Types
from keybus.contracts.bindings.shapes import Named
from keybus.contracts.model.fields import ALWAYS

_IN_TAGS: Final = frozenset("!#$%&()*+-./:;<=>?@[]^_{|}~ ")


class Field(msgspec.Struct, frozen=True):
    """A field of a struct.

    Attributes:
        name: Its Go name.
        type: Its Go type.
        tag: Its tag, without quotes.
        words: The paragraphs of its comment.
    """

    name: str
    type: str
    tag: str
    words: Sequence[str]


class Structs:
    """Writes the fields of structs.

    Args:
        declarations: What values are declared to be.
        types: Writes their types.
    """

    def __init__(self, declarations: Declarations, types: Types) -> None:
        self._declarations = declarations
        self._types = types
        self._wholes: dict[tuple[str, str], list[Named]] = {}

    def body(self, named: Named) -> str:
        """A struct's fields, and what is in it beside them."""
        fields = list(self._fields(named))
        if any(field.words for field in fields):
            blocks = [
                f"{comment(field.words, chr(9))}\t{field.name} {field.type} {quoted_tag(field.tag)}\n"
                for field in fields
            ]
            lines = "\n".join(blocks)
        else:
            rows = [(field.name, field.type, quoted_tag(field.tag)) for field in fields]
            lines = columns(rows) if rows else ""
        gap = "\n" if fields else ""
        extra = (
            '\t// Extra has what the contract does not declare.\n\tExtra keybus.Extra `json:"-"`\n'
        )
        return f"{lines}{gap}{extra}"

    def _fields(self, named: Named) -> Iterator[Field]:
        attributes = self._declarations.attributes(named)
        names = field_names(attribute.name for attribute in attributes)
        for attribute in attributes:
            yield self._field(named, attribute, names)

    def _field(self, named: Named, attribute: Attribute, names: Mapping[str, str]) -> Field:
        of = self._types.of(attribute.declared)
        text, tag = self._typed(named, attribute, of)
        words = [attribute.description]
        if of == RAW:
            words += self._alternatives(attribute)
        return Field(names[attribute.name], text, tag, [word for word in words if word])

    def _typed(self, named: Named, attribute: Attribute, of: GoType) -> tuple[str, str]:
        """A field's type and its tag."""
        nullable = attribute.nullable or of.null
        # An event's own are there, but only once New or Publish has filled them in.
        required = attribute.required and not _is_head(attribute)
        if of.shape == "raw":
            return of.text, _tag(attribute.name, "" if required else "omitempty")
        if nullable and not required:
            return f"keybus.Nullable[{of.text}]", _tag(attribute.name, "omitzero")
        if of.shape == "value":
            text, options = self._value(named, attribute, of, nullable=nullable, required=required)
            return text, _tag(attribute.name, options)
        return of.text, _tag(attribute.name, "" if required else "omitzero", null=nullable)

    def _value(
        self, named: Named, attribute: Attribute, of: GoType, *, nullable: bool, required: bool
    ) -> tuple[str, str]:
        """The type and option of a field whose type has no nil."""
        if required and nullable:
            return f"*{of.text}", ""
        if required:
            whole = self._holds(attribute, named)
            return (f"*{of.text}", "omitempty") if whole else (of.text, "")
        if _is_head(attribute) and self._is_text(attribute):
            return of.text, "omitempty"
        return f"*{of.text}", "omitempty"

    def _alternatives(self, attribute: Attribute) -> list[str]:
        words = self._types.alternatives(attribute.declared)
        return [f"It is one of: {', '.join(words)}."] if len(words) > 1 else []

    def _is_text(self, attribute: Attribute) -> bool:
        """Whether a value is a string, also one of a list; its zero value is empty then."""
        declared = attribute.declared
        while isinstance(declared.only, Reference) and not declared.only.named.is_class:
            declared = self._declarations.of_alias(declared.only.named)
        return self._types.of(declared).text == "string"

    def _holds(self, attribute: Attribute, named: Named) -> bool:
        """Whether a field's values hold, whole, a value of the struct that it stands in."""
        waiting, seen = self._whole(attribute), set[tuple[str, str]]()
        while waiting:
            found = waiting.pop()
            if _key(found) == _key(named):
                return True
            if _key(found) not in seen:
                seen.add(_key(found))
                waiting += self._held_by(found)
        return False

    def _held_by(self, named: Named) -> list[Named]:
        """The structs whose values a struct holds whole: those that are required and not null."""
        held = self._wholes.get(_key(named))
        if held is None:
            fields = self._declarations.attributes(named) if named.is_class else []
            needed = [field for field in fields if field.required and not field.nullable]
            held = [target for field in needed for target in self._whole(field)]
            self._wholes[_key(named)] = held
        return held

    def _whole(self, attribute: Attribute) -> list[Named]:
        """The struct that a value is, also by another name; none where it is something else."""
        only = attribute.declared.only
        while isinstance(only, Reference):
            if only.named.is_class:
                return [only.named]
            only = self._declarations.of_alias(only.named).only
        return []


def _key(named: Named) -> tuple[str, str]:
    return named.file, named.name


def _is_head(attribute: Attribute) -> bool:
    """Whether it is one of what every event carries, in an event."""
    return attribute.filled and attribute.name in ALWAYS


def _tag(name: str, options: str, *, null: bool = False) -> str:
    """A field's tag, as encoding/json has it where that can spell the name."""
    behind = f",{options}" if options else ""
    if name and name != "-" and all(c.isalnum() or c in _IN_TAGS for c in name):
        tag = f'json:"{name}{behind}"'
        return f'{tag} keybus:"null"' if null else tag
    own = [word for word, given in (("omit", bool(options)), ("null", null)) if given]
    tag = f'json:"-" keybusname:{literal(name)}'
    return f'{tag} keybus:"{",".join(own)}"' if own else tag
