"""What the references in some documents lead to: by pointer, ``$id``, ``$anchor``, or a document's name.

Nothing is fetched: what is in none of the documents is nowhere.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

from keybus.contracts.pointers import PointerError, follow, pointer_of

_BASE: Final = "http://documents.invalid/"
"""Where documents without an address of their own are taken to be."""
_DEEPEST: Final = 200


class Address(NamedTuple):
    """A place in one of the documents.

    Attributes:
        document: The document's name; empty: the one that is meant.
        pointer: JSON pointer into it.
    """

    document: str
    pointer: str


class Addresses:
    """Finds what references lead to.

    Args:
        documents: By name; the one that is meant has none.
    """

    def __init__(self, documents: Mapping[str, Any]) -> None:
        self._documents = documents
        self._known: dict[str, Address] = {}
        self._bases: dict[Address, str] = {}
        for name, document in documents.items():
            base = urljoin(_BASE, name)
            self._known.setdefault(base, Address(name, ""))
            self._index(name, document, base)

    def find(self, reference: str, origin: Address) -> Address | None:
        """What a reference leads to; None where that is none of these.

        Args:
            reference: As it is written.
            origin: Where it stands.
        """
        try:
            absolute = urljoin(self._base(origin), reference)
            address, fragment = urldefrag(absolute)
            named = urldefrag(reference)[0]
        except ValueError:
            return None
        if fragment and not fragment.startswith("/"):
            return self._known.get(absolute)
        found = self._known.get(address)
        if found is None and named in self._documents:
            found = Address(named, "")
        if found is None:
            return None
        place = Address(found.document, found.pointer + unquote(fragment))
        return place if self.at(place) is not None else None

    def at(self, place: Address) -> Any:
        """What stands at a place; None where there is nothing."""
        try:
            return follow(self._documents[place.document], place.pointer)
        except PointerError:
            return None

    def _base(self, place: Address) -> str:
        pointer = place.pointer
        while True:
            base = self._bases.get(Address(place.document, pointer))
            if base is not None:
                return base
            if not pointer:
                return urljoin(_BASE, place.document)
            pointer = pointer.rpartition("/")[0]

    def _index(self, name: str, document: Any, base: str) -> None:
        """Note every ``$id`` and ``$anchor``."""
        for pointer, schema, inherited in _objects(document, base):
            place, here = Address(name, pointer), inherited
            told = schema.get("$id", schema.get("id"))
            if isinstance(told, str) and told:
                here = _joined(inherited, told)
                self._known.setdefault(here.rstrip("#"), place)
                self._bases[place] = here
            for anchor in (schema.get("$anchor"), schema.get("$dynamicAnchor")):
                if isinstance(anchor, str):
                    self._known.setdefault(f"{urldefrag(here)[0]}#{anchor}", place)


def _objects(document: Any, base: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every object of a document, with its pointer and the address that it is below."""
    waiting: list[tuple[str, Any, str, int]] = [("", document, base, 0)]
    while waiting:
        pointer, value, here, depth = waiting.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(value, dict):
            yield pointer, value, here
            told = value.get("$id", value.get("id"))
            inner = _joined(here, told) if isinstance(told, str) and told else here
            below: Iterator[tuple[str | int, Any]] = iter(value.items())
        elif isinstance(value, list):
            inner, below = here, iter(enumerate(value))
        else:
            continue
        waiting += [(pointer + pointer_of(key), each, inner, depth + 1) for key, each in below]


def _joined(base: str, told: str) -> str:
    try:
        return urljoin(base, told)
    except ValueError:
        return base
