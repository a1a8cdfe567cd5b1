"""What a catalogue knows: statuses, users, differences, examples, rows."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.catalog import Catalogue
from keybus.catalog.fields import Field, fields_of
from keybus.catalog.page_names import page_of
from keybus.catalog.samples import samples_of
from keybus.catalog.versions import versions_of
from keybus.contracts import Contract, ContractRepository
from tests.unit.catalog.platforms import contract
from tests.unit.contracts.small import DRAFT, core

VALID = Path(__file__).parents[1] / "contracts" / "fixtures" / "valid"


def test_every_status_is_told_and_what_is_in_use_comes_first(history: Catalogue) -> None:
    found = {
        name: [(each.contract.version, event.status(each)) for each in event.editions]
        for name, event in history.events.items()
    }
    assert found == {
        "order.placed": [("2.1.0", "active"), ("1.1.0", "deprecated")],
        "order.returned": [("1.0.0-rc.1", "draft")],
        "payment.refused": [("1.0.0", "retired")],
        "payment.taken": [("1.0.0", "sunset")],
    }
    placed = history.events["order.placed"]
    assert placed.main.contract.major == 2
    assert [placed.is_released(each) for each in placed.editions] == [False, True]


def test_an_account_knows_whom_it_hears_and_tells(example_catalogue: Catalogue) -> None:
    deliveries = example_catalogue.accounts["deliveries"]
    assert len(deliveries.owns) == 8
    assert list(deliveries.publishers) == ["key.delivery"]
    assert deliveries.told["engagement"] == ("delivery.status.updated",)
    assert deliveries.told["finance"] == (
        *("delivery.completed", "delivery.failed", "delivery.scheduled"),
    )
    assert not deliveries.hears
    engagement = example_catalogue.accounts["engagement"]
    assert engagement.hears == {"deliveries": ("delivery.status.updated",)}
    assert list(engagement.received) == ["engagement-status"]
    assert "finance-deliveries" in deliveries.given
    assert list(example_catalogue.foreign) == ["partner-feed"]


def test_versions_say_what_became_different_and_whom_it_breaks(history: Catalogue) -> None:
    versions = versions_of(history.events["order.placed"])
    told = [
        (each.contract.version, each.status, each.difference.kind if each.difference else "")
        for each in versions
    ]
    assert told == [
        ("2.1.0", "active", "compatible"),
        ("2.0.0", "active", "breaking"),
        ("1.1.0", "deprecated", "compatible"),
        ("1.0.1", "deprecated", "words"),
        ("1.0.0", "deprecated", ""),
    ]
    assert [each.day for each in versions] == [
        *("", "2026-05-02", "2026-02-03", "2026-01-12", "2026-01-10"),
    ]
    broken = versions[1].difference
    assert broken is not None
    assert [str(each) for each in broken.changes] == [
        'changed /channel: optional "WEB" | "APP" | "PHONE" → optional "WEB" | "APP"',
        "removed /coupon: optional string",
        "removed /total: optional number",
        "added /lines: optional array",
        "added /lines/*/sku: required string",
    ]
    [why] = broken.backward
    assert "PHONE" in why.message
    old, new = versions[2].contract, versions[1].contract
    assert old.accepts(why.example)
    assert not new.accepts(why.example)
    assert isinstance(why.example, dict)
    assert why.example["type"] == "order.placed"
    assert not broken.forward


@pytest.mark.long
@pytest.mark.parametrize("folder", ["example", "fixtures"])
def test_examples_are_valid_and_the_least_is_less_than_all(folder: str, example: Path) -> None:
    for each in ContractRepository.load(
        example / "contracts" if folder == "example" else VALID
    ).values():
        found = samples_of(each)
        assert all(each.accepts(sample.detail) for sample in found)
        assert found, each.type
        made = {sample.label: sample.detail for sample in found}
        if "The least" in made:
            assert len(made["The least"]) <= len(made["All that is declared"])


def rows(**properties: object) -> dict[str, Field]:
    """The rows of a contract with these properties."""
    schema = contract("small.shown", "1.0.0", dict(properties), required=("first",))
    schema["allOf"][0]["$ref"] = "core/Event.json"
    found = Contract({"core/Event.json": core(), "SmallShown.json": {"$schema": DRAFT, **schema}}, "SmallShown.json")  # fmt: skip
    return {each.pointer: each for each in fields_of(found)}


def test_limits_are_told_in_words() -> None:
    found = rows(
        first={"type": "string", "pattern": "^a", "minLength": 1, "maxLength": 1},
        second={"type": "number", "minimum": 0, "exclusiveMinimum": True, "multipleOf": 0.5},
        third={"type": "integer", "minimum": -1, "maximum": 7, "default": 3},
        fourth={"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 2,
                "uniqueItems": True},
        fifth={"type": ["string", "null"], "enum": ["a", "true", "b c", 5, None],
               "x-extensible": True},
        sixth={"type": "array", "items": {"type": "object", "required": ["inner"],
                                          "properties": {"inner": {"type": "boolean"}}}},
        seventh={},
        eighth={"type": "object", "additionalProperties": False,
                "properties": {"a": {"type": "null"}}},
    )  # fmt: skip

    def told(pointer: str) -> tuple[str, list[str]]:
        limits = [f"{each.words} {each.code}".strip() for each in found[pointer].limits]
        return found[pointer].types, limits

    assert told("/first") == ("string", ["pattern ^a", "exactly 1 character"])
    assert told("/second") == ("number", ["> 0", "a multiple of 0.5"])
    assert told("/third") == ("integer", ["-1 to 7", "default 3"])
    assert told("/fourth") == (
        *("array of strings", ["at least 2 items", "no two items alike", "each: format uuid"]),
    )
    assert found["/fifth"].types == "string or null"
    assert found["/fifth"].values == ("a", '"true"', '"b c"', "null")
    assert found["/fifth"].extensible
    assert told("/sixth") == ("array of objects", [])
    assert (found["/sixth/*/inner"].depth, found["/sixth/*/inner"].required) == (1, True)
    assert told("/seventh") == ("anything", [])
    assert told("/eighth") == ("object", ["nothing that is not declared"])
    assert found["/first"].required
    assert not found["/second"].required
    assert found["/id"].is_head
    assert not found["/first"].is_head


@given(st.lists(st.text(max_size=150), unique=True))
def test_pages_have_safe_names_that_no_two_things_share(names: list[str]) -> None:
    pages = [page_of(name) for name in names]
    assert len({page.lower() for page in pages}) == len(pages)
    for page in pages:
        assert page.isascii()
        assert not set(page) & set('/\\:*?"<>| \0')
        assert len(page) < 120
        assert page.partition(".")[0] not in ("", "con", "nul", "aux", "prn", "com1", "lpt1")
