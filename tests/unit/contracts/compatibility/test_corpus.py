"""A published corpus, strict, both directions: every disagreement is shown to be the corpus's.

The corpus's own score beside the others': see `test_the_score`. jsonschema-rs's ``covers`` is the
second opinion; it has no places and answers *unknown* now and then, so it only checks ours.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from keybus.contracts.compatibility import Incompatibility, check
from tests.unit.contracts.compatibility.judging import VALIDATORS, breaks

FOLDER = Path(__file__).parents[1] / "fixtures" / "compatibility-corpus"
ROWS: Final = [json.loads(x) for x in (FOLDER / "json-schema-pairs.jsonl").read_text().splitlines()]
BOTH: Final = ("backward", "forward")
CASES: Final = [(number, direction) for number in range(len(ROWS)) for direction in BOTH]

ANY_TEXT = "without anchors, the pattern [a-z]* matches in every text, and so does [A-Z]*"
NO_VALUE = "type string and a constant that is an array: neither schema takes any value"
NOTE = "the validator knows no such content, so the keyword is a note and refuses nothing"
ALL_VALUES = "anyOf a string, or a value that is no longer text: every value is like one of them"
ONE_OF = "exactly one: a text that both alternatives take is refused, and wider ones overlap more"

PUBLISHED_BUT_WRONG: Final[dict[tuple[int, str], tuple[str, Any]]] = {
    # Published as breaking: no event breaks, for the reason given.
    (10, "forward"): (ANY_TEXT, None),
    (11, "backward"): (ANY_TEXT, None),
    (11, "forward"): (ANY_TEXT, None),
    (96, "backward"): (NO_VALUE, None),
    (96, "forward"): (NO_VALUE, None),
    (101, "backward"): (NOTE, None),
    (103, "forward"): (NOTE, None),
    (104, "backward"): (NOTE, None),
    (104, "forward"): (NOTE, None),
    (108, "forward"): (ALL_VALUES, None),
    (117, "forward"): (ONE_OF, None),
    (124, "backward"): (ANY_TEXT, None),
    (124, "forward"): (ANY_TEXT, None),
    (125, "forward"): (ANY_TEXT, None),
    (126, "forward"): (ANY_TEXT, None),
    # Published as compatible: this event breaks.
    (117, "backward"): (ONE_OF, "longer"),
    (119, "backward"): (ONE_OF, "text"),
}
"""Row and direction: why the verdict is wrong, and the event that shows it."""


@cache
def found(number: int, direction: str) -> list[Incompatibility]:
    row = ROWS[number]
    return check(row["old"], row["new"], direction.upper(), "strict")


def published(number: int, direction: str) -> bool:
    """Whether the corpus calls it compatible."""
    return ROWS[number]["compatibility"] in {"both", direction}


def sides(number: int, direction: str) -> tuple[Any, Any]:
    """The writer's schema and the reader's."""
    row = ROWS[number]
    return (row["old"], row["new"]) if direction == "backward" else (row["new"], row["old"])


def draft_of(*schemas: Any) -> str:
    names = [str(each.get("$schema", "")) for each in schemas if isinstance(each, dict)]
    return next(name for name in VALIDATORS for uri in names if f"/{name}/" in uri)


@pytest.mark.parametrize(("number", "direction"), CASES)
def test_verdicts(number: int, direction: str) -> None:
    compatible = not found(number, direction)
    wrong = (number, direction) in PUBLISHED_BUT_WRONG
    assert compatible == (published(number, direction) != wrong)


@pytest.mark.parametrize(("number", "direction"), CASES)
def test_what_is_found_is_proven(number: int, direction: str) -> None:
    writer, reader = sides(number, direction)
    for one in found(number, direction):
        assert one.proven, one
        accepts, refuses = _validator(writer, reader), _validator(reader, writer)
        assert accepts(one.example)
        assert not refuses(one.example)


def _validator(schema: Any, other: Any) -> Any:
    known = isinstance(schema, dict) and "$schema" in schema
    make = VALIDATORS[draft_of(schema if known else other)]
    return make(schema, validate_formats=True, offline=True).is_valid


@pytest.mark.parametrize(("number", "direction"), sorted(PUBLISHED_BUT_WRONG))
def test_wrong_verdicts_have_a_counterexample_or_a_reason(number: int, direction: str) -> None:
    reason, event = PUBLISHED_BUT_WRONG[number, direction]
    writer, reader = sides(number, direction)
    assert reason
    if published(number, direction):
        assert breaks(event, writer, reader, draft_of(writer, reader))
    else:
        # What the reason says, tried: texts, and the objects that the conditionals are about.
        texts = ["", "a", "A", "ab", "AB1", "longer than five", "%", "[]", "3.14", "π"]
        events: list[Any] = [*texts, 1, 1.5, None, True, [], ["π"], {}]
        cases = ("lower", "upper", "lowerCase", None)
        events += [{"case": case, "data": text} for case in cases for text in texts]
        assert not any(breaks(each, writer, reader, draft_of(writer, reader)) for each in events)


def test_the_second_opinion_agrees_or_does_not_know() -> None:
    agreed = {"yes": 0, "no": 0}
    for number, direction in CASES:
        writer, reader = sides(number, direction)
        try:
            opinion = str(_canonical(reader).covers(_canonical(writer)))
        except jsonschema_rs.canonical.IncompatibleOperands:
            continue  # the two schemas are of different drafts
        if opinion in agreed:
            assert (opinion == "yes") == (not found(number, direction)), (number, direction)
            agreed[opinion] += 1
    assert agreed["yes"] >= 150
    assert agreed["no"] >= 80


def _canonical(schema: Any) -> Any:
    whole = jsonschema_rs.dereference(schema) if isinstance(schema, dict) else schema
    draft = None if isinstance(whole, dict) else jsonschema_rs.Draft7
    return jsonschema_rs.canonicalize(
        _without_ids(whole), draft=draft, validate_formats=True, offline=True
    )


def _without_ids(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_ids(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {k: v for k, v in schema.items() if k not in {"id", "$id"} or not isinstance(v, str)}
    return {name: _without_ids(value) for name, value in kept.items()}


def test_the_score() -> None:
    agreed = {
        direction: sum(
            (not found(number, direction)) == published(number, direction)
            for number in range(len(ROWS))
        )
        for direction in BOTH
    }
    assert agreed == {"backward": 138, "forward": 135}
    assert len(ROWS) * 2 - sum(agreed.values()) == len(PUBLISHED_BUT_WRONG)
