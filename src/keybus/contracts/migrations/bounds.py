"""Which JSONata a migration may be written in: what is bounded by its very form.

An expression is its owner's, and events are hostile. So every operation that is let in takes time
in proportion to what it is handed, nothing calls itself, and nothing that was made is handed on to
something that makes more of it: what comes out is no larger than the expression's length times the
event. Iterations within iterations remain, a few levels deep, and are why `expression` counts time.

The whole tree of the library's parser is read, attribute by attribute: what is not known is refused.
"""

from collections.abc import Iterator
from typing import Any, Final

from keybus.contracts.hints import quoted

FUNCTIONS: Final = frozenset(
    {"string", "number", "boolean", "not", "exists", "type", "uppercase", "lowercase", "trim"}
    | {"length", "substring", "substringBefore", "substringAfter", "contains", "split", "join"}
    | {"count", "sum", "max", "min", "average", "abs", "floor", "ceil"}
    | {"append", "reverse", "merge", "lookup"}
)
"""Functions that take no longer than what they are handed is long."""
DEEPEST: Final = 40
"""Levels of the library's tree, which is evaluated by recursion."""
MOST_NESTED: Final = 3
"""Iterations within iterations."""
_SEPARATOR: Final = 16
_LENGTHENING: Final = frozenset({"string", "join"})
"""Functions that make some times as much text of a text: of what they made themselves, without end."""

_REFUSED: Final = {
    "regex": "a regular expression may backtrack for hours",
    "lambda": "functions of one's own may call themselves without end",
    "partial": "functions cannot be handed on",
    "apply": "functions cannot be handed on (~>)",
    "transform": "it copies the whole event for each match (|…|…|)",
    "bind": "variables can be made to grow without end (:=)",
    "descendant": "it goes through the whole event (**)",
    "parent": "it follows every item back to where it came from (%)",
    "sort": "it compares items with one another (^)",
    "error": "it cannot be read",
}
_BINARY: Final = frozenset({*"+-*/%&=<>", "!=", "<=", ">=", "and", "or", "in"})
_PLAIN: Final = frozenset({"name", "string", "number", "value", "variable", "wildcard"})
_MADE: Final = frozenset({"unary", "binary", "block", "condition", "function"})
_PARTS: Final = frozenset({"path", "filter", None})
_FORMAL: Final = frozenset({"_outer_instance", "ancestor", "slot", "seeking_parent"})


def objections(tree: Any) -> Iterator[str]:
    """Why an expression is not let in, each a sentence; nothing where it is.

    Args:
        tree: The library's tree of it.
    """
    yield from dict.fromkeys(_objections(tree, 0, 0, frozenset()))


def _objections(node: Any, depth: int, nested: int, around: frozenset[str]) -> Iterator[str]:
    if depth > DEEPEST:
        yield f"It nests more than {DEEPEST} levels deep."
        return
    kind = getattr(node, "type", None)
    why = _REFUSED.get(str(kind))
    if why is None and kind not in _PLAIN | _MADE | _PARTS:
        why = "it is not known"
    if why is not None:
        yield f"{_at(node)}{why}."
        return
    yield from _own(node, kind)
    if nested > MOST_NESTED:
        yield f"{_at(node)}it goes through items {nested} times over."
        return
    if kind == "function" and (name := str(node.procedure.value)) in _LENGTHENING:
        if name in around:
            yield f"{_at(node)}${name} cannot be within ${name}, of which each makes more text."
        around |= {name}
    for child, within in _children(node):
        yield from _objections(child, depth + 1, nested + within, around)


def _own(node: Any, kind: str | None) -> Iterator[str]:
    """What is wrong with one node of a kind that is let in."""
    if node.focus is not None or node.index is not None:
        yield f"{_at(node)}items cannot be bound to names (@, #)."
    if kind == "variable" and node.value not in ("", "$"):
        name = quoted(str(node.value))
        yield f"{_at(node)}there is no variable {name}; $ and $$ are known."
    elif kind == "binary" and node.value not in _BINARY:
        yield f"{_at(node)}ranges may be without end (..)."
    elif kind == "function":
        yield from _call(node)
    made = [step for step in node.steps if step.type in _MADE] if kind == "path" else []
    made += [node] if kind in _MADE and node.group is not None else []
    made += [node.group] if node.group is not None else []
    if len(made) > 1:
        message = "one step goes on with what another made; nest them in one"
        yield f"{_at(made[1])}{message}."


def _call(node: Any) -> Iterator[str]:
    name = node.procedure.value if node.procedure.type == "variable" else None
    if name not in FUNCTIONS:
        shown = "something" if name is None else f"${quoted(str(name))[1:-1]}"
        yield f"{_at(node)}{shown} is no function that is allowed here."
    elif name == "join" and len(node.arguments) > 1:
        separator = node.arguments[1]
        if separator.type != "string" or len(separator.value) > _SEPARATOR:
            message = f"the separator of $join is written out, with at most {_SEPARATOR} characters"
            yield f"{_at(node)}{message}."


def _children(node: Any) -> Iterator[tuple[Any, int]]:
    """Nodes right below one, and whether each is evaluated for every one of some items."""
    called = node.procedure if getattr(node, "type", None) == "function" else None
    for name, value in vars(node).items():
        if name in _FORMAL:
            continue
        for child in _nodes(value):
            if child is called:
                continue  # `_call` has looked at it
            again = child.type in _MADE if name == "steps" else False
            yield child, int(again or name in ("stages", "predicate", "group"))


def _nodes(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _nodes(each)
    elif isinstance(value, dict):
        yield from _nodes([*value.values()])
    elif hasattr(value, "keep_singleton_array"):
        yield value


def _at(node: Any) -> str:
    """The beginning of a sentence, where the place is known."""
    position = getattr(node, "position", 0)
    return f"At character {position}: " if position else "Somewhere: "
