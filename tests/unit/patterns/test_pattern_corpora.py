"""Every verdict of event-ruler's own test suite, through the public face."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from keybus.errors import PatternError
from keybus.patterns import Pattern, matches, validate

DATA: Final = Path(__file__).parent / "data"


def rows(name: str) -> list[dict[str, Any]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


PAIRS: Final = rows("ruler-pairs.jsonl")
VALIDATIONS: Final = rows("ruler-validation.jsonl")


def test_the_corpora_are_whole() -> None:
    assert (len(PAIRS), len(VALIDATIONS)) == (917, 156)


@pytest.mark.parametrize("row", PAIRS, ids=lambda row: row["from"])
def test_pair(row: dict[str, Any]) -> None:
    assert matches(row["pattern"], row["event"]) is row["matches"], row["from"]
    assert Pattern.parse(row["pattern"].encode()).matches(row["event"].encode()) is row["matches"]


@pytest.mark.parametrize("row", VALIDATIONS, ids=lambda row: row["from"])
def test_validation(row: dict[str, Any]) -> None:
    if row["error"] is None:
        validate(row["pattern"], allow_override=row["allows_override"])
        return
    with pytest.raises(PatternError) as refused:
        validate(row["pattern"], allow_override=row["allows_override"])
    assert str(refused.value).splitlines()[0] == row["error"].splitlines()[0], row["from"]
