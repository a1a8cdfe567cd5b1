"""Reading a document's values: nested objects as records, arrays as tuples, the rest read-only."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from keybus.contracts.model.plain import Documented, deep_copy, json_equal, json_hash, over

if TYPE_CHECKING:
    from keybus.contracts.model.bundle import Bundle
    from keybus.contracts.view import Sites

Reader = Callable[[Any], Any]


def freeze(value: Any) -> Any:
    """A value of any shape, read-only all the way down."""
    if isinstance(value, dict):
        return FrozenMap(value, freeze)
    if isinstance(value, list):
        return tuple(map(freeze, value))
    return float(value) if isinstance(value, Decimal) else value


class FrozenMap(Documented, Mapping[str, Any]):
    """An object of free form: a mapping that cannot be changed, nor anything in it.

    It equals any mapping with the same JSON, can be hashed, copied and pickled.
    """

    __slots__ = ("_reader",)
    _reader: Reader

    def __init__(self, document: dict[str, Any], reader: Reader) -> None:
        object.__setattr__(self, "_document", document)
        object.__setattr__(self, "_reader", reader)

    def __getitem__(self, key: str) -> Any:
        return self._reader(self._document[key])

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
        if isinstance(other, Mapping):
            return dict(self) == dict(other)
        return NotImplemented

    def __hash__(self) -> int:
        return json_hash(self._document)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __copy__(self) -> "FrozenMap":
        return self

    def __deepcopy__(self, memo: object) -> "FrozenMap":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _thaw, (deep_copy(self._document),)


def _thaw(document: dict[str, Any]) -> FrozenMap:
    return FrozenMap(document, freeze)


class NodeReader:
    """Reads values of one declared node; what it needs is worked out at first use."""

    __slots__ = ("_branches", "_bundle", "_items", "_members", "_record", "_sites")

    def __init__(self, bundle: "Bundle", sites: "Sites") -> None:
        self._bundle = bundle
        self._sites = sites
        self._record: Reader | None = None
        self._items: Reader | None = None
        self._members: Reader | None = None
        self._branches: tuple[tuple[Callable[[Any], bool], Reader], ...] | None = None

    def __call__(self, value: Any) -> Any:
        """The value as an event's attribute shows it."""
        kind = type(value)
        if kind is dict:
            return (self._record or self._object())(value)
        if kind is list:
            if self._branches is None:
                self._branches = self._alternatives()
            for fits, read in self._branches:
                if fits(value):
                    return read(value)
            if self._items is None:
                self._items = self._reader_of(self._bundle.view.node(*self._sites).items)
            return tuple(map(self._items, value))
        return float(value) if kind is Decimal else value

    def _object(self) -> Reader:
        node = self._bundle.view.node(*self._sites)
        record = self._bundle.record(node)
        if record is not None:
            self._record = partial(over, record)
        elif node.branches:
            self._branches = self._alternatives()
            self._record = self._of_branch
        else:
            self._members = self._reader_of(node.values)
            self._record = self._map
        return self._record

    def _map(self, value: dict[str, Any]) -> FrozenMap:
        return FrozenMap(value, self._members or freeze)

    def _of_branch(self, value: Any) -> Any:
        for fits, read in self._branches or ():
            if fits(value):
                return read(value)
        return freeze(value)

    def _alternatives(self) -> tuple[tuple[Callable[[Any], bool], Reader], ...]:
        branches = self._bundle.view.node(*self._sites).branches
        return tuple(
            (self._bundle.validator(*branch).accepts, self._bundle.reader(branch))
            for branch in branches
        )

    def _reader_of(self, alternatives: "tuple[Sites, ...]") -> Reader:
        if len(alternatives) == 1:
            return self._bundle.reader(alternatives[0])
        if not alternatives:
            return freeze
        choices = [
            (self._bundle.validator(*sites).accepts, self._bundle.reader(sites))
            for sites in alternatives
        ]

        def read(value: Any) -> Any:
            return next((reader(value) for fits, reader in choices if fits(value)), freeze(value))

        return read
