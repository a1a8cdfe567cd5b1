"""What is proposed of what was seen, what is marked, and that hostile events take no more room."""

from typing import Any

import pytest

from keybus.contracts.discovery import UNCERTAIN, Discovery, Limits, Place, Sightings, schema_of
from keybus.contracts.discovery.drafting import type_for


def of(*values: Any, times: int = 1) -> dict[str, Any]:
    """The schema of a place at which these were seen, each so often."""
    place = Place()
    for value in values * times:
        place.observe(value)
    return schema_of(place)


def about(schema: dict[str, Any]) -> list[str]:
    return [each["about"] for each in schema.get(UNCERTAIN, ())]


def test_what_held_thirty_times_is_no_longer_marked() -> None:
    few, enough = of({"n": 1}, times=29), of({"n": 1}, times=30)
    assert about(few) == ["required"]
    assert about(few["properties"]["n"]) == ["type"]
    assert few[UNCERTAIN][0]["samples"] == few[UNCERTAIN][0]["of"] == 29
    assert enough == {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer"}},
    }


def test_numbers() -> None:
    assert of(1, 2, times=30) == {"type": "integer"}
    assert of(1, 2.5) == {"type": "number"}
    assert of(1, 2.0)["type"] == "number"
    mixed = of("a", 1, None)
    assert mixed["type"] == ["string", "integer", "null"]
    assert about(mixed) == ["type", "type"]
    assert about(of(None)) == ["type"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2026-01-31T08:00:00Z", "date-time"),
        ("3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a", "uuid"),
        ("a@example.com", "email"),
        ("https://example.com/a", "uri"),
        ("10.0.0.1", "ipv4"),
        ("::1", "ipv6"),
        ("PT15M", "duration"),
    ],
)
def test_a_format_is_told_if_every_text_has_it(text: str, name: str) -> None:
    assert of(text, None, times=30) == {"type": ["string", "null"], "format": name}
    assert about(of(text)) == ["format"]
    assert "format" not in of(text, "", times=30)


def test_few_words_in_many_events_are_proposed_as_a_list() -> None:
    words = of("B", "A", times=10)
    assert words["enum"] == ["A", "B"]
    assert about(words) == ["enum"]
    assert of("A", "B", None, times=10)["enum"] == ["A", "B", None]
    for none in (
        of("A", times=40),
        of("A", "B", times=9),
        of("1", "2", times=40),
        of("D-10", "D-11", times=40),
    ):
        assert "enum" not in none
    assert "enum" not in of(*(f"w{n}" for n in range(11)), times=40)
    assert "enum" not in of("A", "B", 1, times=20)


def test_names_that_are_keys_make_a_map() -> None:
    by_id = of(
        {"3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a": 1.5, "00000000-0000-0000-0000-000000000000": 1}
    )
    assert by_id["additionalProperties"] == {"type": "number"}
    by_word = of(*({f"door{n}": {"open": True}} for n in range(12)))
    assert by_word["additionalProperties"]["properties"] == {"open": {"type": "boolean"}}
    assert about(by_word) == ["additionalProperties"]
    record = of({f"door{n}": n for n in range(12)})
    assert len(record["properties"]) == 12
    assert "properties" in of(*({f"door{n}": n if n % 2 else "x"} for n in range(12)))


def test_what_nothing_was_in_is_marked() -> None:
    assert about(of({})) == ["properties"]
    assert about(of([], [])) == ["items"]
    assert about(of([[]])["items"]) == ["items"]


def test_events_that_vary_without_end_take_no_more_room() -> None:
    limits = Limits(names=20, places=500)
    seen = Sightings("hostile.seen")
    for number in range(60):
        detail = {
            f"n{number % 15}": {f"m{number}": {f"o{n}": [{str(number): n}] for n in range(15)}}
        }
        seen.observe(detail, "", {}, limits)
        assert seen.root.size <= limits.places
    assert seen.is_coarse
    assert seen.count == 60
    deep: Any = 1
    for _ in range(200):
        deep = {"a": [deep]}
    place = Place()
    place.observe({"deep": deep, "long": "x" * 100_000, "y" * 100_000: 1})
    assert place.size < 60
    wide = Place()
    wide.observe({f"n{n}": {"a": n} for n in range(10_000)})
    assert wide.size == 3
    assert schema_of(wide)["additionalProperties"]["properties"]["a"]["type"] == "integer"


def test_types_are_told_apart_up_to_a_bound() -> None:
    found = Discovery(known=["order.known"])
    for number in range(1_010):
        found.observe(f"order.n{number}", "shop", {"n": number})
    found.observe("order.known", "shop", {})
    assert (len(found.found), found.left_out, found.passed_over) == (1_000, 10, 1)
    again = Discovery()
    again.observe("order.n1", "desk", {"n": "x"})
    again.merge(found.found.values())
    assert len(again.found) == 1_000
    assert again.found["order.n1"].sources == {"desk", "shop"}


@pytest.mark.parametrize(
    ("said", "source", "chosen"),
    [
        ("order.placed", "", "order.placed"),
        ("Order Placed", "", "order.placed"),
        ("OrderPlaced", "", "order.placed"),
        ("com.example.OrderPlaced", "", "com.example.order.placed"),
        ("Sold", "shop.till", "till.sold"),
        ("Rückgabe / Annulé", "", "ruckgabe.annule"),
        ("GrößeGeändert", "", "grosse.geandert"),
        ("Sold", "", "events.sold"),
        ("2nd order */ placed\n", "", "nd.order.placed"),
        ("注文", "", ""),
        ("", "", ""),
    ],
)
def test_names_of_events_become_types(said: str, source: str, chosen: str) -> None:
    assert type_for(said, source) == chosen
