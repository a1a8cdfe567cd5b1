"""The check: modes, histories, policies, drafts, references, and what it refuses to look at."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from keybus.contracts import Contract, ContractRepository
from keybus.contracts.compatibility import Incompatibility, SchemaFiles, check
from keybus.errors import BrokenContracts, SettingsError
from tests.unit.contracts.compatibility.judging import breaks

TEXT = {"type": "string"}
EVERYTHING, NOTHING = True, False
"""Schemas, from draft-06 on."""


def record(*required: str, **declared: Any) -> dict[str, Any]:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": declared, **needed}


def found(old: Any, new: Any, *more: str, **named: Any) -> list[tuple[str, str]]:
    return [(one.direction, one.rule) for one in check(old, new, *more, **named)]


def lengths(*most: int) -> list[dict[str, Any]]:
    return [record(code={"type": "string", "maxLength": each}) for each in most]


BACKWARD, FORWARD = ("backward", "max-length"), ("forward", "max-length")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("NONE", []),
        ("BACKWARD", [BACKWARD]),
        ("FORWARD", []),
        ("FULL", [BACKWARD]),
        ("BACKWARD_TRANSITIVE", [BACKWARD]),
        ("FORWARD_TRANSITIVE", [FORWARD]),
        ("FULL_TRANSITIVE", [FORWARD, BACKWARD]),
    ],
)
def test_modes_over_a_history(mode: str, expected: list[tuple[str, str]]) -> None:
    *history, new = lengths(4, 8, 6)
    assert found(history, new, mode) == expected


def test_a_history_names_the_version_that_breaks() -> None:
    plain = [SchemaFiles({"A.json": each}, "A.json", f"1.{n}.0") for n, each in enumerate(lengths(4, 8, 6))]  # fmt: skip
    by_version = {one.against: one.direction for one in check(plain[:2], plain[2], "FULL_TRANSITIVE")}  # fmt: skip
    assert by_version == {"1.0.0": "forward", "1.1.0": "backward"}
    assert [one.against for one in check(lengths(4, 8), lengths(2)[0], "BACKWARD_TRANSITIVE")] == ["0", "1"]  # fmt: skip


def test_a_history_of_large_contracts() -> None:
    def large(most: int) -> dict[str, Any]:
        names = [f"d{number}" for number in range(80)]
        hub = record(**{name: {"$ref": f"#/definitions/{name}"} for name in names})
        text = {"type": "string", "maxLength": most}
        parts: dict[str, Any] = dict.fromkeys(names, TEXT)
        return {**record(hub={"$ref": "#/definitions/hub"}), "definitions": {**parts, "d79": text, "hub": hub}}  # fmt: skip

    assert [one.against for one in check([large(5), large(3)], large(4), "BACKWARD_TRANSITIVE")] == ["0"]  # fmt: skip
    assert [one.against for one in check([large(3), large(5)], large(4), "BACKWARD_TRANSITIVE")] == ["1"]  # fmt: skip
    assert [one.against for one in check([large(3), large(5)], large(4), "FORWARD_TRANSITIVE")] == ["0"]  # fmt: skip


def test_a_finding_says_what_where_and_what_next() -> None:
    old, new = lengths(10, 8)
    (one,) = check(old, new)
    event = one.example
    assert one == Incompatibility(
        rule="max-length",
        direction="backward",
        document="new",
        file="new.json",
        pointer="/properties/code/maxLength",
        field="/code",
        old=10,
        new=8,
        message=(
            "At /code, the new contract takes only texts of at most 8 characters; "
            "the old one takes texts of at most 10 characters."
        ),
        hint="leave maxLength where it was, or raise it",
        proven=True,
        example=event,
        against="0",
    )
    assert breaks(event, old, new)
    assert json.loads(msgspec.json.encode(one))["old"] == 10
    assert str(one).startswith("new.json /properties/code/maxLength: At /code, ")


def test_what_the_other_contract_does_not_say_is_left_out() -> None:
    (one,) = check(record(), record("city"), "BACKWARD", "strict")
    assert (one.old, one.new) == (UNSET, "city")
    assert "old" not in json.loads(msgspec.json.encode(one))


@pytest.mark.parametrize(
    ("old", "new", "strict", "tolerant"),
    [
        # An optional property is added: only an event that had it before, undeclared, breaks.
        (record(a=TEXT), record(a=TEXT, b=TEXT), [("backward", "type")], []),
        # It is taken away: the same, of the old reader.
        (record(a=TEXT, b=TEXT), record(a=TEXT), [("forward", "type")], []),
        # The contract is closed: new writers' undeclared properties are nobody's promise.
        (record(a=TEXT), {**record(a=TEXT), "additionalProperties": False}, [("backward", "additional-properties")], []),
        (record("a", a=TEXT), record(a=TEXT), [("forward", "required")], [("forward", "required")]),
        # Declared within: the same, as deep as you like.
        (record(a=record(x=TEXT)), record(a=record(x=TEXT, y=TEXT)), [("backward", "type")], []),
        # A value about which nothing is said is free: whatever it holds was meant.
        (record(a={}), record(a=record(x=TEXT)), [("backward", "type"), ("backward", "type")], [("backward", "type"), ("backward", "type")]),
        (record(a={"type": "object"}), record(a=record(x=TEXT)), [("backward", "type")], [("backward", "type")]),
        # A map declares all names.
        ({"additionalProperties": TEXT}, {"additionalProperties": TEXT, "properties": {"a": {"maxLength": 1}}}, [("backward", "max-length"), ("forward", "type")], [("backward", "max-length"), ("forward", "type")]),
        # What one alternative declares is declared.
        ({"anyOf": [record(a=TEXT), record(b=TEXT)]}, record(b={"type": "integer"}), [("backward", "type"), ("forward", "any-of")], [("backward", "type")]),
    ],
)  # fmt: skip
def test_tolerance_is_about_what_the_writer_declares(
    old: Any, new: Any, strict: list[Any], tolerant: list[Any]
) -> None:
    assert found(old, new, "FULL", "strict") == strict
    assert found(old, new, "FULL", "tolerant") == tolerant


def status(*values: str, **more: Any) -> dict[str, Any]:
    return record(status={"type": "string", "enum": list(values), **more})


def test_values_are_added_to_lists_that_are_declared_extensible() -> None:
    old, new = status("A", "B"), status("A", "B", "C")
    extensible = status("A", "B", **{"x-extensible": True})
    assert found(old, new) == [("forward", "enum")]
    assert found(extensible, new) == []
    assert found(old, {**new, "x-extensible": True}) == [("forward", "enum")]
    assert found(extensible, new, "FULL", "strict") == [("forward", "enum")]
    # The types of the values stay a promise.
    numbers = record(status={"enum": ["A", 1]})
    letters = record(status={"enum": ["A"], "x-extensible": True})
    assert found(letters, numbers) == [("forward", "type")]


def test_the_alternative_that_changed_is_pointed_at() -> None:
    def either(most: int) -> dict[str, Any]:
        return record(a={"oneOf": [{"type": "integer"}, {"type": "string", "maxLength": most}]})

    (one,) = check(either(5), either(3))
    assert (one.pointer, one.field) == ("/properties/a/oneOf/1", "/a")
    assert (one.old, one.new) == ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 3})  # fmt: skip
    assert "beside the other alternatives" in one.message


def test_a_union_of_many_kinds_may_have_another_one() -> None:
    def kinds(count: int) -> dict[str, Any]:
        return {"oneOf": [record("kind", kind={"enum": [f"K{each}"]}) for each in range(count)]}

    assert check(kinds(15), kinds(16), "BACKWARD", "strict") == []
    (one,) = check(kinds(15), kinds(16), "FORWARD", "strict")
    assert one.example == {"kind": "K15"}


def test_a_tolerant_example_has_declared_properties_only() -> None:
    (one,) = check(record("a", a=TEXT), record("a", a={"type": "string", "minLength": 2}))
    assert isinstance(one.example, dict)
    assert set(one.example) == {"a"}


TREE = {
    "definitions": {
        "Node": record("name", name=TEXT, below={"type": "array", "items": {"$ref": "#/definitions/Node"}})
    },
    "$ref": "#/definitions/Node",
}  # fmt: skip


def test_recursive_references() -> None:
    unrolled = record(
        "name", name=TEXT, below={"type": "array", "items": {"$ref": "#/definitions/Node"}}
    )
    same = {"allOf": [unrolled], "definitions": TREE["definitions"]}
    assert check(TREE, same, "FULL", "strict") == []
    longer = json.loads(json.dumps(TREE).replace('"string"}', '"string", "minLength": 1}'))
    (one,) = check(TREE, longer, "FULL", "strict")
    assert (one.rule, one.pointer) == ("min-length", "/definitions/Node/properties/name/minLength")
    assert breaks(one.example, TREE, longer)


def test_one_schema_at_two_places_of_which_one_cannot_be() -> None:
    def twice(most: int) -> dict[str, Any]:
        short = {"type": "string", "maxLength": most}
        places = record(a={"$ref": "#/definitions/short"}, b={"$ref": "#/definitions/short"})
        return {**places, "not": {"required": ["a"]}, "definitions": {"short": short}}

    (one,) = check(twice(3), twice(2))
    assert one.field == "/b"
    assert isinstance(one.example, dict)
    assert set(one.example) == {"b"}


def test_a_keyword_of_a_shared_schema_is_told_once() -> None:
    def twice(most: int) -> dict[str, Any]:
        short = {"type": "string", "maxLength": most}
        places = {name: {"$ref": "#/definitions/short"} for name in ("a", "b")}
        return {**record(**places), "definitions": {"short": short}}

    (one,) = check(twice(3), twice(2))
    assert (one.field, one.pointer) == ("/a", "/definitions/short/maxLength")


def test_what_only_an_endless_event_could_be_is_nothing() -> None:
    endless = {"definitions": {"N": record("n", n={"$ref": "#/definitions/N"})}, "allOf": [{"$ref": "#/definitions/N"}]}  # fmt: skip
    assert check(endless, {"type": "integer"}, "BACKWARD", "strict") == []
    assert check({"not": {}}, {"type": "integer"}, "BACKWARD", "strict") == []


def test_references_across_files() -> None:
    def files(most: int) -> SchemaFiles:
        code = {"type": "string", "maxLength": most}
        event = record(code={"$ref": "../core/Code.json#/definitions/short"})
        return SchemaFiles({"door/Opened.json": event, "core/Code.json": {"definitions": {"short": code}}}, "door/Opened.json")  # fmt: skip

    (one,) = check(files(9), files(7))
    assert (one.file, one.pointer) == ("core/Code.json", "/definitions/short/maxLength")
    assert one.field == "/code"


def test_contracts(fixtures: Path) -> None:
    contract = ContractRepository.load(fixtures / "valid")["delivery.status.updated"]
    assert check(contract, contract) == []
    documents = json.loads(msgspec.json.encode(contract.closure))
    own = documents[contract.file]["allOf"][1]
    own["required"].append("vehicle")
    own["properties"]["note"] = TEXT
    changed = Contract(documents, contract.file)
    (one,) = check(contract, changed)
    assert (one.rule, one.against) == ("required", contract.version)
    assert contract.accepts(one.example)
    assert not changed.accepts(one.example)


@pytest.mark.parametrize("draft", ["draft-06", "draft-07", "2019-09", "2020-12"])
def test_later_drafts(draft: str) -> None:
    assert found({"const": "a"}, {"enum": ["a"]}, "FULL", "strict", draft=draft) == []
    wider, narrower = {"contains": {"minimum": 3}}, {"contains": {"minimum": 5}}
    assert found(wider, narrower, "FULL", draft=draft) == [("backward", "contains")]
    assert found({"exclusiveMinimum": 1}, {"minimum": 1}, "FULL", draft=draft) == [("forward", "minimum")]  # fmt: skip
    assert found({"type": "integer"}, {"type": "number", "multipleOf": 1}, "FULL", draft=draft) == []  # fmt: skip
    assert found(EVERYTHING, {"type": "string"}, draft=draft) == [("backward", "type")]
    assert found(NOTHING, {"type": "string"}, "BACKWARD", draft=draft) == []
    assert found({"type": "string"}, NOTHING, "BACKWARD", draft=draft) == [("backward", "not")]


def test_what_a_draft_does_not_know_it_does_not_ask() -> None:
    assert found({}, {"const": 1, "contains": {"type": "null"}, "if": {}}, "FULL", "strict") == []
    assert found({}, {"$schema": "http://json-schema.org/draft-07/schema#", "const": 1}, "FULL", "strict") == [("backward", "const")]  # fmt: skip
    # In draft-04, 1.0 is no integer.
    assert found({"type": "integer"}, {"type": "number", "multipleOf": 1}) == [("forward", "type")]


def test_the_newest_drafts_words() -> None:
    old = {"prefixItems": [TEXT], "items": {"type": "integer"}}
    new = {"prefixItems": [TEXT, TEXT], "items": {"type": "integer"}}
    assert found(old, new, draft="2020-12") == [("backward", "type"), ("forward", "type")]
    older = {"dependentRequired": {"card": ["address"]}}
    assert found({}, older, "BACKWARD", draft="2020-12") == [("backward", "dependencies")]
    beside = {"$ref": "#/$defs/text", "maxLength": 3, "$defs": {"text": TEXT}}
    assert found(TEXT, beside, "BACKWARD", draft="2020-12") == [("backward", "max-length")]
    anchored = {"$ref": "#text", "$defs": {"t": {"$anchor": "text", **TEXT}}}
    assert found(TEXT, anchored, "FULL", draft="2020-12") == []


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        ("^[A-Z]{3}$", "^[A-Z]{2,3}$", []),
        ("^[A-Z]{2,3}$", "^[A-Z]{3}$", ["pattern"]),
        ("^DEL-[0-9]{8}$", "^DEL-", []),
        ("^(a|b)c$", "^ac$|^bc$", []),
        ("a", "^.*a", ["pattern"]),  # the dot is no line feed
        ("a", "(a|b)", []),
        ("^\\d+$", "^[0-9]+$", []),
    ],
)
def test_patterns_are_compared_as_languages(old: str, new: str, rules: list[str]) -> None:
    before, after = ({"type": "string", "pattern": each} for each in (old, new))
    assert [one.rule for one in check(before, after, "BACKWARD")] == rules


def test_what_cannot_be_judged_counts_as_breaking_and_says_why() -> None:
    looking = {"type": "string", "pattern": "^(?=.*[0-9])(?=.*x{30})[a-z0-9]{40}$"}
    new = {"type": "string", "pattern": "^(?=.*x{30})[a-z0-9]{40}$"}
    (one,) = check(looking, new, "BACKWARD")
    assert not one.proven
    assert one.example is UNSET
    assert "is no plain regular expression" in one.reason
    assert one.reason in one.message
    # But what stands there word for word needs no judging, and an example may still be found.
    assert check(looking, {**looking, "maxLength": 40}, "BACKWARD") != []
    assert check(looking, {**looking, "title": "Code"}, "FULL") == []
    (shown,) = check(TEXT, {"type": "string", "pattern": "^(?=.*[0-9])"}, "BACKWARD")
    assert shown.proven


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"mode": "SIDEWAYS"}, {}),
        ({"policy": "lenient"}, {}),
        ({}, {"draft": "draft-05"}),
    ],
)
def test_settings_that_there_are_not(arguments: dict[str, str], named: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        check(TEXT, TEXT, **arguments, **named)
    assert "one of" in caught.value.hint


def test_nothing_old() -> None:
    with pytest.raises(SettingsError, match="nothing old"):
        check([], TEXT)


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ({"type": "text"}, "not-a-schema"),
        ({"pattern": "("}, "not-a-schema"),
        ({"allOf": [{"$ref": "#/definitions/none"}]}, "dangling-ref"),
        ({"allOf": [{"$ref": "#none"}]}, "dangling-ref"),
        ({"allOf": [{"$ref": "http://example.org/other.json"}]}, "remote-ref"),
        ({"allOf": [{"$ref": "#"}]}, "ref-loop"),
        ({"properties": {"a": {"id": "http://example.org/inner.json", "$ref": "http://example.org/inner.json"}}}, "inner-id"),
        (SchemaFiles({}, "Missing.json"), "dangling-ref"),
    ],
)  # fmt: skip
def test_what_is_no_schema(schema: Any, code: str) -> None:
    for pair in ((schema, TEXT), (TEXT, schema)):
        with pytest.raises(BrokenContracts) as caught:
            check(*pair)
        assert [fault.code for fault in caught.value.faults] == [code]


def test_contracts_that_would_take_for_ever_are_given_up() -> None:
    """Many alternatives of many kinds: an answer within the budget, whatever it is."""
    many = [{"oneOf": [record(f"p{n}", **{f"p{n}": {"minimum": m}}) for m in range(6)]} for n in range(8)]  # fmt: skip
    changed = json.loads(json.dumps(many).replace('"minimum": 5', '"minimum": 4'))
    for one in check({"allOf": many}, {"allOf": changed}, "FULL", "strict"):
        assert one.proven or one.reason


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("depth", [10, 40, 80, 120])
def test_depth_is_judged_or_said_not_to_be(depth: int, required: bool) -> None:  # noqa: FBT001 - a column
    def nested(most: int) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string", "maxLength": most}
        for _ in range(depth):
            schema = record(*(["a"] if required else []), a=schema)
        return schema

    (one,) = check(nested(3), nested(2), "BACKWARD")
    assert one.proven or "too deeply" in one.reason or "too many" in one.reason
    assert one.proven == (depth < 60)


def test_chains_of_any_length() -> None:
    def chain(most: int) -> dict[str, Any]:
        links = {f"d{n}": record(x={"$ref": f"#/definitions/d{n + 1}"}) for n in range(500)}
        last = {"d500": {"type": "string", "maxLength": most}}
        return {"allOf": [{"$ref": "#/definitions/d0"}], "definitions": {**links, **last}}

    (one,) = check(chain(3), chain(2), "BACKWARD")
    assert (one.rule, one.proven) == ("reference", False)
    assert check(chain(3), {**chain(3), "title": "Long"}) == []


def test_large_sizes_need_no_large_examples() -> None:
    (one,) = check({"minItems": 0}, {"minItems": 1_000_000}, "BACKWARD", draft="draft-04")
    assert one.proven
    (one,) = check({"minLength": 10**6}, {"minLength": 10**6 + 1}, "BACKWARD")
    assert "too long" in one.reason
