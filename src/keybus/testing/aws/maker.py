"""What makes a resource of one type."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from keybus.testing.aws.intrinsics import Made

Make = Callable[[Callable[[str], Any], dict[str, Any]], Made]


class Maker(NamedTuple):
    """Makes resources of one type.

    Attributes:
        properties: The properties that it knows.
        make: Makes one, of a client by service and the properties.
        named: The property that has its name, where CloudFormation makes one up if there is none.
    """

    properties: frozenset[str]
    make: Make
    named: str = ""


def maker(names: str, *, named: str = "") -> Callable[[Make], Maker]:
    """A maker that knows these properties: names with blanks between them; and `Maker.named`."""
    return lambda make: Maker(frozenset(names.split()), make, named)


def renamed(properties: Mapping[str, Any], *same: str, **others: str) -> dict[str, Any]:
    """Properties as parameters of an operation: those of the same name, and others; if there."""
    named = {name: name for name in same} | others
    return {new: properties[old] for new, old in named.items() if old in properties}


def text(document: Any) -> str:
    """A document as JSON, where it is not text already."""
    return document if isinstance(document, str) else json.dumps(document)


def tags(properties: Mapping[str, Any]) -> dict[str, str]:
    """CloudFormation's list of tags as a mapping."""
    return {each["Key"]: each["Value"] for each in properties.get("Tags", ())}
