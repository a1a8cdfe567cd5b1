"""Whether a filter still lets something pass: asked of translated events, and of the old ones."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from typing import Any, Final

import msgspec

from keybus.contracts.contract import Contract
from keybus.contracts.locations import schema_at
from keybus.contracts.migrations import Migration, MigrationError
from keybus.contracts.migrations.migration import composed
from keybus.contracts.migrations.samples import samples
from keybus.contracts.pattern_lint.leaves import leaf_of
from keybus.contracts.pointers import pointer_of
from keybus.errors import ContractError
from keybus.governance.usage.origins import Origin, origin_of
from keybus.governance.usage.steps import Steps, is_within
from keybus.governance.usage.values import Values
from keybus.governance.usage.verdicts import Reason
from keybus.patterns import Pattern
from keybus.patterns.operators import Operator

Detail = dict[str, Any]
_DETAIL: Final = "detail"
_BASES: Final = 8  # events that are changed to what a filter asks for
_MOST_TRIED: Final = 64  # ways to put values together, of one event
_NOTHING: Final = object()
_OTHER: Final = "?"  # a text that nobody asks for
_WORDS: Final = frozenset({"title", "description", "example", "examples", "$comment", "$schema"})
_CORE: Final = {"version": "0", "id": "1", "time": "2026-01-31T08:00:00Z", "region": "local"}


class Trying:
    """Events of a contract, translated to another major, beside events of that major.

    Args:
        contract: The contract of the events.
        target: That of the other major.
        path: The migrations from one to the other.
        heads: What an envelope says of them besides: one for each source.
    """

    def __init__(
        self,
        contract: Contract,
        target: Contract,
        path: Sequence[Migration],
        heads: Sequence[Mapping[str, Any]],
    ) -> None:
        self._contract, self._target, self._heads = contract, target, heads
        self.moves = [step for each in path for step in each.steps]
        self._texts = [text for each in path for text in each.told_apart]
        self._translate = composed(tuple(path), target.version)
        self._before, self._after = Values(contract), Values(target)

    def origin(self, steps: Steps) -> Origin:
        """Where a field of the other major comes from."""
        return origin_of(self.moves, steps, self._declares)

    def of_filter(self, asked: Mapping[str, Any]) -> list[Reason]:
        """What of a filter lets nothing pass any more; nothing where all of it does."""
        pattern = Pattern.parse(dict(asked))
        ways = [_of_detail(one) for one in pattern.alternatives]
        if all(self._is_carried(steps) for one in ways for steps in one):
            return []
        values = list(_asked(asked.get(_DETAIL, asked)))
        old = [*self._old, *self._probes(self._target, self._old, ways, values)]
        new = [*self._new, *self._probes(self._contract, self._new, ways, values, moved=True)]
        made = list(self._made(new))
        passing = sum(self._passes(pattern, each) for each in old)
        if not any(self._passes(pattern, each) for each in made):
            if not passing:
                message = "no event that was tried matches its filter"
                hint = "see with `keybus contracts migrate` what becomes of an event that should"
                return [Reason("unknown", "filter-untried", message, hint=hint)]
            return [_dead(f"none of the {len(made)} translated events", passing)]
        return list(dict.fromkeys(_deaf(ways, made, old)))

    @cached_property
    def _old(self) -> list[Detail]:
        return list(samples(self._target, self._contract))

    @cached_property
    def _new(self) -> list[Detail]:
        return list(samples(self._contract, self._target, self._texts))

    def _made(self, events: Iterable[Detail]) -> Iterator[Detail]:
        """What becomes of events, but for those that never arrive."""
        for each in events:
            try:
                made = self._translate(each)
            except MigrationError:
                continue
            if self._target.accepts(made):
                yield made

    def _passes(self, pattern: Pattern, detail: Detail) -> bool:
        type_ = {"detail-type": self._target.type, "resources": []}
        return any(
            pattern.matches(msgspec.json.encode({**_CORE, **type_, **head, _DETAIL: detail}))
            for head in self._heads
        )

    def _declares(self, steps: Steps) -> bool:
        return any(is_within(each.steps, steps) for each in self._before.all) or _finds(
            self._before, steps
        )

    def _is_carried(self, steps: Steps) -> bool:
        """Whether a field is what it was: of the same declaration, and only moved."""
        origin = self.origin(steps)
        if origin.source is None or origin.makers:
            return False
        before = _declared(self._contract, self._before, origin.source)
        return before is not None and before == _declared(self._target, self._after, steps)

    def _probes(
        self,
        contract: Contract,
        events: Sequence[Detail],
        ways: Sequence[Mapping[Steps, Sequence[Operator]]],
        values: Sequence[Any],
        *,
        moved: bool = False,
    ) -> Iterator[Detail]:
        """Events that a contract accepts, changed towards what a filter asks for."""
        for one in ways:
            wanted = dict[Steps, list[Any]]()
            for steps, operators in one.items():
                source = self.origin(steps).source if moved else steps
                if source is not None:
                    fits = [each for each in values if _fits(each, operators)]
                    wanted[source] = [*fits, *(self._texts if moved else ()), _NOTHING]
            chosen = itertools.islice(itertools.product(*wanted.values()), _MOST_TRIED)
            for each, event in itertools.product(list(chosen), events[:_BASES]):
                made = deepcopy(event)
                for steps, value in zip(wanted, each, strict=True):
                    _put(made, steps, value)
                if contract.accepts(made):
                    yield made


def _of_detail(one: Mapping[str, tuple[Operator, ...]]) -> dict[Steps, tuple[Operator, ...]]:
    ways = {tuple(path.split(".")): operators for path, operators in one.items()}
    return {steps[1:]: each for steps, each in ways.items() if steps[0] == _DETAIL}


def _deaf(
    ways: Iterable[Mapping[Steps, Sequence[Operator]]],
    made: Sequence[Detail],
    old: Sequence[Detail],
) -> Iterator[Reason]:
    """Each value that is asked for, and does not come any more though others do."""
    for steps, operator in (
        (steps, each) for one in ways for steps, operators in one.items() for each in operators
    ):
        count = sum(_has(each, steps, operator) for each in old)
        if count and not any(_has(each, steps, operator) for each in made):
            yield _dead(f"a value at {pointer_of(*steps)}: none of {len(made)} translated", count)


def _dead(what: str, count: int) -> Reason:
    """A filter that lets nothing pass any more."""
    message = f"its filter matches {what} that were tried, and {count} of the old ones"
    if what.startswith("a value"):
        message = f"its filter asks for {what} events has it, and {count} of the old ones"
    hint = "let the migration make what it asks for, or change the filter"
    return Reason("breaks", "filter-untranslated", message, "", hint)


def _has(detail: Detail, steps: Steps, operator: Operator) -> bool:
    return any(_fits(leaf, [operator]) for leaf in _leaves(detail, steps))


def _leaves(value: Any, steps: Steps) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each, steps)
    elif not steps:
        yield value
    elif isinstance(value, dict) and steps[0] in value:
        yield from _leaves(value[steps[0]], steps[1:])


def _fits(value: Any, operators: Iterable[Operator]) -> bool:
    if isinstance(value, dict | list):
        return False
    leaf = leaf_of(value)
    return any(each.matches(leaf) for each in operators)


def _asked(asked: Any) -> Iterator[Any]:
    """Values at what a filter asks for, and right beside it."""
    yield from (_OTHER, True, False, None)
    waiting = [asked]
    for each in waiting:
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str):
            yield from (each, each.replace("*", ""), each.partition("/")[0])
        elif isinstance(each, int | float) and not isinstance(each, bool):
            yield from (each, each - 1, each + 1)


def _put(event: Detail, steps: Steps, value: Any) -> None:
    """Put a value where a way leads, into each item of arrays on it; or take it away."""
    if not steps:
        return
    name, *rest = steps
    if not rest and value is _NOTHING:
        event.pop(name, None)
    elif not rest:
        event[name] = [value] if isinstance(event.get(name), list) else value
    else:
        below = event.setdefault(name, {})
        for each in below if isinstance(below, list) else [below]:
            if isinstance(each, dict):
                _put(each, tuple(rest), value)


def _finds(values: Values, steps: Steps) -> bool:
    try:
        values.find(pointer_of(*steps))
    except ContractError:
        return False
    return True


def _declared(contract: Contract, values: Values, steps: Steps) -> list[Any] | None:
    """What a contract says of a field, without words; None where that is not all there is to it."""
    if not _finds(values, steps):
        return None
    found = []
    for place in values.find(pointer_of(*steps)).places:
        schema = schema_at(contract.closure, place)
        if not isinstance(schema, dict):
            return None
        plain = {k: v for k, v in schema.items() if k not in _WORDS and k != "$ref"}
        if any(isinstance(each, dict | list) and k != "enum" for k, each in plain.items()):
            return None  # what is within may be of other files
        found.append(plain)
    return [each for each in found if each]
