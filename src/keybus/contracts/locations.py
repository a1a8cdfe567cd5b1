"""Where a schema stands: a file of the repository and a pointer into it, and what it refers to."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from keybus.contracts.pointers import PointerError, follow, pointer_of, tokens_of

Documents = Mapping[str, Any]
"""The files of a repository, or of one contract's closure: relative name to document."""

_OWNER = "@"  # no JSON pointer begins with it
_DEFINITION = 3  # tokens: before the first slash, definitions, its name
_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
_LONGEST = 200  # characters of a pointer in a sentence
_ONE = frozenset({"not", "items", "additionalItems", "additionalProperties"})
_MANY = frozenset({"allOf", "anyOf", "oneOf", "items"})
_NAMED = frozenset({"properties", "patternProperties", "definitions", "dependencies"})


class Location(NamedTuple):
    """A place in a document.

    Attributes:
        file: The file, relative to the repository, with forward slashes.
        pointer: JSON pointer into it; empty for the whole file, ``@`` for the file as an owner.
    """

    file: str
    pointer: str = ""

    def __str__(self) -> str:
        """``core/Event.json`` or ``core/Event.json#/properties/id``."""
        return f"{self.file}#{self.pointer}" if self.pointer else self.file

    def at(self, *tokens: str | int) -> "Location":
        """The place below this one."""
        return Location(self.file, self.pointer + pointer_of(*tokens))

    @property
    def is_owner(self) -> bool:
        """Whether this is no schema, but says which file combines the schemas beside it."""
        return self.pointer == _OWNER

    @property
    def is_root(self) -> bool:
        """Whether this is a whole file, or one of the definitions that stand at its top."""
        tokens = self.pointer.split("/")
        return tokens == [""] or (len(tokens) == _DEFINITION and tokens[1] == "definitions")

    @property
    def reference(self) -> str:
        """This place as a relative URI reference, as generated classes name their schemas."""
        file = quote(self.file)
        return f"{file}#{quote(self.pointer, safe='/~@')}" if self.pointer else file

    @classmethod
    def of_uri(cls, uri: str) -> "Location":
        """The place that such a reference names."""
        file, _, pointer = uri.partition("#")
        return cls(unquote(file), unquote(pointer))


def owner(file: str) -> Location:
    """The mark that stands behind schemas which a file combines."""
    return Location(file, _OWNER)


class BadReference(ValueError):
    """A ``$ref`` that cannot be followed.

    Attributes:
        rule: ID of the rule that it breaks.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def target_of(base: str, reference: str) -> Location:
    """The place that a ``$ref`` in the file ``base`` names (RFC 3986, section 5, within the folder).

    Raises:
        BadReference: It leaves the folder, is remote, or its fragment is no JSON pointer.
    """
    try:
        parts = urlsplit(reference)
    except ValueError:
        parts = None
    if parts is None or not _REFERENCE.fullmatch(reference):
        message = f"{reference!r} is not a URI reference; percent-encode spaces and the like."
        raise BadReference("dangling-ref", message)
    if parts.scheme or parts.netloc:
        raise BadReference("remote-ref", f"{reference!r} is a remote address.")
    path = unquote(parts.path)
    file = posixpath.normpath(posixpath.join(posixpath.dirname(base), path)) if path else base
    if path.startswith("/") or file.split("/", 1)[0] == "..":
        raise BadReference("ref-outside", f"{reference!r} leaves the repository's folder.")
    pointer = unquote(parts.fragment)
    if parts.query or (pointer and not pointer.startswith("/")):
        raise BadReference("dangling-ref", f"{reference!r} is not a path with a JSON pointer.")
    return Location(file, pointer)


def schema_at(documents: Documents, location: Location) -> Any:
    """What stands at a place.

    Raises:
        BadReference: There is no such file, or nothing at the pointer.
    """
    if location.file not in documents:
        raise BadReference("dangling-ref", f"There is no file {location.file!r}.")
    try:
        return follow(documents[location.file], location.pointer)
    except PointerError:
        shown = location.pointer if len(location.pointer) <= _LONGEST else "this long pointer"
        message = f"There is nothing at {shown!r} in {location.file!r}."
        raise BadReference("dangling-ref", message) from None


def children_of(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The subschemas of a draft-04 schema, each with its tokens; none beside a ``$ref``."""
    if isinstance(schema.get("$ref"), str):
        return
    for keyword, value in schema.items():
        if isinstance(value, dict) and keyword in _ONE:
            yield (keyword,), value
        elif isinstance(value, list) and keyword in _MANY:
            yield from (((keyword, index), child) for index, child in enumerate(value))
        elif isinstance(value, dict) and keyword in _NAMED:
            for name, child in value.items():
                if isinstance(child, dict):  # a dependency may be a list of names
                    yield (keyword, name), child


def is_schema_place(documents: Documents, location: Location) -> bool:
    """Whether only keywords that hold schemas lead from the file's root to a place that there is."""
    schema: Any = documents[location.file]
    tokens = iter(tokens_of(location.pointer))
    for keyword in tokens:
        if not isinstance(schema, dict) or isinstance(schema.get("$ref"), str):
            return False
        schema = schema.get(keyword)
        many = keyword in _MANY and isinstance(schema, list)
        if many or (keyword in _NAMED and isinstance(schema, dict)):
            name = next(tokens, None)
            if name is None:
                return False
            schema = schema[int(name)] if many else schema[name]
        elif keyword not in _ONE:
            return False
    return isinstance(schema, dict)


def schemas_from(documents: Documents, *roots: Location) -> Iterator[tuple[Location, Any]]:
    """Every schema that can be reached, through children and references, each once.

    References that cannot be followed are passed over: finding them is a rule's work.
    """
    # What is reached from its parent is known; only roots and targets have to be looked up.
    waiting: list[tuple[Location, Any]] = [(root, None) for root in reversed(roots)]
    seen = set()
    while waiting:
        location, schema = waiting.pop()
        if location in seen:
            continue
        seen.add(location)
        if schema is None:
            try:
                schema = schema_at(documents, location)
            except BadReference:
                continue
        if not isinstance(schema, dict):
            continue
        yield location, schema
        below = [(location.at(*tokens), child) for tokens, child in children_of(schema)]
        reference = schema.get("$ref")
        if isinstance(reference, str):
            try:
                below.append((target_of(location.file, reference), None))
            except BadReference:
                continue
        waiting.extend(reversed(below))


def closure_of(documents: Documents, file: str) -> dict[str, Any]:
    """The file and every other that it refers to, however far, in the order of their names."""
    files = {location.file for location, _ in schemas_from(documents, Location(file))}
    return {name: documents[name] for name in sorted(files | {file})}
