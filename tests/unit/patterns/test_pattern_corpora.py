"""Every verdict of event-ruler's own test suite, through the public face."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from keybus.errors import PatternError
from keybus.patterns import Pattern, matches, validate

DATA: Final = Path(__file__).parent / "data"

# Rows whose verdict is wrong, by line number, with the counterexample. There are none.
DISPUTED_PAIRS: Final[dict[int, str]] = {}
DISPUTED_VALIDATIONS: Final[dict[int, str]] = {}


def rows(name: str) -> list[tuple[int, dict[str, Any]]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [(number, json.loads(line)) for number, line in enumerate(lines, 1)]


PAIRS: Final = rows("ruler-pairs.jsonl")
VALIDATIONS: Final = rows("ruler-validation.jsonl")


def test_the_corpora_are_whole() -> None:
    assert (len(PAIRS), len(VALIDATIONS)) == (917, 156)


@pytest.mark.parametrize(("line", "row"), PAIRS, ids=[f"pairs:{line}" for line, _ in PAIRS])
def test_pair(line: int, row: dict[str, Any]) -> None:
    if line in DISPUTED_PAIRS:
        pytest.skip(DISPUTED_PAIRS[line])
    assert matches(row["pattern"], row["event"]) is row["matches"], row["from"]
    assert Pattern.parse(row["pattern"].encode()).matches(row["event"].encode()) is row["matches"]


@pytest.mark.parametrize(
    ("line", "row"), VALIDATIONS, ids=[f"validation:{line}" for line, _ in VALIDATIONS]
)
def test_validation(line: int, row: dict[str, Any]) -> None:
    if line in DISPUTED_VALIDATIONS:
        pytest.skip(DISPUTED_VALIDATIONS[line])
    if row["error"] is None:
        validate(row["pattern"], allow_override=row["allows_override"])
        return
    with pytest.raises(PatternError) as refused:
        validate(row["pattern"], allow_override=row["allows_override"])
    assert str(refused.value).splitlines()[0] == row["error"].splitlines()[0], row["from"]
