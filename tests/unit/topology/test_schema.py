"""Editors are told the same as the loader: what it accepts, what it refuses, and what it means."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.topology import document, editor_schema, team_schema
from keybus.topology.shape import shape_findings
from tests.running import ROOT
from tests.unit.topology import test_approvals, test_faults, test_teams
from tests.unit.topology.platforms import platforms

PLATFORM = jsonschema_rs.validator_for(editor_schema())
TEAM = jsonschema_rs.validator_for(team_schema())
ODD: list[Any] = [None, "", "*", "a b", 5, -1, 0.5, True, [], [None], {}, {"x": 1}]


@pytest.mark.parametrize(
    "text", [test_faults.GOOD, test_approvals.GOOD, test_teams.CENTRAL, test_teams.WHOLE]
)
def test_platforms_of_the_tests_fit(tmp_path: Path, text: str) -> None:
    (tmp_path / "platform.yaml").write_text(text)
    assert PLATFORM.is_valid(document.read(tmp_path / "platform.yaml")[0].data)


def test_the_example_fits(example: Path) -> None:
    assert PLATFORM.is_valid(document.read(example / "platform.yaml")[0].data)
    for path in (example / "teams").iterdir():
        data = document.read(path)[0].data
        assert TEAM.is_valid(data)
        assert not PLATFORM.is_valid(data)


@given(data=platforms(), random=st.randoms(use_true_random=False), value=st.sampled_from(ODD))
@settings(max_examples=200, deadline=None)
def test_what_the_loader_refuses_is_refused(data: dict[str, Any], random: Any, value: Any) -> None:
    assert PLATFORM.is_valid(data)
    mutant = json.loads(json.dumps(data))
    place, key = random.choice(list(_places(mutant)))
    if random.random() < 0.3 and isinstance(place, dict):
        place["odd key"] = value
    else:
        place[key] = value
    read = document.Document(mutant, {"": document.Place("platform.yaml", 1)})
    assert PLATFORM.is_valid(mutant) == (not list(shape_findings(read)))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every value, by what holds it and its key there."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in items:
        yield value, key
        if isinstance(each, dict | list):
            yield from _places(each)


@pytest.mark.parametrize("schema", [editor_schema(), team_schema()], ids=["platform", "team"])
def test_everything_is_described_and_nothing_is_null(schema: dict[str, Any]) -> None:
    for definition in schema["$defs"].values():
        assert definition["title"]
        assert definition["description"]
        assert "Attributes" not in definition["description"]
        for name, each in definition["properties"].items():
            assert each["description"].rstrip().endswith(".") or "," in each["description"], name
            assert "anyOf" not in each
            assert each.get("default", 0) is not None
            assert name == "filter" or "null" not in each.get("type", "")
    used = set(re.findall(r"#/\$defs/(\w+)", json.dumps(schema)))
    assert used == set(schema["$defs"])


def test_the_pages_teams_are_what_it_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "platform.md").read_text()
    include, team = re.findall(r"^```yml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for text, validator in ((f"bus: tiny\n{include}", PLATFORM), (team, TEAM)):
        (tmp_path / "file.yaml").write_text(text)
        assert validator.is_valid(document.read(tmp_path / "file.yaml")[0].data)
