"""A migration is tried on what its source allows, and judged by its target."""

from typing import Any

import pytest

from keybus.contracts import Contract
from keybus.contracts.migrations import Migration, Migrations
from keybus.contracts.migrations.samples import samples
from keybus.contracts.migrations.trial import Trouble, try_migration, try_migrations
from tests.unit.contracts.migrations.migrating import expression, moves, shown
from tests.unit.contracts.releases.releasing import TEXT, TYPE

CODE = {"op": "move", "from": "/code", "path": "/garage/code"}
BACK = {"op": "move", "from": "/garage/code", "path": "/code"}


def example(found: Trouble) -> Any:
    return found.example


def translation(found: Trouble) -> Any:
    return found.translation


def garage(*required: str, **code: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required or ["code"]),
        "properties": {"code": code or TEXT},
    }


OLD = shown("1.4.0", ["code"], code=TEXT)
NEW = shown("2.1.0", ["garage"], garage=garage())


def troubles(migration: Migration, source: Contract, target: Contract) -> list[Trouble]:
    found = try_migration(migration, source, target)
    assert found.events
    return [each for each in found.troubles if each.severity == "error"]


def test_one_that_is_right_passes_both_ways() -> None:
    assert not troubles(moves(BACK), NEW, OLD)
    assert not troubles(moves(CODE, name="1-to-2.json"), OLD, NEW)
    assert not troubles(expression('$merge([$, {"code": garage.code}])'), NEW, OLD)


def test_what_is_refused_is_shown_with_its_translation_and_the_faults() -> None:
    [found] = troubles(moves({"op": "copy", "from": "/garage", "path": "/code"}), NEW, OLD)
    assert (found.rule, found.pointer) == ("migration-broken", "/steps/0")
    assert NEW.accepts(found.example)
    assert not OLD.accepts(found.translation)
    assert translation(found)["code"] == example(found)["garage"]
    assert translation(found)["schema_version"] == "1.4.0"
    assert [each.pointer for each in found.faults] == ["/code"]
    assert "1.4.0 refuses: /code: " in found.message


def test_what_nothing_gives_is_noted() -> None:
    notes = [each for each in try_migration(moves(), NEW, OLD).troubles if each.severity == "note"]
    assert [each.message for each in notes] == [
        f"{TYPE} 1.4.0 requires /code, and nothing gives it."
    ]
    assert '"default"' in notes[0].hint


WIDER = [
    # what the source allows more than the target, and the way from one to the other
    ({"type": "string", "enum": ["A", "B", "C"]}, {"type": "string", "enum": ["A", "B"]}),
    ({"type": ["string", "null"]}, TEXT),
    ({"type": "string", "maxLength": 80}, {"type": "string", "maxLength": 40}),
    (TEXT, {"type": "string", "minLength": 1}),
    ({"type": "integer", "maximum": 10}, {"type": "integer", "maximum": 9}),
    ({"type": "number"}, {"type": "number", "minimum": 3, "exclusiveMinimum": True}),
    ({"type": "array", "items": TEXT}, {"type": "array", "items": TEXT, "minItems": 1}),
    ({"type": "array", "items": {"type": ["string", "null"]}}, {"type": "array", "items": TEXT}),
    ({"type": "object", "properties": {"x": TEXT}}, {**garage(), "required": ["x"], "properties": {"x": TEXT}}),
    ({"type": "object", "properties": {"x": {"enum": [1, 2]}}}, {"type": "object", "properties": {"x": {"enum": [1]}}}),
]  # fmt: skip


