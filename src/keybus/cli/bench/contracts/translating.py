"""An event in another major's form: how it is moved there, and by which expression as well."""

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec

from keybus.cli.bench.pipeline.bodies import detail
from keybus.cli.bench.pipeline.project import EVENT_TYPE
from keybus.contracts.migrations import Migrations

MOVES: Final = {
    "steps": [
        {"op": "move", "from": "/parcel_id", "path": "/parcel"},
        {"op": "move", "from": "/site/city", "path": "/city"},
        {"op": "move", "from": "/weight_grams", "path": "/size/weight_grams"},
    ]
}
"""Three moves: of a field, out of an object, and into one that is not there yet."""
EXPRESSION: Final = (
    '$merge([$, {"parcel": parcel_id, "city": site.city, "size": {"weight_grams": weight_grams}}])'
)
"""The same fields, and the old ones as well."""
_FORMS: Final = {
    "three field moves": ("2-to-1.json", json.dumps(MOVES), 3.0),
    "JSONata": ("2-to-1.jsonata", EXPRESSION, 250.0),
}
EVENTS: Final = 500

Run = Callable[[], None]


def translations() -> list[tuple[str, Run, Run, float]]:
    """What is measured: its name, it and its baseline of `EVENTS` events, and its goal in µs."""
    return [(f"one event translated, {name}", *_runs(*form)) for name, form in _FORMS.items()]


def _runs(name: str, text: str, goal: float) -> tuple[Run, Run, float]:
    found = Migrations.of_texts({f"{EVENT_TYPE}/{name}": text})
    translate = found.translation(EVENT_TYPE, 2, 1, "1.0.0")
    assert translate is not None
    body = detail()
    event: dict[str, Any] = msgspec.json.decode(body)
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    made = translate(event)
    assert (made["parcel"], made["city"]) == (event["parcel_id"], event["site"]["city"])

    def translated() -> None:
        for _ in range(EVENTS):
            translate(event)

    def plain() -> None:
        for _ in range(EVENTS):
            encode(decode(body))

    return translated, plain, goal
