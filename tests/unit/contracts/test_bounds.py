"""What hostile values cost, and how much of them is echoed."""

import time
from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from keybus.contracts import stamp
from keybus.contracts.locations import Location
from keybus.contracts.validation import Validators
from keybus.errors import Fault, InvalidEvent
from tests.unit.contracts.small import TEXT, bind, properties


@pytest.fixture(autouse=True)
def _quickly() -> Iterator[None]:
    started = time.perf_counter()
    yield
    assert time.perf_counter() - started < 5


@pytest.fixture
def shown(tmp_path: Path) -> Any:
    whole = {"type": "integer", "maximum": 5}
    tags = {"type": "array", "items": TEXT}
    return bind(
        tmp_path,
        properties(n=whole, f={"type": "number"}, z={"type": "null"}, tags=tags, free={}),
    )


def faults(schema: dict[str, Any], value: Any) -> list[Fault]:
    return Validators({"S.json": schema}).at(Location("S.json")).faults(value)


def refused(shown: Any, **fields: Any) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        shown(**fields)
    return caught.value


@pytest.mark.parametrize(
    "number", ["1e300000", "-1e3000000", "1e-3000000", "0e3000000", "9" * 5000]
)
def test_numbers_of_many_digits_are_refused_at_once(shown: Any, number: str) -> None:
    text = stamp(shown(), "x").to_json()[:-1].decode()
    for name in ("n", "f", "undeclared"):
        with pytest.raises(InvalidEvent, match="This is no JSON that can be used"):
            shown.from_json(f'{text},"{name}":{number}}}')
    assert shown.from_json(f'{text},"f":1e400}}').to_dict()["f"] == Decimal("1e400")


@pytest.mark.parametrize("number", [Decimal("1e300000"), Decimal("1e3000000"), Decimal("1.0")])
def test_a_decimal_is_told_to_be_whole_without_its_digits(number: Decimal) -> None:
    (fault,) = faults({"type": "integer"}, number)
    assert fault.message.endswith(", written with a fraction.")


@pytest.mark.parametrize("sign", [1, -1])
def test_whole_numbers_of_many_digits_are_no_way_around_a_maximum(shown: Any, sign: int) -> None:
    for value in (sign * 10**5000, [sign * 10**4300], {"a": Decimal(10**5000)}):
        for fault in (
            *refused(shown, n=value).faults[:1],
            *refused(shown, free=value).faults,
            *refused(shown, z=value).faults[:1],
        ):
            assert fault.code == "not-json"
            assert fault.message == "Written out, the number has more than 4,300 digits."
    document = {**stamp(shown(), "x").to_dict(), "n": 10**5000}
    with pytest.raises(InvalidEvent, match="more than 4,300 digits"):
        shown.from_dict(document)
    assert shown(free=10**4299).to_json()


def test_every_echo_is_clipped(shown: Any) -> None:
    document = {**stamp(shown(), "x").to_dict(), "schema_version": "9" * 100_000}
    with pytest.raises(InvalidEvent) as caught:
        shown.from_dict(document)
    long = "z" * 100_000
    for error in (
        caught.value,
        refused(shown, **{long: 1}),
        refused(shown, free={tuple(range(20_000)): 1, 10**5000: 2}),
        refused(shown, free={long: object()}),
        refused(shown, n=long),
    ):
        assert len(str(error)) < 1_000
    for schema in (
        {"properties": {"a": {}}, "additionalProperties": False},
        {"additionalProperties": {"type": "null"}},
        {"required": [long]},
    ):
        assert all(len(str(fault)) < 500 for fault in faults(schema, {long: 1, "y" * 500: 2}))


def test_similar_names_are_looked_for_a_few_times_only(shown: Any) -> None:
    declared: dict[str, Any] = {f"property_name_{i}": {} for i in range(30)}
    closed = {"properties": declared, "additionalProperties": False}
    found = faults(closed, {f"property_namex_{i}": 1 for i in range(20_000)})
    assert len(found) == 100
    assert sum("did you mean" in fault.hint for fault in found) == 20
    junk = {f"schema_versio{i}": 1 for i in range(80_000)}
    assert len(faults({"required": ["schema_version", "a", "b"]}, junk)) == 3
    error = refused(shown, **{f"fre{i}": 1 for i in range(20_000)})
    assert len(error.faults) == 100
    assert len(refused(shown, free=[object()] * 20_000).faults) == 100


def test_alternatives_within_alternatives_are_bounded() -> None:
    tree: dict[str, Any] = {"anyOf": [{"type": "null"}, {"items": {"$ref": "#"}, "type": "array"}]}
    value: Any = 5
    for _ in range(6):
        value = [value, value]
    (fault,) = faults(tree, value)
    assert "alternative 2 comes closest" in fault.hint
    assert len(fault.hint) < 5_000


def test_a_pattern_is_shown_as_it_is_written() -> None:
    (fault,) = faults({"pattern": '^\\d\\"$'}, "x")
    assert fault.message.startswith('Expected a string that matches /^\\d\\"$/ and found')


def test_any_sequence_is_an_array(shown: Any) -> None:
    assert shown(tags=deque(["a"])).tags == ("a",)
    assert shown(free=range(2)).free == (0, 1)
    for text in ("ab", b"ab", bytearray(b"ab"), memoryview(b"ab")):
        refused(shown, tags=text)