@pytest.mark.parametrize(("wide", "narrow"), WIDER)
def test_what_a_source_allows_beyond_its_target_is_found(
    wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    move = {"op": "move", "from": "/new", "path": "/old"}
    for required in ([], ["new"]):
        source = shown("2.0.0", required, new=wide, note=TEXT)
        assert troubles(moves(move), source, shown("1.0.0", [], old=narrow))
        assert not troubles(moves(move), source, shown("1.0.0", [], old=wide))


def test_an_optional_field_that_becomes_required_is_found() -> None:
    source = shown("2.0.0", [], code=TEXT)
    assert troubles(moves(), source, OLD)
    assert not troubles(moves({"op": "default", "path": "/code", "value": "-"}), source, OLD)


def test_a_table_that_leaves_a_value_out_is_found() -> None:
    source = shown("2.0.0", ["code"], code={"enum": ["A", "B", "C"]})
    target = shown("1.0.0", ["code"], code={"enum": ["x", "y"]})
    table = {"op": "map", "path": "/code", "values": {"A": "x", "B": "y"}}
    [found] = troubles(moves(table), source, target)
    assert translation(found)["code"] == "C"
    assert not troubles(moves({**table, "otherwise": "y"}), source, target)


@pytest.mark.parametrize("path", ["/code", "/codes/*"])
def test_what_a_table_makes_of_any_text_is_found(path: str) -> None:
    good = {"enum": ["x", "y"]}
    source = shown("2.0.0", [], code=TEXT, codes={"type": "array", "items": TEXT})
    target = shown("1.0.0", [], code=good, codes={"type": "array", "items": good})
    others: list[dict[str, Any]] = [
        {"op": "map", "path": each, "values": {}, "otherwise": "x"}
        for each in ("/code", "/codes/*")
        if each != path
    ]
    table = {"op": "map", "path": path, "values": {"A": "x", "B": "bad"}, "otherwise": "y"}
    [found] = troubles(moves(table, *others), source, target)
    assert "B" in str(example(found))
    assert not troubles(moves({**table, "values": {"A": "x"}}, *others), source, target)


def test_what_an_expression_makes_of_a_text_is_found() -> None:
    source = shown("2.0.0", ["code"], code=TEXT)
    target = shown("1.0.0", ["code"], code={"enum": ["x", "y"]})
    [found] = troubles(expression('{"code": code = "NEW" ? "bad" : "x"}'), source, target)
    assert example(found)["code"] == "NEW"


def test_a_single_item_that_jsonata_takes_for_itself_is_found() -> None:
    names = {"type": "array", "items": TEXT}
    source = shown("2.0.0", ["names"], names=names)
    target = shown("1.0.0", ["called"], called=names)
    [found] = troubles(expression('{"called": names.$}'), source, target)[-1:]
    assert found.rule == "migration-broken"
    assert not troubles(expression('{"called": [names]}'), source, target)


def test_an_event_that_becomes_nothing_is_found() -> None:
    source = shown("2.0.0", [], code=TEXT, garage={"type": ["object", "string"]})
    found = troubles(moves(CODE), shown("2.0.0", ["code", "garage"], code=TEXT, garage=TEXT), NEW)
    assert [each.rule for each in found] == ["migration-failed"]
    assert "'garage' is no object" in found[0].message
    assert "example" in {name for name in found[0].__struct_fields__ if getattr(found[0], name)}
    assert source.accepts(found[0].example)


def test_declared_examples_are_tried() -> None:
    schema = {**NEW.schema, "examples": [{"garage": {"code": "from an example"}}]}
    source = Contract({**NEW.closure, NEW.file: schema}, NEW.file)
    found = list(samples(source, OLD))
    assert found[0]["garage"] == {"code": "from an example"}
    assert all(map(source.accepts, found))
    assert len({str(each) for each in found}) == len(found)


def test_one_that_has_no_contract_is_not_tried() -> None:
    [trial] = try_migrations(Migrations([moves()]), lambda _, major: OLD if major == 1 else None)
    assert not trial.events
    assert not trial.is_broken
    [note] = trial.troubles
    assert (note.severity, note.rule) == ("note", "migration-untried")
    assert f"there is no contract of {TYPE}@2" in note.message


def test_a_contract_that_nothing_fits_leaves_nothing_to_try() -> None:
    never = shown("2.0.0", ["code"], code={"type": "string", "enum": ["a"], "minLength": 2})
    found = try_migration(moves(), never, OLD)
    assert [each.rule for each in found.troubles] == ["migration-untried"]


def test_what_is_not_through_in_time_is_broken() -> None:
    one, two = shown("1.0.0", [], name={"type": "string"}), shown("2.0.0", [], name={})
    trial = try_migration(moves(), two, one, seconds=-1)
    [trouble] = trial.troubles
    assert (trial.is_broken, trouble.rule) == (True, "migration-failed")
    assert trouble.message.endswith(
        "2-to-1.json was tried on 0 events, and there was no time for more."
    )


def told(migration: Migration, source: Contract, target: Contract) -> list[tuple[str, ...]]:
    found = try_migration(migration, source, target).troubles
    return [(each.severity, each.rule, each.pointer, each.hint) for each in found]


def test_a_step_that_changes_nothing_is_told() -> None:
    old = shown("1.0.0", [], note=TEXT)
    new = shown("2.0.0", [], remark=TEXT, kind={"type": "string", "enum": ["A"]})
    moved = {"op": "move", "from": "/remark", "path": "/note"}
    assert not told(moves(moved), new, old)
    misspelt = {"op": "move", "from": "/remrak", "path": "/note"}
    rest = {"op": "map", "path": "/kind", "values": {"B": "C"}}
    hint = "leave it out, if it is not for events still to come"
    assert told(moves(misspelt, rest), new, old) == [
        ("note", "migration-idle", "/steps/0", "did you mean '/remark'?"),
        ("note", "migration-idle", "/steps/1", hint),
    ]


def test_an_index_is_refused() -> None:
    items = {"type": "object", "properties": {"no": TEXT}}
    stops = {"type": "array", "items": items}
    old = shown("1.0.0", [], first=TEXT, stops=stops)
    new = shown("2.0.0", [], stops=stops)
    first = {"op": "copy", "from": "/stops/0/no", "path": "/first"}
    fault = ("error", "migration-pointer", "/steps/0/from", "write /stops/*/no")
    assert told(moves(first), new, old) == [fault]
    named = {"type": "object", "properties": {"0": items}}
    assert not told(moves(first), shown("2.0.0", [], stops=named), shown("1.0.0", [], first=TEXT))
