"""What is wrong with a subscription's filter, beyond what the patterns themselves refuse."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from keybus.contracts import Contract
from keybus.contracts.pointers import pointer_of, tokens_of
from keybus.contracts.view import DeclaredProperty
from keybus.errors import PatternError
from keybus.patterns import Pattern
from keybus.topology.findings import Finding, quoted

_ENVELOPE = frozenset(
    {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
)
_NEAR = 0.8  # how alike two names are of which one is a slip: `statsu` and `status`
_ANY = "*"
_OR = "$or"

Tokens = tuple[str, ...]


def filter_findings(
    pattern: Mapping[str, Any],
    pointer: str,
    contracts: Iterable[Contract],
    sources: Mapping[str, frozenset[str]],
) -> Iterator[Finding]:
    """What is wrong with a filter.

    Args:
        pattern: The filter.
        pointer: Where it stands.
        contracts: Those of all the subscription's events; none where they are not known.
        sources: The sources that emit each of these events; none where they are not known.
    """
    try:
        parsed = Pattern.parse(pattern)
    except PatternError as error:
        yield Finding("bad-filter", str(error), pointer)
        return
    names = _Names([row for contract in contracts for row in contract.declared()])
    yield from _misspelt(pattern, (), pointer, names)
    yield from _contradiction(parsed, pattern, pointer, sources)


class _Names:
    """The names that events can have, level by level, over all of some contracts."""

    def __init__(self, rows: Sequence[DeclaredProperty]) -> None:
        self._names: dict[Tokens, set[str]] = {(): set(_ENVELOPE)}
        self._open: set[Tokens] = set()  # where names of any kind stand, with values of one shape
        lists = {tuple(tokens_of(row.pointer)) for row in rows if "array" in row.types}
        lists -= {tuple(tokens_of(row.pointer)) for row in rows if "object" in row.types}
        for tokens in (tuple(tokens_of(row.pointer)) for row in rows):
            path: Tokens = ("detail",)
            for index, token in enumerate(tokens):
                if token != _ANY:
                    self._names.setdefault(path, set()).add(token)
                    path = (*path, token)
                elif tokens[:index] not in lists:
                    self._open.add(path)
                    break
                # Else it stands for the items of an array, which patterns look through.

    def meant(self, path: Tokens, name: str) -> str:
        """The declared name that this one is a slip of; empty where it may well be meant."""
        known = self._names.get(path, set())
        if name in known or path in self._open:
            return ""
        return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=_NEAR)), "")


def _misspelt(
    members: Mapping[str, Any], path: Tokens, pointer: str, names: _Names
) -> Iterator[Finding]:
    for name, value in members.items():
        below = pointer + pointer_of(name)
        if name == _OR and isinstance(value, list):
            for index, branch in enumerate(value):
                yield from _misspelt(branch, path, f"{below}/{index}", names)
            continue
        meant = names.meant(path, name)
        if meant:
            whose = "none of the events declares" if path else "no event has"
            message = f"{whose} {quoted('.'.join((*path, name)))}"
            yield Finding("misspelt-field", message, below, f"did you mean {meant!r}?")
        elif isinstance(value, Mapping):
            yield from _misspelt(value, (*path, name), below, names)


def _contradiction(
    parsed: Pattern, pattern: Mapping[str, Any], pointer: str, sources: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    """A filter of which no way to satisfy it leaves any of the declared events."""
    if not sources:
        return
    field = ""
    for alternative in parsed.alternatives:

        def lets(path: str, value: str, operators: Mapping[str, Any] = alternative) -> bool:
            return path not in operators or any(o.matches(value) for o in operators[path])

        left = [event_type for event_type in sources if lets("detail-type", event_type)]
        emitters = [sources[event_type] for event_type in left]
        if any(not who or any(lets("source", source) for source in who) for who in emitters):
            return
        field = "source" if left else field or "detail-type"
    if field == "source":
        known = ", ".join(sorted(frozenset().union(*sources.values())))
        message = "no source that emits the subscription's events is one that the filter lets pass"
        hint = f"they come from {known}"
    else:
        known = ", ".join(sorted(sources))
        message = "the filter lets none of the subscription's own events pass"
        hint = f"they are {known}"
    below = pointer + pointer_of(field) if field in pattern else pointer
    yield Finding("contradiction", message, below, hint)
