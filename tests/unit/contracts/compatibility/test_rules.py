"""The rules, each with a folder: what was, what is, and what the check finds."""

import json
from pathlib import Path
from typing import Any

import pytest

from keybus.contracts.compatibility import RULES, SchemaFiles, check
from tests.unit.contracts.compatibility.judging import VALIDATORS, breaks

FOLDER = Path(__file__).parents[1] / "fixtures" / "compatibility"
LATER = {"const", "content", "contains", "property-names", "conditional"}
UNJUDGED = {"unevaluated", "dynamic-reference"}


def document(rule: str, version: str) -> Any:
    return json.loads((FOLDER / rule / version / "Sample.json").read_text())


def files(rule: str, version: str) -> SchemaFiles:
    return SchemaFiles({"Sample.json": document(rule, version)}, "Sample.json")


def test_every_rule_has_its_folder_and_says_what_it_is_for() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(RULES)
    for rule in RULES.values():
        assert rule.purpose.endswith(".")
        assert rule.hint
        assert rule.hint_forward


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_finds_what_breaks_it(rule: str) -> None:
    found = check(files(rule, "previous"), files(rule, "current"), "FULL", "strict")
    expected = json.loads((FOLDER / rule / "expected.json").read_text())
    assert [{name: getattr(one, name) for name in expected[0]} for one in found] == expected
    assert {one.rule for one in found} == {rule}
    assert all(one.hint in {RULES[rule].hint, RULES[rule].hint_forward} for one in found)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_what_is_proven_has_an_example_that_breaks(rule: str) -> None:
    old, new = document(rule, "previous"), document(rule, "current")
    draft = next(name for name in VALIDATORS if f"/{name}/" in old["$schema"])
    assert (draft == "draft-04") == (rule not in LATER | UNJUDGED)
    for one in check(old, new, "FULL", "strict"):
        writer, reader = (old, new) if one.direction == "backward" else (new, old)
        assert one.proven == (not one.reason)
        if one.proven:
            assert breaks(one.example, writer, reader, draft), one


@pytest.mark.parametrize("rule", sorted(RULES))
def test_no_change_is_no_finding(rule: str) -> None:
    for version in ("previous", "current"):
        copy = {**document(rule, version), "description": "Read again."}
        assert check(document(rule, version), copy, "FULL", "strict") == []
