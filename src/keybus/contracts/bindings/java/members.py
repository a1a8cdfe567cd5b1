"""Java source of properties: the methods that read them, and the builder's that write them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from keybus.contracts.bindings.declared import Attribute
from keybus.contracts.bindings.java.names import free, method_names
from keybus.contracts.bindings.java.text import call, javadoc, literal
from keybus.contracts.bindings.java.types import JavaType, JavaTypes

_CARRIED: Final = frozenset({"trace", "correlation_id", "causation_id"})
_OWN: Final = frozenset({"type", "schema_version"})  # all events of a class have the same


class Member(msgspec.Struct, frozen=True):
    """A property as its class has it.

    Attributes:
        attribute: The property.
        method: The method that reads it, and the builder's that writes it.
        type: Its type.
        null: The method that tells null from absence, or empty.
    """

    attribute: Attribute
    method: str
    type: JavaType
    null: str = ""

    @property
    def is_always(self) -> bool:
        """Whether every object that was checked has a value there."""
        if self.is_publisher:
            return False
        return self.attribute.required and (self.type.is_node or not self.attribute.nullable)

    @property
    def is_publisher(self) -> bool:
        """Whether it is filled when the event is published, not before."""
        return self.attribute.filled and self.attribute.name == "publisher"

    @property
    def is_carried(self) -> bool:
        """Whether a new event has it from the event that is being handled."""
        return self.attribute.filled and self.attribute.name in _CARRIED

    @property
    def is_given(self) -> bool:
        """Whether a builder takes it."""
        return not (self.attribute.filled and self.attribute.name in _OWN)

    @property
    def words(self) -> str:
        """What the contract says about it."""
        return self.attribute.description or f"The property {self.attribute.name}."


def members_of(attributes: Sequence[Attribute], types: JavaTypes) -> list[Member]:
    """The properties of a class, in the order of the contract."""
    names = method_names(attribute.name for attribute in attributes)
    taken = set(names.values())
    members = []
    for attribute in attributes:
        found, method = types.of(attribute), names[attribute.name]
        tells_null = attribute.nullable and not attribute.required and not found.is_node
        null = free(f"{method}IsNull", taken) if tells_null else ""
        taken.add(null)
        members.append(Member(attribute, method, found, null))
    return members


def getters(members: Iterable[Member]) -> Iterator[str]:
    """The methods that read properties."""
    for member in members:
        kind = member.type.plain if member.is_always else f"Optional<{member.type.name}>"
        words = member.words
        if member.is_publisher:
            words += "\n\nEmpty until the event is published."
        yield javadoc(words, "  ")
        yield f"  public {kind} {member.method}() {{\n{_reading(member)}  }}\n\n"
        if member.null:
            name = member.attribute.name
            yield javadoc(f"Whether {name} is there, and is null.", "  ")
            yield f"  public boolean {member.null}() {{\n"
            yield call("return fields.isNull", [literal(name)], ";", "    ") + "  }\n\n"


def setters(members: Iterable[Member]) -> str:
    """The builder's methods."""
    given = (member for member in members if member.is_given)
    return "".join(_setter(member, kind) for member in given for kind in _kinds(member))


def _reading(member: Member) -> str:
    name = literal(member.attribute.name)
    if member.is_always:
        return call("return fields.get", [name, member.type.reader], ";", "    ")
    if member.type.is_node:
        return call("return fields.findNode", [name], ";", "    ")
    return call("return fields.find", [name, member.type.reader], ";", "    ")


def _kinds(member: Member) -> Iterator[str]:
    yield member.type.plain if member.is_always else member.type.name
    if member.type.name == "BigInteger":
        yield "long"


def _setter(member: Member, kind: str) -> str:
    attribute = member.attribute
    verb = "set"
    if attribute.filled:
        verb = "setFilled"
    elif attribute.nullable and not member.type.is_node:
        verb = "setNullable"
    body = call(verb, [literal(attribute.name), "value"], ";", " " * 6)
    signature = f"    public Builder {member.method}({kind} value) {{\n"
    return f"{javadoc(member.words, '    ')}{signature}{body}      return this;\n    }}\n\n"
