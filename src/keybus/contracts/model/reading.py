"""Reading a document's values: nested objects as records, arrays as tuples, the rest read-only."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from keybus.contracts.model.children import Items, Members, Reader
from keybus.contracts.model.plain import (
    Documented,
    deep_copy,
    json_equal,
    json_hash,
    over,
    plain,
    set_document,
)
from keybus.errors import Fault

if TYPE_CHECKING:
    from keybus.contracts.model.bundle import Bundle
    from keybus.contracts.view import Sites


def freeze(value: Any) -> Any:
    """A value of any shape, read-only all the way down."""
    if isinstance(value, dict):
        return FrozenMap(value, None)
    if isinstance(value, list):
        return tuple(map(freeze, value))
    return float(value) if isinstance(value, Decimal) else value


class FrozenMap(Documented, Mapping[str, Any]):
    """An object of free form: a mapping that cannot be changed, nor anything in it.

    It equals any mapping with the same JSON, can be hashed, copied and pickled.
    """

    __slots__ = ("_reader",)
    _reader: "NodeReader | None"

    def __init__(self, document: dict[str, Any], reader: "NodeReader | None") -> None:
        if hasattr(self, "_document"):
            raise AttributeError("an event's document is immutable")
        set_document(self, document)
        object.__setattr__(self, "_reader", reader)

    def __getitem__(self, key: str) -> Any:
        value = self._document[key]
        return freeze(value) if self._reader is None else self._reader.member(key, value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._document)

    def __len__(self) -> int:
        return len(self._document)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("an event's document is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("an event's document is immutable")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FrozenMap):
            return json_equal(self._document, other._document)
        if not isinstance(other, Mapping):
            return NotImplemented
        faults: list[Fault] = []
        document = plain(other, (), faults)
        return not faults and json_equal(self._document, document)

    def __hash__(self) -> int:
        return json_hash(self._document)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __copy__(self) -> "FrozenMap":
        return self

    def __deepcopy__(self, memo: object) -> "FrozenMap":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMap, (deep_copy(self._document), self._reader)


class NodeReader:
    """Reads values of one declared node; what it needs is worked out at first use."""

    __slots__ = ("_branches", "_bundle", "_items", "_members", "_record", "_sites")

    def __init__(self, bundle: "Bundle", sites: "Sites") -> None:
        self._bundle = bundle
        self._sites = sites
        self._record: Reader | None = None
        self._items: Items | None = None
        self._members: Members | None = None
        self._branches: tuple[tuple[Callable[[Any], bool], Reader], ...] | None = None

    def __call__(self, value: Any) -> Any:
        """The value as an event's attribute shows it."""
        kind = type(value)
        if kind is dict:
            return (self._record or self._object())(value)
        if kind is list:
            return self._array(value)
        return float(value) if kind is Decimal else value

    def member(self, name: str, value: Any) -> Any:
        """A value of an object without properties of its own, by the schemas for its name."""
        if self._members is None:
            self._members = Members(self._bundle, self._sites, self._reader_of)
        return self._members.read(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reader_at, (self._bundle, self._sites)

    def _object(self) -> Reader:
        node = self._bundle.view.node(*self._sites)
        record = self._bundle.record(node)
        if record is not None:
            self._record = partial(over, record)
        elif node.branches:
            self._record = self._of_branch
        else:
            self._record = self._map
        return self._record

    def _map(self, value: dict[str, Any]) -> FrozenMap:
        return FrozenMap(value, self)

    def _of_branch(self, value: Any) -> Any:
        for fits, read in self._alternatives():
            if fits(value):
                return read(value)
        return freeze(value)

    def _array(self, value: list[Any]) -> Any:
        for fits, read in self._alternatives():
            if fits(value):
                return read(value)
        if self._items is None:
            self._items = Items(self._bundle, self._sites, self._reader_of)
        return self._items.read(value)

    def _alternatives(self) -> tuple[tuple[Callable[[Any], bool], Reader], ...]:
        if self._branches is None:
            branches = self._bundle.view.node(*self._sites).branches
            self._branches = tuple(self._choices(branches))
        return self._branches

    def _choices(
        self, alternatives: "tuple[Sites, ...]"
    ) -> Iterator[tuple[Callable[[Any], bool], Reader]]:
        """What fits each of several declarations, and reads it; those that have grown last."""
        readings = [self._bundle.reading(*sites) for sites in alternatives]
        readers = [self._bundle.reader(sites) for sites in alternatives]
        for reading, reader in zip(readings, readers, strict=True):
            yield reading.strict.accepts, reader
        for reading, reader in zip(readings, readers, strict=True):
            if reading.grown is not reading.strict:
                yield reading.grown.accepts, reader

    def _reader_of(self, alternatives: "tuple[Sites, ...]") -> Reader:
        """What reads a value as the first of several declarations that it fits."""
        if len(alternatives) == 1:
            return self._bundle.reader(alternatives[0])
        if not alternatives:
            return freeze
        choices = list(self._choices(alternatives))

        def read(value: Any) -> Any:
            return next((reader for fits, reader in choices if fits(value)), freeze)(value)

        return read


def _reader_at(bundle: "Bundle", sites: "Sites") -> NodeReader:
    return bundle.reader(sites)
