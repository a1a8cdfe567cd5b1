"""Where in a decoded event the values at each position are.

Most events have one object at every step of a path, and C code fetches all values at once. Where
an event has an array, or nothing, in an object's place, the layout learns to expect it there.
"""

from collections.abc import Callable, Iterator
from itertools import chain, count
from operator import attrgetter
from typing import Final, NamedTuple, TypeAlias

from msgspec import UNSET, Struct

from keybus.patterns.index.reader import Node

#: The values under an array: how to get each from an element (None: it is the value), and the
#: elements. It is a bare tuple because one is made for every event.
Scattered: TypeAlias = tuple[Callable[[object], object] | None, list[object]]

#: What was read of an event, by position: a JSON value, UNSET for none, an object's Struct, or
#: `Scattered` values.
Values: TypeAlias = list[object]

#: Paths at which an event has an array.
Arrays: TypeAlias = frozenset[str]

NO_ARRAYS: Final[Arrays] = frozenset()


class _Fork(NamedTuple):
    """A step at which an array is expected, or anything else but an object.

    Attributes:
        fetch: Gets what stands there.
        node: The step.
        near: The position of each value in an object there, and how to get it.
        far: The same for values in objects inside of that object.
    """

    fetch: Callable[[object], object]
    node: Node
    near: tuple[tuple[int, Callable[[object], object]], ...]
    far: tuple[tuple[int, Callable[[object], object]], ...]


class Layout:
    """Finds the values of a decoded event; immutable.

    Args:
        root: The steps.
        size: How many positions there are.
        forks: Paths of the steps at which something other than an object is expected.

    Attributes:
        plain: Whether there are no such steps, so that `fetch` is enough.
        fetch: Gets all values that are not beyond such a step. An AttributeError says that at
            some step is something unexpected.
    """

    def __init__(self, root: Node, size: int, forks: frozenset[str] = frozenset()) -> None:
        self._root, self._size, self._paths = root, size, forks
        self._forks = tuple(_forks(root, forks))
        self.plain = not self._forks
        self.fetch = _fetcher(root, forks, size)

    def values(self, event: object) -> tuple[Values, Arrays]:
        """The values of a decoded event, and where it has arrays.

        Raises:
            AttributeError: At some step is something unexpected.
        """
        values = self.fetch(event)
        arrays = NO_ARRAYS
        for fetch, node, near, far in self._forks:
            there = fetch(event)
            if there.__class__ is node.type:
                for position, get in (*near, *far):
                    values[position] = get(there)
            elif isinstance(there, list):
                arrays = arrays | node.array if arrays else node.array
                elements = _elements(there, node.type)
                for position, get in near:
                    values[position] = get, elements
                for position, get in far:
                    values[position] = None, list(map(get, elements))
            else:
                for position, _ in (*near, *far):
                    values[position] = UNSET
        return values, arrays

    def searched(self, event: object) -> tuple[Values, Arrays, "Layout"]:
        """The same for any event, however unexpected, and the layout that expects its like."""
        search = _Search(self._size)
        search.step(self._root, event, scattered=False)
        forks = self._paths | search.forks
        if forks == self._paths:
            return search.values, frozenset(search.arrays), self
        layout = Layout(self._root, self._size, forks)
        try:
            return *layout.values(event), layout
        except AttributeError:
            return search.values, frozenset(search.arrays), layout


class _Search:
    """Looks at every step of one event."""

    def __init__(self, size: int) -> None:
        self.values: list[object] = [UNSET] * size
        self.arrays: set[str] = set()
        self.forks: set[str] = set()

    def step(self, node: Node, value: object, *, scattered: bool) -> None:
        if value.__class__ is node.type:
            for attribute, position in node.leaves:
                leaf = getattr(value, attribute)
                if scattered:
                    self._scattered(position).append(leaf)
                else:
                    self.values[position] = leaf
            for attribute, inner in node.inner:
                self.step(inner, getattr(value, attribute), scattered=scattered)
        elif isinstance(value, list):
            self.forks.add(node.path)
            self.arrays.add(node.path)
            for position, _ in _below(node):
                self._scattered(position)
            for element in value:
                self.step(node, element, scattered=True)
        elif not scattered:
            self.forks.add(node.path)

    def _scattered(self, position: int) -> list[object]:
        value = self.values[position]
        if not isinstance(value, tuple):
            value = self.values[position] = None, []
        found: list[object] = value[1]
        return found


def _elements(values: list[object], kind: type[Struct]) -> list[object]:
    """The objects in an array and the arrays in it."""
    objects = values
    try:
        while objects and objects[0].__class__ is list:
            objects = list(chain.from_iterable(objects))  # type: ignore[arg-type]
    except TypeError:
        pass  # something else stands beside the arrays
    if {kind}.issuperset(map(type, objects)):
        return objects
    objects = [value for value in values if value.__class__ is kind]
    for value in values:
        if isinstance(value, list):
            objects += _elements(value, kind)
    return objects


def _fetcher(root: Node, forks: frozenset[str], size: int) -> Callable[[object], Values]:
    """A function that gets the value of every position that is not beyond a fork.

    It is compiled, since attributes of local variables are what Python gets fastest; nothing but
    numbered names, which the reader has given, is in its text.
    """
    lines = ["def fetch(n0):"]
    values = ["None"] * size
    waiting = [(root, "n0")]
    names = count(1)
    while waiting:
        node, name = waiting.pop()
        for attribute, position in node.leaves:
            values[position] = f"{name}.{attribute}"
        for attribute, inner in node.inner:
            if inner.path not in forks:
                below = f"n{next(names)}"
                lines.append(f" {below} = {name}.{attribute}")
                waiting.append((inner, below))
    lines.append(f" return [{', '.join(values)}]")
    module: dict[str, Callable[[object], Values]] = {}
    exec("\n".join(lines), {}, module)  # noqa: S102 - see above
    return module["fetch"]


def _forks(node: Node, forks: frozenset[str]) -> Iterator[_Fork]:
    for _, inner in node.inner:
        if inner.path in forks:
            below = list(_below(inner))
            near = tuple((at, attrgetter(name)) for at, name in below if "." not in name)
            far = tuple((at, attrgetter(name)) for at, name in below if "." in name)
            yield _Fork(attrgetter(inner.reached[:-1]), inner, near, far)
        else:
            yield from _forks(inner, forks)


def _below(node: Node) -> Iterator[tuple[int, str]]:
    """Every position below a step, and its attributes from there."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        for attribute, position in one.leaves:
            yield position, f"{one.reached}{attribute}"[len(node.reached) :]
        waiting += [inner for _, inner in one.inner]
