"""Events that somebody changed at random: most no longer fit, and every language must agree."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from keybus.contracts import ContractRepository
from keybus.contracts.documents import exact_number
from keybus.contracts.migrations.samples import samples

VALUES: Final = (
    *('""', '"x"', '"a@b"', '"a..b@c.de"', '"::1"', '"fe80::1%eth0"', '"1.2.3.4"', '"01.2.3.4"'),
    *('"http://x"', '"//x"', '"http://a b"', '"-a.example"', '"host.example."', '"DEL-1\\n"'),
    *('"2026-02-30T00:00:00Z"', '"2026-01-31T23:59:60Z"', '"2026-01-31 08:00:00Z"'),
    *('"2026-01-31T08:00:00"', '"2026-01-31T08:00:00+0530"', '"2026-01-31t08:00:00.5z"'),
    *('"3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a"', '"urn:uuid:3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a"'),
    *("0", "-0", "1", "1.0", "1e2", "-1", "0.015", "180.5", "180.50000000000000000001", "1e400"),
    *("123456789012345678901234567890", "null", "true", "[]", "[1,1.0]", "[1e400,1e401]", "{}"),
    *('["a","a"]', '[{"a":1,"b":2},{"b":2,"a":1}]', '{"__proto__":1}', '{"toString":"x"}'),
)
"""JSON texts that are near the edge of something."""

_NAMES: Final = ("extra", "x-a", "12", "toString", "constructor", "__proto__")


class Changed(NamedTuple):
    """An event as somebody changed it.

    Attributes:
        type: Its event type.
        text: Its JSON text.
        pointers: Where Python finds faults in it as a reader; none where it takes it.
    """

    type: str
    text: str
    pointers: frozenset[str]


def changed_events(contracts: Path, each: int, seed: int) -> Iterator[Changed]:
    """Some of every contract's events, changed at one place each.

    Args:
        contracts: The repository.
        each: How many of each contract.
        seed: Of what is drawn.
    """
    random = Random(seed)
    for contract in ContractRepository.load(contracts).values():
        found = [json.loads(json.dumps(event)) for event in islice(samples(contract, contract), 6)]
        for _ in range(each):
            text = _changed(random.choice(found), random)
            event = json.loads(text, parse_float=exact_number)
            refused = [] if contract.reads(event) else contract.faults(event)
            yield Changed(contract.type, text, frozenset(fault.pointer for fault in refused))


def _changed(event: dict[str, Any], random: Random) -> str:
    """The event's text with a property left out, put in or given another value."""
    places = [way for way in _ways(event) if way and way[0] not in {"type", "schema_version"}]
    way = random.choice(places)
    chance = random.random()
    if isinstance(way[-1], str) and chance < 0.2:
        return _text(event, way, None)
    if isinstance(way[-1], str) and chance < 0.3:
        way = (*way[:-1], random.choice(_NAMES))
    return _text(event, way, random.choice(VALUES))


def _ways(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield way
    inner = value.items() if isinstance(value, dict) else ()
    for name, each in enumerate(value) if isinstance(value, list) else inner:
        yield from _ways(each, (*way, name))


def _text(value: Any, way: tuple[str | int, ...], text: str | None) -> str:
    """The text of a value, with another text at a place; without the place where that is None."""
    if not way:
        return text or ""
    if isinstance(value, list):
        items = [
            _text(v, way[1:], text) if i == way[0] else json.dumps(v) for i, v in enumerate(value)
        ]
        return f"[{','.join(items)}]"
    members = {name: json.dumps(inner) for name, inner in value.items()}
    name = str(way[0])
    members[name] = _text(value.get(name), way[1:], text)
    kept = [f"{json.dumps(key)}:{inner}" for key, inner in members.items() if inner]
    return f"{{{','.join(kept)}}}"
